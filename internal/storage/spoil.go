package storage

import (
	"context"
	"database/sql/driver"
)

// spoiltConn is a connection to a SQLite file whose statements may fail.
type spoiltConn struct {
	liteConn
	spoil func(statement string, run func() error) error
}

// spoilt runs a statement, or not.
func spoilt[T any](spoil func(string, func() error) error, statement string, run func() (T, error)) (result T, err error) {
	err = spoil(statement, func() (err error) {
		result, err = run()
		return err
	})
	return result, err
}

// PrepareContext implements driver.ConnPrepareContext.
func (c spoiltConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.liteConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return spoiltStmt{stmt.(liteStmt), query, c.spoil}, nil
}

// ExecContext implements driver.ExecerContext.
func (c spoiltConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return spoilt(c.spoil, query, func() (driver.Result, error) { return c.liteConn.ExecContext(ctx, query, args) })
}

// QueryContext implements driver.QueryerContext.
func (c spoiltConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return spoilt(c.spoil, query, func() (driver.Rows, error) { return c.liteConn.QueryContext(ctx, query, args) })
}

// BeginTx implements driver.ConnBeginTx.
func (c spoiltConn) BeginTx(ctx context.Context, opt driver.TxOptions) (driver.Tx, error) {
	tx, err := spoilt(c.spoil, "BEGIN", func() (driver.Tx, error) { return c.liteConn.BeginTx(ctx, opt) })
	if err != nil {
		if tx != nil { // it has begun, and nobody else will end it
			_ = tx.Rollback()
		}
		return nil, err
	}
	return spoiltTx{tx, c.spoil}, nil
}

type spoiltTx struct {
	driver.Tx
	spoil func(statement string, run func() error) error
}

// Commit implements driver.Tx. As SQLite's own does, it leaves no transaction open when it fails.
func (t spoiltTx) Commit() error {
	ran := false
	err := t.spoil("COMMIT", func() error {
		ran = true
		return t.Tx.Commit()
	})
	if !ran {
		_ = t.Rollback()
	}
	return err
}

// liteStmt is what SQLite's statements can do and database/sql asks them for.
type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type spoiltStmt struct {
	liteStmt
	text  string
	spoil func(statement string, run func() error) error
}

// ExecContext implements driver.StmtExecContext.
func (s spoiltStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return spoilt(s.spoil, s.text, func() (driver.Result, error) { return s.liteStmt.ExecContext(ctx, args) })
}

// QueryContext implements driver.StmtQueryContext.
func (s spoiltStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := spoilt(s.spoil, s.text, func() (driver.Rows, error) { return s.liteStmt.QueryContext(ctx, args) })
	if err != nil && rows != nil {
		_ = rows.Close() // else the statement would stay open
		rows = nil
	}
	return rows, err
}
