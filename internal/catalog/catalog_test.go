package catalog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"giftimbiz/internal/gift"
)

var anyGift = GiftQuery{MaxPrice: -1, Limit: 100}

func TestTheFirstIndexIsEmpty(t *testing.T) {
	s := &stock{}
	c, _ := opened(t, s)
	ix := c.Index()
	if p := ix.Gifts(anyGift); p.Total != 0 || p.More || len(p.Rows) != 0 {
		t.Errorf("gifts: %+v", p)
	}
	if p := ix.Stars(StarQuery{Province: "경기도", Words: "x", MakerID: "y", Limit: 1}); p.Total != 0 {
		t.Errorf("stars: %+v", p)
	}
	if ix.Row(1) != nil || ix.BrandOffers(1, 5) != nil || ix.Categories(gift.Gifticon) != nil {
		t.Error("something is there")
	}
}

func TestQueriesOfASmallStock(t *testing.T) {
	s := &stock{sold: map[PopularityKey]int64{{gift.Gifticon, 11}: 5}}
	s.put(cafe())
	c, _ := opened(t, s)
	if err := c.RefreshPopularity(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := gift.DayOf(noon) - 29; s.askedFrom != want {
		t.Errorf("sales asked for from %v, want %v", s.askedFrom, want)
	}
	gifts := func(change func(*GiftQuery)) GiftQuery {
		q := anyGift
		change(&q)
		return q
	}
	cases := []struct {
		name string
		q    GiftQuery
		want []int64
	}{
		{"the most sold first, then by last day", anyGift, []int64{103, 104, 102, 101}},
		{"highest price first", gifts(func(q *GiftQuery) { q.Order = ByPriceDesc }), []int64{103, 101, 102, 104}},
		{"lowest price first", gifts(func(q *GiftQuery) { q.Order = ByPriceAsc }), []int64{104, 102, 101, 103}},
		{"highest discount first", gifts(func(q *GiftQuery) { q.Order = ByDiscountDesc }), []int64{104, 102, 101, 103}},
		{"lowest discount first", gifts(func(q *GiftQuery) { q.Order = ByDiscountAsc }), []int64{103, 101, 102, 104}},
		{"a category", gifts(func(q *GiftQuery) { q.CategoryID = 6 }), []int64{104}},
		{"an unknown category", gifts(func(q *GiftQuery) { q.CategoryID = 77 }), nil},
		{"a category of star coupons", gifts(func(q *GiftQuery) { q.CategoryID = 9 }), nil},
		{"a brand", gifts(func(q *GiftQuery) { q.BrandID = 2 }), []int64{103, 102, 101}},
		{"a brand of another category", gifts(func(q *GiftQuery) { q.BrandID, q.CategoryID = 2, 6 }), nil},
		{"an unknown brand", gifts(func(q *GiftQuery) { q.BrandID = 77 }), nil},
		{"a price that is just reached", gifts(func(q *GiftQuery) { q.MaxPrice = 3900 }), []int64{104, 102}},
		{"a price below all", gifts(func(q *GiftQuery) { q.MaxPrice = 0 }), nil},
		{"a price, highest first", gifts(func(q *GiftQuery) { q.MaxPrice, q.Order = 4000, ByPriceDesc }), []int64{101, 102, 104}},
		{"a word of the product", gifts(func(q *GiftQuery) { q.Words = "카페" }), []int64{103, 102, 101}},
		{"a word across spaces", gifts(func(q *GiftQuery) { q.Words = "아이스카페아메리카노" }), []int64{102, 101}},
		{"words of product and brand", gifts(func(q *GiftQuery) { q.Words = "스타벅스 라떼" }), []int64{103}},
		{"words of which one is nowhere", gifts(func(q *GiftQuery) { q.Words = "스타벅스 초코" }), nil},
		{"a word of the category", gifts(func(q *GiftQuery) { q.Words = "편의점" }), []int64{104}},
		{"another case and width", gifts(func(q *GiftQuery) { q.Words = "ｃｕ １９０ml" }), []int64{104}},
		{"one letter", gifts(func(q *GiftQuery) { q.Words = "t" }), []int64{102, 101}},
		{"decomposed syllables", gifts(func(q *GiftQuery) { q.Words = norm.NFD.String("라떼") }), []int64{103}},
		{"initial consonants", gifts(func(q *GiftQuery) { q.Words = "ㅅㅌㅂㅅ" }), []int64{103, 102, 101}},
		{"initial consonants the keyboard joined", gifts(func(q *GiftQuery) { q.Words = "ㅅㅌㅄ" }), []int64{103, 102, 101}},
		{"initial consonants and a word", gifts(func(q *GiftQuery) { q.Words = "ㅇㅁㄹㅋㄴ 스타" }), []int64{102, 101}},
		{"initial consonants nobody has", gifts(func(q *GiftQuery) { q.Words = "ㅎㅎㅎ" }), nil},
		{"no word goes from name to name", gifts(func(q *GiftQuery) { q.Words = "라떼스타" }), nil},
		{"spaces only", gifts(func(q *GiftQuery) { q.Words = "  " }), []int64{103, 104, 102, 101}},
		{"words and price", gifts(func(q *GiftQuery) { q.Words, q.MaxPrice = "카페", 4000 }), []int64{102, 101}},
		{"words and category", gifts(func(q *GiftQuery) { q.Words, q.CategoryID = "카페", 6 }), nil},
		{"words and brand", gifts(func(q *GiftQuery) { q.Words, q.BrandID = "ㅋㅍ", 2 }), []int64{103, 102, 101}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			p := c.Index().Gifts(tc.q)
			if got := ids(p.Rows); !slices.Equal(got, tc.want) || p.Total != len(tc.want) || p.More {
				t.Errorf("got %v of %d, more %v; want %v", got, p.Total, p.More, tc.want)
			}
		})
	}
}

