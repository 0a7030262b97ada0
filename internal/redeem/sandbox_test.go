package redeem

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
)

// TestASandboxUsesACouponAsItsShopWould in the name of a seller of the shop; no other coupon is used so.
func TestASandboxUsesACouponAsItsShopWould(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*gift.BoughtItem)
		asks   int64
		want   gift.Reason
	}{
		"a coupon":                  {func(*gift.BoughtItem) {}, partner, 0},
		"another's":                 {func(*gift.BoughtItem) {}, partner + 1, gift.NotYours},
		"a live one":                {func(i *gift.BoughtItem) { i.Sandbox = false }, partner, gift.NotYours},
		"a gifticon":                {func(i *gift.BoughtItem) { i.Offer.Kind = gift.Gifticon }, partner, gift.NotYours},
		"one that was used":         {func(i *gift.BoughtItem) { i.UsedAt = noon }, partner, gift.AlreadyUsed},
		"one that was cancelled":    {func(i *gift.BoughtItem) { i.CancelledAt = noon }, partner, gift.Cancelled},
		"one over by its own clock": {func(i *gift.BoughtItem) { i.ClockAhead = i.Offer.LastDay.End().Sub(noon) }, partner, gift.Lapsed},
	} {
		t.Run(name, func(t *testing.T) {
			item := starCoupon()
			item.Sandbox = true
			test.change(&item)
			c := newCounterAt(item)
			got, refusal, err := c.RedeemInSandbox(t.Context(), test.asks, gift.Place{OrderID: order, Line: 1})
			if err != nil || reasonOf(refusal) != test.want {
				t.Fatalf("%+v, %v", refusal, err)
			}
			var want []Use
			if test.want == 0 {
				want = []Use{{OrderID: order, Line: 1, PartnerID: partner, SellerID: seller, ShopID: 37, Via: ViaSandbox, At: noon}}
				if !got.UsedAt.Equal(noon) || got.UsedBy != seller {
					t.Errorf("%+v", got)
				}
			}
			if diff := cmp.Diff(want, c.store.uses); diff != "" {
				t.Error(diff)
			}
		})
	}
}
