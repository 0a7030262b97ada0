package storage_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// busyPartner buys, uses, takes back and refunds some of each, with an endpoint that hears of it.
func busyPartner(t *testing.T, h *storagetest.House, o outside, p gift.Partner) (id int64, bought int64) {
	t.Helper()
	id = h.Partner(p, 1_000_000)
	o.hear(id)
	for i := range 12 {
		h.Clock.Advance(time.Second)
		if out := h.Buy(id, fmt.Sprint("gift ", i), 1, 1, 2); out.Refusal != nil {
			t.Fatal(out.Refusal)
		}
	}
	if out := h.Buy(id, "once", 3); out.Refusal != nil {
		t.Fatal(out.Refusal)
	}
	if out := h.Buy(id, "once more", 3); out.Refusal == nil {
		t.Fatal("bought once more")
	}
	gifts := h.Buy(id, "refunded", 2, 2)
	refund(t, h, gifts.OrderID, 1)
	stars := buyPaid(t, h, id, "stars", paidOffer, paidOffer, laterOffer)
	useCoupon(t, h, stars.OrderID, 1)
	useCoupon(t, h, stars.OrderID, 2)
	if !undone(t, h, undoOf(t, h, stars.OrderID, 2)) {
		t.Fatal("not undone")
	}
	refund(t, h, stars.OrderID, 2)
	if _, err := h.DB.CloseReference(t.Context(), id, "closed", h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	sandbox := 0
	if p.Sandbox {
		sandbox = 1
	}
	o.alter(`INSERT INTO quotes (id, partner_id, kind, sandbox, total, state, order_id, expires_at) VALUES ($1, $2, 1, $3, 1880, 2, $4, 0)`,
		id, id, sandbox, int64(gifts.OrderID))
	o.alter(`INSERT INTO quote_items (quote_id, offer_id, units, price, held_until) VALUES ($1, 2, 2, 940, 0)`, id)
	return id, 12 + 1 + 1 + 1
}

// kept counts the rows that a partner has.
func (o outside) kept(partner int64) map[string]int {
	o.t.Helper()
	found := map[string]int{}
	for table, where := range map[string]string{
		"orders": "partner_id = $1", "order_items": "partner_id = $1", "once_claims": "partner_id = $1",
		"partner_days": "partner_id = $1", "idempotency_answers": "partner_id = $1", "events": "partner_id = $1",
		"closed_references": "partner_id = $1", "quotes": "partner_id = $1", "quote_items": "quote_id = $1",
		"deliveries": "endpoint_id = $1", "endpoints": "partner_id = $1",
		"refunds":     "order_id NOT IN (SELECT id FROM orders WHERE partner_id <> $1)",
		"redemptions": "order_id NOT IN (SELECT id FROM orders WHERE partner_id <> $1)",
	} {
		var n int
		if err := o.raw.QueryRowContext(o.t.Context(), `SELECT COUNT(*) FROM `+table+` WHERE `+where, partner).Scan(&n); err != nil {
			o.t.Fatal(table, err)
		}
		if n > 0 {
			found[table] = n
		}
	}
	return found
}

// TestAResetForgetsWhatASandboxPartnerDid and nothing else: the doctor proves the rest when the test ends.
func TestAResetForgetsWhatASandboxPartnerDid(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(3, 100, func(o *gift.Offer) { o.OncePer = o.ID == 3 })
		stockPaid(t, h, 20)
		mine, bought := busyPartner(t, h, o, gift.Partner{Name: "mine", Sandbox: true})
		other, _ := busyPartner(t, h, o, gift.Partner{Name: "other", Sandbox: true})
		live, _ := busyPartner(t, h, o, gift.Partner{Name: "live"})
		setClock(t, h, mine, h.Clock.Now().AddDate(1, 0, 0))
		before := map[int64]map[string]int{other: o.kept(other), live: o.kept(live)}
		if all := o.kept(mine); len(all) != 13 {
			t.Fatalf("the test has not made one of each: %v", all)
		}
		n, err := h.DB.ResetSandbox(t.Context(), mine, h.Clock.Now())
		if err != nil || n != bought {
			t.Errorf("forgot %d orders of %d, %v", n, bought, err)
		}
		if diff := cmp.Diff(map[string]int{"endpoints": 1}, o.kept(mine)); diff != "" {
			t.Error(diff)
		}
		for id, want := range before {
			if diff := cmp.Diff(want, o.kept(id)); diff != "" {
				t.Errorf("of partner %d:\n%s", id, diff)
			}
		}
		p, err := h.DB.Partner(t.Context(), "mine")
		if err != nil || p.ClockAhead != 0 || p.Balance != 1_000_000 {
			t.Errorf("%+v, %v", p, err)
		}
		for _, key := range []string{"once", "gift 1"} { // all can be done again
			if out := h.Buy(mine, key, 3); key == "once" && (out.Refusal != nil || out.Replayed) {
				t.Errorf("%+v", out)
			}
		}
		if n, err := h.DB.ResetSandbox(t.Context(), mine, h.Clock.Now()); err != nil || n != 1 {
			t.Errorf("forgot %d, %v", n, err)
		}
		for _, id := range []int64{live, 77} {
			if n, err := h.DB.ResetSandbox(t.Context(), id, h.Clock.Now()); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("of partner %d, %d orders: %v", id, n, err)
			}
		}
	})
}

// TestAResetAmidPurchases of two nodes, redemptions and notices leaves nothing by halves.
func TestAResetAmidPurchases(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(3, 100, func(o *gift.Offer) { o.OncePer = o.ID == 3 })
		stockPaid(t, h, 20)
		mine, _ := busyPartner(t, h, o, gift.Partner{Name: "mine", Sandbox: true})
		second := h.SecondNode()
		var wg sync.WaitGroup
		for n, house := range []*storagetest.House{h, second, h, second} {
			wg.Go(func() {
				for i := range 25 {
					out, err := house.Engine.Buy(t.Context(), storagetest.GiftRequest(mine, fmt.Sprint(n, "/", i), 1, 2))
					if err != nil || out.Refusal != nil {
						t.Error(out.Refusal, err)
					}
					out = buyPaid(t, house, mine, fmt.Sprint(n, "*", i), paidOffer)
					if _, err := house.DB.MarkUsed(t.Context(), useOf(house, out.OrderID)); err != nil {
						t.Error(err)
					}
					_, _ = house.Engine.Buy(t.Context(), storagetest.GiftRequest(mine, fmt.Sprint(n, "-", i), 3)) // sold once, or refused
				}
			})
		}
		for range 4 {
			if _, err := h.DB.ResetSandbox(t.Context(), mine, h.Clock.Now()); err != nil {
				t.Error(err)
			}
			if _, err := second.DB.TellExpiry(t.Context(), h.Clock.Now(), 5); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		storagetest.Healthy(t, h.DB)
		if _, err := h.DB.ResetSandbox(t.Context(), mine, h.Clock.Now()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(map[string]int{"endpoints": 1}, o.kept(mine)); diff != "" {
			t.Error(diff)
		}
	})
}

func useOf(h *storagetest.House, order gift.ID) redeem.Use {
	return redeem.Use{OrderID: order, Line: 1, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: h.Clock.Now()}
}
