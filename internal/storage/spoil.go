package storage

import (
	"context"
	"database/sql/driver"
	"errors"
)

// spoiltConn is a connection to a SQLite file whose statements may fail.
type spoiltConn struct {
	liteConn
	spoil func(statement string, run func() error) error
}

// spoiltExec runs a statement, or not.
func spoiltExec(spoil func(string, func() error) error, statement string, run func() (driver.Result, error)) (
	result driver.Result, err error,
) {
	err = spoil(statement, func() (err error) {
		result, err = run()
		return err
	})
	return result, err
}

// spoiltRows is the same for one that returns rows. Of one that fails none stay open: it would not let its transaction end.
func spoiltRows(spoil func(string, func() error) error, statement string, run func() (driver.Rows, error)) (driver.Rows, error) {
	var rows driver.Rows
	err := spoil(statement, func() error {
		read, err := run()
		if err == nil {
			rows = read
		}
		return err
	})
	if err == nil || rows == nil {
		return rows, err
	}
	return nil, errors.Join(err, rows.Close())
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
	return spoiltExec(c.spoil, query, func() (driver.Result, error) { return c.liteConn.ExecContext(ctx, query, args) })
}

// QueryContext implements driver.QueryerContext.
func (c spoiltConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return spoiltRows(c.spoil, query, func() (driver.Rows, error) { return c.liteConn.QueryContext(ctx, query, args) })
}

// BeginTx implements driver.ConnBeginTx.
func (c spoiltConn) BeginTx(ctx context.Context, opt driver.TxOptions) (driver.Tx, error) {
	var begun driver.Tx
	err := c.spoil("BEGIN", func() error {
		tx, err := c.liteConn.BeginTx(ctx, opt)
		if err == nil {
			begun = tx
		}
		return err
	})
	if err != nil && begun != nil { // nobody else will end it
		_ = begun.Rollback()
	}
	return spoiltTx{begun, c.spoil}, err
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

type spoiltStmt struct {
	liteStmt
	text  string
	spoil func(statement string, run func() error) error
}

// ExecContext implements driver.StmtExecContext.
func (s spoiltStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return spoiltExec(s.spoil, s.text, func() (driver.Result, error) { return s.liteStmt.ExecContext(ctx, args) })
}

// QueryContext implements driver.StmtQueryContext.
func (s spoiltStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return spoiltRows(s.spoil, s.text, func() (driver.Rows, error) { return s.liteStmt.QueryContext(ctx, args) })
}
