package storage_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"giftimbiz/internal/pgtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// cluster is the PostgreSQL that this package's tests share, started by the first that needs it.
var cluster struct {
	once    sync.Once
	started *pgtest.Cluster
	err     error
	count   atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if cluster.started != nil {
		_ = cluster.started.Stop() // its folder is temporary
	}
	os.Exit(code)
}

func postgresURL(t testing.TB) string {
	t.Helper()
	cluster.once.Do(func() { cluster.started, cluster.err = pgtest.Start("fsync=off") })
	if errors.Is(cluster.err, pgtest.ErrMissing) {
		t.Skipf("skipped: %v", cluster.err)
	}
	if cluster.err != nil {
		t.Fatal(cluster.err)
	}
	dsn, err := cluster.started.CreateDatabase(fmt.Sprintf("test%d", cluster.count.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// opener makes databases at a URL of each test's own.
func opener(newURL func(testing.TB) string) storagetest.Opener {
	return func(t testing.TB) (*storage.DB, func() *storage.DB) {
		dsn := newURL(t)
		open := func() *storage.DB {
			db, err := storage.OpenOrCreate(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			return db
		}
		return open(), open
	}
}

func sqliteURL(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") }

// original is a migrated database, of which tests get copies: migrating one takes longer than many a test.
type original struct {
	once sync.Once
	dsn  string
	body []byte // of SQLite's file
}

var migratedLite, migratedPostgres original

// migrate makes the original, once.
func (o *original) migrate(t testing.TB, newURL func(testing.TB) string) {
	t.Helper()
	o.once.Do(func() {
		dsn := newURL(t)
		db, err := storage.OpenOrCreate(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Migrate(t.Context())
		if err := errors.Join(err, db.Close()); err != nil { // nobody may be connected, nothing be left in a log
			t.Fatal(err)
		}
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok { // the file goes with this test
			o.body = readFile(t, path)
		}
		o.dsn = dsn
	})
	if o.dsn == "" {
		t.Fatal("no migrated database: another test says why")
	}
}

// migratedSQLiteURL is sqliteURL with the schema in it.
func migratedSQLiteURL(t testing.TB) string {
	t.Helper()
	migratedLite.migrate(t, sqliteURL)
	dsn := sqliteURL(t)
	if err := os.WriteFile(strings.TrimPrefix(dsn, "sqlite:"), migratedLite.body, 0o600); err != nil {
		t.Fatal(err)
	}
	return dsn
}

// migratedPostgresURL is postgresURL with the schema in it.
func migratedPostgresURL(t testing.TB) string {
	t.Helper()
	migratedPostgres.migrate(t, postgresURL)
	return copyDatabase(t, migratedPostgres.dsn)
}

func TestSQLiteConforms(t *testing.T) {
	storagetest.Run(t, opener(sqliteURL), opener(migratedSQLiteURL))
}

func TestPostgreSQLConforms(t *testing.T) {
	storagetest.Run(t, opener(postgresURL), opener(migratedPostgresURL))
}
