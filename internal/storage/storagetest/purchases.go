package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
)

func purchaseMovesAll(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 3)
	p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	out := h.Buy(p, "", 1, 2, 1)
	if out.Refusal != nil || out.Ref == "" {
		t.Fatalf("refused: %v", out.Refusal)
	}
	if got := h.Balance("demo"); got != 10_000-3*940 {
		t.Errorf("balance %d", got)
	}
	list, err := h.DB.History(t.Context(), gift.HistoryQuery{PartnerID: p, Kind: gift.Gifticon, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if list.Total != 3 || len(list.Items) != 3 || list.Spent != 3*940 {
		t.Errorf("history: %d of %d items, spent %d", len(list.Items), list.Total, list.Spent)
	}
}

func refusals(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 1)
	rich := h.Partner(gift.Partner{Name: "rich"}, 1_000_000)
	poor := h.Partner(gift.Partner{Name: "poor"}, 939)
	black := h.Partner(gift.Partner{Name: "black", State: gift.Blacklisted}, 10_000)
	limited := h.Partner(gift.Partner{Name: "limited", DailyLimit: 1}, 10_000)
	with := func(partner int64, change func(*purchase.Request)) purchase.Request {
		req := GiftRequest(partner, "", 1)
		change(&req)
		return req
	}
	same := func(*purchase.Request) {}
	tests := map[string]struct {
		req  purchase.Request
		want gift.Reason
	}{
		"blacklisted":        {with(black, same), gift.MayNotSpend},
		"unknown offer":      {GiftRequest(rich, "", 99), gift.UnknownOffer},
		"other kind":         {with(rich, func(r *purchase.Request) { r.Kind = gift.StarCoupon }), gift.UnknownOffer},
		"wrong name":         {with(rich, func(r *purchase.Request) { r.Product = "다른 것" }), gift.NameMismatch},
		"wrong amount":       {with(rich, func(r *purchase.Request) { r.Cash = 939 }), gift.WrongAmount},
		"more than in stock": {GiftRequest(rich, "", 1, 1), gift.TooFew},
		"low balance":        {with(poor, same), gift.LowBalance},
		"wrong campaign": {with(rich, func(r *purchase.Request) {
			*r = StarRequest(rich, "", 0)
			r.Items[0].CampaignID = 1
		}), gift.WrongCampaign},
		"coupon of another offer": {StarRequest(rich, "", 100_001), gift.WrongCoupon},
		"a coupon twice":          {StarRequest(rich, "", StarOfferID*100_000+1, StarOfferID*100_000+1), gift.CouponTwice},
		"no such partner":         {with(999, same), gift.MayNotSpend},
	}
	for name, test := range tests {
		out, err := h.Engine.Buy(t.Context(), test.req)
		if err != nil || out.Refusal == nil || out.Refusal.Reason != test.want {
			t.Errorf("%s: %+v, %v; want reason %d", name, out.Refusal, err, test.want)
		}
	}
	if out := h.Buy(limited, "", 1); out.Refusal != nil {
		t.Fatalf("first purchase of the day: %v", out.Refusal)
	}
	if out := h.Buy(limited, "", 2); out.Refusal == nil || out.Refusal.Reason != gift.DailyLimit {
		t.Errorf("second purchase of the day: %+v", out.Refusal)
	}
	h.Clock.Set(gift.DateOf(2026, 1, 1).Start())
	out, err := h.Engine.Buy(t.Context(), with(rich, func(r *purchase.Request) { r.Items[0].OfferID = 2 }))
	if err != nil || out.Refusal == nil || out.Refusal.Reason != gift.Expired {
		t.Errorf("after the last day: %+v, %v", out.Refusal, err)
	}
	if h.Balance("rich") != 1_000_000 || h.Balance("poor") != 939 {
		t.Error("a refusal moved money")
	}
}

func keys(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 3)
	p := h.Partner(gift.Partner{Name: "demo"}, 2000)
	first := h.Buy(p, "k1", 1)
	again := h.Buy(p, "k1", 1)
	if !again.Replayed || string(again.Body) != string(first.Body) || again.Ref != first.Ref {
		t.Errorf("again: %+v, first %+v", again, first)
	}
	if other := h.Buy(p, "k1", 2); other.Refusal == nil || other.Refusal.Reason != gift.KeyReused {
		t.Errorf("another purchase under the same key: %+v", other)
	}
	if next := h.Buy(p, "k2", 1); next.Refusal != nil || next.Ref == first.Ref {
		t.Errorf("another key: %+v", next)
	}
	poor := h.Buy(p, "k3", 2)
	if poor.Refusal == nil || poor.Refusal.Reason != gift.LowBalance {
		t.Fatalf("want low balance, got %+v", poor)
	}
	if _, err := h.DB.Deposit(t.Context(), "demo", 5000, "", "", h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if again := h.Buy(p, "k3", 2); !again.Replayed || string(again.Body) != string(poor.Body) {
		t.Errorf("a refusal's key: %+v", again)
	}
	if h.Balance("demo") != 2000-2*940+5000 {
		t.Errorf("balance %d", h.Balance("demo"))
	}
}

