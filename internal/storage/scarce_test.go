package storage_test

import (
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// TestANodeGetsByWithFewConnections has many read and buy where the server gives hardly any connections: nobody is refused, also
// when all that there are were taken by readers, or by purchases. One connection is too few: purchases
// that are looked for take one of each pool.
func TestANodeGetsByWithFewConnections(t *testing.T) {
	dsn := postgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	p := h.Partner(gift.Partner{Name: "demo"}, 1000)
	raw := rawDB(t, "pgx", dsn)
	for most := 2; most <= 4; most++ {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			role := fmt.Sprintf("few%d", time.Now().UnixNano()) // roles are all databases'
			run(t, raw, fmt.Sprintf(`CREATE ROLE %s LOGIN CONNECTION LIMIT %d`, role, most),
				`GRANT pg_read_all_data, pg_write_all_data TO `+role)
			u, err := url.Parse(dsn)
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.User(role)
			db, err := storage.Open(t.Context(), u.String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}()
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
