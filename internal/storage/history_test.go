package storage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestHistoryIsNewestFirstAndPaged(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 20)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		other := h.Partner(gift.Partner{Name: "other"}, 100_000)
		var ids []gift.ID
		for i := range 4 { // orders of two lines, one hour apart, with another partner's between
			ids = append(ids, h.Buy(p, fmt.Sprint(i), 1, 2).OrderID)
			h.Buy(other, fmt.Sprint(i), 1)
			h.Clock.Advance(time.Hour)
		}
		lines := []string{
			line(ids[3], 2), line(ids[3], 1), line(ids[2], 2), line(ids[2], 1),
			line(ids[1], 2), line(ids[1], 1), line(ids[0], 2), line(ids[0], 1),
		}
		for name, test := range map[string]struct {
			query gift.HistoryQuery
			want  []string
			more  bool
		}{
			"all at once":                 {gift.HistoryQuery{Limit: 8}, lines, false},
			"a first page":                {gift.HistoryQuery{Limit: 3}, lines[:3], true},
			"a page that cuts an order":   {gift.HistoryQuery{Offset: 3, Limit: 3}, lines[3:6], true},
			"the last page":               {gift.HistoryQuery{Offset: 6, Limit: 3}, lines[6:], false},
			"past the last page":          {gift.HistoryQuery{Offset: 8, Limit: 3}, nil, false},
			"after an order":              {gift.HistoryQuery{After: gift.Place{OrderID: ids[2]}, Limit: 3}, lines[4:7], true},
			"after the oldest":            {gift.HistoryQuery{After: gift.Place{OrderID: ids[0]}, Limit: 3}, nil, false},
			"after an item":               {gift.HistoryQuery{After: gift.Place{OrderID: ids[3], Line: 2}, Limit: 3}, lines[1:4], true},
			"after an order's last item":  {gift.HistoryQuery{After: gift.Place{OrderID: ids[3], Line: 1}, Limit: 3}, lines[2:5], true},
			"after what was never bought": {gift.HistoryQuery{After: gift.Place{OrderID: ids[1] + 1}, Limit: 3}, lines[4:7], true},
		} {
			test.query.PartnerID, test.query.Kind = p, gift.Gifticon
			got := history(t, h, test.query)
			if diff := cmp.Diff(test.want, linesOf(got)); diff != "" || got.More != test.more {
				t.Errorf("%s: more %v\n%s", name, got.More, diff)
			}
			if got.Total != 8 || got.Spent != 8*940 || got.Face != 8*1400 {
				t.Errorf("%s: %d items for %d won of %d", name, got.Total, got.Spent, got.Face)
			}
		}
	})
}

