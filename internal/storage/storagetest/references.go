package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
)

// referenced is GiftRequest with a reference.
func referenced(partner int64, key, reference string, offers ...int64) purchase.Request {
	req := GiftRequest(partner, key, offers...)
	req.Reference = reference
	return req
}

// references: a partner's own number is of one order for ever, and finds it; one that was closed is of none.
func references(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 9)
	p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 100_000)
	other := h.Partner(gift.Partner{Name: "other"}, 100_000)
	first := h.refused(referenced(p, "k1", "A-1", 1), 0)
	h.refused(referenced(p, "", "A-2", 1), 0) // not taken for a repetition
	if out := h.refused(referenced(p, "k2", "A-1", 1), gift.ReferenceUsed); out.Refusal.First != first.Ref {
		t.Errorf("%+v", out.Refusal)
	}
	if again := h.Ask(referenced(p, "k1", "A-1", 1)); !again.Replayed || again.OrderID != first.OrderID {
		t.Errorf("%+v", again)
	}
	h.refused(referenced(p, "k1", "A-3", 1), gift.KeyReused)
	h.refused(referenced(other, "k1", "A-1", 1), 0)
	h.findsReference(p, "A-1", first.OrderID, false)
	h.findsReference(p, "a-1", 0, false)
	for range 2 {
		if id, err := h.DB.CloseReference(t.Context(), p, "A-9", h.Clock.Now()); id != 0 || err != nil {
			t.Errorf("%d, %v", id, err)
		}
	}
	if id, err := h.DB.CloseReference(t.Context(), p, "A-1", h.Clock.Now()); id != first.OrderID || err != nil {
		t.Errorf("%d, %v", id, err)
	}
	h.findsReference(p, "A-9", 0, true)
	h.refused(referenced(p, "k9", "A-9", 1), gift.ReferenceClosed)
	h.refused(referenced(other, "k9", "A-9", 1), 0)
	if _, _, err := h.DB.OrderByReference(t.Context(), 999, "A-1"); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	for id, reference := range map[gift.ID]string{first.OrderID: "A-1", h.Buy(p, "plain", 1).OrderID: ""} {
		if head, err := h.DB.OrderHead(t.Context(), p, id); err != nil || head == nil || head.Reference != reference {
			t.Errorf("%+v, %v; want %q", head, err, reference)
		}
	}
	if head, err := h.DB.OrderHead(t.Context(), p, 77); head != nil || err != nil {
		t.Errorf("%+v, %v", head, err)
	}
}

func (h *House) findsReference(partner int64, reference string, order gift.ID, closed bool) {
	h.T.Helper()
	id, isClosed, err := h.DB.OrderByReference(h.T.Context(), partner, reference)
	if id != order || isClosed != closed || err != nil {
		h.T.Errorf("reference %q: order %d, closed %t, %v", reference, id, isClosed, err)
	}
}

// keysStandForAll: a key is of one purchase with its reference, its quote, and how it names its products.
func keysStandForAll(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 9)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	one, two := h.Quote(p, 1), h.Quote(p, 1)
	unnamed := GiftRequest(p, "key", 1)
	unnamed.AnyName = true
	quoted := QuoteRequest(p, "key", one.ID)
	quoted.Reference = "A-1"
	all := []purchase.Request{
		GiftRequest(p, "key", 1), unnamed, referenced(p, "key", "A-1", 1), quoted,
		QuoteRequest(p, "key", one.ID), QuoteRequest(p, "key", two.ID),
	}
	if out := h.refused(all[0], 0); out.Replayed {
		t.Errorf("%+v", out)
	}
	for _, req := range all[1:] {
		h.refused(req, gift.KeyReused)
	}
	for i, req := range all {
		req.Key, req.Reference = fmt.Sprint("own", i), ""
		if first, again := h.Ask(req), h.Ask(req); first.Replayed || !again.Replayed {
			t.Errorf("request %d: %+v, %+v", i, first, again)
		}
	}
}

// oneReferenceAtOnce: the same reference on two nodes under different keys makes one order, and the others are told of it.
func oneReferenceAtOnce(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(4, 50)
	nodes := []*House{h, h.SecondNode()}
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	var mu sync.Mutex
	orders := map[gift.OrderRef]int{}
	won := 0
	each(40, func(i int) {
		out, err := nodes[i%2].Engine.Buy(t.Context(), referenced(p, fmt.Sprint(i), "A-1", int64(i%4)+1))
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			t.Error(err)
		case out.Refusal == nil:
			won++
			orders[out.Ref]++
		case out.Refusal.Reason == gift.ReferenceUsed:
			orders[out.Refusal.First]++
		default:
			t.Errorf("%+v", out.Refusal)
		}
	})
	if got := h.Balance("demo"); won != 1 || len(orders) != 1 || got != 100_000-940 {
		t.Errorf("%d won, told of %v, balance %d", won, orders, got)
	}
}

