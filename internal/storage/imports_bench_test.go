package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/sheet"
	"giftimbiz/internal/storage/storagetest"
)

const benchVouchers = 100_000

// voucherFile makes a file of many vouchers in 200 offers.
func voucherFile(b *testing.B, f sheet.Format) []byte {
	b.Helper()
	var file bytes.Buffer
	w, err := sheet.NewWriter(&file, f)
	if err != nil {
		b.Fatal(err)
	}
	err = w.Row("상품", "브랜드", "액면가", "판매가1", "판매가2", "판매가3", "유효기간", "번호")
	for i := range benchVouchers {
		day := gift.DateOf(2026, 1, 1) + gift.Day(i%200)
		err = errors.Join(err, w.Row("27935", "CU", int64(1400), int64(940), int64(930), int64(462), day.String(), fmt.Sprintf("%016d", i)))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		b.Fatal(err)
	}
	return file.Bytes()
}

// BenchmarkImport loads a file of 100,000 vouchers, and says how many rows a second and how much heap that takes, the file
// and its numbers included.
func BenchmarkImport(b *testing.B) {
	for name, open := range map[string]storagetest.Opener{"sqlite": opener(sqliteURL), "postgres": opener(postgresURL)} {
		for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
			b.Run(name+"/"+string(f), func(b *testing.B) {
				file := voucherFile(b, f)
				for b.Loop() {
					b.StopTimer()
					h := storagetest.NewHouse(b, open)
					h.Stock(1, 1)
					desk := intake.NewDesk(intake.Config{
						Store: h.DB, Vault: newVault(b), Clock: h.Clock, Logger: slog.New(slog.DiscardHandler),
					})
					peak := watchHeap()
					b.StartTimer()
					i, err := desk.Load(b.Context(), intake.Vouchers, "x", file, false, nil)
					b.StopTimer()
					if err != nil || i.Counts.Added != benchVouchers {
						b.Fatalf("%+v, %v", i, err)
					}
					b.ReportMetric(float64(peak())/(1<<20), "MiB-peak")
					b.StartTimer()
				}
				b.ReportMetric(benchVouchers*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// watchHeap looks at the heap again and again until the returned function is called, which tells the most it was.
func watchHeap() func() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	var most uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				metrics.Read(sample)
				most = max(most, sample[0].Value.Uint64()+sample[1].Value.Uint64())
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		return most
	}
}

// BenchmarkPurchasesDuringImport tells how long one purchase in a hundred takes, alone and while vouchers are loaded.
func BenchmarkPurchasesDuringImport(b *testing.B) {
	for name, open := range map[string]storagetest.Opener{"sqlite": opener(sqliteURL), "postgres": opener(postgresURL)} {
		b.Run(name, func(b *testing.B) {
			file := voucherFile(b, sheet.CSV)
			for b.Loop() {
				h := storagetest.NewHouse(b, open)
				h.Stock(1, 20_000)
				p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000_000)
				desk := intake.NewDesk(intake.Config{
					Store: h.DB, Vault: newVault(b), Clock: h.Clock, Logger: slog.New(slog.DiscardHandler),
				})
				one := func(int) int64 { return 1 }
				over := make(chan struct{})
				alone := time.AfterFunc(2*time.Second, func() { close(over) })
				before := percentile99(b, h, p, "a", one, over)
				alone.Stop()
				over = make(chan struct{})
				var wg sync.WaitGroup
				wg.Go(func() {
					defer close(over)
					if _, err := desk.Load(b.Context(), intake.Vouchers, "x", file, false, nil); err != nil {
						b.Error(err)
					}
				})
				during := percentile99(b, h, p, "b", one, over)
				wg.Wait()
				b.ReportMetric(float64(before.Microseconds())/1000, "ms-alone")
				b.ReportMetric(float64(during.Microseconds())/1000, "ms-during")
			}
		})
	}
}

// percentile99 buys one of some offers every five milliseconds until it is over.
func percentile99(
	b *testing.B, h *storagetest.House, partner int64, key string, offer func(i int) int64, over <-chan struct{},
) time.Duration {
	b.Helper()
	var took []time.Duration
	var mu sync.Mutex
	var wg sync.WaitGroup
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-over:
			wg.Wait()
			slices.Sort(took)
			return took[len(took)*99/100]
		case <-tick.C:
			wg.Go(func() {
				began := time.Now()
				out, err := h.Engine.Buy(b.Context(), storagetest.GiftRequest(partner, fmt.Sprint(key, i), offer(i)))
				if err != nil || out.Refusal != nil {
					b.Error(out.Refusal, err)
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(began))
			})
		}
	}
}
