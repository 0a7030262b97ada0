package inside_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"giftimbiz/internal/faults/inside"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

// house is a store whose statements may fail, with a shop whose coupons cost money.
type house struct {
	*storagetest.House
	faults  *inside.Faults
	peek    *storage.DB // another connection, whose statements never fail
	partner int64
	n       int // tries so far: each has keys and references of its own
}

const (
	opening    = 1_000_000_000
	stock      = 150
	paidShop   = 38
	paidSeller = 2
	paidOffer  = 1351
	paidPrice  = 500
)

// eachEngine runs a test on a house on SQLite and on PostgreSQL.
func eachEngine(t *testing.T, test func(t *testing.T, h *house, engine string)) {
	t.Run("sqlite", func(t *testing.T) {
		faults, database := &inside.Faults{}, "sqlite:"+storagetest.MigratedFile(t)
		test(t, newHouse(t, faults, database, func() (*storage.DB, error) {
			return storage.OpenSpoilt(t.Context(), database, faults.Spoil)
		}), "SQLite")
	})
	t.Run("postgres", func(t *testing.T) {
		faults, database := &inside.Faults{}, template.Copy(t, storagetest.Migrate)
		proxy, through, err := inside.NewProxy(database, faults)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := proxy.Close(); err != nil {
				t.Error(err)
			}
		})
		test(t, newHouse(t, faults, database, func() (*storage.DB, error) { return storage.Open(t.Context(), through) }), "PostgreSQL")
	})
}

// template is a PostgreSQL database with the schema in it.
var template programtest.Template

func newHouse(t *testing.T, faults *inside.Faults, database string, open func() (*storage.DB, error)) *house {
	t.Helper()
	opened := func(open func() (*storage.DB, error)) *storage.DB {
		db, err := open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}
	h := &house{faults: faults}
	h.House = storagetest.NewHouse(t, func(testing.TB) (*storage.DB, func() *storage.DB) { return opened(open), nil })
	h.peek = opened(func() (*storage.DB, error) { return storage.Open(t.Context(), database) })
	h.Stock(2, stock)
	h.stockPaid()
	h.partner = h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, opening)
	return h
}

// stockPaid loads coupons that cost 500 won at a shop of their own.
func (h *house) stockPaid() {
	h.T.Helper()
	const campaign = 189
	s := &storage.Stock{
		Shops:     []gift.Shop{{ID: paidShop, CategoryID: 15, Name: "연남만두", Province: "서울특별시", District: "마포구", Town: "연남동"}},
		Sellers:   []storage.NewSeller{{ID: paidSeller, ShopID: paidShop, Name: "점장", CodeHash: "unused"}},
		Campaigns: []gift.Campaign{{ID: campaign, ShopID: paidShop, CouponName: "만두", Product: "만두 5개", Price: 4000, MemberType: "user"}},
		Offers: []gift.Offer{{
			ID: paidOffer, Kind: gift.StarCoupon, CampaignID: campaign, Face: 4000,
			Tiers: gift.Tiers{Far: paidPrice, Mid: paidPrice, Near: paidPrice}, LastDay: gift.DateOf(2025, 12, 31),
		}},
	}
	for p := int64(1); p <= stock; p++ {
		s.Units = append(s.Units, storage.NewUnit{ID: paidOffer*100_000 + p, OfferID: paidOffer, Position: p})
	}
	if err := h.DB.Load(h.T.Context(), s); err != nil {
		h.T.Fatal(err)
	}
}

// later passes a time in which equal purchases are others and quotes are over.
func (h *house) later() {
	h.T.Helper()
	h.Clock.Advance(gift.HoldFor + time.Second)
	if err := h.DB.Renew(h.T.Context()); err != nil {
		h.T.Fatal(err)
	}
}

// left is what there is of an offer.
func (h *house) left(offer int64) int64 {
	h.T.Helper()
	rows, err := h.DB.OffersByID(h.T.Context(), []int64{offer})
	if err != nil || len(rows.Offers) != 1 {
		h.T.Fatal(rows, err)
	}
	return rows.Offers[0].Stock
}

// owed is what the shop is owed.
func (h *house) owed() gift.Won {
	h.T.Helper()
	day := gift.DayOf(h.Clock.Now())
	r, err := h.DB.RedeemedAtShop(h.T.Context(), paidShop, office.Period{From: day, To: day})
	if err != nil {
		h.T.Fatal(err)
	}
	return r.Balance
}

func operator(ctx context.Context) context.Context {
	return office.As(ctx, office.Actor{OperatorID: 7, Name: "kim@giftimbiz.local", Address: "192.0.2.1"})
}

var local = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
