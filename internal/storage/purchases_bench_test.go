package storage_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/pgtest"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage/storagetest"
)

// BenchmarkPurchases shows what the engine and its store cost without HTTP: the time and this process's CPU of each
// purchase, and the size of the batches. `giftimbiz bench` has the yardsticks.
func BenchmarkPurchases(b *testing.B) {
	for _, engine := range []struct {
		name string
		url  func(testing.TB) string
	}{{"SQLite", sqliteURL}, {"PostgreSQL", safePostgresURL}} {
		for _, traffic := range []struct {
			name              string
			callers, partners int
		}{{"lone", 1, 1}, {"hot", 64, 1}, {"many", 64, 1000}} {
			b.Run(engine.name+"/"+traffic.name, func(b *testing.B) {
				purchases(b, engine.url, traffic.callers, traffic.partners)
			})
		}
	}
}

// safePostgresURL is of a server that flushes what it commits, as one in use does.
func safePostgresURL(b testing.TB) string {
	b.Helper()
	started, err := pgtest.Start("max_wal_size=4GB", "shared_buffers=256MB")
	if errors.Is(err, pgtest.ErrMissing) {
		b.Skipf("skipped: %v", err)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = started.Stop() }) // its folder is temporary
	dsn, err := started.CreateDatabase("bench")
	if err != nil {
		b.Fatal(err)
	}
	return dsn
}

// purchases buys with so many callers at once, each time as another partner and from another offer.
func purchases(b *testing.B, newURL func(testing.TB) string, callers, partners int) {
	h := storagetest.NewHouse(b, opener(newURL))
	h.Clock.Set(time.Now())
	h.Stock(partners, b.N/partners+callers, func(o *gift.Offer) {
		o.LastDay = gift.DateOf(2099, 12, 31)
		o.Tiers = gift.Tiers{Far: 940, Mid: 940, Near: 940}
	})
	ids := make([]int64, partners)
	for i := range ids {
		ids[i] = h.Partner(gift.Partner{Name: fmt.Sprint("p", i)}, 1_000_000_000)
	}
	var batches, size atomic.Int64
	engine := purchase.New(purchase.Options{
		Store: h.DB, Clock: clock.System{}, IDs: h.DB.IDs(), Lanes: h.DB.Lanes(),
		Observe: func(n int, _ time.Duration) { batches.Add(1); size.Add(int64(n)) },
	})
	engine.Start()
	defer engine.Stop()
	var next atomic.Int64
	var all sync.WaitGroup
	used := cpu(b)
	b.ResetTimer()
	for range callers {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				offer := n%int64(partners) + 1
				out, err := engine.Buy(b.Context(), storagetest.GiftRequest(ids[offer-1], fmt.Sprint("k", n), offer))
				if err != nil || out.Refusal != nil {
					b.Error(out.Refusal, err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(cpu(b)-used)/float64(time.Microsecond)/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(size.Load())/float64(batches.Load()), "purchases/batch")
}

// cpu returns what this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(os.Getpid()), "stat"))
	if err != nil {
		b.Skipf("skipped: %v", err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')'):]))
	user, err1 := strconv.ParseInt(fields[12], 10, 64)
	system, err2 := strconv.ParseInt(fields[13], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * (time.Second / 100)
}
