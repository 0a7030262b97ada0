package storage

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
)

// question is a query, and what is called with each of its rows.
type question struct {
	query string
	args  []any
	scan  func(scanner) error
}

// beginReading begins on PostgreSQL what the dialect's reading does.
const beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// ask runs queries that see one state of the database: a snapshot that takes one round trip on PostgreSQL, however many they are, for
// who knows all of them before the first is answered.
func (db *DB) ask(ctx context.Context, all ...question) error {
	if db.pool == nil {
		return db.snapshot(ctx, func(tx *sql.Tx) error { return askEach(ctx, tx, all) })
	}
	conn, err := db.pool.acquire(ctx)
	if err != nil {
		return classify(err)
	}
	s := &pgSession{db: db, conn: conn}
	defer s.rollback() // it gives the connection back; nothing was written
	s.batch.Queue(beginReading)
	for _, q := range all {
		s.batch.Queue(q.query, q.args...).Query(scanning(q.scan))
	}
	s.batch.Queue("COMMIT")
	return classify(s.flush(ctx))
}

func askEach(ctx context.Context, tx *sql.Tx, all []question) error {
	for _, q := range all {
		rows, err := tx.QueryContext(ctx, q.query, q.args...)
		if err != nil {
			return err
		}
		if err := scanAll(rows, q.scan); err != nil {
			return err
		}
	}
	return nil
}

// scanning reads the rows of a query, in a batch or by itself.
func scanning(scan func(scanner) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}
