package storage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// undoOf is an undo of the redemption that stands, by the other seller of the shop.
func undoOf(t *testing.T, h *storagetest.House, order gift.ID, line int64) redeem.Undo {
	t.Helper()
	r, err := h.DB.Redemption(t.Context(), order, line)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	return redeem.Undo{
		RedemptionID: r.ID, OrderID: order, Line: line, SellerID: paidSeller + 1, Via: redeem.ViaShift, Device: []byte("device"),
		At: h.Clock.Now(),
	}
}

func undone(t *testing.T, h *storagetest.House, u redeem.Undo) bool {
	t.Helper()
	won, err := h.DB.UndoUse(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return won
}

// TestUndoingARedemptionTakesAllOfItBack: the doctor proves the money, the days and the records when the test ends.
func TestUndoingARedemptionTakesAllOfItBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 3)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := buyPaid(t, h, p, "1", paidOffer, paidOffer).OrderID
		useCoupon(t, h, order, 1)
		useCoupon(t, h, order, 2)
		first := undoOf(t, h, order, 1)
		if !undone(t, h, first) || undone(t, h, first) {
			t.Error("an undo works once")
		}
		other := first
		other.Line = 2
		if undone(t, h, other) {
			t.Error("the redemption of another coupon is undone")
		}
		day := gift.DayOf(h.Clock.Now())
		at, err := h.DB.RedeemedAtShop(t.Context(), paidShop, office.Period{From: day, To: day})
		if err != nil || at.Coupons != 1 || at.Paid != 500 || at.Balance != 500 {
			t.Errorf("after the undo: %+v, %v", at, err)
		}
		item, err := h.DB.BoughtItem(t.Context(), p, order, 1)
		if err != nil || !item.UsedAt.IsZero() || item.UsedBy != 0 {
			t.Errorf("%+v, %v", item, err)
		}
		useCoupon(t, h, order, 1) // it can be used again, and that is another redemption
		if undone(t, h, first) {
			t.Error("an old undo takes back a new redemption")
		}
		if again := undoOf(t, h, order, 1); again.RedemptionID == first.RedemptionID || !undone(t, h, again) {
			t.Error("the second redemption cannot be undone")
		}
		if _, err := h.DB.Refund(t.Context(), office.NewRefund{OrderID: order, Lines: []int64{1}, Reason: "r", At: h.Clock.Now()}); err != nil {
			t.Errorf("what was undone is refunded: %v", err)
		}
	})
}

func TestThePartnerIsToldOfAnUndo(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		stockPaid(t, h, 1)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
		bought := buyPaid(t, h, test, "1", paidOffer)
		useCoupon(t, h, bought.OrderID, 1)
		h.Clock.Advance(20 * time.Second)
		undone(t, h, undoOf(t, h, bought.OrderID, 1))
		want := fmt.Sprintf(`coupon.redemption_undone %d {"order":%q,"vouchers":["%[2]s.1"],"coupon":%[3]d,"offer":%[4]d,"shop":38,"shop_name":"연남만두",`+
			`"seller":%[5]d,"redeemed_at":"2025-09-15T12:00:00+09:00","undone_at":"2025-09-15T12:00:20+09:00"}`,
			test, bought.Ref, paidOffer*100_000+1, paidOffer, paidSeller)
		lines := told(t, h, test)
		if diff := cmp.Diff(want, lines[len(lines)-1]); diff != "" {
			t.Error(diff)
		}
		day := gift.DayOf(h.Clock.Now())
		if at, err := h.DB.RedeemedAtShop(t.Context(), paidShop, office.Period{From: day, To: day}); err != nil || at.Coupons != 0 {
			t.Errorf("a test coupon counts: %+v, %v", at, err)
		}
	})
}

