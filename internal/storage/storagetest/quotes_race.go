package storagetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// usedAtOnce: however many buy one quote at the same time, on two nodes, there is one order.
func usedAtOnce(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 20)
	nodes := []*House{h, h.SecondNode()}
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	q := h.Quote(p, 1, 1)
	outs := make([]purchase.Outcome, 30)
	each(len(outs), func(i int) {
		var err error
		if outs[i], err = nodes[i%2].Engine.Buy(t.Context(), QuoteRequest(p, fmt.Sprint(i), q.ID)); err != nil {
			t.Error(err)
		}
	})
	var order gift.OrderRef
	for _, out := range outs {
		if out.Refusal == nil {
			order = out.Ref
		}
	}
	won := 0
	for _, out := range outs {
		switch {
		case out.Refusal == nil:
			won++
		case out.Refusal.Reason != gift.QuoteUsed || out.Refusal.First != order:
			t.Errorf("%+v", out.Refusal)
		}
	}
	if got := h.Balance("demo"); won != 1 || got != 100_000-2*940 {
		t.Errorf("%d orders, balance %d", won, got)
	}
}

// heldAmongMany: while buyers on two nodes take all they can, whoever got a quote gets its units.
func heldAmongMany(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	const offers, units, callers, turns = 2, 40, 12, 12
	h.Stock(offers, units)
	nodes := []*House{h, h.SecondNode()}
	var partners []int64
	for i := range 4 {
		partners = append(partners, h.Partner(gift.Partner{Name: fmt.Sprint("p", i)}, 1_000_000))
	}
	var sold, quoted atomic.Int64
	each(callers, func(i int) {
		node, p := nodes[i%2], partners[i%4]
		ask := func(req purchase.Request) purchase.Outcome {
			out, err := node.Engine.Buy(t.Context(), req)
			if err != nil {
				t.Error(err)
			}
			return out
		}
		for turn := range turns {
			offer := int64((i+turn)%offers) + 1
			key := fmt.Sprint(i, "-", turn)
			if i%3 != 0 {
				if out := ask(GiftRequest(p, key, offer)); out.Refusal == nil && out.OrderID != 0 {
					sold.Add(1)
				}
				continue
			}
			out := ask(HoldRequest(p, offer, offer))
			if out.Quote == nil {
				continue
			}
			if turn%3 == 0 {
				if _, err := node.DB.ReleaseQuote(t.Context(), p, out.Quote.ID); err != nil {
					t.Error(err)
				}
				continue
			}
			if bought := ask(QuoteRequest(p, key, out.Quote.ID)); bought.Refusal != nil {
				t.Errorf("a quote was not kept: %+v", bought.Refusal)
			}
			quoted.Add(2)
		}
	})
	rest := int64(0)
	for offer := range int64(offers) {
		for out := h.Buy(partners[0], "", offer+1); out.Refusal == nil; out = h.Buy(partners[0], "", offer+1) {
			rest++
		}
	}
	if got := sold.Load() + quoted.Load() + rest; got != offers*units {
		t.Errorf("%d sold at once, %d by quotes, %d afterwards: %d of %d", sold.Load(), quoted.Load(), rest, got, offers*units)
	}
	if quoted.Load() == 0 {
		t.Error("no quote was bought")
	}
}
