package catalog

import (
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// TestTheIndexOfADayToComeIsWhatThatDayWillShow compares it with that of a catalogue whose clock has come to the day.
func TestTheIndexOfADayToComeIsWhatThatDayWillShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rapid.SampledFrom([]int{3, 40, 400}).Draw(t, "offers"))
		ahead := gift.Day(rapid.IntRange(0, 90).Draw(t, "days ahead"))
		then := clock.NewManual(w.clock.Now().AddDate(0, 0, int(ahead)))
		later := New(w.stock, then, wire)
		if _, err := later.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, want := w.catalog.IndexOn(gift.DayOf(then.Now())), later.Index()
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			w.step(t)
			then.Set(w.clock.Now().AddDate(0, 0, int(ahead)))
			if _, err := later.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, want = w.catalog.IndexOn(gift.DayOf(then.Now())), later.Index()
		}
		if got.Day() != want.Day() {
			t.Fatalf("day %v, want %v", got.Day(), want.Day())
		}
		for _, order := range []Order{ByPriceDesc, ByPriceAsc, ByDiscountDesc, ByDiscountAsc} {
			g, s := GiftQuery{MaxPrice: -1, Limit: 1000, Order: order}, StarQuery{Limit: 1000, Order: order}
			samePage(t, got.Gifts(g), want.Gifts(g))
			samePage(t, got.Stars(s), want.Stars(s))
		}
	})
}

func samePage(t *rapid.T, got, want Page) {
	if got.Total != want.Total || !slices.EqualFunc(got.Rows, want.Rows, func(a, b *Row) bool {
		return a.Offer.ID == b.Offer.ID && a.Price == b.Price && a.Percent == b.Percent && string(a.Wire) == string(b.Wire)
	}) {
		t.Fatalf("%d rows %v, want %d rows %v", got.Total, ids(got.Rows), want.Total, ids(want.Rows))
	}
}

func TestTodaysIndexIsThatOfDaysThatAreOver(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	for _, day := range []gift.Day{gift.DayOf(noon), gift.DayOf(noon) - 3} {
		if c.IndexOn(day) != c.Index() {
			t.Errorf("of %v it is another", day)
		}
	}
}

// TestADayToComeFollowsTodaysChanges within a moment, and is made once for all who ask.
func TestADayToComeFollowsTodaysChanges(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	day := gift.DayOf(noon) + 1
	made := make([]*Index, 8)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() { made[i] = c.IndexOn(day) })
	}
	wg.Wait()
	for _, ix := range made {
		if ix != made[0] {
			t.Fatal("it was made more than once")
		}
	}
	if made[0].Row(101) == nil {
		t.Fatal("101 is not on sale")
	}
	c.Remove(101)
	deadline := time.After(time.Minute)
	for c.IndexOn(day).Row(101) != nil {
		select {
		case <-deadline:
			t.Fatal("101 is still there")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestOnlyTheDaysAskedForLastAreKept(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, clk := opened(t, s)
	today := gift.DayOf(noon)
	first := c.IndexOn(today + 1)
	for n := range gift.Day(outlookDays - 1) {
		c.IndexOn(today + 2 + n)
	}
	if c.IndexOn(today+1) != first {
		t.Error("the first was forgotten too early")
	}
	c.IndexOn(today + 100)
	if len(c.outlook.views) != outlookDays || c.outlook.find(today+2) != nil || c.outlook.find(today+1) == nil {
		t.Errorf("%d are kept", len(c.outlook.views))
	}
	clk.Set((today + 50).Start())
	c.IndexOn(today + 101)
	if len(c.outlook.views) != 2 {
		t.Errorf("%d are kept when most of the days are over", len(c.outlook.views))
	}
}

// BenchmarkADayToCome makes the index of a day a month ahead of 200,000 offers.
func BenchmarkADayToCome(b *testing.B) {
	const offers = 200_000
	s, rows := &stock{}, cafe()
	rows.Offers = rows.Offers[:0]
	for i := range int64(offers) {
		rows.Offers = append(rows.Offers, gift.Offer{
			ID: 1000 + i, Kind: gift.Gifticon, ProductID: rows.Products[i%int64(len(rows.Products))].ID, Face: 5000,
			Tiers:   gift.Tiers{Far: gift.Won(4500 - i%100), Mid: gift.Won(4200 - i%100), Near: gift.Won(3900 - i%100)},
			LastDay: gift.DayOf(noon) + 1 + gift.Day(i%180), Stock: 5,
		})
	}
	s.put(rows)
	c, _ := opened(b, s)
	for b.Loop() {
		c.outlook.views = nil
		c.IndexOn(gift.DayOf(noon) + 30)
	}
}
