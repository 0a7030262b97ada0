package storage_test

import (
	"maps"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
)

func TestOffersAreOfAKindWhetherTheyAreOnSaleOrNot(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 1, func(o *gift.Offer) { o.Stopped = o.ID == 2 })
		h.Buy(h.Partner(gift.Partner{Name: "demo"}, 10_000), "", 1)
		ids := []int64{1, 2, 3, storagetest.StarOfferID, 1}
		want := map[int64]gift.Kind{1: gift.Gifticon, 2: gift.Gifticon, storagetest.StarOfferID: gift.StarCoupon}
		for n := range len(ids) {
			got, err := h.DB.OfferKinds(t.Context(), ids[n:])
			if err != nil {
				t.Fatal(err)
			}
			for id, kind := range got {
				if want[id] != kind {
					t.Errorf("offer %d: %v", id, kind)
				}
			}
			if n == 0 && !maps.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		}
		if got, err := h.DB.OfferKinds(t.Context(), nil); len(got) != 0 || err != nil {
			t.Error(got, err)
		}
	})
}

func TestItemsOfAnOrderAndNewerOnesAreFound(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		var orders []gift.ID
		for range 4 {
			orders = append(orders, h.Buy(p, "", 1, 1).OrderID)
			h.Clock.Advance(gift.HoldFor)
		}
		q := gift.HistoryQuery{PartnerID: p, After: gift.Place{OrderID: orders[2] + 1}, Oldest: orders[1], Limit: 100}
		items, more, err := h.DB.VoucherPage(t.Context(), q)
		if err != nil || more || len(items) != 4 || items[0].OrderID != orders[2] || items[3].OrderID != orders[1] {
			t.Errorf("%d items, more %v, %v", len(items), more, err)
		}
	})
}
