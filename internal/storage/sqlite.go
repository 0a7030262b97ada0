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
	"time"

	sqlitedriver "modernc.org/sqlite" // also the driver "sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

const (
	sqliteReaders = 8
	busyTimeoutMs = 10_000

	logLimit = 64 << 20  // bytes that the write-ahead log may have
	logFrame = 4096 + 24 // bytes of each page in it
	// trimWithin bounds how long purchases wait for reads under way while the log is trimmed.
	trimWithin = 500 * time.Millisecond
)

func openSQLite(ctx context.Context, path string, create bool, hooks hooks) (*DB, error) {
	if err := findFile(path, create); err != nil {
		return nil, err
	}
	file := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String()
	pragmas := fmt.Sprintf("?mode=rw&_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
		"&_pragma=journal_size_limit(%d)&_pragma=foreign_keys(1)&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)",
		busyTimeoutMs, logLimit)
	write, err := openFile(file+pragmas+"&_txlock=immediate", hooks)
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(2) // the hot one and one for everything else
	read, err := openFile(file+pragmas+"&_pragma=query_only(1)", hooks)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	db := &DB{dialect: sqlite, write: write, read: read, writer: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	if db.hot, err = write.Conn(ctx); err != nil {
		return nil, errors.Join(explainOpen(path, err), db.Close())
	}
	return db, nil
}

// findFile looks for the database's file and makes it, if it may, before SQLite opens it: SQLite would let everybody read
// it. The files beside it get its mode.
func findFile(path string, create bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder, not a database; name a file in it", path)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look for the database: %w", err)
	case !create:
		return fmt.Errorf("no database at %s; is --data right?", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of the database: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	if err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return file.Close()
}

// explainOpen says what to do about a file that SQLite does not open.
func explainOpen(path string, err error) error {
	var lite *sqlitedriver.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlitelib.SQLITE_NOTADB:
			return fmt.Errorf("%s is not a database; move it away or name another place: %w", path, err)
		case sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_PERM:
			return fmt.Errorf("%s cannot be written; this user must be allowed to write to the file and to its folder: %w",
				path, err)
		}
	}
	return fmt.Errorf("open %s: %w", path, err)
}

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

// TrimLog keeps SQLite's write-ahead log from growing without bound; call it now and then. SQLite starts the log anew only
// when nobody reads from it, and with overlapping reads that moment never comes by itself. Once the log has outgrown
// 64 MiB, TrimLog holds purchases up until the reads under way have ended, 500 ms at most; when that is not enough, the
// next call tries again, unless the same read still goes on: that may be a backup. On PostgreSQL there is nothing to do.
func (db *DB) TrimLog(ctx context.Context) error {
	if db.pool != nil {
		return nil
	}
	frames, copied, err := db.checkpoint(ctx, "PASSIVE") // holds nobody up
	if err != nil || frames*logFrame <= logLimit {
		return classify(err)
	}
	if copied < frames && db.logRead.Swap(copied+1) == copied+1 {
		return nil // nothing could be copied since the last time: who reads from there has read for long
	}
	release, err := db.lockWriter(ctx)
	if err != nil {
		return err
	}
	defer release()
	short, cancel := context.WithTimeout(ctx, trimWithin)
	defer cancel()
	_, _, err = db.checkpoint(short, "TRUNCATE")
	if err != nil && ctx.Err() == nil && short.Err() != nil {
		return nil
	}
	return classify(err)
}

// checkpoint copies what the log has into the database, as far as nobody reads what is there. It returns how many pages the log
// has, and how many of them are copied.
func (db *DB) checkpoint(ctx context.Context, mode string) (frames, copied int64, err error) {
	var busy int64
	err = db.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &frames, &copied)
	return frames, copied, err
}
