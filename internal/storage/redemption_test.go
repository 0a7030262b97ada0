package storage_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestSellersAreFoundByIDAndShop(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		stockPaid(t, h, 1)
		first := redeem.Seller{ID: paidSeller, ShopID: paidShop, Name: "점장", CodeHash: "hash of a code"}
		second := redeem.Seller{ID: paidSeller + 1, ShopID: paidShop, Name: "직원", CodeHash: "hash of another"}
		got, err := h.DB.Seller(t.Context(), paidSeller)
		if diff := cmp.Diff(&first, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if got, err := h.DB.Seller(t.Context(), 99); got != nil || err != nil {
			t.Errorf("no such seller: %+v, %v", got, err)
		}
		list, err := h.DB.ShopSellers(t.Context(), paidShop)
		if diff := cmp.Diff([]redeem.Seller{first, second}, list); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if list, err := h.DB.ShopSellers(t.Context(), 99); len(list) != 0 || err != nil {
			t.Errorf("no such shop: %+v, %v", list, err)
		}
	})
}

// TestWrongCodesAreCountedAsTheRuleSays compares every count, after any series of wrong codes and pauses, with the rule
// in redeem.
func TestWrongCodesAreCountedAsTheRuleSays(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 1)
		stockPaid(t, h, 1)
		pauses := []time.Duration{
			0, time.Millisecond, time.Second, 2 * time.Minute, redeem.WrongWindow - time.Millisecond, redeem.WrongWindow,
			redeem.LockFor + time.Millisecond, -time.Minute, // another node's clock may be behind
		}
		rapid.Check(t, func(rt *rapid.T) {
			ctx := t.Context()
			if _, err := out.raw.ExecContext(ctx, `DELETE FROM seller_attempts`); err != nil {
				rt.Fatal(err)
			}
			by := rapid.SampledFrom([]redeem.Guesser{redeem.OwnDevices, redeem.Testers, redeem.Strangers, 7}).Draw(rt, "by")
			var want redeem.Attempts
			now := storagetest.Noon
			for range rapid.IntRange(1, 14).Draw(rt, "codes") {
				now = now.Add(rapid.SampledFrom(pauses).Draw(rt, "pause"))
				want = want.After(now)
				got, err := h.DB.CountWrong(ctx, paidSeller, by, now)
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					rt.Fatal(err, diff)
				}
				read, err := h.DB.Attempts(ctx, paidSeller, by)
				if diff := cmp.Diff(want, read); diff != "" || err != nil {
					rt.Fatal(err, diff)
				}
			}
		})
	})
}

func TestWrongCodesAreCountedApart(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		stockPaid(t, h, 1)
		if _, err := h.DB.CountWrong(t.Context(), paidSeller, redeem.Strangers, storagetest.Noon); err != nil {
			t.Fatal(err)
		}
		counted := func(seller int64, by redeem.Guesser) bool {
			a, err := h.DB.Attempts(t.Context(), seller, by)
			if err != nil {
				t.Fatal(err)
			}
			return a != redeem.Attempts{}
		}
		if !counted(paidSeller, redeem.Strangers) || counted(paidSeller, redeem.Testers) || counted(paidSeller, redeem.OwnDevices) ||
			counted(paidSeller, 1) || counted(paidSeller+1, redeem.Strangers) {
			t.Error("a wrong code was counted for somebody else too")
		}
	})
}

func TestWrongCodesAtOnceAreAllCounted(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		stockPaid(t, h, 1)
		second := h.SecondNode()
		var unlocked atomic.Int64
		var wg sync.WaitGroup
		for i := range 30 {
			db := []*storage.DB{h.DB, second.DB}[i%2]
			wg.Go(func() {
				a, err := db.CountWrong(context.Background(), paidSeller, redeem.Strangers, storagetest.Noon)
				if err != nil {
					t.Error(err)
				}
				if !a.Locked(storagetest.Noon) {
					unlocked.Add(1)
				}
			})
		}
		wg.Wait()
		if got := unlocked.Load(); got != redeem.MaxWrong-1 {
			t.Errorf("%d of 30 wrong codes left the seller unlocked, want %d", got, redeem.MaxWrong-1)
		}
	})
}

func TestOneOfManyUsesTheCoupon(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 3)
		second := h.SecondNode()
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := buyPaid(t, h, p, "1", paidOffer, paidOffer).OrderID
		use := redeem.Use{
			OrderID: order, Line: 2, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: storagetest.Noon.Add(time.Hour),
		}
		const attempts = 200
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range attempts {
			db := []*storage.DB{h.DB, second.DB}[i%2]
			wg.Go(func() {
				first, err := db.MarkUsed(context.Background(), use)
				if err != nil {
					t.Error(err)
				}
				if first {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of %d used the coupon", won.Load(), attempts)
		}
		for line, used := range map[int64]bool{1: false, 2: true} {
			item, err := h.DB.BoughtItem(t.Context(), p, order, line)
			if err != nil || item == nil {
				t.Fatal(item, err)
			}
			if item.UsedAt.Equal(use.At) != used || (item.UsedBy == paidSeller) != used {
				t.Errorf("line %d used at %v by %d", line, item.UsedAt, item.UsedBy)
			}
		}
	})
}

// TestUsingACouponMovesMoneyOnce uses coupons that cost money, cost nothing and are no real ones; the doctor compares
// the shops' accounts with what was used when the test ends.
func TestUsingACouponMovesMoneyOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 3)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
		free, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p, "free", 0))
		if err != nil || free.Refusal != nil {
			t.Fatal(free.Refusal, err)
		}
		paid := buyPaid(t, h, p, "paid", paidOffer, laterOffer).OrderID
		shown := buyPaid(t, h, test, "sandbox", paidOffer).OrderID
		voucher := h.Buy(p, "voucher", 1).OrderID
		for _, c := range []struct {
			name string
			use  redeem.Use
			want bool
		}{
			{"paid", redeem.Use{OrderID: paid, Line: 1, PartnerID: p}, true},
			{"paid, used", redeem.Use{OrderID: paid, Line: 1, PartnerID: p}, false},
			{"paid, of another partner", redeem.Use{OrderID: paid, Line: 2, PartnerID: test}, false},
			{"paid, of whoever bought it", redeem.Use{OrderID: paid, Line: 2}, true},
			{"no such line", redeem.Use{OrderID: paid, Line: 3}, false},
			{"free", redeem.Use{OrderID: free.OrderID, Line: 1, PartnerID: p}, true},
			{"sandbox", redeem.Use{OrderID: shown, Line: 1, PartnerID: test}, true},
			{"a voucher", redeem.Use{OrderID: voucher, Line: 1, PartnerID: p}, false},
		} {
			c.use.SellerID, c.use.ShopID, c.use.Via, c.use.At = paidSeller, paidShop, "api", h.Clock.Now()
			if c.use.OrderID == free.OrderID {
				c.use.SellerID, c.use.ShopID = 1, 37
			}
			if got, err := h.DB.MarkUsed(t.Context(), c.use); got != c.want || err != nil {
				t.Errorf("%s: %v, %v", c.name, got, err)
			}
		}
		if h.Balance("demo") != 10_000-2*paidPrice-940 || h.Balance("devtest1") != 10_000 {
			t.Errorf("balances %d and %d", h.Balance("demo"), h.Balance("devtest1"))
		}
	})
}
