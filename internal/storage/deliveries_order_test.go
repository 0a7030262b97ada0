package storage_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// TestEventsOfAnOrderKeepTheirOrder while those of others overtake: the first event of one order fails.
func TestEventsOfAnOrderKeepTheirOrder(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		orders := ordersOf(h, p, 20)
		var works atomic.Bool
		s := newSink(t, func(w http.ResponseWriter, m message) {
			if lineOf(t, m).Order == orders[0] && !works.Load() {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		out.endpoint(1, p, s.URL)
		out.backlog(h, 1, orders, 3)
		sender, _ := deliver(h)
		soon(t, "the others are told", func() bool { return out.waiting(1) == 3 })
		for _, m := range s.messages() {
			if l := lineOf(t, m); l.Order == orders[0] && l.N != 1 {
				t.Errorf("event %d of the order that failed was sent", l.N)
			}
		}
		works.Store(true)
		h.Clock.Advance(6 * time.Second)
		sender.Nudge()
		soon(t, "the order that failed is told", func() bool { return out.waiting(1) == 0 })
		s.inOrder(t, orders, 3)
		if extra := len(s.messages()) - 60; extra != 1 {
			t.Errorf("%d requests more than events", extra)
		}
	})
}

// TestAnAbandonedEventLetsTheNextGo.
func TestAnAbandonedEventLetsTheNextGo(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		orders := ordersOf(h, p, 1)
		s := newSink(t, func(w http.ResponseWriter, m message) {
			if lineOf(t, m).N == 1 {
				w.WriteHeader(http.StatusBadRequest)
			}
		})
		out.endpoint(1, p, s.URL)
		out.backlog(h, 1, orders, 3)
		out.alter(`UPDATE deliveries SET attempts = 9 WHERE event_id = (SELECT MIN(event_id) FROM deliveries)`)
		deliver(h)
		soon(t, "all are told or abandoned", func() bool { return out.waiting(1) == 0 })
		s.inOrder(t, orders, 3)
		if n := out.one(`SELECT COUNT(*) FROM deliveries WHERE state = 3`); n != 1 {
			t.Errorf("%d were abandoned", n)
		}
	})
}

// errCut is what a store says that was cut off.
var errCut = errors.New("cut off")

// dying is the store of a node that dies: from a moment on, nothing that the node does has any effect.
type dying struct {
	webhook.Store
	dead   chan struct{} // closed when it dies
	die    func()
	before string // the step before which it dies
	sent   atomic.Int64
}

func newDying(store webhook.Store, before string) *dying {
	d := &dying{Store: store, dead: make(chan struct{}), before: before}
	d.die = sync.OnceFunc(func() { close(d.dead) })
	return d
}

func (d *dying) gone() bool {
	select {
	case <-d.dead:
		return true
	default:
		return false
	}
}

func (d *dying) LookForDeliveries(ctx context.Context, holder string, now time.Time, limit int) (webhook.Outlook, error) {
	if d.gone() {
		return webhook.Outlook{}, errCut
	}
	return d.Store.LookForDeliveries(ctx, holder, now, limit)
}

func (d *dying) LeaseEndpoints(ctx context.Context, holder string, ids []int64) ([]webhook.Endpoint, error) {
	if d.gone() {
		return nil, errCut
	}
	return d.Store.LeaseEndpoints(ctx, holder, ids)
}

func (d *dying) ReleaseEndpoints(ctx context.Context, holder string, ids []int64) error {
	if d.gone() {
		return errCut
	}
	return d.Store.ReleaseEndpoints(ctx, holder, ids)
}

func (d *dying) DueDeliveries(ctx context.Context, endpoint int64, now time.Time, limit int) ([]webhook.Delivery, error) {
	list, err := d.Store.DueDeliveries(ctx, endpoint, now, limit)
	if d.before == "sending" && len(list) > 0 && d.sent.Load() > 0 {
		d.die()
	}
	if d.gone() {
		return nil, errCut
	}
	return list, err
}

func (d *dying) KeepResults(
	ctx context.Context, holder string, results []webhook.Delivery, now time.Time,
) (map[int64]time.Time, error) {
	d.sent.Add(1)
	if d.before == "storing" && d.sent.Load() > 2 {
		d.die()
	}
	if d.gone() {
		return nil, errCut
	}
	failing, err := d.Store.KeepResults(ctx, holder, results, now)
	if d.before == "knowing" && d.sent.Load() > 2 {
		d.die()
	}
	if d.gone() {
		return nil, errCut
	}
	return failing, err
}

