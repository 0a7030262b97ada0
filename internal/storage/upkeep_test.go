package storage_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/media"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestPopularityForgetsOldDays(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		today := gift.DayOf(h.Clock.Now())
		sale := func(day gift.Day) storage.ItemSale {
			return storage.ItemSale{Kind: gift.Gifticon, ItemID: 27935, Day: day, Sold: 10}
		}
		if err := h.DB.Load(t.Context(), &storage.Stock{Sales: []storage.ItemSale{
			sale(today - 400), sale(today - 32), sale(today - 31), sale(today),
		}}); err != nil {
			t.Fatal(err)
		}
		h.Buy(p, "", 1)
		for range 2 { // nothing is counted twice
			if err := h.DB.TallySales(t.Context(), h.Clock.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		key := catalog.PopularityKey{Kind: gift.Gifticon, ID: 27935}
		for from, want := range map[gift.Day]int64{0: 21, today - 30: 11, today: 11} {
			if sold, err := h.DB.Popularity(t.Context(), from); err != nil || sold[key] != want {
				t.Errorf("sold from day %d on: %v, %v; want %d", from, sold, err, want)
			}
		}
	})
}

// TestSalesAreCountedOnceInPartsOfAnySize has several count at once, after each of some rounds of purchases.
func TestSalesAreCountedOnceInPartsOfAnySize(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 100)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000_000)
		key := catalog.PopularityKey{Kind: gift.Gifticon, ID: 27935}
		sold := int64(0)
		for _, most := range []int64{1, 2, 7, 13, 14, 1000} {
			each(13, func(int) { h.Buy(p, "", 1) })
			sold += 13
			each(3, func(int) {
				if err := h.DB.TallySalesInParts(t.Context(), h.Clock.Now().Add(time.Minute), most); err != nil {
					t.Error(err)
				}
			})
			if counted, err := h.DB.Popularity(t.Context(), 0); err != nil || counted[key] != sold {
				t.Fatalf("%d at a time: %d are counted of %d, %v", most, counted[key], sold, err)
			}
			h.Clock.Advance(2 * time.Minute) // what is bought next is later than what was counted
		}
	})
}

func TestAnswersAreForgottenAfter35Days(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 0) // all are refused: an answer like any other
		const old = 1203
		each(old, func(i int) { h.Buy(p, fmt.Sprint("old", i), 1) })
		h.Clock.Advance(time.Hour)
		h.Buy(p, "new", 1)
		due := h.Clock.Now().Add(-time.Hour + 35*24*time.Hour)
		if n, err := h.DB.ForgetAnswers(t.Context(), due); n != 0 || err != nil {
			t.Errorf("after 35 days: %d forgotten, %v", n, err)
		}
		if n, err := h.DB.ForgetAnswers(t.Context(), due.Add(time.Millisecond)); n != old || err != nil {
			t.Errorf("after more than 35 days: %d forgotten, %v; want %d", n, err, old)
		}
		if out := h.Buy(p, "new", 1); !out.Replayed {
			t.Error("an answer was forgotten too early")
		}
		if out := h.Buy(p, "old1", 1); out.Replayed {
			t.Error("an answer is still kept")
		}
	})
}

// each calls f(0) to f(n-1), many at once.
func each(n int, f func(int)) {
	turns, done := make(chan int), make(chan bool)
	for range 50 {
		go func() {
			for i := range turns {
				f(i)
			}
			done <- true
		}()
	}
	for i := range n {
		turns <- i
	}
	close(turns)
	for range 50 {
		<-done
	}
}

// TestTheLogOfSQLiteIsTrimmed writes more than the log may have while somebody reads all the time.
func TestTheLogOfSQLiteIsTrimmed(t *testing.T) {
	dsn := migratedSQLiteURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	path := strings.TrimPrefix(dsn, "sqlite:")
	raw := rawDB(t, "sqlite", "file:"+path)
	reader, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var seq int64
	if err := reader.QueryRowContext(t.Context(), `SELECT seq FROM change_clock`).Scan(&seq); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 10<<20)
	for i := range 8 {
		picture := media.Picture{ContentType: "image/png", Body: body, ChangedAt: h.Clock.Now()}
		if err := h.DB.PutMedia(t.Context(), map[string]media.Picture{fmt.Sprintf("/%d.png", i): picture}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.DB.TrimLog(t.Context()); err != nil || logSize(t, path) < 64<<20 {
		t.Errorf("while somebody reads: %d bytes, %v", logSize(t, path), err)
	}
	h.Partner(gift.Partner{Name: "meanwhile"}, 5) // the log is written on
	writer := h.DB.HoldWriter(t)
	if err := h.DB.TrimLog(t.Context()); err != nil { // else it would wait for ever for its turn to hold writers up
		t.Errorf("while the same one reads: %v", err)
	}
	writer()
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := h.DB.TrimLog(t.Context()); err != nil || logSize(t, path) != 0 {
		t.Errorf("when nobody reads: %d bytes, %v", logSize(t, path), err)
	}
	h.Partner(gift.Partner{Name: "afterwards"}, 5)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.DB.TrimLog(ended); err == nil {
		t.Error("a caller that left is not told")
	}
}

func logSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