func TestStarCouponsAreFoundByPlaceMakerAndName(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	cases := map[bool][]StarQuery{
		true: {
			{},
			{Province: "경기도"},
			{District: "수원시"},
			{District: "수원시 장안구"},
			{Province: "경기도", District: "수원시", Town: "정자동"},
			{Town: "정자동"},
			{MakerID: "hana"},
			{Words: "김말이 무료"},
			{Words: "ㄴㄹㄴㄹ"},
			{CategoryID: 9, ShopID: 37, Words: "분식", MakerID: "hana", Province: "경기도"},
		},
		false: {
			{Province: "서울특별시"},
			{District: "수원시 팔달구"},
			{District: "장안구"},
			{Province: "경기도", Town: "역삼동"},
			{MakerID: "dul"},
			{Words: "hana"},
			{CategoryID: 1},
			{ShopID: 38},
			{Province: "서울특별시", MakerID: "hana"},
		},
	}
	for want, queries := range cases {
		for _, q := range queries {
			q.Limit = 10
			if p := c.Index().Stars(q); (p.Total == 1 && len(p.Rows) == 1) != want {
				t.Errorf("%+v: %d rows, total %d", q, len(p.Rows), p.Total)
			}
		}
	}
	if row := c.Index().Row(1350); !slices.Equal(row.Free, []int64{7, 8, 9}) || row.Shop.ID != 37 || row.Campaign.ID != 188 {
		t.Errorf("row: %+v", row)
	}
}

func TestPagesShareTheTotal(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	for _, tc := range []struct {
		offset, limit int
		want          []int64
		more          bool
	}{
		{0, 1, []int64{104}, true},
		{1, 2, []int64{102, 103}, true},
		{2, 2, []int64{103, 101}, false},
		{4, 2, nil, false},
		{1 << 40, 2, nil, false},
		{0, 0, nil, false},
		{-1, 5, nil, false},
	} {
		for _, words := range []string{"", "0"} { // everything, and what a search finds
			q := GiftQuery{MaxPrice: -1, Offset: tc.offset, Limit: tc.limit, Words: words}
			want, total := tc.want, 4
			if words != "" {
				want, total = nil, 1
				if tc.offset == 0 && tc.limit > 0 {
					want = []int64{104}
				}
			}
			p := c.Index().Gifts(q)
			if p.Total != total || !slices.Equal(ids(p.Rows), want) || words == "" && p.More != tc.more {
				t.Errorf("%+v: %v of %d, more %v", q, ids(p.Rows), p.Total, p.More)
			}
		}
	}
}

