package storage_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// setClock lets a partner's clock show a time.
func setClock(t *testing.T, h *storagetest.House, partner int64, to time.Time) {
	t.Helper()
	want := max(0, to.Sub(h.Clock.Now()))
	ahead, err := h.DB.SetClock(t.Context(), partner, h.Clock.Now(), func(time.Duration) (time.Duration, error) { return want, nil })
	if err != nil || ahead != want {
		t.Fatal(ahead, err)
	}
}

// buyAt buys gifticons at a price of each.
func buyAt(t *testing.T, h *storagetest.House, partner int64, price gift.Won, offers ...int64) gift.ID {
	t.Helper()
	req := storagetest.GiftRequest(partner, "", offers...)
	req.Cash = price * gift.Won(len(offers))
	out, err := h.Engine.Buy(t.Context(), req)
	if err != nil || out.Refusal != nil {
		t.Fatal(out.Refusal, err)
	}
	return out.OrderID
}

// TestAPartnerIsToldOfTheDaysThatItsClockPasses at once, in their order, each time what is new; nobody else is told.
func TestAPartnerIsToldOfTheDaysThatItsClockPasses(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 10, func(o *gift.Offer) { o.LastDay = lastDay + gift.Day(o.ID) - 1 })
		mine := h.Partner(gift.Partner{Name: "mine", Sandbox: true}, 1_000_000)
		other := h.Partner(gift.Partner{Name: "other", Sandbox: true}, 1_000_000)
		for _, p := range []int64{mine, other} {
			buyAt(t, h, p, 940, 1, 1)
			buyAt(t, h, p, 940, 2)
		}
		steps := []struct {
			left gift.Day // of the first offer
			want []string
		}{
			{31, nil},
			{30, []string{"voucher.expiring gifticon [100001 100002] 2025-12-31 30"}},
			{30, nil},
			{6, []string{
				"voucher.expiring gifticon [200001] 2026-01-01 30", "voucher.expiring gifticon [100001 100002] 2025-12-31 7",
				"voucher.expiring gifticon [200001] 2026-01-01 7",
			}},
			{-40, []string{
				"voucher.expiring gifticon [100001 100002] 2025-12-31 1", "voucher.expiring gifticon [200001] 2026-01-01 1",
				"voucher.expired gifticon [100001 100002] 2025-12-31 -1", "voucher.expired gifticon [200001] 2026-01-01 -1",
			}},
		}
		var want []string
		for _, step := range steps {
			setClock(t, h, mine, (lastDay - step.left).Start().Add(time.Hour))
			want = append(want, step.want...)
			if diff := cmp.Diff(want, expiries(t, h, mine)); diff != "" {
				t.Errorf("%d days left:\n%s", step.left, diff)
			}
		}
		if lines := expiries(t, h, other); len(lines) > 0 {
			t.Errorf("another partner is told: %v", lines)
		}
	})
}

// TestWhoHeardOfADayByItsOwnClockIsNotToldAgain by the house, neither while that clock is ahead nor when it was set back; what
// it did not hear it is told.
func TestWhoHeardOfADayByItsOwnClockIsNotToldAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 20)
		x := expiring{t, h, map[int64][]string{}}
		mine := h.Partner(gift.Partner{Name: "mine", Sandbox: true}, 1_000_000)
		other := h.Partner(gift.Partner{Name: "other", Sandbox: true}, 1_000_000)
		x.nights(61, 61)
		buyAt(t, h, mine, 940, 1)
		buyAt(t, h, other, 940, 1, 1)
		setClock(t, h, mine, (lastDay - 20).Start()) // 40 days on
		x.add(mine, "voucher.expiring gifticon [100001] 2025-12-31 30")
		x.compare()
		x.nights(60, 35)
		x.compare() // told by neither
		tellAhead(t, h, 1)
		x.add(mine, "voucher.expiring gifticon [100001] 2025-12-31 7", "voucher.expiring gifticon [100001] 2025-12-31 1",
			"voucher.expired gifticon [100001] 2025-12-31 -1")
		x.compare()
		tellAhead(t, h, 0)
		setClock(t, h, mine, h.Clock.Now())
		h.Clock.Advance(time.Hour)
		buyAt(t, h, mine, 930, 1, 1, 1)
		x.nights(34, -2)
		for n, left := range map[string][]int{"expiring": {30, 7, 1}, "expired": {-1}} {
			for _, days := range left {
				x.add(mine, fmt.Sprintf("voucher.%s gifticon [100001 100002 100003] 2025-12-31 %d", n, days))
				x.add(other, fmt.Sprintf("voucher.%s gifticon [100001 100002] 2025-12-31 %d", n, days))
			}
		}
		x.compare()
		setClock(t, h, mine, (lastDay + 300).Start())
		x.compare()
	})
}

