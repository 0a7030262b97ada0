package storage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestADaysSalesLeaveTheSandboxOut(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 50)
		live := h.Partner(gift.Partner{Name: "live"}, 100_000)
		second := h.Partner(gift.Partner{Name: "second"}, 100_000)
		sandbox := h.Partner(gift.Partner{Name: "sandbox", Sandbox: true}, 100_000)
		today := gift.DayOf(h.Clock.Now())
		for _, p := range []int64{live, second, sandbox} {
			if out := h.Buy(p, "", 1, 2); out.Refusal != nil {
				t.Fatal(out.Refusal)
			}
		}
		h.Clock.Advance(24 * time.Hour)
		if out := h.Buy(live, "", 1); out.Refusal != nil {
			t.Fatal(out.Refusal)
		}
		got, err := h.DB.SalesByDay(t.Context(), today-1, today+1)
		want := []office.DaySales{
			{Day: today - 1},
			{Day: today, Orders: 2, Items: 4, Spent: 4 * 940, Face: 4 * 1400},
			{Day: today + 1, Orders: 1, Items: 1, Spent: 940, Face: 1400},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if d := got[1].Discount(); d != 4*460 {
			t.Errorf("discount %d", d)
		}
	})
}

func TestADaysCurveIsKeptByTheHour(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 50)
		p := h.Partner(gift.Partner{Name: "live"}, 100_000)
		today := gift.DayOf(h.Clock.Now())
		note := func() {
			t.Helper()
			for range 2 { // two nodes
				if err := h.DB.NoteSales(t.Context(), h.Clock.Now()); err != nil {
					t.Fatal(err)
				}
			}
		}
		note() // 12 o'clock: nothing yet
		for range 2 {
			h.Clock.Advance(20 * time.Minute)
			h.Buy(p, "", 1)
			note()
		}
		h.Clock.Advance(time.Hour)
		h.Buy(p, "", 1)
		note()
		hour := func(hour, n int64) office.HourSales {
			return office.HourSales{Hour: hour, DaySales: office.DaySales{
				Day: today, Orders: n, Items: n, Spent: gift.Won(n * 940), Face: gift.Won(n * 1400),
			}}
		}
		got, err := h.DB.SalesByHour(t.Context(), today)
		if diff := cmp.Diff([]office.HourSales{hour(12, 2), hour(13, 3)}, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		h.Clock.Advance(40 * 24 * time.Hour)
		note()
		if old, err := h.DB.SalesByHour(t.Context(), today); len(old) != 0 || err != nil {
			t.Errorf("after 40 days: %v, %v", old, err)
		}
	})
}

