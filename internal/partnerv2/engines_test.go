package partnerv2_test

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"giftimbiz/internal/pgtest"
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

// postgresURL returns an empty PostgreSQL database of the test's own.
func postgresURL(t *testing.T) string {
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

// onEachEngine runs a test on SQLite and on PostgreSQL.
func onEachEngine(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newDesk(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, newDeskOn(t, postgresURL(t))) })
}