func TestHistoryIsChosenByDaysOrderOfferAndCampaign(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		stockPaid(t, h, 20)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		today := gift.DayOf(h.Clock.Now())
		h.Clock.Set(today.End().Add(-time.Minute)) // the last minute of a day in Seoul
		first := buyPaid(t, h, p, "1", paidOffer, laterOffer).OrderID
		h.Clock.Set(today.End())
		second := buyPaid(t, h, p, "2", laterOffer).OrderID
		h.Clock.Set((today + 2).Start())
		third := buyPaid(t, h, p, "3", paidOffer, paidOffer).OrderID
		if out, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p, "4", 0)); err != nil || out.Refusal != nil {
			t.Fatal(out.Refusal, err)
		}
		for name, test := range map[string]struct {
			query gift.HistoryQuery
			want  []string
		}{
			"an order":                 {gift.HistoryQuery{OrderID: first}, []string{line(first, 2), line(first, 1)}},
			"no such order":            {gift.HistoryQuery{OrderID: first + 1}, nil},
			"an order on another day":  {gift.HistoryQuery{OrderID: first, From: today + 1}, nil},
			"an order on its day":      {gift.HistoryQuery{OrderID: second, From: today + 1, To: today + 1}, []string{line(second, 1)}},
			"an offer":                 {gift.HistoryQuery{OfferID: laterOffer}, []string{line(second, 1), line(first, 1)}},
			"an offer on a day":        {gift.HistoryQuery{OfferID: laterOffer, To: today}, []string{line(first, 1)}},
			"another campaign's offer": {gift.HistoryQuery{OfferID: paidOffer, CampaignID: storagetest.CampaignID}, nil},
			"a campaign's offer": {
				gift.HistoryQuery{OfferID: paidOffer, CampaignID: paidCampaign},
				[]string{line(third, 2), line(third, 1), line(first, 2)},
			},
			"a campaign": {
				gift.HistoryQuery{CampaignID: paidCampaign},
				[]string{line(third, 2), line(third, 1), line(second, 1), line(first, 2), line(first, 1)},
			},
			"a campaign from a day on": {
				gift.HistoryQuery{CampaignID: paidCampaign, From: today + 1},
				[]string{line(third, 2), line(third, 1), line(second, 1)},
			},
			"a campaign in an order": {
				gift.HistoryQuery{CampaignID: paidCampaign, OrderID: first}, []string{line(first, 2), line(first, 1)},
			},
			"the first day":           {gift.HistoryQuery{To: today}, []string{line(first, 2), line(first, 1)}},
			"the second day":          {gift.HistoryQuery{From: today + 1, To: today + 1}, []string{line(second, 1)}},
			"a day without purchases": {gift.HistoryQuery{From: today + 3}, nil},
			"an impossible period":    {gift.HistoryQuery{From: today + 1, To: today}, nil},
		} {
			test.query.PartnerID, test.query.Kind, test.query.Limit = p, gift.StarCoupon, 20
			got := history(t, h, test.query)
			if diff := cmp.Diff(test.want, linesOf(got)); diff != "" {
				t.Errorf("%s:\n%s", name, diff)
			}
			n := gift.Won(len(test.want))
			if got.Total != int64(n) || got.Spent != n*paidPrice || got.Face != n*4000 {
				t.Errorf("%s: %d items for %d won of %d", name, got.Total, got.Spent, got.Face)
			}
		}
		page := history(t, h, gift.HistoryQuery{
			PartnerID: p, Kind: gift.StarCoupon, CampaignID: paidCampaign, After: gift.Place{OrderID: third}, Limit: 2,
		})
		if diff := cmp.Diff([]string{line(second, 1), line(first, 2)}, linesOf(page)); diff != "" || !page.More || page.Total != 5 {
			t.Errorf("a campaign after an order: more %v of %d\n%s", page.More, page.Total, diff)
		}
	})
}

func TestHistoryKeepsKindsAndPartnersApart(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		stockPaid(t, h, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		none := h.Partner(gift.Partner{Name: "none"}, 10_000)
		gifts, stars := h.Buy(p, "g", 1).OrderID, buyPaid(t, h, p, "s", paidOffer).OrderID
		for kind, want := range map[gift.Kind]string{gift.Gifticon: line(gifts, 1), gift.StarCoupon: line(stars, 1)} {
			got := history(t, h, gift.HistoryQuery{PartnerID: p, Kind: kind, Limit: 5})
			if diff := cmp.Diff([]string{want}, linesOf(got)); diff != "" || got.Total != 1 {
				t.Errorf("kind %d: %d items\n%s", kind, got.Total, diff)
			}
			if got := history(t, h, gift.HistoryQuery{PartnerID: none, Kind: kind, OrderID: gifts, Limit: 5}); got.Total != 0 {
				t.Errorf("another partner sees %+v", got)
			}
		}
	})
}

