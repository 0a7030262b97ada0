package storage_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// states returns what became of all units of an offer, or of all star offers, read three at a time.
func states(t *testing.T, h *storagetest.House, offer int64) map[int64]office.UnitState {
	t.Helper()
	all := map[int64]office.UnitState{}
	q := office.UnitQuery{OfferID: offer, Limit: 3}
	for range 1000 {
		rows, err := h.DB.UnitList(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range rows {
			if _, twice := all[u.ID]; twice {
				t.Fatalf("unit %d is listed twice", u.ID)
			}
			all[u.ID] = u.State
			q.After = u.ID
		}
		if len(rows) < 3 {
			return all
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func TestAWithdrawnVoucherIsNeverSold(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 4)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		node := show(t, h)
		row := []string{"마트,편의점/CU/" + storagetest.Voucher + " 940"}
		star := []string{"분식/너랑나랑분식/" + storagetest.CouponText + " 0"}
		h.Buy(p, "first", plainOffer)
		withdraw := func(unit int64, want error) {
			t.Helper()
			if err := h.DB.WithdrawUnit(t.Context(), unit, "cannot be read", h.Clock.Now()); !errors.Is(err, want) {
				t.Errorf("unit %d: %v, want %v", unit, err, want)
			}
			storagetest.Healthy(t, h.DB)
		}
		withdraw(100_001, office.ErrSold)
		withdraw(100_002, nil)
		withdraw(100_002, office.ErrChanged)
		withdraw(99, office.ErrNotFound)
		node.wants(row, star)
		if stats := node.Stats(); stats.Units != 2+4 {
			t.Errorf("%d units in the catalogue", stats.Units)
		}
		want := map[int64]office.UnitState{
			100_001: office.UnitSold, 100_002: office.UnitWithdrawn, 100_003: office.UnitFree, 100_004: office.UnitFree,
		}
		if diff := cmp.Diff(want, states(t, h, plainOffer)); diff != "" {
			t.Error(diff)
		}
		again := lateStock()
		again.Units[0].NumberHash = []byte("hash-100002")
		if err := h.DB.Load(t.Context(), again); !errors.Is(err, storage.ErrDuplicate) {
			t.Errorf("a withdrawn voucher was loaded again: %v", err)
		}
		h.Buy(p, "second", plainOffer)
		withdraw(100_003, nil)
		node.wants(nil, star)
		if out := h.Buy(p, "third", plainOffer); out.Refusal == nil || out.Refusal.Reason != gift.SoldOut {
			t.Errorf("a withdrawn voucher was sold: %+v", out)
		}
		if err := h.DB.RestoreUnit(t.Context(), 100_002, "it can be read", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if err := h.DB.RestoreUnit(t.Context(), 100_002, "", h.Clock.Now()); !errors.Is(err, office.ErrChanged) {
			t.Error(err)
		}
		node.wants(row, star)
		if out := h.Buy(p, "fourth", plainOffer); out.Refusal != nil {
			t.Error(out.Refusal)
		}
		if u, err := h.DB.UnitByID(t.Context(), 100_002); err != nil || u.State != office.UnitSold || u.Partner != "demo" || u.OrderID == 0 {
			t.Errorf("%+v, %v", u, err)
		}
	})
}

// TestAUnitThatIsNotInStockYetIsLeftAlone has one stand above its offer's last position, as an import puts it there.
func TestAUnitThatIsNotInStockYetIsLeftAlone(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 2)
		out.alter(`INSERT INTO units (id, offer_id, position, number, number_hash) SELECT 5, 1, 3, number, $1 FROM units WHERE id = 100001`,
			[]byte("5"))
		if err := h.DB.WithdrawUnit(t.Context(), 5, "", h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Error(err)
		}
		if len(states(t, h, plainOffer)) != 2 {
			t.Error("it is listed")
		}
		if err := h.DB.WithdrawUnit(t.Context(), 100_001, "", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		out.alter(`UPDATE units SET position = 2 WHERE id = 5`) // the place that is free now
		if err := h.DB.RestoreUnit(t.Context(), 100_001, "", h.Clock.Now()); !errors.Is(err, office.ErrChanged) {
			t.Error(err)
		}
		out.alter(`DELETE FROM units WHERE id = 5`)
	})
}

