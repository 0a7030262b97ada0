package storagetest

import (
	"fmt"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// HoldRequest asks for a quote of one unit of each gift offer named.
func HoldRequest(partner int64, offers ...int64) purchase.Request {
	req := GiftRequest(partner, "", offers...)
	req.Hold, req.Cash, req.Product, req.AnyName = gift.HoldFor, 0, "", true
	return req
}

// QuoteRequest buys a quote.
func QuoteRequest(partner int64, key string, quote gift.ID) purchase.Request {
	return purchase.Request{PartnerID: partner, Key: key, QuoteID: quote, Render: Render}
}

// Ask decides a request and fails the test on a fault.
func (h *House) Ask(req purchase.Request) purchase.Outcome {
	h.T.Helper()
	out, err := h.Engine.Buy(h.T.Context(), req)
	if err != nil {
		h.T.Fatal(err)
	}
	return out
}

// Quote holds one unit of each gift offer named and fails the test when it is refused.
func (h *House) Quote(partner int64, offers ...int64) *gift.Quote {
	h.T.Helper()
	out := h.Ask(HoldRequest(partner, offers...))
	if out.Refusal != nil {
		h.T.Fatal(out.Refusal)
	}
	return out.Quote
}

// refused checks that a request is refused for a reason, 0 = is not, and returns its outcome.
func (h *House) refused(req purchase.Request, want gift.Reason) purchase.Outcome {
	h.T.Helper()
	out := h.Ask(req)
	switch {
	case want == 0 && out.Refusal != nil:
		h.T.Errorf("refused: %+v", *out.Refusal)
	case want != 0 && out.Refusal == nil:
		h.T.Errorf("not refused for reason %d", want)
	case want != 0 && out.Refusal.Reason != want:
		h.T.Errorf("refused: %+v, want reason %d", *out.Refusal, want)
	}
	return out
}

// heldForOne: what a quote holds is sold to its partner, once, and to nobody else.
func heldForOne(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 3)
	p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 10_000)
	other := h.Partner(gift.Partner{Name: "other"}, 10_000)
	test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
	q := h.Quote(p, 2, 1, 1)
	want := []gift.QuoteItem{{OfferID: 1, Units: 2, Price: 940}, {OfferID: 2, Units: 1, Price: 940}}
	if fmt.Sprint(q.Items) != fmt.Sprint(want) || q.Total != 2820 || !q.ExpiresAt.Equal(h.Clock.Now().Add(gift.HoldFor)) {
		t.Errorf("%+v", q)
	}
	if got, err := h.DB.Quote(t.Context(), p, q.ID); err != nil || fmt.Sprint(*got) != fmt.Sprint(*q) {
		t.Errorf("%+v was written as %+v, %v", q, got, err)
	}
	few := h.refused(GiftRequest(other, "", 1, 1), gift.TooFew)
	if few.Refusal != nil && (few.Refusal.Limit != 1 || few.Refusal.Item != 1) {
		t.Errorf("%+v", few.Refusal)
	}
	h.refused(GiftRequest(other, "", 1), 0)
	for _, req := range []purchase.Request{
		GiftRequest(other, "", 1), GiftRequest(p, "", 1), HoldRequest(other, 1), HoldRequest(p, 1), GiftRequest(test, "", 1),
	} {
		h.refused(req, gift.AllHeld)
	}
	h.refused(QuoteRequest(other, "", q.ID), gift.QuoteUnknown)
	h.refused(QuoteRequest(p, "", q.ID+1), gift.QuoteUnknown)
	bought := h.refused(QuoteRequest(p, "buy", q.ID), 0)
	if used := h.refused(QuoteRequest(p, "again", q.ID), gift.QuoteUsed); used.Refusal.First != bought.Ref {
		t.Errorf("%+v", used.Refusal)
	}
	if again := h.Ask(QuoteRequest(p, "buy", q.ID)); !again.Replayed || again.OrderID != bought.OrderID {
		t.Errorf("%+v", again)
	}
	h.refused(GiftRequest(other, "", 1), gift.SoldOut)
	h.refused(GiftRequest(other, "", 2), 0)
	got, err := h.DB.Quote(t.Context(), p, q.ID)
	if err != nil || got.State != gift.QuoteBought || got.OrderID != bought.OrderID {
		t.Errorf("%+v, %v", got, err)
	}
	if items, err := h.DB.OrderItems(t.Context(), p, bought.OrderID); err != nil || len(items) != 3 {
		t.Errorf("%d items, %v", len(items), err)
	}
	if h.Balance("demo") != 10_000-2820 || h.Balance("other") != 10_000-2*940 {
		t.Errorf("balances %d, %d", h.Balance("demo"), h.Balance("other"))
	}
}

