package storage_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// refund pays lines of an order back.
func refund(t *testing.T, h *storagetest.House, order gift.ID, lines ...int64) office.OrderRefund {
	t.Helper()
	r, err := h.DB.Refund(t.Context(), office.NewRefund{OrderID: order, Lines: lines, Reason: "wrong voucher", At: h.Clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// notRefundable returns why a refund was refused, and fails the test when it was not.
func notRefundable(t *testing.T, db *storage.DB, order gift.ID, lines ...int64) *office.NotRefundable {
	t.Helper()
	_, err := db.Refund(t.Context(), office.NewRefund{OrderID: order, Lines: lines, Reason: "again", At: storagetest.Noon})
	var why *office.NotRefundable
	if !errors.As(err, &why) {
		t.Fatalf("lines %d were refunded, or failed: %v", lines, err)
	}
	return why
}

func TestARefundPaysBackExactlyWhatWasPaidAndOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := h.Buy(p, "", 1, 1, 2).OrderID
		h.Clock.Advance(time.Hour)
		if r := refund(t, h, order, 2); r.Amount != 940 || h.Balance("demo") != 10_000-2*940 {
			t.Errorf("refund %+v, balance %d", r, h.Balance("demo"))
		}
		if why := notRefundable(t, h.DB, order, 1, 2, 3); why.Line != 2 || !why.CancelledAt.Equal(h.Clock.Now()) {
			t.Errorf("refused for %+v", why)
		}
		if got := h.Balance("demo"); got != 10_000-2*940 {
			t.Errorf("a refused refund left a balance of %d", got)
		}
		h.Clock.Advance(time.Minute)
		if r := refund(t, h, order, 3, 1, 1); r.Amount != 2*940 || h.Balance("demo") != 10_000 {
			t.Errorf("the rest: %+v, balance %d", r, h.Balance("demo"))
		}
		notRefundable(t, h.DB, order, 1)

		history, err := h.DB.History(t.Context(), gift.HistoryQuery{PartnerID: p, Kind: gift.Gifticon, Limit: 10})
		if err != nil || history.Total != 3 || history.Spent != 3*940 || len(history.Items) != 3 {
			t.Errorf("the partner's history counts purchases: %+v, %v", history, err)
		}
		for _, i := range history.Items {
			if i.State(gift.DayOf(h.Clock.Now())) != gift.Refunded {
				t.Errorf("line %d is not cancelled", i.Line)
			}
		}
	})
}

func TestARefundNamesWhatIsThere(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := h.Buy(p, "", 1).OrderID
		for name, n := range map[string]office.NewRefund{
			"no such order":              {OrderID: order + 1, Lines: []int64{1}, Reason: "r"},
			"a line that is not there":   {OrderID: order, Lines: []int64{1, 2}, Reason: "r"},
			"a number that is not there": {OrderID: order, Lines: []int64{0}, Reason: "r"},
		} {
			if _, err := h.DB.Refund(t.Context(), n); !errors.Is(err, office.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, n := range map[string]office.NewRefund{
			"no lines": {OrderID: order, Reason: "r"}, "no reason": {OrderID: order, Lines: []int64{1}},
		} {
			if _, err := h.DB.Refund(t.Context(), n); err == nil {
				t.Errorf("%s: refunded", name)
			}
		}
		if got := h.Balance("demo"); got != 10_000-940 {
			t.Errorf("balance %d", got)
		}
	})
}

func TestOneOfManyRefundsWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := h.Buy(p, "", 1, 1, 1).OrderID
		nodes := []*storage.DB{h.DB, h.SecondNode().DB}
		var won, told atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() { // some refund all, some two, in different orders; all of them line 2
				lines := [][]int64{{1, 2, 3}, {3, 2}, {2, 1}, {2}}[i%4]
				_, err := nodes[i%2].Refund(context.Background(),
					office.NewRefund{OrderID: order, Lines: lines, Reason: "at once", At: storagetest.Noon})
				var why *office.NotRefundable
				switch {
				case err == nil:
					won.Add(1)
				case errors.As(err, &why):
					told.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || told.Load() != 19 {
			t.Errorf("%d of 20 refunded line 2, %d were told", won.Load(), told.Load())
		}
		o, err := h.DB.Order(t.Context(), order)
		if err != nil || len(o.Refunds) != 1 || h.Balance("demo") != 10_000-3*940+o.PaidBack || o.PaidBack != o.Refunds[0].Amount {
			t.Errorf("%+v, balance %d, %v", o.Refunds, h.Balance("demo"), err)
		}
	})
}

func TestASandboxOrderIsCancelledAndMovesNoMoney(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		p := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
		order := h.Buy(p, "", 1, 1).OrderID
		refund(t, h, order, 1)
		notRefundable(t, h.DB, order, 1)
		o, err := h.DB.Order(t.Context(), order)
		if err != nil || o.Refunded != 1 || len(o.Bookings) != 0 || h.Balance("devtest1") != 10_000 {
			t.Errorf("%+v, balance %d, %v", o, h.Balance("devtest1"), err)
		}
	})
}

