package storage

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewerSchema says that the database was migrated by a newer giftimbiz than this one.
var ErrNewerSchema = errors.New("the database was made by a newer giftimbiz; install that version")

// ErrOldSchema says that migrations are missing.
var ErrOldSchema = errors.New("the database is not up to date; run: giftimbiz migrate")

// ErrHalfRestored says that a backup is being restored into the database, or was and did not come to its end.
var ErrHalfRestored = errors.New("a restore into this database goes on, or did not come to its end; if none goes on, " +
	"drop the database, make it anew and restore again")

// restoreMark is a table that is there while a database is restored. Nothing works on one that has it.
const restoreMark = "restore_under_way"

// Migrate brings the schema up to date, each migration in one transaction. Processes that start together wait for each
// other. It returns how many migrations were applied.
func (db *DB) Migrate(ctx context.Context) (int, error) {
	release, err := db.lockWriter(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	// Mostly there is nothing to do, which is known without reading all migrations.
	if err := db.CheckSchema(ctx); !errors.Is(err, ErrOldSchema) {
		return 0, err
	}
	p, err := db.provider()
	if err != nil {
		return 0, err
	}
	applied, err := db.up(ctx, p)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// up applies what is missing. PostgreSQL keeps other processes waiting meanwhile. SQLite lets them try the same migration
// and fail, each in a transaction of its own: whoever lost looks again at what is still missing.
func (db *DB) up(ctx context.Context, p *goose.Provider) (applied int, err error) {
	tries := 1
	if db.pool == nil {
		tries = len(p.ListSources()) + 3 // a race may be lost once for each, and for goose's own table
	}
	for range tries {
		var results []*goose.MigrationResult
		if results, err = p.Up(ctx); err == nil {
			return applied + len(results), nil
		}
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			applied += len(partial.Applied)
		}
	}
	return applied, err
}

// CheckSchema returns nil when the schema is exactly this binary's, ErrOldSchema, ErrNewerSchema or ErrHalfRestored. It writes nothing.
func (db *DB) CheckSchema(ctx context.Context) error {
	half, err := db.hasTable(ctx, db.read, restoreMark)
	if err != nil {
		return fmt.Errorf("look for a restore that did not end: %w", err)
	}
	if half {
		return ErrHalfRestored
	}
	current, err := db.version(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	newest, err := newestSchema()
	if err != nil {
		return err
	}
	switch {
	case current > newest:
		return fmt.Errorf("%w (schema %d, this binary knows %d)", ErrNewerSchema, current, newest)
	case current < newest:
		return ErrOldSchema
	}
	return nil
}

// newestSchema is the version of the schema that all migrations make.
var newestSchema = sync.OnceValues(func() (int64, error) {
	files, err := migrations.ReadDir("migrations") // in their order
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(files[len(files)-1].Name())
})

// version returns the number of the last migration, 0 when there was none. Goose's own way to ask makes its table.
func (db *DB) version(ctx context.Context) (version int64, err error) {
	return db.versionIn(ctx, db.read)
}

func (db *DB) versionIn(ctx context.Context, from querier) (version int64, err error) {
	there, err := db.hasTable(ctx, from, goose.DefaultTablename)
	if err != nil || !there {
		return 0, err
	}
	err = from.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM `+goose.DefaultTablename).Scan(&version)
	return version, err
}

func (db *DB) hasTable(ctx context.Context, from querier, name string) (bool, error) {
	var tables int
	err := from.QueryRowContext(ctx, db.dialect.countTables, name).Scan(&tables)
	return tables > 0, err
}

func (db *DB) provider() (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	files := rewritten{sub, db.dialect.schema}
	if db.pool == nil {
		return goose.NewProvider(db.dialect.goose, db.write, files)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(db.dialect.goose, db.write, files, goose.WithSessionLocker(locker))
}

// rewritten is a file system whose SQL files are exchanged for the engine's words while they are read.
type rewritten struct {
	fs.FS
	rewrite func(string) string
}

// Open opens a file of the embedded folder.
func (r rewritten) Open(name string) (fs.File, error) {
	f, err := r.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	defer func() { _ = f.Close() }() // an embedded file
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &textFile{Reader: strings.NewReader(r.rewrite(string(text))), info: info}, nil
}

type textFile struct {
	*strings.Reader
	info fs.FileInfo
}

// Stat describes the file as it was before rewriting.
func (f *textFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close does nothing.
func (f *textFile) Close() error { return nil }