// lapsing: a quote's time is over at once, without any sweep.
func lapsing(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 1)
	p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	other := h.Partner(gift.Partner{Name: "other"}, 10_000)
	q := h.Quote(p, 1)
	h.Clock.Advance(gift.HoldFor - time.Millisecond)
	h.refused(GiftRequest(other, "", 1), gift.AllHeld)
	h.Clock.Advance(time.Millisecond)
	h.refused(QuoteRequest(p, "late", q.ID), gift.QuoteLapsed)
	h.refused(GiftRequest(other, "", 1), 0)
	h.refused(GiftRequest(p, "", 1), gift.SoldOut)
	got, err := h.DB.ReleaseQuote(t.Context(), p, q.ID)
	if err != nil || got.State != gift.QuoteOpen || !got.Lapsed(h.Clock.Now()) {
		t.Errorf("released after its time: %+v, %v", got, err)
	}
}

// releasing: what a partner releases is free at once; what it used stays used.
func releasing(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 2)
	p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	other := h.Partner(gift.Partner{Name: "other"}, 10_000)
	released, used := h.Quote(p, 1), h.Quote(p, 1)
	order := h.refused(QuoteRequest(p, "", used.ID), 0)
	if q, err := h.DB.ReleaseQuote(t.Context(), other, released.ID); err != nil || q != nil {
		t.Errorf("another partner's: %+v, %v", q, err)
	}
	h.refused(GiftRequest(other, "", 1), gift.AllHeld)
	for range 2 {
		if q, err := h.DB.ReleaseQuote(t.Context(), p, released.ID); err != nil || q.State != gift.QuoteReleased {
			t.Errorf("%+v, %v", q, err)
		}
		if q, err := h.DB.ReleaseQuote(t.Context(), p, used.ID); err != nil || q.State != gift.QuoteBought || q.OrderID != order.OrderID {
			t.Errorf("%+v, %v", q, err)
		}
	}
	h.refused(QuoteRequest(p, "", released.ID), gift.QuoteLapsed)
	h.refused(GiftRequest(other, "", 1), 0)
}

// overMidnight: a quote keeps its price when midnight changes it, but not what expires.
func overMidnight(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	last := gift.DateOf(2025, 12, 31)
	h.Stock(2, 4, func(o *gift.Offer) {
		if o.ID == 2 {
			o.LastDay = last - 61
		}
	})
	p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	h.Clock.Set((last - 61).End().Add(-30 * time.Second))
	far, expiring := h.Quote(p, 1), h.Quote(p, 1, 1, 2)
	h.Clock.Advance(40 * time.Second)
	if q := h.Quote(p, 1); q.Total != 930 {
		t.Errorf("after midnight it costs %d", q.Total)
	}
	h.refused(GiftRequest(p, "", 1), gift.AllHeld)
	if out := h.refused(QuoteRequest(p, "k", expiring.ID), gift.Expired); out.Refusal.Item != 1 {
		t.Errorf("%+v", out.Refusal)
	}
	h.refused(QuoteRequest(p, "", far.ID), 0)
	if got := h.Balance("demo"); got != 10_000-940 {
		t.Errorf("balance %d", got)
	}
}