func TestPricesTurnAtMidnightInSeoul(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, clk := opened(t, s)
	price := func(id int64) gift.Won {
		if row := c.Index().Row(id); row != nil {
			return row.Price
		}
		return -1
	}
	last := time.Date(2025, 9, 15, 23, 59, 59, 999999999, gift.Seoul)
	clk.Set(last)
	if price(103) != 5000 || price(104) != 800 {
		t.Fatalf("before midnight: %d, %d", price(103), price(104))
	}
	clk.Set(last.Add(1)) // 61 days left become 60; the last day is over
	if price(103) != 4900 || price(104) != -1 {
		t.Fatalf("at midnight: %d, %d", price(103), price(104))
	}
	if p := c.Index().Gifts(anyGift); p.Total != 3 || c.Stats().Offers != 4 || c.Stats().Units != 11 {
		t.Errorf("after midnight: %d gifts; %+v", p.Total, c.Stats())
	}
	for days, want := range map[int]gift.Won{19: 3900, 20: 3800, 50: 3800, 51: -1} {
		clk.Set(noon.AddDate(0, 0, days))
		if got := price(102); got != want { // 50 days left today
			t.Errorf("after %d days: %d, want %d", days, got, want)
		}
	}
	clk.Set(noon.AddDate(1, 0, 0))
	if c.Stats().Offers != 0 || c.Stats().Units != 0 {
		t.Errorf("after a year: %+v", c.Stats())
	}
	clk.Set(noon) // a clock that was wrong is put right
	refresh(t, c)
	if got := ids(c.Index().Gifts(anyGift).Rows); !slices.Equal(got, []int64{104, 102, 103, 101}) || price(103) != 5000 {
		t.Errorf("back again: %v", got)
	}
}

func TestAnIndexOnceTakenStaysAsItIs(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, clk := opened(t, s)
	before := c.Index()
	rows := cafe()
	rows.Brands[0].Name = "별다방"
	rows.Offers = rows.Offers[:1]
	rows.Offers[0].Stopped = true
	s.put(rows)
	refresh(t, c)
	c.Remove(102)
	clk.Set(noon.AddDate(0, 0, 40))
	if got := ids(c.Index().Gifts(GiftQuery{Words: "별다방", MaxPrice: -1, Limit: 9}).Rows); !slices.Equal(got, []int64{103}) {
		t.Errorf("now: %v", got)
	}
	p := before.Gifts(GiftQuery{Words: "스타벅스", MaxPrice: -1, Limit: 9})
	if !slices.Equal(ids(p.Rows), []int64{102, 103, 101}) || before.Row(101).Brand.Name != "스타벅스" {
		t.Errorf("before: %v", ids(p.Rows))
	}
}

func TestASoldOutOfferIsGoneAtOnceAndComesBackWithNewStock(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	c.Remove(101, 555)
	c.Remove()
	if c.Index().Row(101) != nil || c.Index().Gifts(anyGift).Total != 3 || c.Stats().Units != 11 {
		t.Fatalf("still there: %+v", c.Stats())
	}
	restocked := cafe().Offers[0]
	restocked.Stock = 9
	s.put(Rows{Offers: []gift.Offer{restocked}})
	refresh(t, c)
	if row := c.Index().Row(101); row == nil || row.Offer.Stock != 9 {
		t.Errorf("row: %+v", row)
	}
}

// Between the reading of a row and its showing the last unit may be sold.
func TestAnOfferSoldOutWhileItIsReadStaysOff(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	s.put(Rows{Offers: cafe().Offers[:2]})
	s.onRead = func() { c.Remove(101) }
	refresh(t, c)
	if c.Index().Row(101) != nil || c.Index().Row(102) == nil {
		t.Error("the old row was shown")
	}
	s.onRead = nil
	refresh(t, c) // nothing else changed: it does have stock, then
	if c.Index().Row(101) == nil {
		t.Error("the row was not read again")
	}
}

