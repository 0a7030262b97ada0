package partnerv2_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"giftimbiz/internal/purchase"
)

// TestAReferenceOfManyOrdersAtOnceIsOfOne sends orders with one reference and different keys, on two nodes, and asks by the
// reference all the while.
func TestAReferenceOfManyOrdersAtOnceIsOfOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		d.stock()
		nodes := []*desk{d, d.secondNode()}
		for round := range 3 {
			reference := fmt.Sprint("R-", round)
			var made atomic.Pointer[order]
			var orders, wrong atomic.Int64
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					node := nodes[i%2]
					if i%4 == 3 {
						a := node.call("demo", http.MethodGet, "orders/by-reference/"+reference, "")
						if a.status != http.StatusOK && a.status != http.StatusNotFound {
							wrong.Add(1)
						}
						return
					}
					a := node.place("demo", fmt.Sprint(reference, "-", i), orderOf(reference, milk, 1, 940))
					switch {
					case a.status == http.StatusCreated:
						var o order
						a.into(&o)
						orders.Add(1)
						made.Store(&o)
					case a.status != http.StatusConflict || !strings.Contains(a.body, "reference-used") || !strings.Contains(a.body, `"order_id"`):
						wrong.Add(1)
						t.Log(a.status, a.body)
					}
				})
			}
			wg.Wait()
			if orders.Load() != 1 || wrong.Load() != 0 {
				t.Fatalf("%d orders, %d wrong answers", orders.Load(), wrong.Load())
			}
			var found order
			nodes[1].want(http.StatusOK, "demo", http.MethodGet, "orders/by-reference/"+reference, "").into(&found)
			if found.ID != made.Load().ID {
				t.Errorf("found %s, made %s", found.ID, made.Load().ID)
			}
		}
		if got := d.Balance("demo"); got != 100_000-3*940 {
			t.Errorf("balance %d", got)
		}
	})
}

// TestClosingAReferenceAndOrderingWithItAtOnce has exactly one of them win, and the other told of it.
func TestClosingAReferenceAndOrderingWithItAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		d.stock()
		nodes := []*desk{d, d.secondNode()}
		for round := range 12 {
			reference := fmt.Sprint("R-", round)
			var placed, closed reply
			var wg sync.WaitGroup
			wg.Go(func() { placed = nodes[round%2].place("demo", reference, orderOf(reference, milk, 1, 940)) })
			wg.Go(func() {
				closed = nodes[round/2%2].call("demo", http.MethodDelete, "orders/by-reference/"+reference, "")
			})
			wg.Wait()
			found := nodes[round%2].call("demo", http.MethodGet, "orders/by-reference/"+reference, "")
			switch {
			case placed.status == http.StatusCreated:
				var o order
				placed.into(&o)
				if closed.refused(http.StatusConflict, "reference-used", "PPA"); !strings.Contains(closed.body, `"order_id":"`+o.ID+`"`) || found.status != http.StatusOK {
					t.Errorf("closed: %s, found: %s", closed.body, found.body)
				}
			default:
				placed.refused(http.StatusConflict, "reference-closed", "PPA")
				found.refused(http.StatusGone, "reference-closed", "PPA")
				if closed.status != http.StatusNoContent {
					t.Errorf("closed: %d %s", closed.status, closed.body)
				}
				d.want(http.StatusNoContent, "demo", http.MethodDelete, "orders/by-reference/"+reference, "")
				d.place("demo", "later-"+reference, orderOf(reference, milk, 1, 940)).
					refused(http.StatusConflict, "reference-closed", "PPA")
			}
		}
	})
}

// slowBuyer answers when it is told to. It stands in for an engine whose database is slow.
type slowBuyer struct {
	began  chan purchase.Request
	answer chan error
}

func newSlowBuyer() *slowBuyer {
	return &slowBuyer{began: make(chan purchase.Request, 10), answer: make(chan error)}
}

func (b *slowBuyer) Buy(ctx context.Context, req purchase.Request) (out purchase.Outcome, err error) {
	b.began <- req
	select {
	case err = <-b.answer:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return out, err
}

func TestAnOrderGoesOnWhenItsCallerLeaves(t *testing.T) {
	d := newDesk(t).stock()
	slow := newSlowBuyer()
	d.serveWith(slow)
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan reply)
	go func() {
		gone <- d.callIn(ctx, "demo", http.MethodPost, "orders", orderOf("A-1", milk, 1, 940), "Idempotency-Key", "k1")
	}()
	req := <-slow.began
	leave()
	(<-gone).refused(http.StatusServiceUnavailable, "outcome-unknown", "GPLF")
	if req.Key != purchase.SecondKeys+"k1" || req.Reference != "A-1" || req.Cash != 940 || !req.AnyName {
		t.Errorf("asked for %+v", req)
	}
	busy := d.place("demo", "k1", orderOf("A-1", milk, 1, 940))
	busy.refused(http.StatusConflict, "idempotency-key-in-progress", "PPA")
	if busy.head.Get("Retry-After") != "1" {
		t.Error(busy.head)
	}
	looked := make(chan reply)
	go func() { looked <- d.call("demo", http.MethodGet, "orders/by-reference/A-1", "") }()
	select {
	case a := <-looked:
		t.Fatalf("answered while the order is under way: %d %s", a.status, a.body)
	default: // it waits, or has not begun
	}
	// Meanwhile the order is made.
	if out, err := d.Engine.Buy(t.Context(), req); err != nil || out.Refusal != nil {
		t.Fatal(out.Refusal, err)
	}
	slow.answer <- nil
	var o order
	if a := <-looked; a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	} else if a.into(&o); o.Reference != "A-1" {
		t.Errorf("%+v", o)
	}
}

