package storage_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// state is what became of an endpoint.
func (o outside) state(endpoint int64) webhook.State {
	o.t.Helper()
	return webhook.State(o.one(`SELECT state FROM endpoints WHERE id = $1`, endpoint))
}

// givenUpFor checks that an endpoint was given up, that the partner hears no more, and what the audit trail says.
func givenUpFor(t *testing.T, h *storagetest.House, out outside, reason string) {
	t.Helper()
	soon(t, "the endpoint is given up", func() bool { return out.state(1) == webhook.GivenUp })
	if n := out.one(`SELECT COUNT(*) FROM endpoints WHERE off_reason = $1 AND given_up_at IS NOT NULL AND lease_token = ''`, reason); n != 1 {
		t.Errorf("it is not given up as %q", reason)
	}
	if out.one(`SELECT hears FROM partners WHERE name = 'demo'`) != 0 {
		t.Error("the partner still hears")
	}
	entries, err := h.DB.Audit(t.Context(), office.AuditFilter{Action: "endpoint.give_up"}, 0, 10)
	if err != nil || len(entries) != 1 || entries[0].Subject != "partner:demo" || entries[0].Actor.Name != "server" ||
		entries[0].After != fmt.Sprintf(`{"endpoint":1,"state":"given up","reason":%q}`, reason) {
		t.Errorf("the audit trail says %+v, %v", entries, err)
	}
}

func TestAnEndpointThatIsGoneIsGivenUpAtOnce(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		s := newSink(t, status(http.StatusGone))
		out.endpoint(1, p, s.URL)
		deliver(h)
		h.Buy(p, "", 1)
		givenUpFor(t, h, out, webhook.Gone)
		h.Buy(p, "", 1)
		if n := len(s.messages()); n != 1 {
			t.Errorf("it was told %d times", n)
		}
		health, err := h.DB.Health(t.Context())
		if err != nil || len(health.GivenUp) != 1 || health.GivenUp[0].Partner != "demo" || health.GivenUp[0].Reason != webhook.Gone ||
			!health.GivenUp[0].At.Equal(h.Clock.Now()) || health.Waiting != 0 {
			t.Errorf("%+v, %v", health, err)
		}
	})
}

func TestAnEndpointThatTakesNothingForDaysIsGivenUp(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		var works atomic.Bool
		s := newSink(t, func(w http.ResponseWriter, _ message) {
			if !works.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		out.endpoint(1, p, s.URL)
		sender, _ := deliver(h)
		requests := func(n int) {
			t.Helper()
			soon(t, fmt.Sprint(n, " attempts"), func() bool { sender.Nudge(); return len(s.messages()) >= n })
		}
		h.Buy(p, "", 1)
		requests(1)
		soon(t, "the failure is stored", func() bool { return out.deliveries(1)["order.completed"].attempts == 1 })
		works.Store(true) // before the clock lets it try again
		h.Clock.Advance(webhook.GiveUpAfter - time.Minute)
		requests(2)
		soon(t, "it is taken", func() bool { return out.waiting(1) == 0 })
		works.Store(false)
		h.Buy(p, "", 1)
		requests(3)
		soon(t, "it fails anew", func() bool {
			return out.one(`SELECT COUNT(*) FROM endpoints WHERE failing_since = $1`, h.Clock.Now().UnixMilli()) == 1
		})
		h.Clock.Advance(webhook.GiveUpAfter + time.Minute)
		requests(4)
		givenUpFor(t, h, out, webhook.Failing)
	})
}