func TestAFailedReadChangesNothing(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, clk := opened(t, s)
	was := c.Stats()
	s.err = errors.New("the database is away")
	clk.Advance(time.Minute)
	if _, err := c.Refresh(context.Background()); !errors.Is(err, s.err) {
		t.Errorf("error: %v", err)
	}
	if err := c.RefreshPopularity(context.Background()); !errors.Is(err, s.err) {
		t.Errorf("error: %v", err)
	}
	if c.Stats() != was {
		t.Errorf("%+v became %+v", was, c.Stats())
	}
	s.err = nil
	refresh(t, c)
	if at := c.Stats().LoadedAt; !at.Equal(clk.Now()) {
		t.Errorf("read at %v", at)
	}
}

func TestOffersWaitForTheirNames(t *testing.T) {
	all := cafe()
	s := &stock{}
	s.put(Rows{Offers: all.Offers})
	c, _ := opened(t, s)
	if c.Stats().Offers != 0 {
		t.Fatal("offers without names are shown")
	}
	s.put(Rows{Products: all.Products, Campaigns: all.Campaigns})
	refresh(t, c)
	s.put(Rows{Brands: all.Brands, Shops: all.Shops})
	refresh(t, c)
	if c.Stats().Offers != 0 {
		t.Fatal("offers without a category are shown")
	}
	s.put(Rows{Categories: all.Categories})
	refresh(t, c)
	if c.Stats().Offers != 5 || c.Index().Gifts(GiftQuery{CategoryID: 1, Words: "커피", MaxPrice: -1, Limit: 1}).Total != 3 {
		t.Errorf("%+v", c.Stats())
	}
}

func TestCategoriesBrandsAndShopsAreListed(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, _ := opened(t, s)
	ix := c.Index()
	if got := ix.Categories(gift.Gifticon); len(got) != 2 || got[0].ID != 6 || got[1].ID != 1 {
		t.Errorf("categories: %v", got)
	}
	if got := ix.Brands(0, 0); len(got) != 2 || got[0].ID != 2 {
		t.Errorf("brands: %v", got)
	}
	if len(ix.Brands(1, 2)) != 1 || len(ix.Brands(6, 2)) != 0 || len(ix.Brands(6, 0)) != 1 || len(ix.Brands(0, 4)) != 1 {
		t.Error("brands are not narrowed")
	}
	if len(ix.Shops(0)) != 1 || len(ix.Shops(9)) != 1 || len(ix.Shops(1)) != 0 {
		t.Error("shops are not narrowed")
	}
	if got := ids(ix.BrandOffers(2, 2)); !slices.Equal(got, []int64{102, 103}) {
		t.Errorf("offers of a brand: %v", got)
	}
	if got := ids(ix.ShopOffers(37, 2)); !slices.Equal(got, []int64{1350}) || ix.ShopOffers(0, 2) != nil {
		t.Errorf("offers of a shop: %v", got)
	}
}

func TestManyMayReadWhileTheStockChanges(t *testing.T) {
	s := &stock{}
	s.put(cafe())
	c, clk := opened(t, s)
	var readers, writers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				ix := c.Index()
				p := ix.Gifts(GiftQuery{Words: "카페", MaxPrice: 4500, Order: ByPriceAsc, Limit: 5})
				for _, row := range p.Rows {
					if row.Offer.PriceOn(ix.Day()) != row.Price || ix.Row(row.Offer.ID) != row {
						t.Error("an index does not agree with itself")
						return
					}
				}
				ix.Stars(StarQuery{Province: "경기도", Words: "분식", Limit: 5})
				c.Stats()
			}
		})
	}
	writers.Go(func() {
		for i := range 200 {
			rows := cafe()
			rows.Offers[0].Stock = int64(i % 3)
			s.put(rows)
			refresh(t, c)
		}
	})
	writers.Go(func() {
		for range 200 {
			c.Remove(102, 1350)
			if err := c.RefreshPopularity(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Go(func() {
		for i := range 200 {
			clk.Set(noon.AddDate(0, 0, i%70))
		}
		clk.Set(noon)
	})
	writers.Wait()
	close(done)
	readers.Wait()
	s.put(cafe())
	refresh(t, c)
	if c.Stats().Offers != 5 {
		t.Errorf("%+v", c.Stats())
	}
}