func TestBoughtItemsTellAllThereIs(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		stockPaid(t, h, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		gifts, stars := h.Buy(p, "g", 1).OrderID, buyPaid(t, h, p, "s", paidOffer).OrderID
		tiers := gift.Tiers{Far: paidPrice, Mid: paidPrice, Near: paidPrice}
		for _, want := range []gift.BoughtItem{
			{
				OrderID: gifts, Line: 1, UnitID: 100_001, Face: 1400, Paid: 940, At: storagetest.Noon, Sealed: storagetest.Sealed("sealed"),
				Offer: gift.Offer{
					ID: 1, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462},
					LastDay: gift.DateOf(2025, 12, 31),
				},
				Category: gift.Category{ID: 6, Kind: gift.Gifticon, Name: "마트,편의점", Thumb: "/UPLOAD/6.svg"},
				Brand:    gift.Brand{ID: 4, CategoryID: 6, Name: "CU", Thumb: "/UPLOAD/b.png", InUse: true},
				Product:  gift.Product{ID: 27935, BrandID: 4, Name: storagetest.Voucher, Face: 1400, Thumb: "/UPLOAD/p.png"},
			},
			{
				OrderID: stars, Line: 1, UnitID: 135_100_001, Face: 4000, Paid: paidPrice, At: storagetest.Noon,
				Offer: gift.Offer{
					ID: paidOffer, Kind: gift.StarCoupon, CampaignID: paidCampaign, Face: 4000, Tiers: tiers,
					LastDay: gift.DateOf(2025, 12, 31),
				},
				Category: gift.Category{ID: 15, Kind: gift.StarCoupon, Name: "분식", Thumb: "/UPLOAD/15.svg"},
				Campaign: gift.Campaign{
					ID: paidCampaign, ShopID: paidShop, CouponName: "만두", Product: "만두 5개", Condition: "점심 제외", Price: 4000,
					OrgPrice: 5000, Discount: 4000, MemberType: "user", MakerID: "maker", Thumb: "/UPLOAD/c.png",
					Image: "/UPLOAD/c1.png", Image2: "/UPLOAD/c2.png",
				},
				Shop: gift.Shop{
					ID: paidShop, CategoryID: 15, Name: "연남만두", Thumb: "/UPLOAD/s.png", Province: "서울특별시", District: "마포구",
					Town: "연남동", MapURL: "https://map.example/38",
				},
			},
		} {
			got, err := h.DB.BoughtItem(t.Context(), p, want.OrderID, 1)
			if err != nil || got == nil {
				t.Fatal(got, err)
			}
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Error(diff)
			}
			list := history(t, h, gift.HistoryQuery{PartnerID: p, Kind: want.Offer.Kind, Limit: 1})
			if diff := cmp.Diff([]gift.BoughtItem{want}, list.Items); diff != "" {
				t.Errorf("in the list:\n%s", diff)
			}
		}
	})
}

func TestBoughtItemsAreFoundByTheirOwners(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		stockPaid(t, h, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
		shown := buyPaid(t, h, test, "1", paidOffer) // a sandbox order shows the coupon that is sold next
		h.Clock.Advance(time.Second)
		again := buyPaid(t, h, test, "2", paidOffer)
		h.Clock.Advance(time.Second)
		sold := buyPaid(t, h, p, "1", paidOffer)
		unit := sold.Coupons[0]
		if shown.Coupons[0] != unit || again.Coupons[0] != unit {
			t.Fatalf("units %v, %v and %v", shown.Coupons, again.Coupons, sold.Coupons)
		}
		for name, c := range map[string]struct {
			partner, unit int64
			order, want   gift.ID
		}{
			"the buyer's":                       {p, unit, 0, sold.OrderID},
			"the sandbox partner's newest":      {test, unit, 0, again.OrderID},
			"anybody's in a live order":         {0, unit, sold.OrderID, sold.OrderID},
			"anybody's in a sandbox order":      {0, unit, shown.OrderID, shown.OrderID},
			"the buyer's in another's order":    {p, unit, shown.OrderID, 0},
			"a coupon the order does not have":  {p, unit + 1, sold.OrderID, 0},
			"a coupon nobody has":               {p, unit + 1, 0, 0},
			"a coupon that does not exist":      {0, 1, 0, 0},
			"a coupon in an order of the other": {test, unit, sold.OrderID, 0},
		} {
			got, err := h.DB.BoughtCoupon(t.Context(), c.partner, c.order, c.unit)
			if err != nil {
				t.Fatal(err)
			}
			if (got == nil) != (c.want == 0) || got != nil && (got.OrderID != c.want || got.UnitID != unit) {
				t.Errorf("%s: got %+v, want order %d", name, got, c.want)
			}
		}
		voucher := h.Buy(test, "voucher", 1).OrderID
		item, err := h.DB.BoughtItem(t.Context(), 0, voucher, 1)
		if err != nil || item == nil || !item.Sandbox || item.Sealed != nil {
			t.Errorf("a sandbox voucher shows a number: %+v, %v", item, err)
		}
		for name, absent := range map[string]struct {
			partner int64
			order   gift.ID
			line    int64
		}{
			"another's order": {p, voucher, 1}, "no such line": {test, voucher, 2}, "no such order": {0, voucher + 1, 1},
		} {
			if item, err := h.DB.BoughtItem(t.Context(), absent.partner, absent.order, absent.line); item != nil || err != nil {
				t.Errorf("%s: %+v, %v", name, item, err)
			}
		}
	})
}

