package storage_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage/storagetest"
)

// told returns what a partner was told, one line for each event.
func told(t *testing.T, h *storagetest.House, partner int64) (lines []string) {
	t.Helper()
	events, err := h.DB.Events(t.Context(), partner, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		lines = append(lines, fmt.Sprintf("%s %d %s", e.Type, e.PartnerID, e.Data))
	}
	return lines
}

// TestWhatHappensIsWrittenDown where it happens; of live partners only if they have an endpoint.
func TestWhatHappensIsWrittenDown(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 1)
		test := h.Partner(gift.Partner{Name: "test", Sandbox: true, LowBalance: 9_999}, 10_000)
		bought := h.Buy(test, "", 1, 2)
		coupon, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(test, "", 0))
		if err != nil || coupon.Refusal != nil {
			t.Fatal(coupon.Refusal, err)
		}
		if _, err := h.DB.Refund(t.Context(), office.NewRefund{
			OrderID: bought.OrderID, Lines: []int64{2}, Reason: "bad", Bad: true, At: h.Clock.Now(),
		}); err != nil {
			t.Fatal(err)
		}
		won, err := h.DB.MarkUsed(t.Context(), redeem.Use{
			OrderID: coupon.OrderID, Line: 1, SellerID: 1, ShopID: 37, Via: "page", At: h.Clock.Now(),
		})
		if err != nil || !won {
			t.Fatal(won, err)
		}
		live := h.Partner(gift.Partner{Name: "live", LowBalance: 9_999}, 10_000)
		h.Buy(live, "", 1)
		want := []string{
			fmt.Sprintf(`order.completed %d {"order":%q,"kind":"gifticon","items":2,"amount":1880}`, test, bought.Ref),
			fmt.Sprintf(`order.completed %d {"order":%q,"kind":"star","items":1,"amount":0}`, test, coupon.Ref),
			fmt.Sprintf(`order.refunded %d {"order":%q,"kind":"gifticon","items":[100001],"vouchers":["%[2]s.2"],"amount":940}`, test, bought.Ref),
			fmt.Sprintf(`voucher.withdrawn %d {"order":%q,"kind":"gifticon","item":100001,"vouchers":["%[2]s.2"]}`, test, bought.Ref),
			fmt.Sprintf(`coupon.redeemed %d {"order":%q,"vouchers":["%[2]s.1"],"coupon":135000001,"offer":1350,"shop":37,"shop_name":"너랑나랑분식",`+
				`"seller":1,"redeemed_at":"2025-09-15T12:00:00+09:00"}`, test, coupon.Ref),
			`offer.sold_out 0 {"offer":1,"kind":"gifticon"}`,
		}
		if diff := cmp.Diff(want, told(t, h, test)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(want[5:], told(t, h, live)); diff != "" {
			t.Errorf("a live partner that does not listen:\n%s", diff)
		}
	})
}

// TestAllAreToldWhatOffersCost when it is changed, and that one has nothing left.
func TestAllAreToldWhatOffersCost(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(3, 1)
		live := h.Partner(gift.Partner{Name: "live"}, 0)
		change := func(id int64, edit func(*gift.Offer)) {
			t.Helper()
			o, err := h.DB.OfferByID(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			edit(&o.Offer)
			if err := h.DB.ChangeOffer(t.Context(), o.Offer, o.Version, h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		change(1, func(o *gift.Offer) { o.Tiers.Near = 400 }) // not the price of today
		change(1, func(o *gift.Offer) { o.Tiers.Far = 900 })
		change(2, func(o *gift.Offer) { o.LastDay = gift.DayOf(h.Clock.Now()) }) // so it costs what the last days cost
		change(3, func(o *gift.Offer) { o.Stopped, o.Tiers.Far = true, 800 })    // nobody can buy it
		if err := h.DB.WithdrawUnit(t.Context(), 100_001, "", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		want := []string{
			`offer.repriced 0 {"offers":[{"offer":1,"kind":"gifticon","price":900}]}`,
			`offer.repriced 0 {"offers":[{"offer":2,"kind":"gifticon","price":462}]}`,
			`offer.sold_out 0 {"offer":1,"kind":"gifticon"}`,
		}
		if diff := cmp.Diff(want, told(t, h, live)); diff != "" {
			t.Error(diff)
		}
	})
}
