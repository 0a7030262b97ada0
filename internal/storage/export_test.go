package storage

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"giftimbiz/internal/office"
)

// HoldWriter keeps others from writing to a SQLite file until the function it returns is called.
func (db *DB) HoldWriter(t testing.TB) (release func()) {
	release, err := db.lockWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// AfterCommit says what PostgreSQL's answer to a COMMIT means, and whether the transaction is begun again.
func AfterCommit(answer error) (again bool, err error) {
	db := &DB{pool: new(share)}
	err = db.ended(answer)
	return db.lost(err), err
}

// Examine is Doctor within a transaction, of PostgreSQL unless sqlite.
func Examine(ctx context.Context, tx *sql.Tx, sqlite bool) ([]Fault, error) {
	if !sqlite {
		if _, err := tx.ExecContext(ctx, readEverything); err != nil {
			return nil, err
		}
	}
	return examine(ctx, tx)
}

// OrderQueries returns the text that Orders runs for a page, for tests that ask an engine how it would.
func OrderQueries(q office.OrderQuery, partner int64) (query string, args []any) {
	s := orderSearch{OrderQuery: q, partner: partner}
	query, _, _ = s.queries()
	return query, s.args
}

// FeedQueries returns the texts by which changes are read, of $1, $2 and $3, for tests that ask an engine how it would.
func FeedQueries() []string {
	texts := []string{offersByChange(32), offersByLastDay(32)}
	for of := range namedTables {
		texts = append(texts, namesByChange(of, 32))
	}
	return texts
}

// TallySalesInParts is TallySales that counts so many orders at a time.
func (db *DB) TallySalesInParts(ctx context.Context, now time.Time, most int64) error {
	return db.tallySales(ctx, now, most)
}

// Reconnect ends the connections to PostgreSQL that nobody uses just now. Others take their places when they are needed.
func (db *DB) Reconnect() {
	if db != nil && db.pool != nil {
		db.pool.Reset()
		db.commits.Reset()
	}
}

// AgeLease has this process's lease end so much earlier by its own count.
func (db *DB) AgeLease(by time.Duration) {
	db.lease.mu.Lock()
	defer db.lease.mu.Unlock()
	db.lease.over -= by
}
