package storage

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"giftimbiz/internal/purchase"
)

// isolation is what PostgreSQL keeps apart transactions that write by. At READ COMMITTED each statement sees what was committed
// before it: what is read after a lock is what the lock protects. Where a database's own default is SERIALIZABLE, as on engines
// that know nothing else, transactions are that: they see one state, and of two that meet one is told to begin again.
type isolation struct {
	level sql.IsolationLevel
	begin string // begins a session's transaction
}

var (
	readCommitted = isolation{sql.LevelReadCommitted, "BEGIN ISOLATION LEVEL READ COMMITTED"}
	serializable  = isolation{sql.LevelSerializable, "BEGIN ISOLATION LEVEL SERIALIZABLE"}
)

// A transaction that lost a race is begun again this often, and waits a little longer each time.
const (
	maxRetries   = 40
	longestPause = 64 * time.Millisecond
)

// tx runs fn in one write transaction, again as a whole when it lost a race: what fn found out or changed outside the database in
// a try before, it must find out or change anew. At its end it writes the lines of the audit trail that fn gave to audit.
// ErrUnanswered says that it may have been stored.
func (db *DB) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	return db.inTurn(ctx, func() error { return db.try(ctx, fn) })
}

func (db *DB) try(ctx context.Context, fn func(*sql.Tx) error) error {
	release, err := db.lockWriter(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := db.write.BeginTx(ctx, &sql.TxOptions{Isolation: db.isolation.level})
	if err != nil {
		return classify(err)
	}
	db.unwritten.begin(tx)
	defer func() { // also when fn panics, which some callers outlive
		db.unwritten.end(tx)
		_ = tx.Rollback() // it has ended, or the error says more
	}()
	err = fn(tx)
	if lines := db.unwritten.end(tx); err == nil {
		err = db.chain(ctx, tx, lines)
	}
	if err != nil {
		return classify(err)
	}
	err = tx.Commit()
	db.news.committed()
	return db.ended(err)
}

// inSession is tx for set statements.
func (db *DB) inSession(ctx context.Context, do func(session) error) error {
	return db.inTurn(ctx, func() error {
		s, err := db.begin(ctx, db.pool)
		if err != nil {
			return classify(err)
		}
		done := false
		defer func() {
			if !done { // do panics
				s.rollback()
			}
		}()
		err = do(s)
		done = true
		return db.end(ctx, s, err)
	})
}

// end commits a session, or rolls it back when something failed.
func (db *DB) end(ctx context.Context, s session, failed error) error {
	if failed != nil {
		s.rollback()
		return classify(failed)
	}
	return db.ended(s.commit(ctx))
}

// ended says what the answer to a COMMIT means.
func (db *DB) ended(err error) error {
	if db.undecided(err) {
		return wrap(ErrUnanswered, classify(err))
	}
	return classify(err)
}

// inTurn is retry for one transaction. Those of a node that lost a race are begun again one after the other: where all want one row,
// each would lose to all others, and some never win.
func (db *DB) inTurn(ctx context.Context, run func() error) error {
	err := run()
	if !db.lost(err) {
		return err
	}
	select {
	case db.losers <- struct{}{}:
		defer func() { <-db.losers }()
		return db.retry(ctx, run)
	case <-ctx.Done():
		return err
	}
}

// lost tells whether a transaction lost a race, and counts it. SQLite's writers wait for each other; one that could not have its turn
// has waited long enough.
func (db *DB) lost(err error) bool {
	if db.pool == nil || !errors.Is(err, purchase.ErrConflict) || errors.Is(err, ErrUnanswered) {
		return false
	}
	db.retries.Add(1)
	return true
}

// retry runs what may be several transactions until it loses no race.
func (db *DB) retry(ctx context.Context, run func() error) error {
	for n := range maxRetries {
		err := run()
		if !db.lost(err) {
			return err
		}
		if rest(ctx, rand.N(min(time.Millisecond<<n, longestPause))) != nil {
			return err
		}
	}
	return run()
}

// Retries returns how many transactions of this process, purchases aside, were begun again because they had lost a race.
func (db *DB) Retries() int64 { return db.retries.Load() }

// Isolation names how this database keeps transactions apart that write: "read committed" or "serializable". On SQLite there is one at
// a time: "".
func (db *DB) Isolation() string {
	if db.pool == nil {
		return ""
	}
	return strings.ToLower(db.isolation.level.String())
}