// TestADeadEndpointDelaysNoOther: more than the server asks at once never answer, and one that works is told meanwhile.
func TestADeadEndpointDelaysNoOther(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		const live, dead, most = 1000, 140, 128
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		orders := ordersOf(h, p, 12)
		hang := make(chan struct{})
		silent, working := newSink(t, func(http.ResponseWriter, message) { <-hang }), newSink(t, nil)
		t.Cleanup(func() { close(hang) })
		out.endpoint(live, p, working.URL)
		out.backlog(h, live, orders[:1], 1)
		_, stop := deliver(h)
		t.Cleanup(stop)
		soon(t, "the live one is told", func() bool { return out.waiting(live) == 0 })
		out.alter(`INSERT INTO endpoints (id, partner_id, url, types, state, secret, created_at)
SELECT l.number + 1, e.partner_id, CAST($1 AS TEXT), '', 1, e.secret, 0 FROM endpoints e, node_leases l WHERE l.number < $2`, silent.URL, dead)
		out.alter(`INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at)
SELECT e.id, d.event_id, d.order_id, d.due_at FROM endpoints e, deliveries d WHERE e.id <> d.endpoint_id`)
		soon(t, "the dead have what they may have", func() bool {
			if out.waiting(live) == 0 { // its lease is given back when nothing happens for seconds, and then it is not known to work
				out.backlog(h, live, orders[:1], 1)
			}
			return len(silent.messages()) == most
		})
		out.backlog(h, live, orders[1:], 10)
		soon(t, "the live one is told the rest", func() bool { return out.waiting(live) == 0 })
		working.inOrder(t, orders[1:], 10)
		if n := out.one(`SELECT COUNT(*) FROM deliveries WHERE endpoint_id <> 1000 AND attempts > 0`); n != 0 {
			t.Errorf("it was told when %d requests to dead ones had ended", n)
		}
	})
}

func TestAnEndpointThatIsSwitchedOffIsToldNothingMore(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		orders := ordersOf(h, p, 50)
		step := make(chan struct{})
		s := newSink(t, func(http.ResponseWriter, message) { <-step })
		out.endpoint(1, p, s.URL)
		out.backlog(h, 1, orders, 10)
		looks := &looking{Store: h.DB}
		deliver(h, func(o *webhook.Options) { o.Store = looks })
		soon(t, "a request is under way", func() bool { return len(s.messages()) == 1 })
		out.alter(`UPDATE endpoints SET state = 2, version = version + 1`)
		out.alter(`UPDATE partners SET hears = 0`)
		before := looks.times.Load() // the look under way may be one too many
		soon(t, "the sender has looked", func() bool { return looks.times.Load() > before+2 })
		close(step)
		soon(t, "the lease is given back", func() bool { return out.one(`SELECT COUNT(*) FROM endpoints WHERE lease_token = ''`) == 1 })
		if n := len(s.messages()); n != 1 {
			t.Errorf("%d requests", n)
		}
		if n := out.one(`SELECT COUNT(*) FROM deliveries WHERE state = 2`); n != 1 {
			t.Errorf("%d deliveries are stored as taken", n)
		}
		other := newSink(t, nil)
		out.alter(`UPDATE endpoints SET state = 1, version = version + 1, url = $1`, other.URL)
		out.alter(`UPDATE partners SET hears = 1`)
		soon(t, "the rest is told where it leads now", func() bool { return out.waiting(1) == 0 })
		if n := len(other.messages()); n != len(orders)*10-1 {
			t.Errorf("%d requests", n)
		}
	})
}

// looking counts how often a sender has looked what there is to do.
type looking struct {
	webhook.Store
	times atomic.Int64
}

func (l *looking) LookForDeliveries(ctx context.Context, holder string, now time.Time, limit int) (webhook.Outlook, error) {
	found, err := l.Store.LookForDeliveries(ctx, holder, now, limit)
	l.times.Add(1)
	return found, err
}

// TestClocksMayJump: what is new is told at once, and what was put off by a wrong clock waits no longer than any pause lasts.
func TestClocksMayJump(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		const jump = 60 * 24 * time.Hour
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		var works atomic.Bool
		s := newSink(t, func(w http.ResponseWriter, _ message) {
			if !works.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		out.endpoint(1, p, s.URL, gift.OrderCompleted)
		_, stop := deliver(h)
		h.Clock.Advance(jump)
		buyStar(h, p, "first")
		soon(t, "the first fails", func() bool { return out.deliveries(1)["order.completed"].attempts == 1 })
		works.Store(true)
		h.Clock.Advance(-jump)
		buyStar(h, p, "second")
		soon(t, "the second is taken", func() bool { return out.waiting(1) == 1 })
		if n := len(s.messages()); n != 2 {
			t.Errorf("%d requests", n)
		}
		stop()
		deliver(h) // it looks for such at its start, and every minute
		soon(t, "the first is taken", func() bool { return out.waiting(1) == 0 })
		if since := out.one(`SELECT COUNT(*) FROM endpoints WHERE failing_since IS NOT NULL`); since != 0 {
			t.Error("it is still said to fail")
		}
	})
}

