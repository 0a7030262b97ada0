package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// querier is a transaction or a pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanID reads a row that is a number.
func scanID(row scanner) (id int64, err error) {
	err = row.Scan(&id)
	return id, err
}

// collect returns all rows of a query, each as scan reads it.
func collect[T any](
	ctx context.Context, from querier, scan func(scanner) (T, error), query string, args ...any,
) (list []T, err error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	err = scanAll(rows, func(row scanner) error {
		v, err := scan(row)
		list = append(list, v)
		return err
	})
	return list, err
}

// collectIn is collect by a session; see session.read. Queries must have one text, or few: they are kept prepared.
func collectIn[T any](
	ctx context.Context, s session, scan func(scanner) (T, error), query string, args ...any,
) (list []T, err error) {
	err = s.read(ctx, func(row scanner) error {
		v, err := scan(row)
		list = append(list, v)
		return err
	}, query, args...)
	return list, err
}

// asBool reads a SMALLINT flag into a bool: PostgreSQL's driver does not do that by itself.
type asBool bool

// Scan implements sql.Scanner.
func (b *asBool) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("storage: a flag is stored as %T", src)
	}
	*b = n != 0
	return nil
}

// asDuration reads milliseconds into a time.Duration.
type asDuration time.Duration

// Scan implements sql.Scanner.
func (d *asDuration) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("storage: a duration is stored as %T", src)
	}
	*d = asDuration(time.Duration(ms) * time.Millisecond)
	return nil
}
