package storage_test

import (
	"path/filepath"
	"testing"

	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

func postgresURL(t testing.TB) string { return programtest.Postgres(t) }

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

// migratedSQLiteURL is sqliteURL with the schema in it.
func migratedSQLiteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + storagetest.MigratedFile(t)
}

// migratedPostgresURL is postgresURL with the schema in it.
func migratedPostgresURL(t testing.TB) string {
	t.Helper()
	return template.Copy(t, storagetest.Migrate)
}

var template programtest.Template

func TestSQLiteConforms(t *testing.T) {
	storagetest.Run(t, opener(sqliteURL), opener(migratedSQLiteURL))
}

func TestPostgreSQLConforms(t *testing.T) {
	storagetest.Run(t, opener(postgresURL), opener(migratedPostgresURL))
}
