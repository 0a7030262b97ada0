package storage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage/storagetest"
)

// lastDay is that of the suite's stock.
var lastDay = gift.DateOf(2025, 12, 31)

// expiries returns what a partner was told of what expires, one line for each event.
func expiries(t *testing.T, h *storagetest.House, partner int64) (lines []string) {
	t.Helper()
	for after := gift.ID(0); ; {
		events, err := h.DB.Events(t.Context(), partner, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			after = e.ID
			if e.Type != gift.VoucherExpiring && e.Type != gift.VoucherExpired {
				continue
			}
			var d gift.ExpiryData
			if err := json.Unmarshal(e.Data, &d); err != nil {
				t.Fatal(err)
			}
			if e.OrderID.Ref(d.Order[0] == 'T') != d.Order {
				t.Errorf("%s is of order %s", e.Data, e.OrderID.Ref(false))
			}
			for i, v := range d.Vouchers {
				if unit := unitOfVoucher(t, h, partner, v); unit != d.Items[i] {
					t.Errorf("%s: %s is unit %d", e.Data, v, unit)
				}
			}
			if len(d.Vouchers) != len(d.Items) {
				t.Errorf("%s names %d vouchers", e.Data, len(d.Vouchers))
			}
			lines = append(lines, fmt.Sprintf("%s %s %v %s %d", e.Type, d.Kind, d.Items, d.LastDay, d.Days))
		}
		if len(events) < 1000 {
			return lines
		}
	}
}

// unitOfVoucher returns the unit of a partner's voucher.
func unitOfVoucher(t *testing.T, h *storagetest.House, partner int64, name gift.VoucherRef) int64 {
	t.Helper()
	order, text, _ := strings.Cut(string(name), ".")
	id, _, err := gift.ParseRef(order)
	if err != nil {
		t.Fatal(name, err)
	}
	line, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(name, err)
	}
	item, err := h.DB.BoughtItem(t.Context(), partner, id, line)
	if err != nil || item == nil {
		t.Fatal(name, item, err)
	}
	return item.UnitID
}

// hear lets a partner have an endpoint.
func (o outside) hear(partner int64) {
	o.t.Helper()
	o.alter(`INSERT INTO endpoints (id, partner_id, url, types, state, secret, created_at) VALUES ($1, $1, 'https://x.example/', '', 1, '', 0)`, partner)
	o.alter(`UPDATE partners SET hears = 1 WHERE id = $1`, partner)
}

// TestPartnersAreToldOfWhatExpires 30, 7 and 1 days before and the day after, of what is neither used nor refunded; those that
// do not listen are not.
func TestPartnersAreToldOfWhatExpires(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(2, 10, func(o *gift.Offer) { o.LastDay = lastDay + gift.Day(o.ID) - 1 })
		x := expiring{t, h, map[int64][]string{}}
		live := h.Partner(gift.Partner{Name: "live"}, 100_000)
		test := h.Partner(gift.Partner{Name: "test", Sandbox: true}, 100_000)
		deaf := h.Partner(gift.Partner{Name: "deaf"}, 100_000)
		o.hear(live)
		x.nights(lastDay-gift.DayOf(h.Clock.Now()), 100)
		for _, p := range []int64{live, test, deaf} {
			h.Buy(p, "", 1, 1, 2)
			x.want[p] = nil
		}
		returned := h.Buy(live, "", 1, 1)
		stars := x.buyCoupons(live, 2)
		x.buyCoupons(test, 2)
		x.refund(returned.OrderID, 1) // the second of them: lines count down
		x.nights(60, 31)
		x.compare()

		x.nights(30, 30)
		x.add(live, "voucher.expiring gifticon [100001 100002] 2025-12-31 30", "voucher.expiring gifticon [100005] 2025-12-31 30",
			"voucher.expiring star [135000001 135000002] 2025-12-31 30")
		x.add(test, "voucher.expiring gifticon [100003 100004] 2025-12-31 30", "voucher.expiring star [135000003 135000004] 2025-12-31 30")
		x.compare()
		x.nights(29, 8)
		x.add(live, "voucher.expiring gifticon [200001] 2026-01-01 30")
		x.add(test, "voucher.expiring gifticon [200002] 2026-01-01 30")
		x.compare()

		x.use(stars)
		x.refund(returned.OrderID, 2)
		x.nights(7, 7)
		x.add(live, "voucher.expiring gifticon [100001 100002] 2025-12-31 7", "voucher.expiring star [135000001] 2025-12-31 7")
		x.add(test, "voucher.expiring gifticon [100003 100004] 2025-12-31 7", "voucher.expiring star [135000003 135000004] 2025-12-31 7")
		x.compare()
		x.nights(6, -30)
		for p, day := range map[int64]string{live: "[200001]", test: "[200002]"} {
			for _, left := range []string{"expiring gifticon %s 2026-01-01 7", "expiring gifticon %s 2026-01-01 1", "expired gifticon %s 2026-01-01 -1"} {
				x.add(p, "voucher."+fmt.Sprintf(left, day))
			}
		}
		x.add(live, "voucher.expiring gifticon [100001 100002] 2025-12-31 1", "voucher.expiring star [135000001] 2025-12-31 1",
			"voucher.expired gifticon [100001 100002] 2025-12-31 -1", "voucher.expired star [135000001] 2025-12-31 -1")
		x.add(test, "voucher.expiring gifticon [100003 100004] 2025-12-31 1", "voucher.expiring star [135000003 135000004] 2025-12-31 1",
			"voucher.expired gifticon [100003 100004] 2025-12-31 -1", "voucher.expired star [135000003 135000004] 2025-12-31 -1")
		x.compare()
	})
}

