package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

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
