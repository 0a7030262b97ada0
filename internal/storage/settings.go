package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrOtherKeys says that the database was filled with other keys than the server's.
var ErrOtherKeys = errors.New("the keys of this server are not those this database was filled with; " +
	"give the right key file (--key-file) or GIFTIMBIZ_KEYS")

// BindKeys writes the fingerprint of the server's keys into an empty database and compares it ever after.
func (db *DB) BindKeys(ctx context.Context, fingerprint string) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ('keys', $1) ON CONFLICT DO NOTHING`, fingerprint)
		if err != nil {
			return err
		}
		var bound string
		if err := tx.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = 'keys'`).Scan(&bound); err != nil {
			return err
		}
		if bound != fingerprint {
			return ErrOtherKeys
		}
		return nil
	})
}

// StockOrigin returns what Stock.Origin said when the stock was loaded, or ErrNotFound.
func (db *DB) StockOrigin(ctx context.Context) (origin string, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = 'stock'`).Scan(&origin)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("the origin of the stock %w", ErrNotFound)
	}
	return origin, classify(err)
}

// IsEmpty tells whether there are neither partners nor offers.
func (db *DB) IsEmpty(ctx context.Context) (empty bool, err error) {
	err = db.read.QueryRowContext(ctx,
		`SELECT NOT EXISTS (SELECT 1 FROM partners) AND NOT EXISTS (SELECT 1 FROM offers)`).Scan(&empty)
	return empty, classify(err)
}

// SetOperator stores who may sign in to the console, or gives a known e-mail address another password and role.
func (db *DB) SetOperator(ctx context.Context, email, passwordHash, role string, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO operators (id, email, password_hash, role, created_at)
SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4 FROM operators WHERE TRUE
ON CONFLICT (email) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role`,
			email, passwordHash, role, millis(now))
		return err
	})
}
