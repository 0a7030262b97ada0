package catalog

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestAMemoRemembersSearchesAndNothingLarge(t *testing.T) {
	var m memo
	asked := 0
	find := func(GiftQuery) Page {
		asked++
		return Page{Total: asked}
	}
	for _, test := range []struct {
		q     GiftQuery
		total int
	}{
		{GiftQuery{Words: "a", Limit: 20}, 1},
		{GiftQuery{Words: "a", Limit: 20}, 1},
		{GiftQuery{Words: "a", Limit: 20, Offset: 20}, 2},
		{GiftQuery{Words: "a", Limit: memoRows + 1}, 3},
		{GiftQuery{Words: "a", Limit: memoRows + 1}, 4},
		{GiftQuery{Limit: 20}, 5},
		{GiftQuery{Limit: 20}, 6},
		{GiftQuery{Words: strings.Repeat("a", memoWords+1), Limit: 20}, 7},
		{GiftQuery{Words: strings.Repeat("a", memoWords+1), Limit: 20}, 8},
	} {
		if got := m.page(test.q, find); got.Total != test.total {
			t.Errorf("%+v: %d, want %d", test.q, got.Total, test.total)
		}
	}
	for i := range 3 * memoPages {
		m.page(GiftQuery{Words: "b", Limit: 20, Offset: i}, find)
	}
	if n := len(m.pages); n == 0 || n > memoPages {
		t.Errorf("%d pages are remembered", n)
	}
}

func TestWhatWasFoundIsForgottenWithItsIndex(t *testing.T) {
	c := crowded(t, rand.New(rand.NewPCG(1, 2)))
	q := GiftQuery{Words: someWords[0], MaxPrice: -1, Limit: 5}
	before := c.Index().Gifts(q)
	if again := c.Index().Gifts(q); again.Total != before.Total || again.Rows[0] != before.Rows[0] {
		t.Error("the same index answers differently")
	}
	gone := before.Rows[0].Offer.ID
	c.Remove(gone)
	after := c.Index().Gifts(q)
	if after.Total != before.Total-1 || after.Rows[0].Offer.ID == gone {
		t.Errorf("%d found after one of %d was sold out", after.Total, before.Total)
	}
}
