package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"giftimbiz/internal/backup"
)

// scratch is a SQLite file under a temporary name. Nothing is done for it to survive a crash, and little is kept in memory.
type scratch struct {
	*DB
	path   string
	closed bool
}

// openScratch makes a new file in a folder. Writing it is a few times faster than writing to a database that must survive.
func openScratch(dir string) (*scratch, error) {
	file, err := os.CreateTemp(dir, ".giftimbiz-restore-*") // mode 0600
	if err != nil {
		return nil, err
	}
	s := &scratch{path: file.Name()}
	if err := file.Close(); err != nil {
		return nil, errors.Join(err, os.Remove(s.path))
	}
	uri := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: s.path}).EscapedPath()}).String()
	pragmas := fmt.Sprintf("?mode=rw&_pragma=busy_timeout(%d)&_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)"+
		"&_pragma=foreign_keys(0)&_pragma=cache_size(-65536)&_pragma=temp_store(FILE)&_txlock=immediate", busyTimeoutMs)
	one, err := openFile(uri+pragmas, hooks{})
	if err != nil {
		return nil, errors.Join(err, os.Remove(s.path))
	}
	one.SetMaxOpenConns(2)
	s.DB = &DB{dialect: sqlite, write: one, read: one, writer: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	return s, nil
}

// close ends its use; whoever has it then may keep the file.
func (s *scratch) close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.Close()
}

// remove ends its use and removes it.
func (s *scratch) remove() error {
	err := s.close()
	if gone := os.Remove(s.path); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

func restoreSQLite(ctx context.Context, path string, in *backup.Reader, o RestoreOptions) (done Restored, err error) {
	if err := missing(path); err != nil {
		return done, err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return done, fmt.Errorf("make the folder of the database: %w", err)
	}
	s, err := openScratch(dir)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, s.remove()) }()
	r := restorer{DB: s.DB, RestoreOptions: o, in: in, done: Restored{Head: in.Head()}}
	if err := r.fill(ctx); err != nil {
		return r.done, err
	}
	if err := r.finish(ctx); err != nil || !r.usable() {
		return r.done, err
	}
	return r.done, s.keepAs(path)
}

// missing fails unless there is neither a database at a path nor what belongs to one.
func missing(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		err := backup.Missing(name)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w; %s is there: move it away, or name another place with --database or --data", ErrNotEmpty, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keepAs gives the finished file its name, if there is none of that name.
func (s *scratch) keepAs(path string) error {
	if err := s.close(); err != nil {
		return err
	}
	if err := missing(path); err != nil {
		return err
	}
	return backup.Keep(s.path, path)
}

// insertInto fills all tables in one transaction.
func (r *restorer) insertInto(ctx context.Context, tables []backup.Table) error {
	return r.tx(ctx, func(tx *sql.Tx) error {
		indexes, err := loseFileIndexes(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := r.insertTable(ctx, tx, t); err != nil {
				return fmt.Errorf("fill %s: %w", t.Name, err)
			}
		}
		if err := execAll(ctx, tx, indexes); err != nil {
			return err
		}
		return checkForeignKeys(ctx, tx)
	})
}

func (r *restorer) insertTable(ctx context.Context, tx *sql.Tx, t backup.Table) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM `+t.Name); err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO `+t.Name+` (`+columnList(t)+`) VALUES (?`+
		strings.Repeat(", ?", len(t.Columns)-1)+`)`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }() // whatever is wrong was said by its last use
	next := r.rows(t)
	for {
		values, err := next()
		if atEnd(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
}

// loseFileIndexes takes the indexes away that no constraint needs: they are made faster when the rows are there. It returns how.
func loseFileIndexes(ctx context.Context, tx *sql.Tx) (statements []string, err error) {
	found, err := collect(ctx, tx, func(row scanner) (f [2]string, err error) {
		return f, row.Scan(&f[0], &f[1])
	}, `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
	for _, f := range found {
		if _, err := tx.ExecContext(ctx, `DROP INDEX `+f[0]); err != nil {
			return nil, err
		}
		statements = append(statements, f[1])
	}
	return statements, err
}

// checkForeignKeys looks at what was written while foreign keys were off.
func checkForeignKeys(ctx context.Context, tx *sql.Tx) error {
	var table, parent string
	var row, key sql.NullInt64
	err := tx.QueryRowContext(ctx, `PRAGMA foreign_key_check`).Scan(&table, &row, &parent, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("a row of %s refers to one of %s that is not there", table, parent)
}