// TestOnlyTheHolderOfALeaseStoresResults.
func TestOnlyTheHolderOfALeaseStoresResults(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		orders := ordersOf(h, p, 1)
		out.endpoint(1, p, "https://shop.example/hooks")
		out.backlog(h, 1, orders, 2)
		ctx, now := t.Context(), h.Clock.Now()
		lease := func(holder string) int {
			t.Helper()
			got, err := h.DB.LeaseEndpoints(ctx, holder, []int64{1, 2})
			if err != nil {
				t.Fatal(err)
			}
			return len(got)
		}
		if lease("a") != 1 || lease("b") != 0 || lease("a") != 1 {
			t.Error("an endpoint has two holders, or its own cannot renew")
		}
		due, err := h.DB.DueDeliveries(ctx, 1, now, 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("%+v, %v", due, err)
		}
		out.alter(`UPDATE endpoints SET leased_until = 1`)
		if lease("b") != 1 || lease("a") != 0 {
			t.Error("a lease that ran out is not taken over")
		}
		due[0].State, due[0].Attempts, due[0].DueAt, due[0].TriedAt = webhook.Delivered, 1, now, now
		keep := func(holder string, waiting int64) {
			t.Helper()
			if _, err := h.DB.KeepResults(ctx, holder, due, now); err != nil {
				t.Fatal(err)
			}
			if n := out.waiting(1); n != waiting {
				t.Errorf("after %s stored, %d wait", holder, n)
			}
		}
		keep("a", 2)
		if err := h.DB.GiveUpEndpoint(ctx, "a", 1, webhook.Gone, now); err != nil || out.state(1) != webhook.On {
			t.Error("who lost the lease gave the endpoint up", err)
		}
		if err := h.DB.ReleaseEndpoints(ctx, "a", []int64{1}); err != nil || lease("a") != 0 {
			t.Error("who lost the lease gave it back", err)
		}
		keep("b", 1)
		keep("b", 1)
		if err := h.DB.ReleaseEndpoints(ctx, "b", []int64{1}); err != nil || lease("a") != 1 {
			t.Error("a lease that was given back is not free", err)
		}
	})
}

// TestWhatWaitsBehindAnEventIsDueWithIt, so that it is not looked at before.
func TestWhatWaitsBehindAnEventIsDueWithIt(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		out.endpoint(1, p, "https://shop.example/hooks")
		bought := h.Buy(p, "", 1)
		ctx, now := t.Context(), h.Clock.Now()
		if got, err := h.DB.LeaseEndpoints(ctx, "a", []int64{1}); len(got) != 1 || err != nil {
			t.Fatal(err)
		}
		due, err := h.DB.DueDeliveries(ctx, 1, now, 10)
		if err != nil || len(due) != 1 {
			t.Fatal(due, err)
		}
		later := now.Add(time.Hour)
		due[0].State, due[0].Attempts, due[0].DueAt, due[0].TriedAt = webhook.Waiting, 1, later, now
		if _, err := h.DB.KeepResults(ctx, "a", due, now); err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.Refund(ctx, office.NewRefund{OrderID: bought.OrderID, Lines: []int64{1}, Reason: "bad", At: now}); err != nil {
			t.Fatal(err)
		}
		if d := out.deliveries(1)["order.refunded"]; !d.dueAt.Equal(later) {
			t.Errorf("what came behind is due at %v", d.dueAt)
		}
		due[0].State, due[0].Attempts = webhook.Delivered, 2
		if _, err := h.DB.KeepResults(ctx, "a", due, now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if d := out.deliveries(1)["order.refunded"]; !d.dueAt.Equal(now.Add(time.Minute)) {
			t.Errorf("what is next is due at %v", d.dueAt)
		}
	})
}
