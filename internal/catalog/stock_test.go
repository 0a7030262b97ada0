package catalog

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

var noon = time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul)

// stock is a Source in memory: rows with the number of the change that wrote them.
type stock struct {
	mu         sync.Mutex
	seq        int64
	categories dated[gift.Category]
	brands     dated[gift.Brand]
	products   dated[gift.Product]
	shops      dated[gift.Shop]
	campaigns  dated[gift.Campaign]
	offers     dated[gift.Offer]
	free       map[int64][]int64
	sold       map[PopularityKey]int64
	askedFrom  gift.Day
	askedFor   []int64 // offers read by their numbers
	onRead     func()  // called after rows were read and before they are returned
	onCount    func()  // called while sales are read
	err        error
}

type dated[T any] map[int64]struct {
	row T
	seq int64
}

func (d *dated[T]) put(id, seq int64, row T) {
	if *d == nil {
		*d = dated[T]{}
	}
	(*d)[id] = struct {
		row T
		seq int64
	}{row, seq}
}

func (d dated[T]) since(seq int64) (rows []T) {
	for _, r := range d {
		if r.seq > seq {
			rows = append(rows, r.row)
		}
	}
	return rows
}

func (s *stock) change(fn func(seq int64)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	fn(s.seq)
}

func (s *stock) put(rows Rows) {
	s.change(func(seq int64) {
		for _, r := range rows.Categories {
			s.categories.put(r.ID, seq, r)
		}
		for _, r := range rows.Brands {
			s.brands.put(r.ID, seq, r)
		}
		for _, r := range rows.Products {
			s.products.put(r.ID, seq, r)
		}
		for _, r := range rows.Shops {
			s.shops.put(r.ID, seq, r)
		}
		for _, r := range rows.Campaigns {
			s.campaigns.put(r.ID, seq, r)
		}
		for _, r := range rows.Offers {
			s.offers.put(r.ID, seq, r)
		}
		for id, units := range rows.Free {
			if s.free == nil {
				s.free = map[int64][]int64{}
			}
			s.free[id] = units
		}
	})
}

func (s *stock) CatalogSince(_ context.Context, seq int64) (rows Rows, upTo int64, err error) {
	s.mu.Lock()
	rows = Rows{
		Categories: s.categories.since(seq), Brands: s.brands.since(seq), Products: s.products.since(seq),
		Shops: s.shops.since(seq), Campaigns: s.campaigns.since(seq), Offers: s.offers.since(seq), Free: map[int64][]int64{},
	}
	if seq == 0 {
		rows.Offers = slices.DeleteFunc(rows.Offers, func(o gift.Offer) bool { return o.Stock <= 0 || o.Stopped })
	}
	for _, o := range rows.Offers {
		if units := s.free[o.ID]; units != nil {
			rows.Free[o.ID] = units
		}
	}
	upTo, err = s.seq, s.err
	s.mu.Unlock()
	if s.onRead != nil {
		s.onRead()
	}
	if err != nil {
		return Rows{}, 0, err
	}
	return rows, upTo, nil
}

func (s *stock) OffersByID(_ context.Context, ids []int64) (Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askedFor = append(s.askedFor, ids...)
	rows := Rows{Free: map[int64][]int64{}}
	for _, id := range ids {
		if o, ok := s.offers[id]; ok {
			rows.Offers = append(rows.Offers, o.row)
			rows.Free[id] = s.free[id]
		}
	}
	return rows, s.err
}

func (s *stock) Popularity(_ context.Context, from gift.Day) (map[PopularityKey]int64, error) {
	if s.onCount != nil {
		s.onCount()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askedFrom = from
	sold := map[PopularityKey]int64{}
	for k, n := range s.sold {
		sold[k] = n
	}
	return sold, s.err
}

// wire is an Encoder that shows all that a row depends on.
func wire(dst []byte, v *View) []byte {
	dst = fmt.Appendf(dst, "%d:%d:%d%%:%d:%s", v.Offer.ID, v.Price, v.Percent, v.Offer.Stock, v.Category.Name)
	if v.Offer.Kind == gift.StarCoupon {
		return fmt.Appendf(dst, ":%s:%s", v.Campaign.Product, v.Shop.Name)
	}
	return fmt.Appendf(dst, ":%s:%s", v.Product.Name, v.Brand.Name)
}

func refresh(t testing.TB, c *Catalog) {
	t.Helper()
	if _, err := c.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func opened(t testing.TB, s *stock) (*Catalog, *clock.Manual) {
	t.Helper()
	clk := clock.NewManual(noon)
	c := New(s, clk, wire)
	refresh(t, c)
	return c, clk
}

func ids(rows []*Row) []int64 {
	found := make([]int64, 0, len(rows))
	for _, r := range rows {
		found = append(found, r.Offer.ID)
	}
	return found
}

// cafe is a small stock: two brands in two categories, three products, a shop in Suwon with a coupon.
func cafe() Rows {
	today := gift.DayOf(noon)
	gifticon := func(id, product int64, price gift.Won, days gift.Day) gift.Offer {
		return gift.Offer{
			ID: id, Kind: gift.Gifticon, ProductID: product, Face: 10000, LastDay: today + days, Stock: 2,
			Tiers: gift.Tiers{Far: price, Mid: price - 100, Near: price - 200},
		}
	}
	return Rows{
		Categories: []gift.Category{
			{ID: 1, Kind: gift.Gifticon, Name: "커피음료", Sort: 2},
			{ID: 6, Kind: gift.Gifticon, Name: "마트,편의점", Sort: 1},
			{ID: 9, Kind: gift.StarCoupon, Name: "분식"},
		},
		Brands: []gift.Brand{
			{ID: 2, CategoryID: 1, Name: "스타벅스", InUse: true},
			{ID: 4, CategoryID: 6, Name: "CU", InUse: true},
		},
		Products: []gift.Product{
			{ID: 10, BrandID: 2, Name: "아이스 카페 아메리카노 T"},
			{ID: 11, BrandID: 2, Name: "카페라떼"},
			{ID: 12, BrandID: 4, Name: "남양)초콜릿드링크초코에몽190ML"},
		},
		Shops: []gift.Shop{{
			ID: 37, CategoryID: 9, Name: "너랑나랑분식", Province: "경기도", District: "수원시 장안구", Town: "정자동",
		}},
		Campaigns: []gift.Campaign{{ID: 188, ShopID: 37, CouponName: "무료권", Product: "김말이 3개", MakerID: "hana", Free: true}},
		Offers: []gift.Offer{
			gifticon(101, 10, 4000, 100), gifticon(102, 10, 4000, 50), gifticon(103, 11, 5000, 61),
			gifticon(104, 12, 1000, 0),
			{ID: 1350, Kind: gift.StarCoupon, CampaignID: 188, Face: 3000, LastDay: today + 10, Stock: 5},
		},
		Free: map[int64][]int64{1350: {7, 8, 9}},
	}
}
