package catalog

import (
	"context"
	"slices"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// within fails the test when fn has not returned after a time that only a wait without end takes.
func within(t *testing.T, what string, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal(what + " waits")
	}
}

func TestOffersAreTakenOffWhileAnIndexIsMade(t *testing.T) {
	makings := map[string]func(*Catalog, *stock, *clock.Manual){
		"of changed rows": func(c *Catalog, s *stock, _ *clock.Manual) {
			s.put(cafe())
			refresh(t, c)
		},
		"of another day": func(c *Catalog, _ *stock, clk *clock.Manual) {
			clk.Set(noon.AddDate(0, 0, 5)) // prices of 103 turn
			c.Index()
		},
		"of tomorrow": func(c *Catalog, _ *stock, clk *clock.Manual) {
			clk.Set(time.Date(2025, 9, 15, 23, 55, 0, 0, gift.Seoul))
			refresh(t, c)
		},
	}
	for name, makeIndex := range makings {
		t.Run(name, func(t *testing.T) {
			begun, goOn := make(chan bool, 10), make(chan bool)
			slow := false
			s, clk := &stock{}, clock.NewManual(noon)
			s.put(cafe())
			c := New(s, clk, func(dst []byte, v *View) []byte {
				if slow {
					begun <- true
					<-goOn
				}
				return wire(dst, v)
			})
			refresh(t, c)
			slow = true
			made := make(chan struct{})
			go func() {
				defer close(made)
				makeIndex(c, s, clk)
			}()
			<-begun
			within(t, "Remove", func() { c.Remove(101, 103) })
			if c.days.Load().today.Row(101) != nil {
				t.Error("101 is still there while the index is made")
			}
			close(goOn)
			<-made
			for _, id := range []int64{101, 103} {
				if d := c.days.Load(); d.today.Row(id) != nil || d.tomorrow != nil && d.tomorrow.Row(id) != nil {
					t.Errorf("the index that was made has %d again", id)
				}
			}
			if c.Index().Row(102) == nil {
				t.Error("102 is gone")
			}
		})
	}
}

func TestChangesAreShownWhileSalesAreCounted(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	begun, goOn := make(chan bool), make(chan bool)
	s.onCount = func() {
		close(begun)
		<-goOn
	}
	counted := make(chan error)
	go func() { counted <- c.RefreshPopularity(context.Background()) }()
	<-begun
	s.put(Rows{Offers: []gift.Offer{{ID: 104, Kind: gift.Gifticon, Stopped: true}}})
	within(t, "Refresh", func() { refresh(t, c) })
	if c.Index().Row(104) != nil {
		t.Error("the change is not shown")
	}
	close(goOn)
	if err := <-counted; err != nil {
		t.Error(err)
	}
}

// When the answer to a COMMIT is lost, the sale may be told after the source told of it and of new stock.
func TestAnOfferRestockedBeforeItsSaleIsToldComesBack(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	restocked := cafe().Offers[0]
	restocked.Stock = 7
	s.put(Rows{Offers: []gift.Offer{restocked}})
	refresh(t, c)
	c.Remove(101, 1350)
	if c.Index().Row(101) != nil {
		t.Fatal("the offer is still on")
	}
	s.err = context.DeadlineExceeded
	if _, err := c.Refresh(context.Background()); err == nil {
		t.Fatal("no error")
	}
	s.err = nil
	refresh(t, c)
	if row := c.Index().Row(101); row == nil || row.Offer.Stock != 7 {
		t.Errorf("row: %+v", row)
	}
	if row := c.Index().Row(1350); row == nil || !slices.Equal(row.Free, []int64{7, 8, 9}) {
		t.Errorf("row: %+v", row)
	}
	s.askedFor = nil
	refresh(t, c)
	if s.askedFor != nil {
		t.Errorf("%v are read again and again", s.askedFor)
	}
}

func TestAnOfferWhoseSaleTheSourceTellsIsReadOnce(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	sold := cafe().Offers[0]
	sold.Stock = 0
	s.put(Rows{Offers: []gift.Offer{sold}})
	c.Remove(101)
	refresh(t, c)
	if s.askedFor != nil || c.Index().Row(101) != nil {
		t.Errorf("asked for %v, row %v", s.askedFor, c.Index().Row(101))
	}
}

