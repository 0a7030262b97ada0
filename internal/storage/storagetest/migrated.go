package storagetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// MigratedFile returns a SQLite file of the test's own with the schema and keys in it: a copy, for migrating one takes longer than many
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

// Masters returns the master keys of the databases that tests make, the same each time.
func Masters() *vault.Masters { return masters() }

var masters = sync.OnceValue(func() *vault.Masters {
	m, err := vault.Parse(vault.Generate(1))
	if err != nil {
		panic(err)
	}
	return m
})

// Sealed returns what stands for a ciphertext of the first data key.
func Sealed(text string) []byte { return append(vault.Mark(1), text...) }

var migratedFile = sync.OnceValues(func() (body []byte, err error) {
	dir, err := os.MkdirTemp("", "giftimbiz-migrated-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "test.db")
	if err := Migrate("sqlite:" + path); err != nil { // closed, nothing is left in a log beside the file
		return nil, err
	}
	return os.ReadFile(path)
})

// Migrate puts the schema and keys into an empty database, given by its URL.
func Migrate(dsn string) error {
	db, err := storage.OpenOrCreate(context.Background(), dsn)
	if err != nil {
		return err
	}
	if _, err = db.Migrate(context.Background()); err == nil {
		_, err = db.OpenVault(context.Background(), Masters())
	}
	return errors.Join(err, db.Close())
}
