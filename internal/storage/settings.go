package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// CreateOperator stores who may sign in to the console. The e-mail address must be new (ErrDuplicate).
func (db *DB) CreateOperator(ctx context.Context, email, passwordHash, role string, nowMs int64) error {
	err := db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO operators (id, email, password_hash, role, created_at)
SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4 FROM operators`, email, passwordHash, role, nowMs)
		return err
	})
	if err != nil {
		return fmt.Errorf("operator %s: %w", email, err)
	}
	return nil
}
