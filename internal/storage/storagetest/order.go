package storagetest

import (
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// faultsInOrder makes purchases with more and more faults, from the last checked to the first: each one added hides those
// before it (wire §5).
func faultsInOrder(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 2, func(o *gift.Offer) { o.OncePer = o.ID == 2 })
	p := h.Partner(gift.Partner{Name: "demo"}, 2*940)
	other := h.Partner(gift.Partner{Name: "other"}, 100_000)
	first := h.Buy(p, "first", 2)
	if first.Refusal != nil {
		t.Fatal(first.Refusal)
	}
	if out := h.Buy(p, "rest", 1); out.Refusal != nil { // what is left no longer pays for anything
		t.Fatal(out.Refusal)
	}
	change := func(f func(*gift.Partner)) func(*purchase.Request) {
		return func(*purchase.Request) {
			_, err := h.DB.ChangePartner(t.Context(), "demo", 0, h.Clock.Now(), func(p *gift.Partner) error {
				f(p)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	req := GiftRequest(p, "", 2)
	for _, step := range []struct {
		spoil func(*purchase.Request)
		want  gift.Reason
	}{
		{func(r *purchase.Request) { r.Items[0].OfferID = 1 }, gift.LowBalance},
		{func(r *purchase.Request) { r.Items[0].OfferID = 2 }, gift.OncePerPartner},
		{change(func(p *gift.Partner) { p.DailyLimit = 1 }), gift.DailyLimit},
		{func(r *purchase.Request) { r.Cash++ }, gift.WrongAmount},
		{func(*purchase.Request) { h.Buy(other, "last", 2) }, gift.SoldOut},
		{func(*purchase.Request) { h.Clock.Set(gift.DateOf(2026, 1, 1).Start()) }, gift.Expired},
		{func(r *purchase.Request) { r.Product = "다른 것" }, gift.NameMismatch},
		{func(r *purchase.Request) { r.Items[0].OfferID = 99 }, gift.UnknownOffer},
		{func(r *purchase.Request) { r.Key = "first" }, gift.KeyReused},
		{change(func(p *gift.Partner) { p.State = gift.Blacklisted }), gift.MayNotSpend},
	} {
		step.spoil(&req)
		out, err := h.Engine.Buy(t.Context(), req)
		if err != nil || out.Refusal == nil || out.Refusal.Reason != step.want {
			t.Errorf("want reason %d, got %+v, %v", step.want, out.Refusal, err)
		}
	}
}
