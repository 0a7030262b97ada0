package storage_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// fewConnections opens a house's database by a role that may have so many connections.
func fewConnections(t *testing.T, raw *sql.DB, dsn string, most int) *storage.DB {
	t.Helper()
	role := fmt.Sprintf("few%d", time.Now().UnixNano()) // roles are all databases'
	run(t, raw, fmt.Sprintf(`CREATE ROLE %s LOGIN CONNECTION LIMIT %d`, role, most),
		`GRANT pg_read_all_data, pg_write_all_data TO `+role)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	db, _ := opener(func(testing.TB) string { return u.String() })(t)
	return db
}

// TestANodeGetsByWithFewConnections has many read and buy where the server gives hardly any connections: nobody is refused, also
// when all that there are were taken by readers, or by purchases. One connection is too few: purchases that are looked for take one of
// each pool.
func TestANodeGetsByWithFewConnections(t *testing.T) {
	dsn := postgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	p := h.Partner(gift.Partner{Name: "demo"}, 1000)
	raw := rawDB(t, "pgx", dsn)
	for most := 2; most <= 4; most++ {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			db := fewConnections(t, raw, dsn, most)
			reads := func() error { _, err := db.Partner(t.Context(), "demo"); return err }
			buys := func() error { _, err := db.Committed(t.Context(), []int64{p}, []gift.ID{1}); return err }
			for _, at := range [][]func() error{{reads}, {buys}, {reads}, {reads, buys}} {
				allSucceed(t, at)
			}
		})
	}
}

// allSucceed has four goroutines for each task do it again and again.
func allSucceed(t *testing.T, tasks []func() error) {
	t.Helper()
	var wg sync.WaitGroup
	for _, do := range tasks {
		for range 4 {
			wg.Go(func() {
				for range 10 {
					if err := do(); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

// TestPurchasesHaveTheirTurnAmongManyReads has readers take whatever connection there is, without a pause, while somebody buys who has
// none yet.
func TestPurchasesHaveTheirTurnAmongManyReads(t *testing.T) {
	dsn := postgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	p := h.Partner(gift.Partner{Name: "demo"}, 1000)
	db := fewConnections(t, rawDB(t, "pgx", dsn), dsn, 3)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := db.Partner(ctx, "demo"); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 20 {
		if _, err := db.Committed(t.Context(), []int64{p}, []gift.ID{1}); err != nil {
			t.Error(err)
		}
	}
	stop()
	wg.Wait()
}

// TestReadsGetAPlaceBesideALongOne has one of them hold the only connection of its pool.
func TestReadsGetAPlaceBesideALongOne(t *testing.T) {
	dsn := postgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	p := h.Partner(gift.Partner{Name: "demo"}, 1000)
	raw := rawDB(t, "pgx", dsn)
	db := fewConnections(t, raw, dsn, 3)
	lock, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, raw, `SELECT 1`) // the lock's connection is not the only one
	if _, err := lock.ExecContext(t.Context(), `LOCK TABLE media IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := db.Media(t.Context(), "/UPLOAD/b.png")
		read <- err
	}()
	awaitLocked(t, raw, 1)
	for range 20 {
		if _, err := db.Committed(t.Context(), []int64{p}, []gift.ID{1}); err != nil {
			t.Error(err)
		}
		if _, err := db.Partner(t.Context(), "demo"); err != nil {
			t.Error(err)
		}
	}
	if err := lock.Rollback(); err != nil {
		t.Error(err)
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
}

// TestWhoFindsNoConnectionAtAllIsToldSoon: others have them all.
func TestWhoFindsNoConnectionAtAllIsToldSoon(t *testing.T) {
	dsn := postgresURL(t)
	storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	raw := rawDB(t, "pgx", dsn)
	db := fewConnections(t, raw, dsn, 3)
	role := ""
	if err := raw.QueryRowContext(t.Context(), `SELECT usename FROM pg_stat_activity WHERE usename LIKE 'few%' AND datname = current_database()`).
		Scan(&role); err != nil {
		t.Fatal(err)
	}
	run(t, raw, `ALTER ROLE `+role+` CONNECTION LIMIT 0`, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '`+role+`'`)
	for range 5 { // the first find out that their connections are broken
		_, err := db.Partner(t.Context(), "demo")
		if err == nil || storage.WhyUnavailable(err) == "" {
			t.Fatal(err)
		}
		if storage.WhyUnavailable(err) == "the database takes no more connections" {
			return
		}
	}
	t.Error("it is not said that there are none")
}