// expiring is a house with what partners should have been told.
type expiring struct {
	t    *testing.T
	h    *storagetest.House
	want map[int64][]string
}

func (x *expiring) add(partner int64, lines ...string) {
	x.want[partner] = append(x.want[partner], lines...)
}

// compare fails the test when partners were told something else, in whatever order.
func (x *expiring) compare() {
	x.t.Helper()
	for p, want := range x.want {
		got := expiries(x.t, x.h, p)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			x.t.Errorf("partner %d on %s:\n%s", p, gift.DayOf(x.h.Clock.Now()), diff)
		}
	}
}

// nights lets the job run in each night from the one to first days left to the one to last days left.
func (x *expiring) nights(first, last gift.Day) {
	x.t.Helper()
	for left := first; left >= last; left-- {
		x.h.Clock.Set((lastDay - left).Start().Add(time.Minute))
		if _, err := x.h.DB.TellExpiry(x.t.Context(), x.h.Clock.Now(), 3); err != nil {
			x.t.Fatal(err)
		}
	}
}

func (x *expiring) buyCoupons(partner int64, n int) gift.ID {
	x.t.Helper()
	out, err := x.h.Engine.Buy(x.t.Context(), storagetest.StarRequest(partner, "", make([]int64, n)...))
	if err != nil || out.Refusal != nil {
		x.t.Fatal(out.Refusal, err)
	}
	return out.OrderID
}

func (x *expiring) refund(order gift.ID, line int64) {
	x.t.Helper()
	_, err := x.h.DB.Refund(x.t.Context(), office.NewRefund{OrderID: order, Lines: []int64{line}, Reason: "x", At: x.h.Clock.Now()})
	if err != nil {
		x.t.Fatal(err)
	}
}

// use uses the first line of a live order of coupons.
func (x *expiring) use(order gift.ID) {
	x.t.Helper()
	won, err := x.h.DB.MarkUsed(x.t.Context(), redeem.Use{
		OrderID: order, Line: 1, SellerID: 1, ShopID: 37, Via: "page", At: x.h.Clock.Now(),
	})
	if err != nil || !won {
		x.t.Fatal(won, err)
	}
}

// TestNobodyIsToldTwice although the work is broken off everywhere, done by two nodes at once, left alone for days, and a clock
// is set back.
func TestNobodyIsToldTwice(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(3, 15)
		x := expiring{t, h, map[int64][]string{}}
		live := h.Partner(gift.Partner{Name: "live"}, 100_000)
		test := h.Partner(gift.Partner{Name: "test", Sandbox: true}, 100_000)
		o.hear(live)
		x.nights(60, 60)
		for i := range 6 { // orders over several offers, which several steps come by
			for _, p := range []int64{live, test} {
				h.Clock.Set((lastDay - 61).Start().Add(time.Duration(i) * time.Second))
				if out := h.Buy(p, fmt.Sprint(i), 3, 1, 2, 1); out.Refusal != nil {
					t.Fatal(out.Refusal)
				}
			}
		}
		other := h.SecondNode()
		want := map[string]int{}
		check := func(what string) {
			t.Helper()
			for _, p := range []int64{live, test} {
				got := map[string]int{}
				for _, line := range expiries(t, h, p) {
					f := strings.Fields(line)
					got[f[0]+" "+f[len(f)-1]]++
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: partner %d:\n%s", what, p, diff)
				}
			}
		}
		if n := x.breakOff(30, other); n < 20 {
			t.Errorf("broken off only %d times", n)
		}
		want["voucher.expiring 30"] = 6
		check("broken off")
		x.breakOff(30, other)
		check("once more")
		x.nights(45, 45)
		check("a clock set back")
		x.nights(28, 28)
		check("and forth")
		x.breakOff(3, other) // nothing ran for weeks
		want["voucher.expiring 3"] = 6
		check("after weeks")
		x.breakOff(-5, other)
		want["voucher.expired -1"] = 6
		check("after days")
	})
}

