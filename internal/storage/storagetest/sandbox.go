package storagetest

import (
	"fmt"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// sandboxQuotes hold a price and no units.
func sandboxQuotes(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 1)
	p := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
	live := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	q, sold := h.Quote(p, 1), h.Quote(p, 1)
	out := h.refused(QuoteRequest(p, "", q.ID), 0)
	if out.Ref[:5] != "TEST-" || h.Balance("devtest1") != 10_000 {
		t.Errorf("%+v, balance %d", out, h.Balance("devtest1"))
	}
	h.refused(GiftRequest(live, "", 1), 0)
	h.refused(QuoteRequest(p, "", sold.ID), gift.SoldOut)
}

// movedClock: a sandbox partner's days are its own; the numbers of orders, windows and quotes are not.
func movedClock(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 9)
	ahead := func(day gift.Day) time.Duration { return day.Start().Sub(h.Clock.Now()) }
	last := gift.DateOf(2025, 12, 31)
	cash := func(p int64, won gift.Won) purchase.Request {
		req := GiftRequest(p, "", 1)
		req.Cash = won
		return req
	}
	near := h.Partner(gift.Partner{Name: "near", Sandbox: true, ClockAhead: ahead(last - 30), DuplicateSec: 10}, 10_000)
	if out := h.refused(cash(near, 940), gift.WrongAmount); out.Refusal.Amount != 462 {
		t.Errorf("%+v", out.Refusal)
	}
	out := h.refused(cash(near, 462), 0)
	if !out.OrderID.Time().Equal(h.Clock.Now()) {
		t.Errorf("order %s at %s", out.Ref, h.Clock.Now())
	}
	h.refused(cash(near, 462), gift.Repeated)
	q := h.Quote(near, 1)
	if q.Total != 462 || !q.ExpiresAt.Equal(h.Clock.Now().Add(gift.HoldFor)) {
		t.Errorf("%+v", q)
	}
	over := h.Partner(gift.Partner{Name: "over", Sandbox: true, ClockAhead: ahead(last + 1)}, 10_000)
	h.refused(cash(over, 462), gift.Expired)
	h.refused(HoldRequest(over, 1), gift.Expired)
	p, err := h.DB.Partner(t.Context(), "over")
	if err != nil || gift.DayOf(p.Now(h.Clock.Now())) != last+1 {
		t.Errorf("%+v, %v", p.Partner, err)
	}
	records, _, err := h.DB.PartnersChangedSince(t.Context(), 0)
	if err != nil || len(records) != 2 || records[1].Partner.ClockAhead != p.ClockAhead {
		t.Errorf("%+v, %v", records, err)
	}
	live := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	h.refused(cash(live, 940), 0)
}

// pretended: a sandbox partner is refused as it asks for, behind the checks before that one; a live one is not.
func pretended(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 9)
	p := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
	live := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	for _, want := range []gift.Refusal{
		{Reason: gift.Expired},
		{Reason: gift.SoldOut},
		{Reason: gift.WrongAmount, Item: -1, Amount: 1034},
		{Reason: gift.DailyLimit, Item: -1, Limit: 1},
		{Reason: gift.LowBalance, Item: -1},
	} {
		req := GiftRequest(p, fmt.Sprint("k", want.Reason), 1)
		req.Pretend = want.Reason
		if out := h.refused(req, want.Reason); *out.Refusal != want {
			t.Errorf("%+v, want %+v", *out.Refusal, want)
		}
		if again := h.Ask(req); !again.Replayed {
			t.Errorf("%+v", again)
		}
		req.Key, req.Items[0].OfferID = "", 99
		h.refused(req, gift.UnknownOffer)
		hold := HoldRequest(p, 1)
		hold.Pretend = want.Reason
		if want.Reason != gift.WrongAmount {
			h.refused(hold, want.Reason)
		}
		mine := GiftRequest(live, fmt.Sprint("k", want.Reason), 1)
		mine.Pretend = want.Reason
		h.refused(mine, 0)
	}
	free := StarRequest(p, "", 0)
	free.Pretend = gift.WrongAmount
	if out := h.refused(free, gift.WrongAmount); out.Refusal.Amount != 10 {
		t.Errorf("%+v", out.Refusal)
	}
}