func tellAhead(t *testing.T, h *storagetest.House, want int64) {
	t.Helper()
	if n, err := h.DB.TellAhead(t.Context(), h.Clock.Now()); n != want || err != nil {
		t.Errorf("%d partners came to another day, want %d, %v", n, want, err)
	}
}

// TestAClockIsMovedWhileTheHouseTells on another node: nothing is told twice, and nothing is lost.
func TestAClockIsMovedWhileTheHouseTells(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const orders = 30
		h.Stock(3, 5)
		x := expiring{t, h, map[int64][]string{}}
		mine := h.Partner(gift.Partner{Name: "mine", Sandbox: true}, 1_000_000)
		x.nights(61, 61)
		for i := range orders {
			h.Clock.Advance(11 * time.Second)
			buyAt(t, h, mine, 940, 1+int64(i)%3)
		}
		other := h.SecondNode()
		h.Clock.Set((lastDay - 30).Start().Add(time.Minute))
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := other.DB.TellExpiry(t.Context(), h.Clock.Now(), 2); err != nil {
				t.Error(err)
			}
		})
		for day := range 8 {
			setClock(t, h, mine, h.Clock.Now().AddDate(0, 0, day))
		}
		wg.Wait()
		got := map[string]int{}
		for _, line := range expiries(t, h, mine) {
			got[line[len(line)-3:]]++
		}
		if diff := cmp.Diff(map[string]int{" 30": orders}, got); diff != "" {
			t.Error(diff)
		}
		setClock(t, h, mine, (lastDay - 7).Start())
		if lines := expiries(t, h, mine); len(lines) != 2*orders {
			t.Errorf("%d events", len(lines))
		}
	})
}

func TestOnlySandboxPartnersHaveAClock(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		live := h.Partner(gift.Partner{Name: "live"}, 0)
		test := h.Partner(gift.Partner{Name: "test", Sandbox: true}, 1_000_000)
		day := func(time.Duration) (time.Duration, error) { return 24 * time.Hour, nil }
		for _, id := range []int64{live, 77} {
			if _, err := h.DB.SetClock(t.Context(), id, h.Clock.Now(), day); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("partner %d: %v", id, err)
			}
		}
		no := errors.New("no")
		_, err := h.DB.SetClock(t.Context(), test, h.Clock.Now(), func(time.Duration) (time.Duration, error) { return time.Hour, no })
		if !errors.Is(err, no) {
			t.Error(err)
		}
		records, upTo, err := h.DB.PartnersChangedSince(t.Context(), 0)
		if err != nil || slices.ContainsFunc(records, func(r credential.Record) bool { return r.ClockAhead != 0 }) {
			t.Error(records, err)
		}
		if _, err := h.DB.SetClock(t.Context(), test, h.Clock.Now(), day); err != nil {
			t.Fatal(err)
		}
		records, _, err = h.DB.PartnersChangedSince(t.Context(), upTo)
		if err != nil || len(records) != 1 || records[0].ClockAhead != 24*time.Hour {
			t.Errorf("nodes are told %+v, %v", records, err)
		}
	})
}

// TestClocksMovedAtOnceGoAllTheWay: none of many steps, made on two nodes beside purchases, is lost.
func TestClocksMovedAtOnceGoAllTheWay(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 50)
		mine := h.Partner(gift.Partner{Name: "mine", Sandbox: true}, 1_000_000)
		var wg sync.WaitGroup
		for _, node := range []*storagetest.House{h, h.SecondNode()} {
			wg.Go(func() {
				for i := range 10 {
					_, err := node.DB.SetClock(t.Context(), mine, h.Clock.Now(), func(ahead time.Duration) (time.Duration, error) {
						return ahead + time.Hour, nil
					})
					if err != nil {
						t.Error(err)
					}
					node.Buy(mine, fmt.Sprintf("%p/%d", node, i), 1)
				}
			})
		}
		wg.Wait()
		if p, err := h.DB.Partner(t.Context(), "mine"); err != nil || p.ClockAhead != 20*time.Hour {
			t.Errorf("%v ahead, %v", p.ClockAhead, err)
		}
	})
}