// breakOff lets two nodes run the job, one of which is broken off ever later, and returns how often.
func (x *expiring) breakOff(left gift.Day, other *storagetest.House) int64 {
	x.t.Helper()
	x.h.Clock.Set((lastDay - left).Start().Add(time.Minute))
	for n := int64(1); ; n++ {
		ctx := &shortLived{Context: x.t.Context(), left: n}
		done := make(chan error)
		if n%5 == 0 {
			go func() {
				_, err := other.DB.TellExpiry(x.t.Context(), x.h.Clock.Now(), 5)
				done <- err
			}()
		} else {
			close(done)
		}
		_, err := x.h.DB.TellExpiry(ctx, x.h.Clock.Now(), 2)
		if err := <-done; err != nil {
			x.t.Fatal(err)
		}
		if err == nil {
			return n - 1
		}
		if ctx.Err() == nil {
			x.t.Fatal(err)
		}
	}
}

// shortLived is a context that ends when it was asked so often whether it has.
type shortLived struct {
	context.Context
	mu    sync.Mutex
	left  int64 // guarded by mu
	ended chan struct{}
}

func (c *shortLived) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = make(chan struct{})
	}
	if c.left--; c.left == 0 {
		close(c.ended)
	}
	return c.ended
}

func (c *shortLived) Err() error {
	select {
	case <-c.Done():
		return context.Canceled
	default:
		return nil
	}
}

// TestPricesThatTurnAreTold to all, of offers on sale, once in the night in which they turn.
func TestPricesThatTurnAreTold(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		h.Stock(106, 2)
		o.alter(`UPDATE offers SET stopped = 1 WHERE id = 101`)
		o.alter(`UPDATE offers SET price_near = price_mid WHERE id = 102`)
		o.alter(`UPDATE offers SET price_mid = price_far WHERE id = 103`)
		o.alter(`UPDATE offers SET last_day = last_day + 1 WHERE id = 104`)
		buyer := h.Partner(gift.Partner{Name: "buyer"}, 100_000)
		h.Buy(buyer, "", 105, 105)
		other := h.SecondNode()
		night := func(left gift.Day) {
			t.Helper()
			at := (lastDay - left).Start()
			errs := make(chan error)
			go func() {
				_, err := other.DB.TellRepriced(t.Context(), at, 40)
				errs <- err
			}()
			_, err := h.DB.TellRepriced(t.Context(), at, 40)
			if err := errors.Join(err, <-errs); err != nil {
				t.Fatal(err)
			}
		}
		var want []string
		told := func(left gift.Day, price gift.Won, but ...int64) {
			t.Helper()
			for id := int64(1); id <= 106; id++ {
				if id != 101 && id != 105 && !slices.Contains(but, id) {
					want = append(want, fmt.Sprintf("%d gifticon %d", id, price))
				}
			}
			got := repricings(t, h)
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d days left:\n%s", left, diff)
			}
		}
		for left := gift.Day(70); left > 60; left-- {
			night(left)
		}
		if got := repricings(t, h); len(got) > 0 {
			t.Errorf("told too early: %v", got)
		}
		night(60)
		told(60, 930, 103, 104)
		night(60)
		night(61) // a clock set back
		told(60, 0, all(106)...)
		night(59)
		want = append(want, "104 gifticon 930")
		told(59, 0, all(106)...)
		night(28) // two nights late; what offer 102 costs is told again, for it might have turned twice
		want = append(want, "102 gifticon 930")
		told(28, 462, 102)
		night(1)
		night(-3)
		told(-3, 0, all(106)...)
	})
}

func all(n int64) (ids []int64) {
	for id := range n {
		ids = append(ids, id+1)
	}
	return ids
}

// repricings returns what all were told of prices, one line for each offer.
func repricings(t *testing.T, h *storagetest.House) (lines []string) {
	t.Helper()
	events, err := h.DB.Events(t.Context(), 1, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		var d gift.RepricingData
		if e.Type != gift.OfferRepriced {
			continue
		}
		if err := json.Unmarshal(e.Data, &d); err != nil || len(d.Offers) > gift.RepricedTogether || e.PartnerID != 0 {
			t.Errorf("%+v, %v", e, err)
		}
		for _, o := range d.Offers {
			lines = append(lines, fmt.Sprintf("%d %s %d", o.Offer, o.Kind, o.Price))
		}
	}
	return lines
}
