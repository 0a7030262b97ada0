// Package storage keeps everything in SQL: one set of queries on SQLite, inside the process, and on PostgreSQL, for any
// number of processes. Small interfaces declared by its users say what it must do.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the "sqlite" driver
)

const (
	rollbackTimeout = 5 * time.Second
	sqliteReaders   = 8
	busyTimeoutMs   = 10_000
)

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	dialect *dialect
	pool    *pgxpool.Pool // PostgreSQL only
	write   *sql.DB
	read    *sql.DB
	lease   lease // of the number that this process makes order numbers with

	// SQLite only: whoever holds the token writes. The hot connection keeps its statements prepared for sessions.
	writer chan struct{}
	hot    *sql.Conn
	stmts  map[string]*sql.Stmt // owned by the holder of the token
}

// Open connects to a database named by a URL: "sqlite:PATH" or "postgres://…". It creates a missing SQLite file but
// changes nothing in it; call Migrate, or CheckSchema, next.
func Open(ctx context.Context, dsn string) (*DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return openSQLite(ctx, path)
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
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

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
	pragmas := fmt.Sprintf("?_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
		"&_pragma=foreign_keys(1)&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)", busyTimeoutMs)
	write, err := sql.Open("sqlite", file+pragmas+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(2) // the hot one and one for everything else
	read, err := sql.Open("sqlite", file+pragmas+"&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	db := &DB{dialect: sqlite, write: write, read: read, writer: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	if db.hot, err = write.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return db, nil
}

// All that a request asks for is found by an index. PostgreSQL may choose otherwise by statistics taken when a table was
// small, and keep that plan while the table grows. The doctor, who reads whole tables, puts the planner back in its right.
const (
	readByIndex    = `SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off`
	readEverything = `SELECT set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true),
       set_config('enable_mergejoin', 'on', true)`
)

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the database URL cannot be read; want postgres://user:password@host:port/name?…")
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "giftimbiz"
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = 16
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, readByIndex)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	pgDB := stdlib.OpenDBFromPool(pool)
	db := &DB{dialect: postgres, pool: pool, write: pgDB, read: pgDB}
	if err := pool.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot reach PostgreSQL: %w", err), db.Close())
	}
	return db, nil
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
		db.pool.Close()
	}
	return errors.Join(errs...)
}

// Engine returns "sqlite" or "postgres".
func (db *DB) Engine() string { return db.dialect.name }

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// lockWriter waits for SQLite's single writer: in Go, in turn, not in SQLite's busy loop. PostgreSQL has no such lock.
func (db *DB) lockWriter(ctx context.Context) (release func(), err error) {
	if db.writer == nil {
		return func() {}, nil
	}
	select {
	case db.writer <- struct{}{}:
		return func() { <-db.writer }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// prepared returns a statement on SQLite's hot connection, prepared once. The caller holds the writer's token.
func (db *DB) prepared(text string) (*sql.Stmt, error) {
	if stmt, ok := db.stmts[text]; ok {
		return stmt, nil
	}
	stmt, err := db.hot.PrepareContext(context.Background(), text)
	if err == nil {
		db.stmts[text] = stmt
	}
	return stmt, err
}

// tx runs fn in one write transaction.
func (db *DB) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	release, err := db.lockWriter(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback() // fn's error says more
		return classify(err)
	}
	return classify(tx.Commit())
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
