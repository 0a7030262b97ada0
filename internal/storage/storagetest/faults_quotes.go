package storagetest

import (
	"fmt"
	"testing"

	"giftimbiz/internal/gift"
)

// unansweredQuotes loses COMMITs of quotes, and of orders of quotes, both ways: each is there once, and said to be.
func unansweredQuotes(t *testing.T, open Opener) {
	for name, spoil := range map[string]func(*faultyStore){
		"and was not stored": func(f *faultyStore) { f.lostBefore.Store(3); f.silent.Store(2) },
		"but was stored":     func(f *faultyStore) { f.lostAfter.Store(3); f.silent.Store(2) },
	} {
		t.Run(name, func(t *testing.T) {
			const quotes = gift.MaxOpenQuotes
			h := NewHouse(t, open)
			h.Stock(1, quotes)
			p := h.Partner(gift.Partner{Name: "demo"}, quotes*940)
			var faulty *faultyStore
			f := h.spoiltEngine(patient, func(f *faultyStore) { faulty = f; spoil(f) })
			ids := make([]gift.ID, quotes)
			each(quotes, func(i int) {
				out, err := f.Buy(t.Context(), HoldRequest(p, 1))
				if err != nil || out.Quote == nil {
					t.Errorf("quote %d: %+v, %v", i, out.Refusal, err)
					return
				}
				ids[i] = out.Quote.ID
			})
			h.refused(HoldRequest(p, 1), gift.AllHeld)
			spoil(faulty)
			each(quotes, func(i int) {
				out, err := f.Buy(t.Context(), QuoteRequest(p, fmt.Sprint(i), ids[i]))
				if err != nil || out.Refusal != nil {
					t.Errorf("order %d: %+v, %v", i, out.Refusal, err)
				}
			})
			if got := h.Balance("demo"); got != 0 {
				t.Errorf("balance %d", got)
			}
		})
	}
}
