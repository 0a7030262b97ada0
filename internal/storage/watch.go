package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
)

// openFile is sql.Open for SQLite.
func openFile(dsn string, hooks hooks) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil || hooks.watch == nil && hooks.spoil == nil && !hooks.trace {
		return db, err
	}
	hooked := sql.OpenDB(&hookedFile{hooks, dsn, db.Driver()})
	return hooked, db.Close() // it never connected
}

// hookedFile opens connections to a SQLite file that tell what is asked of them, or let it fail.
type hookedFile struct {
	hooks
	dsn    string
	driver driver.Driver
}

// Connect implements driver.Connector.
func (f *hookedFile) Connect(context.Context) (driver.Conn, error) {
	conn, err := f.driver.Open(f.dsn)
	if err != nil {
		return nil, err
	}
	switch {
	case f.spoil != nil:
		return spoiltConn{conn.(liteConn), f.spoil}, nil
	case f.trace:
		return tracedConn{conn.(liteConn)}, nil
	}
	return watchedConn{conn.(liteConn), f.watch}, nil
}

// Driver implements driver.Connector.
func (f *hookedFile) Driver() driver.Driver { return f.driver }

// liteConn is what SQLite's connections can do and database/sql asks them for.
type liteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type watchedConn struct {
	liteConn
	watch func(context.Context, string)
}

// liteStmt is what SQLite's statements can do and database/sql asks them for.
type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// PrepareContext implements driver.ConnPrepareContext.
func (c watchedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.watch(ctx, query)
	return c.liteConn.PrepareContext(ctx, query)
}

// ExecContext implements driver.ExecerContext.
func (c watchedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.watch(ctx, query)
	return c.liteConn.ExecContext(ctx, query, args)
}

// QueryContext implements driver.QueryerContext.
func (c watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.watch(ctx, query)
	return c.liteConn.QueryContext(ctx, query, args)
}

// watchTracer is the same for PostgreSQL.
type watchTracer struct{ watch func(context.Context, string) }

// TraceQueryStart implements pgx.QueryTracer.
func (t watchTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	t.watch(ctx, data.SQL)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (watchTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (t watchTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, q := range data.Batch.QueuedQueries {
		t.watch(ctx, q.SQL)
	}
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (watchTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (watchTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TracePrepareStart implements pgx.PrepareTracer: database/sql runs what it prepared under a name.
func (t watchTracer) TracePrepareStart(ctx context.Context, _ *pgx.Conn, data pgx.TracePrepareStartData) context.Context {
	t.watch(ctx, data.SQL)
	return ctx
}

// TracePrepareEnd implements pgx.PrepareTracer.
func (watchTracer) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}
