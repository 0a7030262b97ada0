package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"giftimbiz/internal/tracing"
)

// tracedConn makes a span of each statement on SQLite inside a recorded span, as roundTrips does on PostgreSQL.
type tracedConn struct{ liteConn }

// traced runs a statement in a span that ends with it.
func traced[T any](ctx context.Context, text string, run func(context.Context) (T, error)) (T, error) {
	ctx, span := startStatement(ctx, text)
	got, err := run(ctx)
	failed(span, err)
	span.End()
	return got, err
}

// tracedRows runs a query in a span that ends when its rows are read: SQLite does the work then.
func tracedRows(ctx context.Context, text string, run func(context.Context) (driver.Rows, error)) (driver.Rows, error) {
	ctx, span := startStatement(ctx, text)
	rows, err := run(ctx)
	if err != nil || !span.On() {
		failed(span, err)
		span.End()
		return rows, err
	}
	return &spannedRows{rows, span}, nil
}

func startStatement(ctx context.Context, text string) (context.Context, tracing.Span) {
	if !tracing.In(ctx).On() {
		return ctx, tracing.Span{}
	}
	ctx, span := tracing.StartCall(ctx, nameOf(text))
	span.Text("db.system.name", "sqlite")
	return ctx, span
}

// PrepareContext implements driver.ConnPrepareContext.
func (c tracedConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	stmt, err := c.liteConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return tracedStmt{stmt.(liteStmt), text}, nil
}

// ExecContext implements driver.ExecerContext.
func (c tracedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	return traced(ctx, text, func(ctx context.Context) (driver.Result, error) { return c.liteConn.ExecContext(ctx, text, args) })
}

// QueryContext implements driver.QueryerContext.
func (c tracedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	return tracedRows(ctx, text, func(ctx context.Context) (driver.Rows, error) { return c.liteConn.QueryContext(ctx, text, args) })
}

// BeginTx implements driver.ConnBeginTx.
func (c tracedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := traced(ctx, "BEGIN", func(ctx context.Context) (driver.Tx, error) { return c.liteConn.BeginTx(ctx, opts) })
	if err != nil || !tracing.In(ctx).On() {
		return tx, err
	}
	return tracedTx{tx, ctx}, nil
}

type tracedTx struct {
	driver.Tx
	ctx context.Context // what the transaction is part of
}

// Commit implements driver.Tx.
func (t tracedTx) Commit() error {
	_, err := traced(t.ctx, "COMMIT", func(context.Context) (struct{}, error) { return struct{}{}, t.Tx.Commit() })
	return err
}

type tracedStmt struct {
	liteStmt
	text string
}

// ExecContext implements driver.StmtExecContext.
func (s tracedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return traced(ctx, s.text, func(ctx context.Context) (driver.Result, error) { return s.liteStmt.ExecContext(ctx, args) })
}

// QueryContext implements driver.StmtQueryContext.
func (s tracedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return tracedRows(ctx, s.text, func(ctx context.Context) (driver.Rows, error) { return s.liteStmt.QueryContext(ctx, args) })
}

type spannedRows struct {
	driver.Rows
	span tracing.Span
}

// Next implements driver.Rows.
func (r *spannedRows) Next(values []driver.Value) error {
	err := r.Rows.Next(values)
	if !errors.Is(err, io.EOF) {
		failed(r.span, err)
	}
	return err
}

// Close implements driver.Rows.
func (r *spannedRows) Close() error {
	defer r.span.End()
	return r.Rows.Close()
}