func repeats(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 3)
	p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 100_000)
	other := h.Partner(gift.Partner{Name: "other", DuplicateSec: 10}, 100_000)
	first := h.Buy(p, "", 1)
	h.Clock.Advance(9 * time.Second)
	again := h.Buy(p, "", 1)
	if again.Refusal == nil || again.Refusal.Reason != gift.Repeated || again.Refusal.First != first.Ref {
		t.Errorf("within the window: %+v", again.Refusal)
	}
	if out := h.Buy(other, "", 1); out.Refusal != nil {
		t.Errorf("another partner: %v", out.Refusal)
	}
	h.Clock.Advance(2 * time.Second)
	last := h.Buy(p, "", 1)
	if last.Refusal != nil {
		t.Errorf("after the window: %v", last.Refusal)
	}
	h.Clock.Advance(time.Hour)
	if out := h.Buy(p, "", 1); out.Refusal == nil || out.Refusal.Reason != gift.TookLast || out.Refusal.First != last.Ref {
		t.Errorf("sold out to the same partner: %+v", out.Refusal)
	}
	if out := h.Buy(other, "", 1); out.Refusal == nil || out.Refusal.Reason != gift.SoldOut {
		t.Errorf("sold out to another partner: %+v", out.Refusal)
	}
	if out := h.Buy(p, "key", 1); out.Refusal == nil || out.Refusal.Reason != gift.SoldOut {
		t.Errorf("sold out, with a key: %+v", out.Refusal)
	}
}

// each calls f with 0…n-1 at once and waits.
func each(n int, f func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func lastVoucher(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 1)
	partners := make([]int64, 20)
	for i := range partners {
		partners[i] = h.Partner(gift.Partner{Name: fmt.Sprintf("p%d", i)}, 10_000)
	}
	outs := make([]purchase.Outcome, 200)
	each(len(outs), func(i int) {
		var err error
		outs[i], err = h.Engine.Buy(t.Context(), GiftRequest(partners[i%len(partners)], fmt.Sprint(i), 1))
		if err != nil {
			t.Error(err)
		}
	})
	won := 0
	for _, out := range outs {
		switch {
		case out.Refusal == nil:
			won++
		case out.Refusal.Reason != gift.SoldOut:
			t.Errorf("refused for %d", out.Refusal.Reason)
		}
	}
	if won != 1 {
		t.Errorf("%d buyers won", won)
	}
}

func oneKeyAtOnce(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 100)
	second := h.SecondNode()
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	bodies := make([]string, 50)
	each(len(bodies), func(i int) {
		node := []*House{h, second}[i%2]
		out, err := node.Engine.Buy(t.Context(), GiftRequest(p, "one", 1))
		if err != nil {
			t.Error(err)
		}
		bodies[i] = string(out.Body)
	})
	for _, body := range bodies {
		if body != bodies[0] {
			t.Fatalf("answers differ: %q, %q", body, bodies[0])
		}
	}
	if got := h.Balance("demo"); got != 100_000-940 {
		t.Errorf("balance %d", got)
	}
}

func coupons(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	const units = 30
	h.Stock(0, units)
	p := h.Partner(gift.Partner{Name: "demo"}, 0)
	coupon := func(i int) int64 { return StarOfferID*100_000 + int64(i%units) + 1 }
	var mu sync.Mutex
	sold := map[int64]int{}
	each(120, func(i int) {
		wanted := int64(0)
		if i%3 > 0 {
			wanted = coupon(i * 7)
		}
		out, err := h.Engine.Buy(t.Context(), StarRequest(p, fmt.Sprint(i), wanted))
		if err != nil {
			t.Error(err)
			return
		}
		if out.Refusal != nil {
			return
		}
		if wanted != 0 && out.Coupons[0] != wanted {
			t.Errorf("asked for %d, got %d", wanted, out.Coupons[0])
		}
		mu.Lock()
		defer mu.Unlock()
		sold[out.Coupons[0]]++
	})
	for id, n := range sold {
		if n != 1 {
			t.Errorf("coupon %d sold %d times", id, n)
		}
	}
	if len(sold) != units {
		t.Errorf("%d of %d coupons sold", len(sold), units)
	}
}