func TestAUsedCouponIsNotRefundedAndARefundedOneNotUsed(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := buyPaid(t, h, p, "k", paidOffer, paidOffer, laterOffer).OrderID
		use := redeem.Use{OrderID: order, Line: 3, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: h.Clock.Now()}
		if won, err := h.DB.MarkUsed(t.Context(), use); err != nil || !won {
			t.Fatal(won, err)
		}
		if why := notRefundable(t, h.DB, order, 1, 3); why.Line != 3 || !why.UsedAt.Equal(use.At) || !why.CancelledAt.IsZero() {
			t.Errorf("refused for %+v", why)
		}
		refund(t, h, order, 1)
		use.Line = 1
		if won, err := h.DB.MarkUsed(t.Context(), use); err != nil || won {
			t.Errorf("a refunded coupon was used: %v, %v", won, err)
		}
		if got := h.Balance("demo"); got != 10_000-2*paidPrice {
			t.Errorf("balance %d", got)
		}
	})
}

// TestACouponIsEitherUsedOrRefunded lets counters and operators want the same coupons at once.
func TestACouponIsEitherUsedOrRefunded(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 20)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		for range 10 {
			order := buyPaid(t, h, p, "", paidOffer).OrderID
			h.Clock.Advance(time.Minute)
			var used bool
			var refused error
			var wg sync.WaitGroup
			wg.Go(func() {
				var err error
				used, err = h.DB.MarkUsed(context.Background(), redeem.Use{
					OrderID: order, Line: 1, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: h.Clock.Now(),
				})
				if err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				_, refused = h.DB.Refund(context.Background(),
					office.NewRefund{OrderID: order, Lines: []int64{1}, Reason: "at once", At: h.Clock.Now()})
			})
			wg.Wait()
			if used == (refused == nil) {
				t.Fatalf("used %v, refund %v", used, refused)
			}
		}
	})
}

func TestRefundedUnitsStaySold(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 2, func(o *gift.Offer) { o.OncePer = o.ID == 1 })
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		refund(t, h, h.Buy(p, "1", 1).OrderID, 1)
		if out := h.Buy(p, "2", 1); out.Refusal == nil || out.Refusal.Reason != gift.OncePerPartner {
			t.Errorf("a refund gave a once-per-partner offer back: %+v", out)
		}
		if out := h.Buy(h.Partner(gift.Partner{Name: "other"}, 10_000), "1", 1); out.Refusal != nil {
			t.Fatal(out.Refusal)
		}
		if out := h.Buy(h.Partner(gift.Partner{Name: "third"}, 10_000), "1", 1); out.Refusal == nil || out.Refusal.Reason != gift.SoldOut {
			t.Errorf("the refunded unit was sold again: %+v", out)
		}
	})
}

func TestWhoRefundsAndRevealsIsInTheTrail(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		order := h.Buy(p, "", 1, 1).OrderID
		kim := office.Actor{OperatorID: 7, Name: "kim@giftimbiz.local", Address: "192.0.2.1"}
		ctx := office.As(t.Context(), kim)
		unit, sealed, err := h.DB.RevealNumber(ctx, order, 2, h.Clock.Now())
		if err != nil || unit != 100_001 || string(sealed[4:]) != "sealed" {
			t.Errorf("unit %d, %q, %v", unit, sealed, err)
		}
		h.Clock.Advance(time.Second)
		if _, err := h.DB.Refund(ctx, office.NewRefund{OrderID: order, Lines: []int64{1}, Reason: "반품", At: h.Clock.Now()}); err != nil {
			t.Fatal(err)
		}
		o, err := h.DB.Order(t.Context(), order)
		if err != nil {
			t.Fatal(err)
		}
		want := []office.Entry{
			{Actor: kim, Action: "voucher.reveal", Subject: o.Subject(), After: `{"line":2}`, At: storagetest.Noon},
			{Actor: kim, Action: "order.refund", Subject: o.Subject(), Note: "반품", At: h.Clock.Now()},
		}
		opt := cmpopts.IgnoreFields(office.Entry{}, "ID")
		ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".After" && p.Index(-2).String() == "[1]" }, cmp.Ignore())
		if diff := cmp.Diff(want, o.Trail, opt, ignore); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(o.Trail[1].After, `"amount":940`) || strings.Contains(o.Trail[0].After+o.Trail[1].After, "sealed") {
			t.Errorf("the trail says %q and %q", o.Trail[0].After, o.Trail[1].After)
		}
		for _, line := range []int64{0, 3} {
			if _, _, err := h.DB.RevealNumber(ctx, order, line, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
				t.Errorf("line %d: %v", line, err)
			}
		}
	})
}

func TestSandboxItemsAndCouponsHaveNoNumberToReveal(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 3)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 10_000)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		for name, order := range map[string]gift.ID{
			"sandbox": h.Buy(test, "", 1).OrderID, "coupon": buyPaid(t, h, p, "", paidOffer).OrderID, "none": 77,
		} {
			if _, _, err := h.DB.RevealNumber(t.Context(), order, 1, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
