package storage_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestAnOfferIsStoppedResumedRepricedAndExtendedAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 2)
		partner := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		node := show(t, h)
		row := "마트,편의점/CU/" + storagetest.Voucher
		star := []string{"분식/너랑나랑분식/" + storagetest.CouponText + " 0"}
		set := func(change func(*gift.Offer)) {
			t.Helper()
			o, err := h.DB.OfferByID(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			change(&o.Offer)
			if err := h.DB.ChangeOffer(t.Context(), o.Offer, o.Version, h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		node.wants([]string{row + " 940"}, star)
		set(func(o *gift.Offer) { o.Stopped = true })
		node.wants(nil, star)
		if out := h.Buy(partner, "stopped", 1); out.Refusal == nil {
			t.Error("a stopped offer was sold")
		}
		set(func(o *gift.Offer) { o.Stopped = false })
		node.wants([]string{row + " 940"}, star)
		if out := h.Buy(partner, "resumed", 1); out.Refusal != nil {
			t.Error(out.Refusal)
		}
		set(func(o *gift.Offer) { o.Tiers.Far = 1000 })
		node.wants([]string{row + " 1000"}, star)
		set(func(o *gift.Offer) { o.LastDay = gift.DateOf(2025, 9, 20) })
		node.wants([]string{row + " 462"}, star)
		set(func(o *gift.Offer) { o.LastDay = gift.DateOf(2025, 9, 14) })
		node.wants(nil, star)
		set(func(o *gift.Offer) { o.LastDay = gift.DateOf(2026, 9, 14) })
		node.wants([]string{row + " 1000"}, star)
	})
}

func TestASaleDoesNotStandInTheWayOfAChange(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		partner := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		read, err := h.DB.OfferByID(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		h.Buy(partner, "the last", 1)
		changed := read.Offer
		changed.LastDay++
		if err := h.DB.ChangeOffer(t.Context(), changed, read.Version, h.Clock.Now()); err != nil {
			t.Error(err)
		}
		if err := h.DB.ChangeOffer(t.Context(), changed, read.Version, h.Clock.Now()); !errors.Is(err, office.ErrChanged) {
			t.Errorf("after another change: %v", err)
		}
		changed.ID = 99
		if err := h.DB.ChangeOffer(t.Context(), changed, read.Version, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Errorf("no such offer: %v", err)
		}
	})
}

// TestOffersAreListedWithEachFilter compares every list, read page by page, with what the same filter leaves of all offers.
func TestOffersAreListedWithEachFilter(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		today := gift.DayOf(storagetest.Noon)
		h.Stock(40, 1, func(o *gift.Offer) {
			o.LastDay = today + gift.Day(o.ID%13) - 4
			o.Stopped = o.ID%5 == 0
		})
		stockPaid(t, h, 1)
		partner := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
		brand := add(t, h, h.DB.Brands(), gift.Brand{CategoryID: 6, Name: "GS25"})
		product := add(t, h, h.DB.Products(), gift.Product{BrandID: brand, Name: "만두 세트", Face: 9000})
		stock := &storage.Stock{}
		for id := int64(101); id <= 120; id++ {
			stock.Offers = append(stock.Offers, gift.Offer{
				ID: id, Kind: gift.Gifticon, ProductID: product, Face: 9000, LastDay: today + gift.Day(id%7),
				Tiers: gift.Tiers{Far: 940, Mid: 940, Near: 940},
			})
			if id%3 != 0 {
				hash := fmt.Appendf(nil, "h%d", id)
				stock.Units = append(stock.Units, storage.NewUnit{ID: id, OfferID: id, Position: 1, Sealed: storagetest.Sealed(string(hash)), NumberHash: hash})
			}
		}
		if err := h.DB.Load(t.Context(), stock); err != nil {
			t.Fatal(err)
		}
		buyPaid(t, h, partner, "star", paidOffer)

		list := func(q office.OfferQuery) (ids []int64) {
			t.Helper()
			q.Today = today
			for range 100 {
				page, err := h.DB.OfferList(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range page.Rows {
					ids = append(ids, row.ID)
				}
				if q.After = page.Next; q.After == 0 {
					return ids
				}
			}
			t.Fatal("the list does not end")
			return nil
		}
		var all []office.OfferRow
		page, err := h.DB.OfferList(t.Context(), office.OfferQuery{Limit: 1000})
		if all = page.Rows; err != nil || len(all) != 63 || page.Next != 0 {
			t.Fatalf("%d offers, next %d, %v", len(all), page.Next, err)
		}
		for _, c := range []struct {
			name string
			q    office.OfferQuery
			fits func(o office.OfferRow) bool
		}{
			{"all", office.OfferQuery{}, func(office.OfferRow) bool { return true }},
			{"stars", office.OfferQuery{Kind: gift.StarCoupon}, func(o office.OfferRow) bool { return o.Kind == gift.StarCoupon }},
			{"gifticons", office.OfferQuery{Kind: gift.Gifticon}, func(o office.OfferRow) bool { return o.Kind == gift.Gifticon }},
			{"of a product", office.OfferQuery{ProductID: product}, func(o office.OfferRow) bool { return o.ProductID == product }},
			{"of a brand", office.OfferQuery{BrandID: 4}, func(o office.OfferRow) bool { return o.Maker == "CU" }},
			{"of a shop", office.OfferQuery{ShopID: paidShop}, func(o office.OfferRow) bool { return o.CampaignID == paidCampaign }},
			{"of a campaign", office.OfferQuery{CampaignID: paidCampaign}, func(o office.OfferRow) bool { return o.CampaignID == paidCampaign }},
			{"by name", office.OfferQuery{Words: "만두"}, func(o office.OfferRow) bool { return o.ProductID == product || o.CampaignID == paidCampaign }},
			{"by number", office.OfferQuery{Words: "105"}, func(o office.OfferRow) bool { return o.ID == 105 }},
			{"on sale", office.OfferQuery{State: office.OnSale}, func(o office.OfferRow) bool { return o.State(today) == office.OnSale }},
			{"on sale by name", office.OfferQuery{State: office.OnSale, Words: "만두"}, func(o office.OfferRow) bool {
				return o.State(today) == office.OnSale && (o.ProductID == product || o.CampaignID == paidCampaign)
			}},
			{"stopped", office.OfferQuery{State: office.Stopped}, func(o office.OfferRow) bool { return o.Stopped }},
			{"sold out", office.OfferQuery{State: office.SoldOut}, func(o office.OfferRow) bool { return o.Stock == 0 && o.LastDay >= today }},
			{"expired", office.OfferQuery{State: office.Expired}, func(o office.OfferRow) bool { return o.LastDay < today }},
			{"expiring", office.OfferQuery{State: office.Expiring, Days: 3}, func(o office.OfferRow) bool {
				return o.State(today) == office.OnSale && o.LastDay <= today+3
			}},
		} {
			var want []int64
			for _, o := range all {
				if c.fits(o) {
					want = append(want, o.ID)
				}
			}
			c.q.Limit = 4
			got := list(c.q)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
				t.Errorf("%s:\n%s", c.name, diff)
			}
		}
	})
}