// TestASandboxCouponIsUsableAsOftenAsItWasBought: every sandbox order shows the coupon that is free.
func TestASandboxCouponIsUsableAsOftenAsItWasBought(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		stockPaid(t, h, 5)
		test := h.Partner(gift.Partner{Name: "test", Sandbox: true}, 10_000_000)
		other := h.Partner(gift.Partner{Name: "other", Sandbox: true}, 10_000)
		first := buyPaid(t, h, test, "first", paidOffer)
		h.Clock.Advance(time.Minute)
		second := buyPaid(t, h, test, "second", paidOffer)
		h.Clock.Advance(time.Minute)
		theirs := buyPaid(t, h, other, "theirs", paidOffer)
		for _, want := range []gift.ID{second.OrderID, first.OrderID} {
			if got := foundIn(t, h, test, first.Coupons[0]); got.OrderID != want || !got.UsedAt.IsZero() {
				t.Fatalf("to use next is order %d, used at %v; want order %d", got.OrderID, got.UsedAt, want)
			}
			use(t, h, want)
		}
		if got := foundIn(t, h, test, first.Coupons[0]); got.OrderID != second.OrderID || got.UsedAt.IsZero() {
			t.Errorf("all are used: order %d, used at %v; want the newest, order %d", got.OrderID, got.UsedAt, second.OrderID)
		}
		if got := foundIn(t, h, other, first.Coupons[0]); got.OrderID != theirs.OrderID {
			t.Errorf("the other partner's is order %d, want %d", got.OrderID, theirs.OrderID)
		}
		unused := buyPaid(t, h, test, "unused", paidOffer).OrderID
		var newest gift.ID
		for i, want := range []gift.ID{62: unused, 63: 0} { // it is the 64th newest, and then the 65th
			newest = buyPaid(t, h, test, fmt.Sprint(i), paidOffer).OrderID
			use(t, h, newest)
			if want == 0 {
				want = newest
			}
			if got := foundIn(t, h, test, first.Coupons[0]); i >= 62 && got.OrderID != want {
				t.Errorf("after %d more: order %d, want %d", i+1, got.OrderID, want)
			}
		}
	})
}

func foundIn(t *testing.T, h *storagetest.House, partner, coupon int64) *gift.BoughtItem {
	t.Helper()
	item, err := h.DB.BoughtCoupon(t.Context(), partner, 0, coupon)
	if err != nil || item == nil {
		t.Fatal(item, err)
	}
	return item
}

func use(t *testing.T, h *storagetest.House, order gift.ID) {
	t.Helper()
	won, err := h.DB.MarkUsed(t.Context(), redeem.Use{
		OrderID: order, Line: 1, SellerID: paidSeller, ShopID: paidShop, Via: "api", At: h.Clock.Now(),
	})
	if err != nil || !won {
		t.Fatal(won, err)
	}
}

func TestHistoryRefusesPagesItCannotMake(t *testing.T) {
	db, err := storage.OpenOrCreate(t.Context(), sqliteURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for name, q := range map[string]gift.HistoryQuery{
		"no limit":              {Kind: gift.Gifticon},
		"too many":              {Kind: gift.Gifticon, Limit: 1001},
		"before the first":      {Kind: gift.Gifticon, Limit: 1, Offset: -1},
		"vouchers by offer":     {Kind: gift.Gifticon, Limit: 1, OfferID: 1},
		"vouchers by campaigns": {Kind: gift.Gifticon, Limit: 1, CampaignID: 1},
	} {
		if _, err := db.History(t.Context(), q); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func history(t *testing.T, h *storagetest.House, q gift.HistoryQuery) gift.History {
	t.Helper()
	got, err := h.DB.History(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func line(order gift.ID, n int64) string { return fmt.Sprintf("%d/%d", order, n) }

func linesOf(h gift.History) (lines []string) {
	for _, i := range h.Items {
		lines = append(lines, line(i.OrderID, i.Line))
	}
	return lines
}
