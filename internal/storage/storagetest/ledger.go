package storagetest

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"giftimbiz/internal/gift"
)

// ledgerProperty does random deposits and purchases and compares every balance with a model; the doctor compares every
// sum when the test ends.
func ledgerProperty(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	const offers, units, partners = 4, 60, 3
	h.Stock(offers, units)
	ids := make([]int64, partners)
	model := make([]gift.Won, partners)
	left := [offers + 1]int{}
	for i := range ids {
		ids[i] = h.Partner(gift.Partner{Name: fmt.Sprintf("p%d", i)}, 0)
	}
	for i := range left {
		left[i] = units
	}
	key := 0
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, partners-1).Draw(rt, "partner")
		if rapid.Bool().Draw(rt, "deposit") {
			amount := gift.Won(rapid.Int64Range(1, 3000).Draw(rt, "amount"))
			balance, err := h.DB.Deposit(t.Context(), fmt.Sprintf("p%d", i), amount, "", "", h.Clock.Now())
			model[i] += amount
			if err != nil || balance != model[i] {
				rt.Fatalf("deposit: %d, %v; want %d", balance, err, model[i])
			}
			return
		}
		items := rapid.SliceOfN(rapid.Int64Range(1, offers), 1, 4).Draw(rt, "items")
		key++
		out := h.Buy(ids[i], fmt.Sprint(key), items...)
		wanted := [offers + 1]int{}
		enough := true
		for _, o := range items {
			wanted[o]++
			enough = enough && wanted[o] <= left[o]
		}
		cost := 940 * gift.Won(len(items))
		if ok := enough && cost <= model[i]; ok != (out.Refusal == nil) {
			rt.Fatalf("bought %v of %v with %d won: %v", items, left, model[i], out.Refusal)
		} else if !ok {
			return
		}
		model[i] -= cost
		for o, n := range wanted {
			left[o] -= n
		}
	})
	for i := range ids {
		if got := h.Balance(fmt.Sprintf("p%d", i)); got != model[i] {
			t.Errorf("partner %d has %d, want %d", i, got, model[i])
		}
	}
}
