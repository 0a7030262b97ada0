package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrOtherKeys says that the database was filled with other keys than the server's.
var ErrOtherKeys = errors.New("the keys of this server are not those this database was filled with")

// BindKeys keeps the server's keys and the database together, by their fingerprints: that of the root key, and those of
// the data keys by their numbers. A key that the database does not know is new and is remembered. A key it knows must be
// there and be the same, or what was encrypted with it cannot be read: then nothing changes and the error, an
// ErrOtherKeys, says which.
func (db *DB) BindKeys(ctx context.Context, root string, data map[uint32]string) error {
	given := map[string]string{rootKey: root}
	for id, fingerprint := range data {
		given[fmt.Sprintf("%s%d", dataKey, id)] = fingerprint
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		for _, name := range slices.Sorted(maps.Keys(given)) {
			_, err := tx.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, given[name])
			if err != nil {
				return err
			}
		}
		rows, err := tx.QueryContext(ctx, `SELECT name, value FROM settings WHERE name = $1 OR name LIKE $2 ORDER BY name DESC`,
			rootKey, dataKey+"%")
		if err != nil {
			return err
		}
		return scanAll(rows, func(row scanner) error {
			var name, bound string
			if err := row.Scan(&name, &bound); err != nil {
				return err
			}
			return compareKey(name, given[name], bound)
		})
	})
}

// The names under which fingerprints are kept.
const (
	rootKey = "root key"
	dataKey = "data key " // and its number
)

func compareKey(name, given, bound string) error {
	switch {
	case given == bound:
		return nil
	case given == "":
		return fmt.Errorf("%w: %s is missing; add its line from another server's key file, or from the file's backup",
			ErrOtherKeys, name)
	default:
		return fmt.Errorf("%w: %s is another one; give the right key file (--key-file) or GIFTIMBIZ_KEYS", ErrOtherKeys, name)
	}
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