// TestNothingIsLostWhenANodeDies at each step of a delivery: another takes over once the lease has run out. What was sent and
// not stored comes again, and nothing else does.
func TestNothingIsLostWhenANodeDies(t *testing.T) {
	const each = 4
	for _, step := range []string{"sending", "storing", "knowing"} {
		t.Run("before "+step, func(t *testing.T) {
			eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
				p := h.Partner(gift.Partner{Name: "demo"}, 0)
				orders := ordersOf(h, p, 30)
				s := newSink(t, nil)
				out.endpoint(1, p, s.URL)
				out.backlog(h, 1, orders, each)
				store := newDying(h.DB, step)
				deliver(h, func(o *webhook.Options) { o.Store = store })
				<-store.dead
				second := h.SecondNode()
				deliver(second)
				if found, err := second.DB.LookForDeliveries(t.Context(), "third", h.Clock.Now(), 10); len(found.Free) != 0 || err != nil {
					t.Errorf("an endpoint is free while the dead node's lease lasts: %+v, %v", found, err)
				}
				out.alter(`UPDATE endpoints SET leased_until = 1`)
				soon(t, "the rest is told", func() bool { return out.waiting(1) == 0 })
				s.inOrder(t, orders, each)
				again := len(s.messages()) - len(orders)*each
				if step == "knowing" && again > 32 || again > 512 {
					t.Errorf("%d events came again", again)
				}
				t.Logf("%d events came again", again)
			})
		})
	}
}

// TestTwoNodesAtOnceTellEachEventOnce.
func TestTwoNodesAtOnceTellEachEventOnce(t *testing.T) {
	const endpoints, each = 6, 3
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		orders := ordersOf(h, p, 20)
		var sinks []*sink
		for id := range int64(endpoints) {
			s := newSink(t, nil)
			sinks = append(sinks, s)
			out.endpoint(id+1, p, s.URL)
			out.backlog(h, id+1, orders, each)
		}
		nodes := []*storagetest.House{h, h.SecondNode(), h.SecondNode()}
		for _, node := range nodes {
			deliver(node)
		}
		soon(t, "all is told", func() bool { return out.one(`SELECT COUNT(*) FROM deliveries WHERE state = 1`) == 0 })
		for id, s := range sinks {
			s.inOrder(t, orders, each)
			if n := len(s.messages()); n != len(orders)*each {
				t.Errorf("endpoint %d was told %d times of %d events", id+1, n, len(orders)*each)
			}
		}
	})
}

// TestWhileAllGoesWellEachEventIsToldOnce: more is read while results are stored.
func TestWhileAllGoesWellEachEventIsToldOnce(t *testing.T) {
	const events = 4000
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		s := newSink(t, nil)
		out.endpoint(1, p, s.URL)
		out.endpoint(2, p, s.URL)
		out.fill(h, p, 2, events)
		deliver(h)
		soon(t, "all is told", func() bool { return out.one(`SELECT COUNT(*) FROM deliveries WHERE state = 1`) == 0 })
		if n := len(s.messages()); n != events {
			t.Errorf("%d requests for %d events", n, events)
		}
	})
}

// TestEventsOfAnOrderKeepTheirOrderWhateverClocksShow: a coupon is bought on one node and used on another, whose clock is
// behind.
func TestEventsOfAnOrderKeepTheirOrderWhateverClocksShow(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 0)
		out.endpoint(1, p, "https://shop.example/hooks")
		order := buyStar(h, p, "one")
		behind := clock.NewManual(h.Clock.Now().Add(-30 * time.Second))
		out.process(behind, func(db *storage.DB) {
			won, err := db.MarkUsed(t.Context(), redeem.Use{
				OrderID: order, Line: 1, SellerID: 1, ShopID: 37, Via: "page", At: behind.Now(),
			})
			if err != nil || !won {
				t.Error(won, err)
			}
		})
		due, err := h.DB.DueDeliveries(t.Context(), 1, h.Clock.Now(), 10)
		if err != nil || len(due) != 1 || due[0].Event.Type != gift.OrderCompleted {
			t.Errorf("%+v, %v", due, err)
		}
		if n := out.waiting(1); n != 2 {
			t.Errorf("%d wait", n)
		}
	})
}
