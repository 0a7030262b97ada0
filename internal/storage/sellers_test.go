package storage_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestSellersGetOtherCodesTogether(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		stockPaid(t, h, 1)
		before, err := h.DB.Sellers(t.Context())
		if err != nil || len(before) < 2 {
			t.Fatalf("%d sellers, %v", len(before), err)
		}
		after := append([]redeem.Seller(nil), before...)
		for i := range after {
			after[i].CodeHash += " of another code"
		}
		unknown := append(append([]redeem.Seller(nil), after...), redeem.Seller{ID: 999})
		if err := h.DB.SetSellerCodes(t.Context(), unknown); err == nil {
			t.Error("a seller that does not exist got a code")
		}
		for _, want := range [][]redeem.Seller{before, after} {
			got, err := h.DB.Sellers(t.Context())
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
			if err := h.DB.SetSellerCodes(t.Context(), after); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestStockIsThereWithItsOriginOrNotAtAll(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		check := func(want string, empty bool) {
			t.Helper()
			origin, err := h.DB.StockOrigin(t.Context())
			if origin != want || (want == "") != errors.Is(err, storage.ErrNotFound) {
				t.Errorf("origin %q, %v; want %q", origin, err, want)
			}
			if got, err := h.DB.IsEmpty(t.Context()); got != empty || err != nil {
				t.Errorf("empty: %v, %v", got, err)
			}
		}
		check("", true)
		stock := &storage.Stock{
			Categories: []gift.Category{{ID: 7, Kind: gift.Gifticon, Name: "패스트푸드"}, {ID: 7, Kind: gift.Gifticon, Name: "again"}},
			Origin:     "a test",
		}
		if err := h.DB.Load(t.Context(), stock); !errors.Is(err, storage.ErrDuplicate) {
			t.Errorf("the same number twice: %v", err)
		}
		check("", true)
		stock.Categories = stock.Categories[:1]
		stock.Brands = []gift.Brand{{ID: 49, CategoryID: 7, Name: "맘스터치", InUse: true}}
		stock.Products = []gift.Product{{ID: 1, BrandID: 49, Name: "싸이버거", Face: 5000}}
		stock.Offers = []gift.Offer{{ID: 1, Kind: gift.Gifticon, ProductID: 1, Face: 5000, LastDay: 30_000, Tiers: gift.Tiers{Far: 3, Mid: 2, Near: 1}}}
		const units = 5001 // more than are sent at once
		for i := range int64(units) {
			number := []byte{byte(i >> 8), byte(i)}
			stock.Units = append(stock.Units, storage.NewUnit{ID: i + 1, OfferID: 1, Position: i + 1, Sealed: storagetest.Sealed(string(number)), NumberHash: number})
		}
		var progress []int
		stock.Progress = func(done, total int) { progress = append(progress, done, total) }
		if err := h.DB.Load(t.Context(), stock); err != nil {
			t.Fatal(err)
		}
		check("a test", false)
		if diff := cmp.Diff([]int{5000, units, units, units}, progress); diff != "" {
			t.Errorf("progress\n%s", diff)
		}
	})
}
