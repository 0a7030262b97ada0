package storage_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

const lateOffer = 77

// lateStock is another offer of the suite's product, with one unit.
func lateStock() *storage.Stock {
	return &storage.Stock{
		Offers: []gift.Offer{{ID: lateOffer, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, LastDay: gift.DateOf(2025, 12, 31)}},
		Units:  []storage.NewUnit{{ID: lateOffer, OfferID: lateOffer, Position: 1, Sealed: []byte("x"), NumberHash: []byte("x")}},
	}
}

// TestALoadKeepsNobodyWaiting holds a load up halfway: purchases that need the change clock go on, and who looks at
// changes meanwhile finds the load's rows afterwards, although later numbers were seen before.
func TestALoadKeepsNobodyWaiting(t *testing.T) {
	dsn := migratedPostgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(1, 5)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	raw := rawDB(t, "pgx", dsn)
	rival, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rival.ExecContext(t.Context(), `INSERT INTO units (id, offer_id, position) VALUES ($1, 1, 99)`, lateOffer); err != nil {
		t.Fatal(err)
	}
	loaded := make(chan error)
	go func() { loaded <- h.DB.Load(t.Context(), lateStock()) }()
	awaitLocked(t, raw, 1)

	if out, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p, "", 0)); err != nil || out.Refusal != nil {
		t.Fatal(out.Refusal, err)
	}
	rows, seen, err := h.DB.CatalogSince(t.Context(), 0)
	if err != nil || hasOffer(rows.Offers, lateOffer) {
		t.Errorf("a load under way is seen: %v", err)
	}
	if err := rival.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-loaded; err != nil {
		t.Fatal(err)
	}
	rows, next, err := h.DB.CatalogSince(t.Context(), seen)
	if err != nil || len(rows.Offers) != 1 || rows.Offers[0].ID != lateOffer || rows.Offers[0].Stock != 1 {
		t.Errorf("changed since: %+v, %v", rows.Offers, err)
	}
	if rows, _, err := h.DB.CatalogSince(t.Context(), next); err != nil || len(rows.Offers) != 0 {
		t.Errorf("a load is read again: %+v, %v", rows.Offers, err)
	}
}

func hasOffer(offers []gift.Offer, id int64) bool {
	return slices.ContainsFunc(offers, func(o gift.Offer) bool { return o.ID == id })
}

func TestALoadedOfferIsAChangeLikeAnyOther(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		_, before, err := h.DB.CatalogSince(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		stockPaid(t, h, 2)
		rows, loaded, err := h.DB.CatalogSince(t.Context(), before)
		if err != nil || len(rows.Offers) != 2 || len(rows.Shops) != 1 || len(rows.Campaigns) != 1 || len(rows.Free[paidOffer]) != 2 {
			t.Errorf("after the load: %+v, %v", rows, err)
		}
		buyPaid(t, h, p, "", paidOffer)
		rows, _, err = h.DB.CatalogSince(t.Context(), loaded)
		if err != nil || len(rows.Offers) != 1 || rows.Offers[0].ID != paidOffer || rows.Offers[0].Stock != 1 {
			t.Errorf("after a sale of what was loaded: %+v, %v", rows.Offers, err)
		}
	})
}

func TestALoadThatFailsLeavesNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		_, before, err := h.DB.CatalogSince(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		stock := lateStock()
		stock.Units[0].ID = 100_001 // it exists
		if err := h.DB.Load(t.Context(), stock); !errors.Is(err, storage.ErrDuplicate) {
			t.Errorf("want ErrDuplicate, got %v", err)
		}
		if rows, after, err := h.DB.CatalogSince(t.Context(), before); err != nil || after != before || len(rows.Offers) != 0 {
			t.Errorf("something changed: %+v, %v", rows, err)
		}
		if err := h.DB.Load(t.Context(), lateStock()); err != nil {
			t.Error(err)
		}
	})
}

func TestNoPriceIsAboveATrillion(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		for _, price := range []gift.Won{-1, 1_000_000_000_001, math.MaxInt64} {
			for what, stock := range map[string]*storage.Stock{
				"product 5":  {Products: []gift.Product{{ID: 5, BrandID: 4, Face: price}}},
				"campaign 5": {Campaigns: []gift.Campaign{{ID: 5, ShopID: 37, Discount: price}}},
				"offer 5": {Offers: []gift.Offer{{
					ID: 5, Kind: gift.Gifticon, ProductID: 27935, Tiers: gift.Tiers{Near: price},
				}}},
			} {
				if err := h.DB.Load(t.Context(), stock); err == nil || !strings.HasPrefix(err.Error(), what+": ") {
					t.Errorf("%s for %d won: %v", what, price, err)
				}
			}
		}
		most := lateStock()
		most.Offers[0].Tiers.Far = 1_000_000_000_000
		if err := h.DB.Load(t.Context(), most); err != nil {
			t.Error(err)
		}
	})
	for driver, newURL := range map[string]func(testing.TB) string{"sqlite": migratedSQLiteURL, "pgx": migratedPostgresURL} {
		t.Run("by the schema, "+driver, func(t *testing.T) {
			dsn := newURL(t)
			h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
			h.Stock(1, 5)
			raw := rawDB(t, driver, strings.TrimPrefix(dsn, "sqlite:"))
			for _, column := range []string{
				"products.face", "campaigns.price", "campaigns.org_price", "campaigns.discount",
				"offers.face", "offers.price_far", "offers.price_mid", "offers.price_near",
			} {
				table, name, _ := strings.Cut(column, ".")
				for _, price := range []int64{-1, 1_000_000_000_001} {
					if _, err := raw.ExecContext(t.Context(), `UPDATE `+table+` SET `+name+` = $1`, price); err == nil {
						t.Errorf("%s may be %d", column, price)
					}
				}
			}
		})
	}
}

// TestAFirstLookLeavesOutWhatNobodyCanBuy: it does not grow with what was sold.
func TestAFirstLookLeavesOutWhatNobodyCanBuy(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(3, 1, func(o *gift.Offer) { o.Stopped = o.ID == 2 })
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		_, before, err := h.DB.CatalogSince(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if out := h.Buy(p, "", 1); out.Refusal != nil {
			t.Fatal(out.Refusal)
		}
		for seq, want := range map[int64][]int64{0: {3, storagetest.StarOfferID}, before: {1}, 1: {1, 2, 3, storagetest.StarOfferID}} {
			rows, _, err := h.DB.CatalogSince(t.Context(), seq)
			var got []int64
			for _, o := range rows.Offers {
				got = append(got, o.ID)
			}
			slices.Sort(got)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("since %d: offers %v, %v; want %v", seq, got, err, want)
			}
		}
	})
}