// TestUndoAgainstRedeem lets 200 uses and undos of one coupon meet, on two nodes: each undo names a redemption that stood.
func TestUndoAgainstRedeem(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 3)
		second := h.SecondNode()
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := buyPaid(t, h, p, "1", paidOffer).OrderID
		use := redeem.Use{OrderID: order, Line: 1, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: h.Clock.Now()}
		var used, taken atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			db := []*storage.DB{h.DB, second.DB}[i/2%2]
			wg.Go(func() {
				ctx := context.Background()
				if i%2 == 0 {
					if won, err := db.MarkUsed(ctx, use); err != nil {
						t.Error(err)
					} else if won {
						used.Add(1)
					}
					return
				}
				r, err := db.Redemption(ctx, order, 1)
				if err != nil || r == nil {
					return
				}
				undo := redeem.Undo{RedemptionID: r.ID, OrderID: order, Line: 1, SellerID: paidSeller, Via: "page", At: h.Clock.Now()}
				if won, err := db.UndoUse(ctx, undo); err != nil {
					t.Error(err)
				} else if won {
					taken.Add(1)
				}
			})
		}
		wg.Wait()
		r, err := h.DB.Redemption(t.Context(), order, 1)
		stands := int64(0)
		if r != nil {
			stands = 1
		}
		if err != nil || used.Load()-taken.Load() != stands || used.Load() == 0 {
			t.Errorf("%d uses, %d undos, %d stands, %v", used.Load(), taken.Load(), stands, err)
		}
	})
}

