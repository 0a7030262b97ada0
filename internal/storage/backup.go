package storage

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	"giftimbiz/internal/backup"
)

// BackupOptions say how a backup is made.
type BackupOptions struct {
	Key      *backup.Key                    // to encrypt it with; nil = it is plain
	Made     time.Time                      // the present
	Program  string                         // the version of giftimbiz
	Progress func(table string, rows int64) // told now and then how many rows of a table are written; may be nil
}

// progressEvery is after how many rows progress is told.
const progressEvery = 10_000

// Backup writes all rows of all tables as they are at one moment, which is not before Backup is called. It only reads, also from
// a standby of PostgreSQL; others go on meanwhile. It keeps one row in memory. While it goes on, PostgreSQL keeps rows that
// were changed since, and SQLite's write-ahead log grows: a slow w costs room.
func (db *DB) Backup(ctx context.Context, w io.Writer, o BackupOptions) error {
	tx, err := db.read.BeginTx(ctx, db.dialect.reading)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	if db.pool != nil {
		if _, err := tx.ExecContext(ctx, readEverything); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, withoutTimeouts); err != nil {
			return err
		}
	}
	head, err := db.backupHead(ctx, tx, o)
	if err != nil {
		return err
	}
	out, err := backup.NewWriter(w, head, o.Key)
	if err != nil {
		return err
	}
	for i, t := range head.Tables {
		if err := dump(ctx, tx, out, i, t, o.Progress); err != nil {
			return fmt.Errorf("back up %s: %w", t.Name, err)
		}
	}
	return out.Close()
}

func (db *DB) backupHead(ctx context.Context, tx *sql.Tx, o BackupOptions) (head backup.Head, err error) {
	head = backup.Head{Made: o.Made, Program: o.Program, Engine: db.Engine()}
	if head.Schema, err = db.versionIn(ctx, tx); err != nil {
		return head, err
	}
	head.Tables, err = db.layout(ctx, tx)
	return head, err
}

// dump writes the rows of a table. In which order they come does not matter, so each engine takes the cheapest.
func dump(
	ctx context.Context, tx *sql.Tx, out *backup.Writer, number int, t backup.Table, progress func(string, int64),
) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+columnList(t)+` FROM `+t.Name)
	if err != nil {
		return err
	}
	values, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range values {
		into[i] = &values[i]
	}
	var n int64
	return scanAll(rows, func(row scanner) error {
		if err := row.Scan(into...); err != nil {
			return err
		}
		if n++; n%progressEvery == 0 && progress != nil {
			progress(t.Name, n)
		}
		return out.Row(number, values)
	})
}
