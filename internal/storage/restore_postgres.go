package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"giftimbiz/internal/backup"
)

// A database is marked before anything else is in it, and the mark goes last.
const (
	setMark  = `CREATE TABLE ` + restoreMark + ` (id BIGINT NOT NULL PRIMARY KEY)`
	dropMark = `DROP TABLE ` + restoreMark

	otherTables = `SELECT COALESCE(MIN(tablename), '') FROM pg_tables
WHERE schemaname = current_schema() AND tablename <> '` + restoreMark + `'`

	// Indexes that no constraint needs are made when the rows are there, which is several times faster.
	loseIndexes = `SELECT i.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE i.relnamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid)
ORDER BY i.relname`
	memoryForIndexes = `SELECT set_config('maintenance_work_mem', '256MB', true)`
)

func restorePostgres(ctx context.Context, dsn string, in *backup.Reader, o RestoreOptions) (done Restored, err error) {
	db, err := Open(ctx, dsn)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.markEmpty(ctx); err != nil {
		return done, err
	}
	r := restorer{DB: db, RestoreOptions: o, in: in, done: Restored{Head: in.Head()}}
	if err := r.fill(ctx); err != nil {
		return r.done, halfDone(err)
	}
	if _, err := db.write.ExecContext(ctx, `ANALYZE`); err != nil { // else plans go by empty tables
		return r.done, halfDone(err)
	}
	if err := r.finish(ctx); err != nil {
		return r.done, halfDone(err)
	}
	if !r.usable() {
		return r.done, nil
	}
	if _, err := db.write.ExecContext(ctx, dropMark); err != nil {
		return r.done, halfDone(err)
	}
	return r.done, nil
}

// halfDone says what is to be done with what is there.
func halfDone(err error) error {
	return fmt.Errorf("%w\nNothing works on this database now: drop it, make it anew and restore again", err)
}

// markEmpty marks a database without tables as one that is being restored. Others are left as they are.
func (db *DB) markEmpty(ctx context.Context) error {
	half, err := db.hasTable(ctx, db.read, restoreMark)
	if err != nil {
		return err
	}
	if half {
		return ErrHalfRestored
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit there is nothing to undo
	if _, err := tx.ExecContext(ctx, setMark); err != nil {
		return fmt.Errorf("make the first table: %w", err)
	}
	var other string
	if err := tx.QueryRowContext(ctx, otherTables).Scan(&other); err != nil {
		return err
	}
	if other != "" {
		return fmt.Errorf("%w; it has the table %s", ErrNotEmpty, other)
	}
	return tx.Commit()
}

// copyInto fills all tables in one transaction.
func (r *restorer) copyInto(ctx context.Context, tables []backup.Table) error {
	conn, err := r.pool.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		indexes, err := r.beginCopy(ctx, tx, tables)
		if err != nil {
			return err
		}
		for _, t := range tables {
			source := &copySource{next: r.rows(t)}
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.Name}, columnNames(t), source); err != nil {
				return fmt.Errorf("fill %s: %w", t.Name, err)
			}
		}
		for _, index := range indexes {
			if _, err := tx.Exec(ctx, index); err != nil {
				return fmt.Errorf("%s: %w", index, err)
			}
		}
		return nil
	})
}

// beginCopy empties the tables and takes their indexes away. It returns how to make them again.
func (r *restorer) beginCopy(ctx context.Context, tx pgx.Tx, tables []backup.Table) (indexes []string, err error) {
	names := column(tables, func(t backup.Table) string { return t.Name })
	for _, s := range []string{withoutTimeouts, memoryForIndexes, `TRUNCATE ` + strings.Join(names, ", ")} {
		if _, err := tx.Exec(ctx, s); err != nil {
			return nil, err
		}
	}
	rows, err := tx.Query(ctx, loseIndexes)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f [2]string, err error) {
		return f, row.Scan(&f[0], &f[1])
	})
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if _, err := tx.Exec(ctx, `DROP INDEX `+pgx.Identifier{f[0]}.Sanitize()); err != nil {
			return nil, err
		}
		indexes = append(indexes, f[1])
	}
	return indexes, nil
}

// copySource hands rows to COPY.
type copySource struct {
	next   func() ([]any, error)
	values []any
	err    error
}

// Next implements pgx.CopyFromSource.
func (s *copySource) Next() bool {
	s.values, s.err = s.next()
	return s.err == nil
}

// Values implements pgx.CopyFromSource.
func (s *copySource) Values() ([]any, error) { return s.values, nil }

// Err implements pgx.CopyFromSource.
func (s *copySource) Err() error {
	if atEnd(s.err) {
		return nil
	}
	return s.err
}