// TestAnUndoAfterTheSettlementIsTakenOffTheNext: what was paid out is not rewritten.
func TestAnUndoAfterTheSettlementIsTakenOffTheNext(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		period := redeemedHouse(t, h)
		item, err := h.DB.RedeemedItems(t.Context(), paidShop, period, office.RedeemedPlace{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		order := item[0].OrderID
		later(t, h, 24*time.Hour)
		if err := h.DB.TallyCoupons(t.Context(), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.BookSettlement(t.Context(), paidShop, period, office.Redeemed{Coupons: 2, Paid: 1000}, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		r, err := h.DB.Redemption(t.Context(), order, 3)
		if err != nil {
			t.Fatal(err)
		}
		err = h.DB.UndoByOperator(asOperator(t.Context(), 3), office.CounterChange{
			OrderID: order, Line: 3, RedemptionID: r.ID, Reason: "twice at the counter", At: h.Clock.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		storagetest.Healthy(t, h.DB)
		today := office.Period{From: period.To + 1, To: period.To + 1}
		at, err := h.DB.RedeemedAtShop(t.Context(), paidShop, today)
		if err != nil || at.Coupons != -1 || at.Paid != -500 || at.Balance != -500 {
			t.Errorf("today: %+v, %v", at, err)
		}
		list, err := h.DB.RedeemedItems(t.Context(), paidShop, office.Period{From: period.From, To: today.To}, office.RedeemedPlace{}, 10)
		if err != nil || len(list) != 3 || list[0].Undoes != r.ID || list[0].Paid != -500 || !list[1].Undone || list[2].Undone {
			t.Errorf("%+v, %v", list, err)
		}
		later(t, h, 24*time.Hour)
		_, err = h.DB.BookSettlement(t.Context(), paidShop, today, office.Redeemed{Coupons: -1, Paid: -500}, h.Clock.Now())
		if !errors.Is(err, office.ErrNothingDue) {
			t.Errorf("less than nothing is settled: %v", err)
		}
		useCoupon(t, h, order, 3)
		useCoupon(t, h, order, 2)
		later(t, h, 24*time.Hour)
		both := office.Period{From: today.From, To: today.To + 1}
		_, err = h.DB.BookSettlement(t.Context(), paidShop, both, office.Redeemed{Coupons: 1, Paid: 500}, h.Clock.Now())
		if err != nil {
			t.Errorf("the next settlement: %v", err)
		}
		if err := h.DB.TallyCoupons(t.Context(), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAnOperatorStandsInForACounter(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 3)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := buyPaid(t, h, p, "1", paidOffer).OrderID
		ctx := asOperator(t.Context(), 3)
		n := office.CounterChange{OrderID: order, Line: 1, SellerID: paidSeller, Reason: "no network at the shop", At: h.Clock.Now()}
		other := n
		other.SellerID = 1 // of another shop
		if err := h.DB.RedeemByOperator(ctx, other); !errors.Is(err, office.ErrNotFound) {
			t.Errorf("by a seller of another shop: %v", err)
		}
		if err := h.DB.RedeemByOperator(ctx, n); err != nil {
			t.Fatal(err)
		}
		if err := h.DB.RedeemByOperator(ctx, n); !errors.Is(err, office.ErrChanged) {
			t.Errorf("again: %v", err)
		}
		n.RedemptionID = undoOf(t, h, order, 1).RedemptionID
		if err := h.DB.UndoByOperator(ctx, n); err != nil {
			t.Fatal(err)
		}
		if err := h.DB.UndoByOperator(ctx, n); !errors.Is(err, office.ErrChanged) {
			t.Errorf("undone again: %v", err)
		}
		o, err := h.DB.Order(t.Context(), order)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, a := range o.Counter {
			lines = append(lines, fmt.Sprintf("%d %v %s %s %s", a.Line, a.Undoes != 0, a.Via, a.Actor, a.Reason))
		}
		for _, e := range o.Trail {
			lines = append(lines, e.Action+" "+e.Actor.Name+" "+e.Note)
		}
		want := []string{
			"1 false console operator 3 no network at the shop", "1 true console operator 3 no network at the shop",
			"coupon.redeem operator 3 no network at the shop", "coupon.undo operator 3 no network at the shop",
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAShiftEndsByItselfAndWithItsSellersCode(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 1)
		stockPaid(t, h, 1)
		ctx, now := t.Context(), h.Clock.Now()
		seller := redeem.Seller{ID: paidSeller, ShopID: paidShop, Name: "점장", CodeHash: "hash of a code"}
		start := func(name string, replaces []byte) []byte {
			t.Helper()
			id := []byte(strings.Repeat(name, 32))
			s := redeem.Shift{ID: id, Agent: "a telephone", StartedAt: now, ExpiresAt: now.Add(redeem.ShiftFor)}
			if err := h.DB.StartShift(ctx, s, seller, replaces); err != nil {
				t.Fatal(err)
			}
			return id
		}
		there := func(id []byte, at time.Time) bool {
			t.Helper()
			s, err := h.DB.Shift(ctx, id, at)
			if err != nil {
				t.Fatal(err)
			}
			return s != nil && s.SellerID == paidSeller && s.ShopID == paidShop && s.Shop == "연남만두" && s.Seller == "점장"
		}
		a, b := start("a", nil), start("b", nil)
		if !there(a, now.Add(redeem.ShiftFor-1)) || there(a, now.Add(redeem.ShiftFor)) || there([]byte("x"), now) {
			t.Error("a shift lasts as long as it says")
		}
		c := start("c", a)
		if there(a, now) || !there(b, now) || !there(c, now) {
			t.Error("a new shift of a device ends the one before, and no other")
		}
		for i := range redeem.MaxMisses {
			if there(c, now) != (i < redeem.MaxMisses) {
				t.Errorf("after %d misses", i)
			}
			if err := h.DB.MissInShift(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		if there(c, now) {
			t.Error("guessing numbers does not end a shift")
		}
		if list, err := h.DB.ShopDevices(ctx, paidShop, now); err != nil || len(list) != 1 || list[0].Agent != "a telephone" {
			t.Errorf("%+v, %v", list, err)
		}
		out.alter(`UPDATE sellers SET code_hash = 'another' WHERE id = $1`, paidSeller)
		if there(b, now) {
			t.Error("another code does not end a shift")
		}
		out.alter(`UPDATE sellers SET code_hash = 'hash of a code' WHERE id = $1`, paidSeller)
		d := start("d", nil)
		if n, err := h.DB.EndShopShifts(asOperator(ctx, 3), paidShop, now); n != 2 || err != nil || there(d, now) || there(b, now) {
			t.Errorf("%d ended, %v", n, err)
		}
		e := start("e", nil)
		out.alter(`DELETE FROM sellers WHERE id = $1`, paidSeller)
		if there(e, now) {
			t.Error("a removed seller is signed in")
		}
	})
}

func TestACouponIsFoundByItsNumberAtItsShopOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		stockPaid(t, h, 3)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
		buyPaid(t, h, test, "s1", paidOffer)
		shown := buyPaid(t, h, test, "s2", paidOffer).OrderID
		number := int64(paidOffer*100_000 + 1)
		find := func(shop, number int64) gift.ID {
			t.Helper()
			item, err := h.DB.CouponAtShop(t.Context(), shop, number)
			if err != nil {
				t.Fatal(err)
			}
			if item == nil {
				return 0
			}
			return item.OrderID
		}
		if got := find(paidShop, number); got != shown {
			t.Errorf("before it is sold: order %d, want the newest test order %d", got, shown)
		}
		live := buyPaid(t, h, p, "1", paidOffer).OrderID
		if find(paidShop, number) != live || find(37, number) != 0 || find(paidShop, number+1) != 0 || find(paidShop, 100001) != 0 {
			t.Error("found what is not there, or not what is")
		}
	})
}