func sandbox(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 2)
	p := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 5000)
	live := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	for i := range 5 {
		out := h.Buy(p, fmt.Sprint(i), 1, 1)
		if out.Refusal != nil || out.Ref[:5] != "TEST-" {
			t.Fatalf("sandbox: %+v", out)
		}
		star, err := h.Engine.Buy(t.Context(), StarRequest(p, fmt.Sprint("s", i), 0, StarOfferID*100_000+1))
		if err != nil || star.Refusal != nil || star.Coupons[0] == star.Coupons[1] {
			t.Fatalf("sandbox coupons: %+v, %v", star, err)
		}
	}
	if h.Balance("devtest1") != 5000 {
		t.Errorf("balance %d", h.Balance("devtest1"))
	}
	if out := h.Buy(live, "", 1, 1); out.Refusal != nil {
		t.Errorf("a live partner after the sandbox: %v", out.Refusal)
	}
	six := h.Buy(p, "six", 1)
	if six.Refusal == nil || six.Refusal.Reason != gift.SoldOut {
		t.Errorf("the sandbox sees the real stock: %+v", six.Refusal)
	}
}

func twoNodes(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	const offers, units = 5, 20
	h.Stock(offers, units)
	nodes := []*House{h, h.SecondNode()}
	var partners []int64
	for i := range 4 {
		partners = append(partners, h.Partner(gift.Partner{Name: fmt.Sprintf("p%d", i)}, 1_000_000))
	}
	var mu sync.Mutex
	won := 0
	each(offers*units+60, func(i int) {
		req := GiftRequest(partners[i%4], fmt.Sprint(i), int64(i%offers)+1)
		out, err := nodes[i%2].Engine.Buy(t.Context(), req)
		if err != nil {
			t.Error(err)
		}
		if err == nil && out.Refusal == nil {
			mu.Lock()
			won++
			mu.Unlock()
		}
	})
	if won != offers*units {
		t.Errorf("%d sold of %d", won, offers*units)
	}
}

func deposits(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Partner(gift.Partner{Name: "demo"}, 0)
	if _, err := h.DB.Deposit(t.Context(), "demo", 500, "bank-1", "", h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	_, err := h.DB.Deposit(t.Context(), "demo", 500, "bank-1", "", h.Clock.Now())
	if !errors.Is(err, storage.ErrDuplicate) {
		t.Errorf("the same reference again: %v", err)
	}
	for _, amount := range []gift.Won{0, -1, 1 << 62} {
		if _, err := h.DB.Deposit(t.Context(), "demo", amount, "", "", h.Clock.Now()); err == nil {
			t.Errorf("a deposit of %d was taken", amount)
		}
	}
	if _, err := h.DB.Deposit(t.Context(), "nobody", 1, "", "", h.Clock.Now()); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a deposit for nobody: %v", err)
	}
	if h.Balance("demo") != 500 {
		t.Errorf("balance %d", h.Balance("demo"))
	}
}

func changes(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 1)
	p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	rows, seq, err := h.DB.CatalogSince(t.Context(), 0)
	if err != nil || len(rows.Offers) != 3 || len(rows.Products) != 1 || len(rows.Free[StarOfferID]) != 1 {
		t.Fatalf("everything: %+v, %v", rows, err)
	}
	if rows, _, err := h.DB.CatalogSince(t.Context(), seq); err != nil || len(rows.Offers) != 0 {
		t.Errorf("nothing changed: %+v, %v", rows, err)
	}
	h.Buy(p, "", 2)
	rows, next, err := h.DB.CatalogSince(t.Context(), seq)
	if err != nil || len(rows.Offers) != 1 || rows.Offers[0].ID != 2 || rows.Offers[0].Stock != 0 || next <= seq {
		t.Errorf("sold out: %+v, %d, %v", rows.Offers, next, err)
	}
	rows, err = h.DB.OffersByID(t.Context(), []int64{2, StarOfferID, 999})
	if err != nil || len(rows.Offers) != 2 || rows.Offers[0].Stock != 0 || rows.Offers[1].ID != StarOfferID {
		t.Errorf("by number: %+v, %v", rows.Offers, err)
	}
	if len(rows.Free) != 1 || len(rows.Free[StarOfferID]) != 1 || len(rows.Products)+len(rows.Campaigns) != 0 {
		t.Errorf("beside the offers: %+v", rows)
	}
}

func migrateAtOnce(t *testing.T, open Opener) {
	db, again := open(t)
	nodes := []*storage.DB{db, again(), again()}
	each(len(nodes), func(i int) {
		if _, err := nodes[i].Migrate(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
}
