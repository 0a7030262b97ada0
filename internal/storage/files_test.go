package storage_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"giftimbiz/internal/storage"
)

func TestOpenMakesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "typo", "giftimbiz.db")
	db, err := storage.Open(t.Context(), "sqlite:"+path)
	if want := "no database at " + path + "; is --data right?"; err == nil || err.Error() != want {
		t.Errorf("got %v, %v; want %q", db, err, want)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
}

var openers = map[string]func(context.Context, string) (*storage.DB, error){
	"open": storage.Open, "open or create": storage.OpenOrCreate,
}

func TestOpenSaysWhatIsWrongWithAFile(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                         dir + " is a folder, not a database; name a file in it",
		text:                        text + " is not a database; move it away or name another place",
		filepath.Join(text, "x.db"): "not a directory",
	} {
		for name, open := range openers {
			if _, err := open(t.Context(), "sqlite:"+path); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s: %v; want %q", name, path, err, want)
			}
		}
	}
	if body, err := os.ReadFile(text); err != nil || !strings.HasPrefix(string(body), "not a database") {
		t.Errorf("the file was changed: %v", err)
	}
}

func TestOpenSaysWhoseWritingIsForbidden(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("skipped: root may write everywhere")
	}
	dir := t.TempDir()
	made, err := storage.OpenOrCreate(t.Context(), "sqlite:"+filepath.Join(dir, "made.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(made.Close(), os.Chmod(dir, 0o500)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) // so that it can be removed
	_, err = storage.Open(t.Context(), "sqlite:"+filepath.Join(dir, "made.db"))
	if err == nil || !strings.Contains(err.Error(), "must be allowed to write to the file and to its folder") {
		t.Errorf("a file in a folder that cannot be written: %v", err)
	}
	if _, err := storage.OpenOrCreate(t.Context(), "sqlite:"+filepath.Join(dir, "new.db")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a new file in a folder that cannot be written: %v", err)
	}
}

func TestADatabaseIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "new.db")
	db, err := storage.OpenOrCreate(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // only looked at
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
	} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info, err, want)
		}
	}
	again, err := storage.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(again.CheckSchema(t.Context()), again.Close()); err != nil {
		t.Error(err)
	}
}

func TestCheckSchemaOnlyLooks(t *testing.T) {
	for name, test := range map[string]struct {
		newURL func(testing.TB) string
		driver string
		tables string
	}{
		"sqlite":   {sqliteURL, "sqlite", `SELECT COUNT(*) FROM sqlite_master`},
		"postgres": {postgresURL, "pgx", `SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'`},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := test.newURL(t)
			db, _ := opener(func(testing.TB) string { return dsn })(t)
			if err := db.CheckSchema(t.Context()); !errors.Is(err, storage.ErrOldSchema) {
				t.Errorf("an empty database: %v", err)
			}
			raw := rawDB(t, test.driver, strings.TrimPrefix(dsn, "sqlite:"))
			var tables int
			if err := raw.QueryRowContext(t.Context(), test.tables).Scan(&tables); err != nil || tables != 0 {
				t.Errorf("%d tables were made, %v", tables, err)
			}
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.CheckSchema(t.Context()); err != nil {
				t.Errorf("after the migration: %v", err)
			}
			if _, err := raw.ExecContext(t.Context(), `UPDATE goose_db_version SET version_id = 9999 WHERE version_id = 1`); err != nil {
				t.Fatal(err)
			}
			if err := db.CheckSchema(t.Context()); !errors.Is(err, storage.ErrNewerSchema) {
				t.Errorf("a newer schema: %v", err)
			}
			if _, err := db.Migrate(t.Context()); !errors.Is(err, storage.ErrNewerSchema) {
				t.Errorf("a newer schema is migrated: %v", err)
			}
		})
	}
}

// TestNoKeyHasASecondIndex: SQLite finds a row by one number without an index, unless the schema's words hide that.
func TestNoKeyHasASecondIndex(t *testing.T) {
	dsn := sqliteURL(t)
	db, _ := opener(func(testing.TB) string { return dsn })(t)
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := rawDB(t, "sqlite", strings.TrimPrefix(dsn, "sqlite:"))
	rows, err := raw.QueryContext(t.Context(), `SELECT t.name, c.name, c.type,
       EXISTS (SELECT 1 FROM pragma_index_list(t.name) i WHERE i.origin = 'pk')
FROM sqlite_master t JOIN pragma_table_info(t.name) c ON c.pk = 1
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE pk = 2)`)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for rows.Next() {
		var table, column, kind string
		var indexed bool
		if err := rows.Scan(&table, &column, &kind, &indexed); err != nil {
			t.Fatal(err)
		}
		seen++
		if kind != "TEXT" && kind != "BLOB" && indexed { // these have no number to be found by
			t.Errorf("%s.%s, %s, has an index of its own", table, column, kind)
		}
	}
	if err := rows.Err(); err != nil || seen < 15 {
		t.Errorf("%d tables, %v", seen, err)
	}
}