func TestFaultsOfTheEngineSayWhatIsKnown(t *testing.T) {
	d := newDesk(t).stock()
	slow := newSlowBuyer()
	d.serveWith(slow)
	for i, test := range []struct {
		err         error
		order, kind string // the kinds of problem, of an order and of a quote
	}{
		{purchase.ErrBusy, "busy", "busy"},
		{purchase.ErrStopped, "busy", "busy"},
		{purchase.ErrNotJournalled, "unavailable", "unavailable"},
		{fmt.Errorf("%w: %w", purchase.ErrNotJournalled, context.DeadlineExceeded), "unavailable", "unavailable"},
		{purchase.ErrUnknown, "outcome-unknown", "outcome-unknown"},
	} {
		go func() { slow.answer <- test.err }()
		a := d.place("demo", fmt.Sprint("k", i), orderOf("A-1", milk, 1, 940))
		a.refused(http.StatusServiceUnavailable, test.order, "GPLF")
		if a.head.Get("Retry-After") == "" {
			t.Errorf("%s: no word on when to come again", test.order)
		}
		go func() { slow.answer <- test.err }()
		d.call("demo", http.MethodPost, "quotes", `{"items":[{"offer_id":1,"quantity":1}]}`).
			refused(http.StatusServiceUnavailable, test.kind, "GPLF")
	}
}

func TestWhoAsksByAReferenceWaitsTwentySecondsAtMost(t *testing.T) {
	d := newDesk(t).stock()
	synctest.Test(t, func(t *testing.T) {
		outside := d.T
		d.T = t // whose contexts are of the bubble
		defer func() { d.T = outside }()
		slow := newSlowBuyer()
		d.serveWith(slow)
		go d.place("demo", "k1", orderOf("A-1", milk, 1, 940))
		<-slow.began
		began := time.Now()
		var wg sync.WaitGroup
		for range 64 { // as many as may
			wg.Go(func() {
				d.call("demo", http.MethodGet, "orders/by-reference/A-1", "").
					refused(http.StatusServiceUnavailable, "outcome-unknown", "GPLF")
			})
		}
		synctest.Wait()
		d.call("demo", http.MethodGet, "orders/by-reference/A-1", "").
			refused(http.StatusServiceUnavailable, "outcome-unknown", "GPLF")
		if waited := time.Since(began); waited != 0 {
			t.Errorf("one too many waited %v", waited)
		}
		wg.Wait()
		if waited := time.Since(began); waited != 20*time.Second {
			t.Errorf("waited %v", waited)
		}
		slow.answer <- purchase.ErrNotJournalled
		synctest.Wait()
	})
}

func TestOfManyWithOneKeyOneBuys(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		d.stock()
		nodes := []*desk{d, d.secondNode()}
		var ids sync.Map
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				for {
					a := nodes[i%2].place("demo", "k1", orderOf("A-1", milk, 1, 940))
					if a.status == http.StatusConflict && strings.Contains(a.body, "idempotency-key-in-progress") {
						continue // as it is told to
					}
					var o order
					if a.into(&o); a.status != http.StatusCreated {
						t.Errorf("%d %s", a.status, a.body)
					}
					ids.Store(o.ID, true)
					return
				}
			})
		}
		wg.Wait()
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if n != 1 || d.Balance("demo") != 100_000-940 {
			t.Errorf("%d orders, balance %d", n, d.Balance("demo"))
		}
	})
}

// TestAQuoteOrderedManyTimesAtOnceIsOneOrder uses different keys and references.
func TestAQuoteOrderedManyTimesAtOnceIsOneOrder(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d *desk) {
		d.stock()
		nodes := []*desk{d, d.secondNode()}
		q := d.quoted("demo", milk, 2)
		var made, told atomic.Int64
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				a := nodes[i%2].place("demo", fmt.Sprint("k", i), orderQuote(fmt.Sprint("Q-", i), q))
				switch {
				case a.status == http.StatusCreated:
					made.Add(1)
				case a.status == http.StatusConflict && strings.Contains(a.body, "quote-used"):
					told.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 || told.Load() != 11 || d.Balance("demo") != 100_000-2*940 {
			t.Errorf("%d orders, %d told, balance %d", made.Load(), told.Load(), d.Balance("demo"))
		}
	})
}