func TestTheNextDayIsReadyAtMidnight(t *testing.T) {
	s, clk := &stock{sold: map[PopularityKey]int64{}}, clock.NewManual(noon)
	s.put(cafe())
	encoded := 0
	c := New(s, clk, func(dst []byte, v *View) []byte {
		encoded++
		return wire(dst, v)
	})
	midnight := gift.DayOf(noon).End()
	clk.Set(midnight.Add(-prepareAhead - time.Second))
	refresh(t, c)
	if c.days.Load().tomorrow != nil {
		t.Fatal("tomorrow is made long before midnight")
	}
	clk.Advance(time.Second)
	refresh(t, c)
	if c.days.Load().tomorrow == nil {
		t.Fatal("tomorrow is not made")
	}

	changed := cafe()
	changed.Brands[0].Name = "별다방"
	changed.Offers[1].Stock = 9
	s.put(Rows{Brands: changed.Brands[:1], Offers: changed.Offers[1:2]})
	s.sold[PopularityKey{gift.Gifticon, 11}] = 5
	refresh(t, c)
	if err := c.RefreshPopularity(context.Background()); err != nil {
		t.Fatal(err)
	}
	sold := changed.Offers[0]
	sold.Stock = 0
	s.put(Rows{Offers: []gift.Offer{sold}})
	c.Remove(101)

	clk.Set(midnight.Add(-1))
	if row := c.Index().Row(103); row == nil || row.Price != 5000 || c.Index().Row(104) == nil || c.Index().Row(101) != nil {
		t.Errorf("before midnight: %+v", row)
	}
	encoded = 0
	clk.Set(midnight)
	got := c.Index()
	if encoded != 0 {
		t.Errorf("%d rows were made at midnight", encoded)
	}
	if got.Day() != gift.DayOf(midnight) || c.Stats().Day != got.Day() {
		t.Errorf("day %v at midnight", got.Day())
	}
	fresh := New(s, clk, wire)
	if err := fresh.RefreshPopularity(context.Background()); err != nil {
		t.Fatal(err)
	}
	refresh(t, fresh)
	sameIndex(t, got, fresh.Index())
	clk.Set(midnight.Add(-1))
	if c.Index().Row(103).Price != 5000 {
		t.Error("the day that is over is gone at once")
	}
	clk.Set(midnight)
	s.put(Rows{Offers: changed.Offers[2:3]})
	refresh(t, c)
	refresh(t, fresh)
	sameIndex(t, c.Index(), fresh.Index())
	if c.days.Load().tomorrow != nil {
		t.Error("an index of the day is kept beside it")
	}
}

func sameIndex(t *testing.T, got, want *Index) {
	t.Helper()
	for o := range orders {
		g, w := got.Gifts(GiftQuery{MaxPrice: -1, Order: o, Limit: 100}), want.Gifts(GiftQuery{MaxPrice: -1, Order: o, Limit: 100})
		same := func(a, b *Row) bool { return string(a.Wire) == string(b.Wire) }
		if g.Total != w.Total || !slices.EqualFunc(g.Rows, w.Rows, same) {
			t.Errorf("order %d: %v, want %v", o, ids(g.Rows), ids(w.Rows))
		}
	}
}

func kept(c *Catalog) int { ix := c.Index(); return ix.gifts.ids.len() + ix.stars.ids.len() }

func TestExpiredOffersAreForgottenAfterADay(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, clk := opened(t, s)
	for _, tc := range []struct{ days, kept int }{{0, 5}, {1, 5}, {2, 4}, {11, 4}, {12, 3}, {52, 2}, {102, 0}} {
		clk.Set(noon.AddDate(0, 0, tc.days))
		if got := kept(c); got != tc.kept {
			t.Errorf("after %d days: %d offers are kept, want %d", tc.days, got, tc.kept)
		}
		fresh := New(s, clk, wire)
		refresh(t, fresh)
		if got := kept(fresh); got > tc.kept {
			t.Errorf("read first after %d days: %d offers are kept", tc.days, got)
		}
	}
	extended := cafe().Offers[3]
	extended.LastDay += 200
	s.put(Rows{Offers: []gift.Offer{extended}})
	refresh(t, c)
	if c.Index().Row(104) == nil || c.Index().Gifts(GiftQuery{Words: "초코", MaxPrice: -1}).Total != 1 {
		t.Error("an offer whose period was extended does not come back")
	}
}

func TestAClockSetBackBringsForgottenOffersBack(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, clk := opened(t, s)
	clk.Set(noon.AddDate(0, 0, 1))
	c.Index()
	clk.Set(noon)
	if c.Index().Gifts(anyGift).Total != 4 {
		t.Error("a day back, something is missing")
	}
	clk.Set(noon.AddDate(0, 0, 60))
	refresh(t, c)
	sold := cafe().Offers[0]
	sold.Stock = 0
	s.put(Rows{Offers: []gift.Offer{sold}})
	clk.Set(noon)
	refresh(t, c)
	if got := ids(c.Index().Gifts(anyGift).Rows); !slices.Equal(got, []int64{104, 102, 103}) {
		t.Errorf("60 days back: %v", got)
	}
	if n, err := c.Refresh(context.Background()); n != 0 || err != nil {
		t.Errorf("all is read again and again: %d rows, %v", n, err)
	}
}
