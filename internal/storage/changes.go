package storage

import (
	"context"
	"database/sql"
)

// tick takes the next number of the change clock and keeps it locked until the transaction ends.
func tick(ctx context.Context, tx *sql.Tx) (seq int64, err error) {
	err = tx.QueryRowContext(ctx, `UPDATE change_clock SET seq = seq + 1 WHERE id = 1 RETURNING seq`).Scan(&seq)
	return seq, err
}

// changeSeq returns the newest visible number of the change clock: every row with a number up to it is visible too.
func (db *DB) changeSeq(ctx context.Context) (seq int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT seq FROM change_clock WHERE id = 1`).Scan(&seq)
	return seq, classify(err)
}

// snapshot runs fn in a read-only transaction that sees one state of the database throughout.
func (db *DB) snapshot(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := db.read.BeginTx(ctx, db.dialect.reading)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return classify(fn(tx))
}

// wholeSnapshot is snapshot for who reads whole tables.
func (db *DB) wholeSnapshot(ctx context.Context, fn func(*sql.Tx) error) error {
	return db.snapshot(ctx, func(tx *sql.Tx) error {
		if db.pool != nil {
			if _, err := tx.ExecContext(ctx, readEverything); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}