// boundedQuotes: a partner has so many open quotes and units at a time, live or sandbox.
func boundedQuotes(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 500)
	for _, partner := range []gift.Partner{{Name: "demo"}, {Name: "devtest1", Sandbox: true}} {
		p := h.Partner(partner, 1_000_000)
		bounded := func(limit int64, offers ...int64) {
			t.Helper()
			if out := h.refused(HoldRequest(p, offers...), gift.TooManyQuotes); out.Refusal.Limit != limit {
				t.Errorf("%+v", out.Refusal)
			}
		}
		hundred := make([]int64, 100)
		for i := range hundred {
			hundred[i] = 1
		}
		first := h.Quote(p, hundred...)
		h.Quote(p, hundred[1:]...)
		h.Quote(p, 1)
		bounded(gift.MaxHeldUnits, 1)
		h.refused(QuoteRequest(p, "", first.ID), 0)
		var last *gift.Quote
		for range gift.MaxOpenQuotes - 2 {
			last = h.Quote(p, 1)
		}
		bounded(gift.MaxOpenQuotes, 1)
		if _, err := h.DB.ReleaseQuote(t.Context(), p, last.ID); err != nil {
			t.Fatal(err)
		}
		h.Quote(p, 1)
		bounded(gift.MaxOpenQuotes, 1)
		h.Clock.Advance(gift.HoldFor)
		h.Quote(p, 1)
	}
}

// quotedCoupons: quotes hold any coupon, and whoever buys one is told which it got.
func quotedCoupons(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(0, 2)
	p := h.Partner(gift.Partner{Name: "demo"}, 0)
	other := h.Partner(gift.Partner{Name: "other"}, 0)
	hold := StarRequest(p, "", StarOfferID*100_000+1)
	hold.Hold = gift.HoldFor
	h.refused(hold, gift.WrongCoupon)
	hold.Items[0].CouponID, hold.Items[0].CampaignID, hold.AnyName = 0, 0, true
	q := h.refused(hold, 0).Quote
	h.refused(StarRequest(other, "", StarOfferID*100_000+1), 0)
	h.refused(StarRequest(other, "", StarOfferID*100_000+2), gift.AllHeld)
	if out := h.refused(QuoteRequest(p, "", q.ID), 0); len(out.Coupons) != 1 || out.Coupons[0] != StarOfferID*100_000+2 {
		t.Errorf("%v", out.Coupons)
	}
}

// quotesAreChecked as purchases are, when they are made and when they are bought.
func quotesAreChecked(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 9, func(o *gift.Offer) { o.OncePer = o.ID == 2 })
	p := h.Partner(gift.Partner{Name: "demo", DailyLimit: 2}, 2*940)
	black := h.Partner(gift.Partner{Name: "black", State: gift.Blacklisted}, 10_000)
	h.refused(HoldRequest(black, 1), gift.MayNotSpend)
	h.refused(HoldRequest(p, 99), gift.UnknownOffer)
	h.refused(HoldRequest(p, 2, 2), gift.OncePerPartner)
	h.refused(HoldRequest(p, 1, 1, 1), gift.LowBalance)
	once, dear, limited := h.Quote(p, 2), h.Quote(p, 1, 1), h.Quote(p, 1)
	h.refused(GiftRequest(p, "", 2), 0)
	if out := h.refused(QuoteRequest(p, "", once.ID), gift.OncePerPartner); out.Refusal.Item != 0 {
		t.Errorf("%+v", out.Refusal)
	}
	h.refused(QuoteRequest(p, "", dear.ID), gift.LowBalance)
	h.refused(QuoteRequest(p, "", limited.ID), 0)
	h.refused(QuoteRequest(p, "", dear.ID), gift.DailyLimit)
	h.refused(HoldRequest(p, 1), gift.DailyLimit)
}

// forgottenQuotes: quotes are forgotten a day after their time; the keys of their orders are not.
func forgottenQuotes(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 9)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	q := h.Quote(p, 1)
	first := h.refused(QuoteRequest(p, "key", q.ID), 0)
	for range 3 {
		h.Quote(p, 1)
	}
	h.Clock.Advance(24*time.Hour + gift.HoldFor)
	if n, err := h.DB.ForgetQuotes(t.Context(), h.Clock.Now()); n != 0 || err != nil {
		t.Errorf("%d were forgotten early, %v", n, err)
	}
	h.Clock.Advance(time.Millisecond)
	if n, err := h.DB.ForgetQuotes(t.Context(), h.Clock.Now()); n != 4 || err != nil {
		t.Errorf("%d were forgotten, %v", n, err)
	}
	if again := h.Ask(QuoteRequest(p, "key", q.ID)); !again.Replayed || again.OrderID != first.OrderID {
		t.Errorf("%+v", again)
	}
	h.refused(QuoteRequest(p, "other", q.ID), gift.QuoteUnknown)
}
