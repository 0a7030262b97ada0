// Package storage keeps everything in SQL: one set of queries on SQLite, inside the process, and on PostgreSQL, for any
// number of processes. Small interfaces declared by its users say what it must do.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	dialect *dialect
	write   *sql.DB
	read    *sql.DB
	lease   lease // of the number that this process makes order numbers with
	news    news
	// closedBefore is the first day whose balances are not closed, as far as this process knows.
	closedBefore atomic.Int64

	// PostgreSQL only. Purchases have connections of their own, so that they never wait for slow reads to end.
	pool    *pgxpool.Pool
	commits *pgxpool.Pool
	// Whoever holds the token has a connection to move a sandbox's clock or reset a sandbox: see beginWalk.
	walks chan struct{}

	// SQLite only: whoever holds the token writes. The hot connection keeps its statements prepared for sessions.
	writer chan struct{}
	hot    *sql.Conn
	stmts  map[string]*sql.Stmt // owned by the holder of the token
	// up to which page of its log somebody read when it was last trimmed, and 1; see TrimLog
	logRead atomic.Int64
}

// Open connects to the database at a URL, "sqlite:PATH" or "postgres://…", and changes nothing in it. A SQLite file must be
// there. Call CheckSchema, or Migrate, next.
func Open(ctx context.Context, dsn string) (*DB, error) { return open(ctx, dsn, false, nil) }

// OpenOrCreate is Open for whoever may start anew: it makes a missing SQLite file, and the folders to it, for their owner
// only. Call Migrate next.
func OpenOrCreate(ctx context.Context, dsn string) (*DB, error) { return open(ctx, dsn, true, nil) }

// OpenWatched is OpenOrCreate for tests that ask the engine how it runs its statements: watch is called, by any goroutine,
// with each that is prepared or sent.
func OpenWatched(ctx context.Context, dsn string, watch func(ctx context.Context, statement string)) (*DB, error) {
	return open(ctx, dsn, true, watch)
}

func open(ctx context.Context, dsn string, create bool, watch func(context.Context, string)) (*DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return openSQLite(ctx, path, create, watch)
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn, watch)
	}
	return nil, fmt.Errorf("database %q: want sqlite:PATH or postgres://…", redact(dsn))
}

// redact keeps a password that was put into a malformed URL out of messages.
func redact(dsn string) string {
	scheme, _, ok := strings.Cut(dsn, ":")
	if !ok {
		return "…"
	}
	return scheme + ":…"
}

// Close gives the node number back and ends all connections, after the write transaction under way.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	_ = db.Leave(ctx) // a number that cannot be given back is free within a minute
	var errs []error
	if db.pool == nil {
		db.writer <- struct{}{} // never given back: nothing writes any more
		for _, stmt := range db.stmts {
			errs = append(errs, stmt.Close())
		}
		if db.hot != nil {
			errs = append(errs, db.hot.Close())
		}
		errs = append(errs, db.read.Close())
	}
	errs = append(errs, db.write.Close())
	if db.pool != nil {
		db.commits.Close()
		db.pool.Close()
	}
	return errors.Join(errs...)
}

// Engine returns "sqlite" or "postgres".
func (db *DB) Engine() string { return db.dialect.name }

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// tx runs fn in one write transaction. It sees, statement by statement, what others have committed, whatever the
// database's default is: that is what locks and counters rely on. ErrUnanswered says that it may have been stored.
func (db *DB) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	release, err := db.lockWriter(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := db.write.BeginTx(ctx, db.dialect.writing)
	if err != nil {
		return classify(err)
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback() // fn's error says more
		return classify(err)
	}
	err = tx.Commit()
	db.news.committed()
	if db.undecided(err) {
		return wrap(ErrUnanswered, classify(err))
	}
	return classify(err)
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64)
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
