package isolation_test

import (
	"testing"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

// levels are how transactions may be kept apart, by what a database has as its default.
var levels = map[string]string{"READ COMMITTED": "read%20committed", "SERIALIZABLE": "serializable"}

// eachLevel runs a test on a house whose database keeps transactions apart in each way.
func eachLevel(t *testing.T, test func(t *testing.T, h *storagetest.House, level string)) {
	for level, setting := range levels {
		t.Run(level, func(t *testing.T) { test(t, storagetest.NewHouse(t, opener(setting, migrated)), level) })
	}
}

func opener(level string, database func(testing.TB) string) storagetest.Opener {
	return func(t testing.TB) (*storage.DB, func() *storage.DB) {
		dsn := database(t) + "&default_transaction_isolation=" + level
		open := func() *storage.DB {
			db, err := storage.Open(t.Context(), dsn)
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

func empty(t testing.TB) string { return programtest.Postgres(t) }

// migrated is a PostgreSQL database of the test's own with the schema in it.
func migrated(t testing.TB) string {
	t.Helper()
	return template.Copy(t, storagetest.Migrate)
}

var template programtest.Template

// TestTheStoreConformsWhereTransactionsAreSerializable: such a database tells transactions to begin again where READ COMMITTED has them
// wait.
func TestTheStoreConformsWhereTransactionsAreSerializable(t *testing.T) {
	if faults.All() {
		storagetest.Run(t, opener("serializable", empty), opener("serializable", migrated))
		return
	}
	storagetest.RunAtOnce(t, opener("serializable", migrated))
}

// TestADatabaseMayHaveAnotherDefault: what is neither is READ COMMITTED, by which all is thought.
func TestADatabaseMayHaveAnotherDefault(t *testing.T) {
	for _, c := range []struct{ setting, want string }{
		{"serializable", "serializable"}, {"repeatable%20read", "read committed"}, {"read%20committed", "read committed"},
	} {
		db, _ := opener(c.setting, migrated)(t)
		if got := db.Isolation(); got != c.want {
			t.Errorf("%s: transactions are %s, not %s", c.setting, got, c.want)
		}
	}
}