// closedOrBought: of closing a reference and buying with it at the same time, on two nodes, one wins and the other is told.
func closedOrBought(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	const rounds = 40
	h.Stock(1, rounds)
	second := h.SecondNode()
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	closed := 0
	for i := range rounds {
		reference := fmt.Sprint("A-", i)
		var order gift.ID
		var out purchase.Outcome
		var closeErr, buyErr error
		each(2, func(who int) {
			if who == i%2 {
				order, closeErr = second.DB.CloseReference(t.Context(), p, reference, h.Clock.Now())
			} else {
				out, buyErr = h.Engine.Buy(t.Context(), referenced(p, fmt.Sprint(i), reference, 1))
			}
		})
		if err := errors.Join(closeErr, buyErr); err != nil {
			t.Fatal(err)
		}
		switch {
		case order == 0 && out.Refusal != nil && out.Refusal.Reason == gift.ReferenceClosed:
			closed++
			h.findsReference(p, reference, 0, true)
		case order != 0 && out.Refusal == nil && order == out.OrderID:
			h.findsReference(p, reference, order, false)
		default:
			t.Errorf("%s: closed with order %d, bought %+v", reference, order, out)
		}
	}
	if got := h.Balance("demo"); got != 100_000-gift.Won(rounds-closed)*940 {
		t.Errorf("balance %d with %d of %d closed", got, closed, rounds)
	}
}

// pages: orders and vouchers of both kinds come newest first, each once, whatever the size of the pages.
func pages(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 40)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	other := h.Partner(gift.Partner{Name: "other"}, 100_000)
	var orders []gift.ID
	var want []string
	for i := range 9 {
		var out purchase.Outcome
		switch i % 3 {
		case 0:
			out = h.refused(referenced(p, "", fmt.Sprint("A-", i), 1, 2, 1), 0)
		case 1:
			out = h.refused(StarRequest(p, "", 0, 0), 0)
		default:
			out = h.refused(GiftRequest(p, "", 2), 0)
		}
		h.refused(GiftRequest(other, fmt.Sprint(i), 1), 0)
		orders = append([]gift.ID{out.OrderID}, orders...)
		items, err := h.DB.OrderItems(t.Context(), p, out.OrderID)
		if err != nil || len(items) != []int{3, 2, 1}[i%3] {
			t.Fatal(items, err)
		}
		var places []string
		for _, item := range items {
			places = append(places, fmt.Sprint(item.Place()))
		}
		want = append(places, want...)
		head, err := h.DB.OrderHead(t.Context(), p, out.OrderID)
		if err != nil || (head.Reference != "") != (i%3 == 0) || head.Sandbox {
			t.Errorf("%+v, %v", head, err)
		}
		if strange, err := h.DB.OrderHead(t.Context(), other, out.OrderID); strange != nil || err != nil {
			t.Errorf("%+v, %v", strange, err)
		}
		if items, err := h.DB.OrderItems(t.Context(), other, out.OrderID); len(items) != 0 || err != nil {
			t.Errorf("%+v, %v", items, err)
		}
	}
	for limit := int64(1); limit <= 10; limit++ {
		if got := h.orderPages(gift.OrderQuery{PartnerID: p, Limit: limit}); fmt.Sprint(got) != fmt.Sprint(orders) {
			t.Errorf("orders in pages of %d: %v, want %v", limit, got, orders)
		}
		if got := h.voucherPages(gift.HistoryQuery{PartnerID: p, Limit: limit}); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("vouchers in pages of %d: %v, want %v", limit, got, want)
		}
	}
	if got := h.orderPages(gift.OrderQuery{PartnerID: p, Kind: gift.StarCoupon, Limit: 2}); len(got) != 3 {
		t.Errorf("star coupons: %v", got)
	}
	if got := h.voucherPages(gift.HistoryQuery{PartnerID: p, Kind: gift.StarCoupon, Limit: 4}); len(got) != 6 {
		t.Errorf("star coupons: %v", got)
	}
	day := gift.DayOf(h.Clock.Now())
	if got := h.orderPages(gift.OrderQuery{PartnerID: p, From: day + 1, Limit: 5}); len(got) != 0 {
		t.Errorf("of tomorrow: %v", got)
	}
	if got := h.voucherPages(gift.HistoryQuery{PartnerID: p, From: day, To: day, Limit: 100}); len(got) != len(want) {
		t.Errorf("of today: %v", got)
	}
}

func (h *House) orderPages(q gift.OrderQuery) (all []gift.ID) {
	h.T.Helper()
	for more := true; more; {
		var heads []gift.OrderHead
		var err error
		if heads, more, err = h.DB.OrderPage(h.T.Context(), q); err != nil || int64(len(heads)) > q.Limit {
			h.T.Fatal(heads, err)
		}
		for _, head := range heads {
			all = append(all, head.ID)
			q.Before = head.ID
		}
	}
	return all
}

func (h *House) voucherPages(q gift.HistoryQuery) (all []string) {
	h.T.Helper()
	for more := true; more; {
		var items []gift.BoughtItem
		var err error
		if items, more, err = h.DB.VoucherPage(h.T.Context(), q); err != nil || int64(len(items)) > q.Limit {
			h.T.Fatal(items, err)
		}
		for i := range items {
			q.After = items[i].Place()
			all = append(all, fmt.Sprint(q.After))
		}
	}
	return all
}