func TestStockIsWhatCanBeBoughtNow(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		today := gift.DayOf(h.Clock.Now())
		h.Stock(6, 10, func(o *gift.Offer) {
			switch o.ID {
			case 1:
				o.LastDay = today // still on sale
			case 2:
				o.LastDay = today + 6
			case 3:
				o.LastDay = today + 7
			case 4:
				o.LastDay = today + 30
			case 5:
				o.LastDay = today - 1 // expired
			case 6:
				o.Stopped = true
			}
		})
		p := h.Partner(gift.Partner{Name: "live"}, 100_000)
		if err := h.DB.Load(t.Context(), &storage.Stock{Sales: []storage.ItemSale{
			{Kind: gift.Gifticon, ItemID: 27935, Day: today - 6, Sold: 14}, {Kind: gift.Gifticon, ItemID: 27935, Day: today - 7, Sold: 99},
		}}); err != nil {
			t.Fatal(err)
		}
		out, err := h.Engine.Buy(t.Context(), priced(storagetest.GiftRequest(p, "", 1), 462))
		if err != nil || out.Refusal != nil {
			t.Fatal(out.Refusal, err)
		}
		got, err := h.DB.Stock(t.Context(), h.Clock.Now(), today-6)
		const food, stars = "마트,편의점", "분식"
		expiring := func(id int64, day gift.Day, units int64) office.ExpiringOffer {
			return office.ExpiringOffer{OfferID: id, Kind: gift.Gifticon, Name: storagetest.Voucher, Category: food, LastDay: day, Units: units}
		}
		want := office.Stock{
			AsOf: h.Clock.Now(),
			Items: []office.StockItem{
				{Kind: gift.Gifticon, ID: 27935, Name: storagetest.Voucher, Category: food, Offers: 4, Units: 39, In7: 19, In30: 29},
				{Kind: gift.StarCoupon, ID: storagetest.CampaignID, Name: storagetest.CouponName, Category: stars, Offers: 1, Units: 10},
			},
			Expiring: []office.ExpiringOffer{expiring(1, today, 9), expiring(2, today+6, 10), expiring(3, today+7, 10)},
			Sold:     map[office.SoldKey]int64{{Kind: gift.Gifticon, ID: 27935}: 14},
		}
		if diff := cmp.Diff(want, got, sortedItems); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

func TestLowPartnersAreLiveActiveOnes(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "rich"}, 1000)
		h.Partner(gift.Partner{Name: "low", Title: "Low Ltd"}, 999)
		h.Partner(gift.Partner{Name: "lower"}, 0)
		h.Partner(gift.Partner{Name: "sandbox", Sandbox: true}, 0)
		h.Partner(gift.Partner{Name: "suspended", State: gift.Suspended}, 0)
		got, err := h.DB.LowPartners(t.Context(), 1000, 10)
		want := []office.LowPartner{{Name: "lower"}, {Name: "low", Title: "Low Ltd", Balance: 999}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

func TestHealthTellsOfNodesThatFellSilent(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.SecondNode()
		if got, err := h.DB.Health(t.Context()); err != nil || len(got.Nodes) != 2 || got.Nodes[0].Late || got.Nodes[1].Late {
			t.Fatalf("%+v, %v", got, err)
		}
		o.alter(`UPDATE node_leases SET expires_at = expires_at - 60000 WHERE number = 1`)
		got, err := h.DB.Health(t.Context())
		if err != nil || len(got.Nodes) != 2 || got.Nodes[0].Late || !got.Nodes[1].Late || !got.Tallied.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
		if err := h.DB.TallySales(t.Context(), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if got, err := h.DB.Health(t.Context()); err != nil || h.Clock.Now().Sub(got.Tallied) > time.Minute {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// priced is a request at another price.
func priced(r purchase.Request, cash gift.Won) purchase.Request {
	r.Cash = cash
	return r
}

// sortedItems compares items whatever their order.
var sortedItems = cmp.Transformer("ByKind", func(items []office.StockItem) map[office.SoldKey]office.StockItem {
	byKey := make(map[office.SoldKey]office.StockItem, len(items))
	for _, i := range items {
		byKey[office.SoldKey{Kind: i.Kind, ID: i.ID}] = i
	}
	return byKey
})

func TestRefusalsAreAddedUpByTheHour(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		today := gift.DayOf(h.Clock.Now())
		add := func(counts map[string]int64) {
			t.Helper()
			if err := h.DB.AddRefusals(t.Context(), counts, h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		add(map[string]int64{"PD": 2, "L": 1})
		add(map[string]int64{"PD": 3}) // another node
		h.Clock.Advance(time.Hour)
		add(map[string]int64{"PD": 7})
		got, err := h.DB.Refusals(t.Context(), today)
		want := []office.HourRefusals{
			{Day: today, Hour: 12, Code: "L", Calls: 1}, {Day: today, Hour: 12, Code: "PD", Calls: 5}, {Day: today, Hour: 13, Code: "PD", Calls: 7},
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		h.Clock.Advance(40 * 24 * time.Hour)
		add(map[string]int64{"PD": 1})
		if old, err := h.DB.Refusals(t.Context(), today); len(old) != 0 || err != nil {
			t.Errorf("after 40 days: %v, %v", old, err)
		}
	})
}
