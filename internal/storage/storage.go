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
)

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	dialect   *dialect
	write     *sql.DB
	read      *sql.DB
	lease     lease // of the number that this process makes order numbers with
	news      news
	unwritten unwritten
	// closedBefore is the first day whose balances are not closed, as far as this process knows.
	closedBefore atomic.Int64

	retries atomic.Int64 // transactions that were begun again because they had lost a race

	// PostgreSQL only. Purchases have connections of their own, so that they never wait for slow reads to end.
	pool      *share
	commits   *share
	isolation isolation     // of what writes
	losers    chan struct{} // whoever holds the token begins a transaction again that lost a race
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
func Open(ctx context.Context, dsn string) (*DB, error) { return open(ctx, dsn, false, hooks{}) }

// OpenOrCreate is Open for whoever may start anew: it makes a missing SQLite file, and the folders to it, for their owner
// only. Call Migrate next.
func OpenOrCreate(ctx context.Context, dsn string) (*DB, error) { return open(ctx, dsn, true, hooks{}) }

// OpenTraced is OpenOrCreate for whoever traces: what is asked of the engine inside a recorded span gets spans of its own.
func OpenTraced(ctx context.Context, dsn string) (*DB, error) {
	return open(ctx, dsn, true, hooks{trace: true})
}

// OpenWatched is OpenOrCreate for tests that ask the engine how it runs its statements: watch is called, by any goroutine,
// with each that is prepared or sent.
func OpenWatched(ctx context.Context, dsn string, watch func(ctx context.Context, statement string)) (*DB, error) {
	return open(ctx, dsn, true, hooks{watch: watch})
}

// OpenSpoilt is Open for tests of what becomes of a SQLite file's transactions when statements fail. Each statement is handed to
// spoil with what runs it, BEGIN and COMMIT among them, and fails with the error that spoil returns, whether it ran or not.
func OpenSpoilt(ctx context.Context, dsn string, spoil func(statement string, run func() error) error) (*DB, error) {
	if !strings.HasPrefix(dsn, "sqlite:") {
		return nil, errors.New("what is sent to PostgreSQL is spoilt on its way there")
	}
	return open(ctx, dsn, false, hooks{spoil: spoil})
}

// hooks are who looks at what is asked of an engine: tests, which may let it fail, and traces. The functions may be nil, and are
// called by any goroutine.
type hooks struct {
	watch func(ctx context.Context, statement string)
	spoil func(statement string, run func() error) error
	trace bool
}

func open(ctx context.Context, dsn string, create bool, hooks hooks) (*DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return openSQLite(ctx, path, create, hooks)
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn, hooks)
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

// Ping tells whether the database answers. Connections that were lost meanwhile are found out one by one, and say nothing of it.
func (db *DB) Ping(ctx context.Context) (err error) {
	tries := int32(1)
	if db.pool != nil {
		tries += db.pool.Stat().MaxConns()
	}
	for range tries {
		if err = db.read.PingContext(ctx); err == nil || ctx.Err() != nil || scarce(err) {
			break
		}
	}
	return err
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
