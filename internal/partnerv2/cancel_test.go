package partnerv2_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/gift"
)

// cancel asks to cancel vouchers of an order; none = all.
func (d *desk) cancel(partner string, o order, vouchers ...voucher) reply {
	d.T.Helper()
	body := ""
	if len(vouchers) > 0 {
		var ids []string
		for _, v := range vouchers {
			ids = append(ids, `"`+v.ID+`"`)
		}
		body = `{"vouchers":[` + strings.Join(ids, ",") + `]}`
	}
	return d.call(partner, http.MethodPost, "orders/"+o.ID+"/cancel", body)
}

func TestAPartnerCancelsItsStarCouponsAndHasItsMoneyBack(t *testing.T) {
	d := newDesk(t).stock()
	o := d.bought("demo", "A-1", dumpling, 3)
	d.Clock.Advance(time.Hour)
	var after order
	for range 2 { // it may be repeated
		a := d.cancel("demo", o, o.Vouchers[1])
		if a.into(&after); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if states(after) != "usable cancelled usable" ||
		after.Vouchers[1].Cancelled == "" || after.Vouchers[1].QRURL != "" || after.Total != 1500 {
		t.Errorf("%+v", after)
	}
	if got := d.Balance("demo"); got != 100_000-1000 {
		t.Errorf("balance %d", got)
	}
	d.want(http.StatusOK, "demo", http.MethodPost, "orders/"+o.ID+"/cancel", `{}`).into(&after)
	if states(after) != "cancelled cancelled cancelled" || d.Balance("demo") != 100_000 {
		t.Errorf("all: %s, balance %d", states(after), d.Balance("demo"))
	}
	d.want(http.StatusOK, "demo", http.MethodPost, "orders/"+o.ID+"/cancel", "")
	if n := d.actedAs("demo", "order.refund"); n != 2 {
		t.Errorf("the audit trail tells of %d refunds", n)
	}
}

func states(o order) string {
	list := make([]string, len(o.Vouchers))
	for i, v := range o.Vouchers {
		list[i] = v.State
	}
	return strings.Join(list, " ")
}

func TestAllThatIsNamedIsCancelledOrNothing(t *testing.T) {
	d := newDesk(t).stock()
	o, gifticon := d.bought("demo", "A-1", dumpling, 3), d.bought("demo", "A-2", milk, 1)
	if won, err := d.use(o.Vouchers[1]); !won || err != nil {
		t.Fatal(won, err)
	}
	for name, test := range map[string]struct {
		a          reply
		code, says string
	}{
		"a used one":   {d.cancel("demo", o), "M1", o.Vouchers[1].ID + ": it was used"},
		"a gifticon":   {d.cancel("demo", gifticon), "PD", gifticon.Vouchers[0].ID + ": a gifticon cannot be cancelled"},
		"used and not": {d.cancel("demo", o, o.Vouchers[0], o.Vouchers[1]), "M1", o.Vouchers[1].ID},
	} {
		test.a.refused(http.StatusConflict, "not-cancellable", test.code)
		if !strings.Contains(test.a.body, test.says) {
			t.Errorf("%s: %s", name, test.a.body)
		}
	}
	d.call("demo", http.MethodPost, "orders/"+o.ID+"/cancel", `{"vouchers":[]}`).refused(http.StatusBadRequest, "body-invalid", "Q")
	other := d.bought("demo", "A-3", dumpling, 1)
	d.cancel("demo", o, other.Vouchers[0]).refused(http.StatusBadRequest, "body-invalid", "Q")
	missing := voucher{ID: o.ID + ".4"}
	d.cancel("demo", o, missing).refused(http.StatusNotFound, "not-found", "N")
	d.Clock.Advance(gift.CancelWithin)
	if a := d.cancel("demo", o, o.Vouchers[0]); a.status != http.StatusOK {
		t.Errorf("in the last moment: %d %s", a.status, a.body)
	}
	d.Clock.Advance(time.Millisecond)
	d.cancel("demo", o, o.Vouchers[2]).refused(http.StatusConflict, "not-cancellable", "M2")
	if got := d.Balance("demo"); got != 100_000-1500-940-500+500 {
		t.Errorf("balance %d", got)
	}
}

func TestASandboxCancelsByItsOwnClock(t *testing.T) {
	d := newDesk(t).stock()
	o := d.bought("devtest1", "A-1", dumpling, 2)
	if a := d.cancel("devtest1", o, o.Vouchers[0]); a.status != http.StatusOK || d.Balance("devtest1") != 100_000 {
		t.Errorf("%d %s, balance %d", a.status, a.body, d.Balance("devtest1"))
	}
	d.setAhead("devtest1", gift.CancelWithin+time.Second)
	d.cancel("devtest1", o, o.Vouchers[1]).refused(http.StatusConflict, "not-cancellable", "M2")
}

// TestOfCancellingAndUsingAtOnceOneWins has twenty callers cancel an order's coupons, in parts and together, on two nodes, while
// its shop uses one of them.
func TestOfCancellingAndUsingAtOnceOneWins(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		d.stock()
		nodes := []*desk{d, d.secondNode()}
		for round := range 5 {
			o := d.bought("demo", fmt.Sprint("A-", round), dumpling, 3)
			before := d.Balance("demo")
			var wg sync.WaitGroup
			var used atomic.Int64
			for i := range 20 {
				wg.Go(func() {
					parts := [][]voucher{{}, {o.Vouchers[0]}, {o.Vouchers[2], o.Vouchers[0]}, {o.Vouchers[1]}}[i%4]
					if i == round*4 {
						won, err := d.use(o.Vouchers[0])
						if won {
							used.Add(1)
						}
						if err != nil && !errors.Is(err, context.Canceled) {
							t.Error(err)
						}
						return
					}
					if a := nodes[i%2].cancel("demo", o, parts...); a.status != http.StatusOK && a.status != http.StatusConflict {
						t.Errorf("%d %s", a.status, a.body)
					}
				})
			}
			wg.Wait()
			var after order
			d.want(http.StatusOK, "demo", http.MethodGet, "orders/"+o.ID, "").into(&after)
			var back int64
			for _, v := range after.Vouchers {
				if v.State == "cancelled" {
					back += v.Paid
				}
			}
			if got := int64(d.Balance("demo") - before); got != back {
				t.Errorf("%s: %d won came back for %d", states(after), got, back)
			}
			if (after.Vouchers[0].State == "used") != (used.Load() == 1) ||
				after.Vouchers[0].State == "usable" || after.Vouchers[1].State != "cancelled" {
				t.Errorf("%s, used by %d", states(after), used.Load())
			}
		}
	})
}
