package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// joining: while another node has the locks that a batch waits for, purchases come that need the same. They are decided with
// that batch, each as if it had come alone; one that needs another offer is not.
func joining(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(2, 100)
	p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 1_000_000)
	known := h.Buy(p, "known", 1)
	numbered := h.Ask(referenced(p, "numbered", "A-1", 1))
	quote := h.Quote(p, 1, 1)
	other := h.SecondNode()
	locked := &slowStore{Store: other.DB, entered: make(chan struct{}), leave: make(chan struct{})}
	elsewhere := engineOn(other, locked, nil)
	asked := &askedStore{Store: h.DB, asked: make(chan struct{}, 10)}
	var sizes []int // of one lane's batches, which come one after the other
	here := engineOn(h, asked, func(size int, _ time.Duration) { sizes = append(sizes, size) })

	var wg sync.WaitGroup
	ask := func(e *purchase.Engine, req purchase.Request, check func(purchase.Outcome) bool) {
		wg.Go(func() {
			out, err := e.Buy(t.Context(), req)
			if err != nil || !check(out) {
				t.Errorf("%+v: %+v, %v", req, out, err)
			}
		})
	}
	buy := func(e *purchase.Engine, key string, check func(purchase.Outcome) bool, offers ...int64) {
		ask(e, GiftRequest(p, key, offers...), check)
	}
	buy(elsewhere, "elsewhere", bought, 1)
	<-locked.entered
	buy(here, "first", bought, 1)
	<-asked.asked
	h.Clock.Advance(time.Second) // the batch waits
	buy(here, "known", func(o purchase.Outcome) bool { return o.Replayed && o.OrderID == known.OrderID }, 1)
	buy(here, "", func(o purchase.Outcome) bool { return o.Refusal != nil && o.Refusal.Reason == gift.Repeated }, 1)
	for i := range 5 {
		buy(here, fmt.Sprint(i), bought, 1)
	}
	ask(here, referenced(p, "reference", "A-1", 1), func(o purchase.Outcome) bool {
		return o.Refusal != nil && o.Refusal.Reason == gift.ReferenceUsed && o.Refusal.First == numbered.Ref
	})
	ask(here, QuoteRequest(p, "quote", quote.ID), bought)
	ask(here, HoldRequest(p, 1), func(o purchase.Outcome) bool { return o.Quote != nil })
	awaitWaiting(here, 10)
	buy(here, "another offer", bought, 1, 2)
	awaitWaiting(here, 11)
	close(locked.leave)
	wg.Wait()
	here.Stop()
	if len(sizes) != 2 || sizes[0] != 11 || sizes[1] != 1 {
		t.Errorf("batches of %d", sizes)
	}
	if got := h.Balance("demo"); got != 1_000_000-13*940 {
		t.Errorf("balance %d", got)
	}
}

func bought(o purchase.Outcome) bool { return o.Refusal == nil && !o.Replayed }

// engineOn returns another engine of a node, on a store that may be its own with something added.
func engineOn(h *House, store purchase.Store, observe func(int, time.Duration)) *purchase.Engine {
	e := purchase.New(purchase.Options{
		Store: store, Clock: h.Clock, IDs: h.DB.IDs(), Lanes: h.DB.Lanes(), Observe: observe, Transaction: patient, Resolve: patient,
	})
	e.Start()
	h.T.Cleanup(e.Stop)
	return e
}

// askedStore tells when a transaction begins.
type askedStore struct {
	purchase.Store
	asked chan struct{}
}

func (s *askedStore) Transact(
	ctx context.Context, reads purchase.Reads, decide func(*purchase.State) (purchase.Writes, error),
) error {
	s.asked <- struct{}{}
	return s.Store.Transact(ctx, reads, decide)
}
