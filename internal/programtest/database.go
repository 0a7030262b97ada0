package programtest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	_ "modernc.org/sqlite"             // the "sqlite" driver

	"giftimbiz/internal/demo"
	"giftimbiz/internal/pgtest"
)

// cluster is the PostgreSQL that a package's tests share, started by the first that needs it.
var cluster struct {
	once    sync.Once
	started *pgtest.Cluster
	err     error
	count   atomic.Int64
}

// Postgres returns an empty PostgreSQL database of the test's own.
func Postgres(t testing.TB) (url string) {
	t.Helper()
	url = KeptPostgres(t)
	dropAfter(t, url)
	return url
}

// dropAfter removes a database with the test, for a thousand of them are gigabytes.
func dropAfter(t testing.TB, url string) {
	t.Cleanup(func() { _ = cluster.started.Drop(url) }) // if it cannot, it goes with the cluster
}

// settings suit many small databases: a process of PostgreSQL's is made for each connection, and pays for what memory they share.
var settings = []string{"fsync=off", "shared_buffers=16MB", "max_wal_size=256MB"}

// KeptPostgres returns an empty PostgreSQL database that several tests share.
func KeptPostgres(t testing.TB) (url string) {
	t.Helper()
	cluster.once.Do(func() { cluster.started, cluster.err = pgtest.Start(settings...) })
	if errors.Is(cluster.err, pgtest.ErrMissing) {
		t.Skipf("skipped: %v", cluster.err)
	}
	if cluster.err != nil {
		t.Fatal(cluster.err)
	}
	url, err := cluster.started.CreateDatabase(nextName())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Template is a PostgreSQL database of which tests get copies: filling one takes longer than many a test.
type Template struct {
	once sync.Once
	url  string
}

// Copy returns a copy of the test's own. The first test to ask has fill fill the database; nobody may be connected to it afterwards.
func (m *Template) Copy(t testing.TB, fill func(url string) error) (url string) {
	t.Helper()
	m.once.Do(func() {
		url := KeptPostgres(t)
		if err := fill(url); err != nil {
			t.Fatal(err)
		}
		m.url = url
	})
	if m.url == "" {
		KeptPostgres(t) // skips the test where there is no PostgreSQL
		t.Fatal("there is nothing to copy: another test says why")
	}
	url = cluster.started.URL(nextName())
	if err := cluster.started.Copy(m.url, url); err != nil {
		t.Fatal(err)
	}
	dropAfter(t, url)
	return url
}

func nextName() string { return fmt.Sprintf("test%d", cluster.count.Add(1)) }

// CopyPostgres makes or replaces a database as a copy of another, both of them Postgres's.
func CopyPostgres(from, to string) error { return cluster.started.Copy(from, to) }

// EngineOf names the engine of a database by its URL.
func EngineOf(database string) string {
	if strings.HasPrefix(database, "sqlite:") {
		return "SQLite"
	}
	return "PostgreSQL"
}

// EachEngine runs a test on SQLite and on PostgreSQL.
func EachEngine(t *testing.T, test func(t *testing.T, database string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+t.TempDir()+"/giftimbiz.db") })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// EachDatabase is EachEngine for tests of whole processes, with a data folder beside the database.
func EachDatabase(t *testing.T, test func(t *testing.T, data, database string)) {
	EachEngine(t, func(t *testing.T, database string) { test(t, t.TempDir(), database) })
}

// DemoData runs the demo once to fill a database and returns what it wrote into credentials.json.
func DemoData(t testing.TB, data, database string, args ...string) *demo.Credentials {
	t.Helper()
	p := Start(t, append([]string{"demo", "--data", data, "--database", database}, args...)...)
	if err := p.Terminate(); err != nil {
		t.Fatalf("the demo did not stop in order: %v", err)
	}
	return Credentials(t, data)
}

// Credentials returns what a demo wrote into its data folder.
func Credentials(t testing.TB, data string) *demo.Credentials {
	t.Helper()
	text, err := os.ReadFile(data + "/credentials.json")
	if err != nil {
		t.Fatal(err)
	}
	var made demo.Credentials
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	return &made
}

// Raw opens a database beside the server that uses it.
func Raw(t testing.TB, database string) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // whatever it did was checked
	return db
}

// Alter changes a database on which nothing runs that this would disturb.
func Alter(t testing.TB, database, query string, args ...any) {
	t.Helper()
	if res, err := Raw(t, database).ExecContext(context.Background(), query, args...); err != nil {
		t.Fatal(err)
	} else if n, err := res.RowsAffected(); n == 0 || err != nil {
		t.Fatalf("%q changed %d rows, %v", query, n, err)
	}
}

// Hold keeps everybody from writing what a purchase writes until the function it returns is called.
func Hold(t testing.TB, database string) (letGo func()) {
	t.Helper()
	hold := "BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE"
	if strings.HasPrefix(database, "sqlite:") {
		hold = "BEGIN IMMEDIATE"
	}
	conn, err := Raw(t, database).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), hold); err != nil {
		t.Fatal(err)
	}
	letGo = sync.OnceFunc(func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		_ = conn.Close() // the transaction has ended
	})
	t.Cleanup(letGo)
	return letGo
}
