package storagetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"giftimbiz/internal/storage"
)

// MigratedFile returns a SQLite file of the test's own with the schema in it: a copy, for migrating one takes longer than many
// a test.
func MigratedFile(t testing.TB) string {
	t.Helper()
	body, err := migratedFile()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var migratedFile = sync.OnceValues(func() (body []byte, err error) {
	dir, err := os.MkdirTemp("", "giftimbiz-migrated-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "test.db")
	db, err := storage.OpenOrCreate(context.Background(), "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	_, err = db.Migrate(context.Background())
	if err := errors.Join(err, db.Close()); err != nil { // closed, nothing is left in a log beside the file
		return nil, err
	}
	return os.ReadFile(path)
})