// TestAWithdrawnCouponCannotBeAskedFor buys coupons by their numbers.
func TestAWithdrawnCouponCannotBeAskedFor(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 3)
		stockPaid(t, h, 2)
		p := h.Partner(gift.Partner{Name: "demo"}, 1000)
		test := h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 1000)
		const coupon = storagetest.StarOfferID*100_000 + 1
		if err := h.DB.WithdrawUnit(t.Context(), coupon, "", h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		for i, partner := range []int64{p, test} { // what the second buys stays free
			out, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(partner, "it", coupon))
			if err != nil || out.Refusal == nil || out.Refusal.Reason != gift.CouponTaken {
				t.Errorf("%+v, %v", out, err)
			}
			if out, err = h.Engine.Buy(t.Context(), storagetest.StarRequest(partner, "another", coupon+1+int64(i))); err != nil || out.Refusal != nil {
				t.Errorf("%+v, %v", out, err)
			}
		}
		want := map[int64]office.UnitState{
			coupon: office.UnitWithdrawn, coupon + 1: office.UnitSold, coupon + 2: office.UnitFree,
			paidOffer*100_000 + 1: office.UnitFree, paidOffer*100_000 + 2: office.UnitFree,
			laterOffer*100_000 + 1: office.UnitFree, laterOffer*100_000 + 2: office.UnitFree,
		}
		if diff := cmp.Diff(want, states(t, h, 0)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestWithdrawingWhileOthersBuyNeverSellsWhatIsWithdrawn lets partners buy all that is there, vouchers and named coupons,
// while units are withdrawn and some put back.
func TestWithdrawingWhileOthersBuyNeverSellsWhatIsWithdrawn(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const units = 60
		h.Stock(1, units)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000_000)
		second := h.SecondNode()
		var wg sync.WaitGroup
		for n, node := range []*storagetest.House{h, second} {
			wg.Go(func() {
				each(units, func(i int) {
					ctx := context.Background()
					if _, err := node.Engine.Buy(ctx, storagetest.GiftRequest(p, fmt.Sprint("g", n, i), plainOffer)); err != nil {
						t.Error(err)
					}
					coupon := storagetest.StarOfferID*100_000 + int64(units-i)
					if _, err := node.Engine.Buy(ctx, storagetest.StarRequest(p, fmt.Sprint("s", n, i), coupon)); err != nil {
						t.Error(err)
					}
				})
			})
		}
		var mu sync.Mutex
		withdrawn := map[int64]bool{}
		for _, offer := range []int64{plainOffer, storagetest.StarOfferID} {
			wg.Go(func() {
				for i := range int64(units / 2) {
					unit := offer*100_000 + units/2 + i/2*(1-2*(i%2)) // from the middle to both ends
					err := h.DB.WithdrawUnit(context.Background(), unit, "", h.Clock.Now())
					if errors.Is(err, office.ErrSold) || errors.Is(err, office.ErrChanged) {
						continue
					}
					if err == nil && i%5 == 4 {
						err = second.DB.RestoreUnit(context.Background(), unit, "", h.Clock.Now())
					} else if err == nil {
						mu.Lock()
						withdrawn[unit] = true
						mu.Unlock()
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for _, offer := range []int64{plainOffer, storagetest.StarOfferID} {
			all := states(t, h, offer)
			if len(all) != units {
				t.Errorf("offer %d has %d units", offer, len(all))
			}
			for unit, state := range all {
				if (state == office.UnitWithdrawn) != withdrawn[unit] {
					t.Errorf("unit %d is %s; withdrawn: %v", unit, state, withdrawn[unit])
				}
			}
		}
	})
}
