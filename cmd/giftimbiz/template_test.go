package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// template is a database filled with the sample, of which tests get copies: filling one takes longer than most tests.
type template struct {
	once     sync.Once
	data     string // its keys; of SQLite also the database
	database string
	made     *demo.Credentials
	err      error
}

var sqliteTemplate, postgresTemplate template

// copySample puts a filled sample where the configuration says, and its keys, and returns its credentials.
func copySample(t testing.TB, cfg *config) *demo.Credentials {
	t.Helper()
	var from *template
	file, isSQLite := strings.CutPrefix(cfg.Database, "sqlite:")
	if isSQLite {
		from = &sqliteTemplate
		from.once.Do(func() { from.fill("sqlite:") })
	} else {
		from = &postgresTemplate
		from.once.Do(func() { from.fill(programtest.KeptPostgres(t)) })
	}
	if from.err != nil {
		t.Fatal(from.err)
	}
	copyFile(t, filepath.Join(from.data, "vault.keys"), filepath.Join(cfg.Data, "vault.keys"))
	if isSQLite {
		copyFile(t, filepath.Join(from.data, "giftimbiz.db"), file)
	} else if err := programtest.CopyPostgres(from.database, cfg.Database); err != nil {
		t.Fatal(err)
	}
	made := *from.made
	made.Partners = slices.Clone(made.Partners) // tests open more
	return &made
}

// fill makes the template and closes it again: nothing is left in a log beside the file, nobody is connected.
func (f *template) fill(database string) {
	if f.data, f.err = os.MkdirTemp("", "giftimbiz-template-"); f.err != nil {
		return
	}
	if f.database = database; database == "sqlite:" {
		f.database += filepath.Join(f.data, "giftimbiz.db")
	}
	cfg := &config{Data: f.data, Database: f.database}
	ctx := context.Background()
	db, err := storage.OpenOrCreate(ctx, cfg.database())
	if err != nil {
		f.err = err
		return
	}
	if _, f.err = db.Migrate(ctx); f.err == nil {
		f.made, f.err = fillSample(ctx, cfg, db, clock.NewManual(storagetest.Noon), demo.Options{Offers: 300, Seed: 1})
	}
	f.err = errors.Join(f.err, db.Close())
}

// remove forgets what fill made.
func (f *template) remove() {
	if f.data != "" {
		_ = os.RemoveAll(f.data) // a temporary folder
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