// TestAListOfOrdersIsReadInPages compares pages of every size with the whole.
func TestAListOfOrdersIsReadInPages(t *testing.T) {
	d := newDesk(t).stock()
	var want []string
	for i := range 9 {
		offer, units := int64(milk), int64(i%3+1)
		if i%2 == 1 {
			offer = dumpling
		}
		want = append([]string{d.bought("demo", fmt.Sprint("A-", i), offer, units).ID}, want...)
		d.bought("other", fmt.Sprint("A-", i), milk, 1)
		d.Clock.Advance(6 * time.Hour)
	}
	for _, test := range []struct {
		query string
		want  []string
	}{
		{"", want},
		{"kind=gifticon", []string{want[0], want[2], want[4], want[6], want[8]}},
		{"kind=star", []string{want[1], want[3], want[5], want[7]}},
		{"from=2025-09-16&to=2025-09-16", want[3:7]},
		{"to=2025-09-15", want[7:]},
		{"from=2025-09-18", nil},
	} {
		for limit := 1; limit <= 10; limit += 3 {
			var got []string
			pages := d.pages("demo", "orders", fmt.Sprintf("limit=%d&%s", limit, test.query), func(a reply) string {
				var p struct {
					Data []order `json:"data"`
					Next string  `json:"next"`
				}
				a.into(&p)
				for _, o := range p.Data {
					got = append(got, o.ID)
					if len(o.Vouchers) == 0 || o.Vouchers[0].OrderID != o.ID || o.Total != int64(len(o.Vouchers))*o.Vouchers[0].Paid {
						t.Errorf("%+v", o)
					}
				}
				if len(p.Data) > limit {
					t.Errorf("%d on a page of %d", len(p.Data), limit)
				}
				return p.Next
			})
			if fmt.Sprint(got) != fmt.Sprint(test.want) || pages != max(1, (len(test.want)+limit-1)/limit) {
				t.Errorf("%s by %d: %d pages: %v, want %v", test.query, limit, pages, got, test.want)
			}
		}
	}
}

func TestAListOfVouchersIsReadInPages(t *testing.T) {
	d := newDesk(t).stock()
	var want []string
	for i := range 5 {
		offer := []int64{milk, dumpling}[i%2]
		o := d.bought("demo", fmt.Sprint("A-", i), offer, 3)
		want = append([]string{o.Vouchers[0].ID, o.Vouchers[1].ID, o.Vouchers[2].ID}, want...)
	}
	for limit := 1; limit <= 16; limit += 3 {
		var got []string
		d.pages("demo", "vouchers", fmt.Sprintf("limit=%d", limit), func(a reply) string {
			var p struct {
				Data []voucher `json:"data"`
				Next string    `json:"next"`
			}
			a.into(&p)
			for _, v := range p.Data {
				got = append(got, v.ID)
			}
			return p.Next
		})
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("by %d: %v, want %v", limit, got, want)
		}
	}
	var p struct {
		Data []voucher `json:"data"`
		Next string    `json:"next"`
	}
	d.want(http.StatusOK, "demo", http.MethodGet, "vouchers?limit=2", "").into(&p)
	for _, query := range []string{
		"vouchers?kind=star&cursor=" + p.Next, "orders?cursor=" + p.Next, "vouchers?cursor=x" + p.Next, "vouchers?limit=0",
		"vouchers?limit=201", "vouchers?kind=card", "vouchers?from=2025-9-1", "vouchers?from=2025-09-02&to=2025-09-01", "vouchers?state=used",
	} {
		d.call("demo", http.MethodGet, query, "").refused(http.StatusBadRequest, "parameter-invalid", "Q")
	}
	empty := d.want(http.StatusOK, "other", http.MethodGet, "vouchers", "")
	if empty.body != `{"data":[]}` {
		t.Errorf("nothing: %s", empty.body)
	}
}

// TestAPageOfLargeOrdersEndsEarly has more vouchers than a page may.
func TestAPageOfLargeOrdersEndsEarly(t *testing.T) {
	d := newDesk(t).stock()
	var want []string
	for i := range 25 {
		want = append([]string{d.bought("devtest1", fmt.Sprint("A-", i), milk, milkUnits).ID}, want...)
	}
	var got []string
	pages := d.pages("devtest1", "orders", "limit=200", func(a reply) string {
		var p struct {
			Data []order `json:"data"`
			Next string  `json:"next"`
		}
		a.into(&p)
		for _, o := range p.Data {
			if got = append(got, o.ID); len(o.Vouchers) != milkUnits {
				t.Errorf("%s has %d vouchers", o.ID, len(o.Vouchers))
			}
		}
		return p.Next
	})
	if fmt.Sprint(got) != fmt.Sprint(want) || pages != 2 {
		t.Errorf("%d pages with %d orders", pages, len(got))
	}
}
