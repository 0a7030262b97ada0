package isolation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage/storagetest"
)

// countedStore counts the batches of a node that lost a race.
type countedStore struct {
	purchase.Store
	batches, lost atomic.Int64
}

// Transact implements purchase.Store.
func (s *countedStore) Transact(
	ctx context.Context, reads purchase.Reads, decide func(*purchase.State) (purchase.Writes, error),
) error {
	s.batches.Add(1)
	err := s.Store.Transact(ctx, reads, decide)
	if errors.Is(err, purchase.ErrConflict) {
		s.lost.Add(1)
	}
	return err
}

// TestOneAccountServesTwoNodes: however its transactions are kept apart, everybody buys, however many want the same account and
// offer on two nodes at once, and nobody waits for long.
func TestOneAccountServesTwoNodes(t *testing.T) {
	eachLevel(t, func(t *testing.T, h *storagetest.House, level string) {
		const buyers, balance = 16, 100_000_000
		rounds := faults.Rounds(8, 60)
		h.Stock(1, 2*buyers*rounds)
		p := h.Partner(gift.Partner{Name: "demo"}, balance)
		second := h.SecondNode()
		var bought atomic.Int64
		var slowest atomic.Int64
		var wg sync.WaitGroup
		var stores []*countedStore
		for n, node := range []*storagetest.House{h, second} {
			store := &countedStore{Store: node.DB}
			stores = append(stores, store)
			e := purchase.New(purchase.Options{
				Store: store, Clock: h.Clock, IDs: node.DB.IDs(), Lanes: node.DB.Lanes(), Patience: time.Hour,
			})
			e.Start()
			t.Cleanup(e.Stop)
			for b := range buyers {
				wg.Go(func() {
					for i := range rounds {
						began := time.Now()
						out, err := e.Buy(t.Context(), storagetest.GiftRequest(p, fmt.Sprint(n, b, i), 1))
						if err != nil || out.Refusal != nil {
							t.Errorf("node %d, buyer %d, purchase %d: %+v, %v", n, b, i, out.Refusal, err)
							return
						}
						bought.Add(1)
						slowest.Store(max(slowest.Load(), int64(time.Since(began))))
					}
				})
			}
		}
		wg.Wait()
		row := faults.Row{Fault: "two nodes on one account, " + level, On: "PostgreSQL", Rounds: 1, Acknowledged: int(bought.Load())}
		switch missing := int((balance-h.Balance("demo"))/940) - row.Acknowledged; {
		case missing < 0:
			row.Lost = -missing
		case missing > 0:
			row.Doubled = missing
		}
		faults.Report(t, row)
		for n, s := range stores {
			t.Logf("node %d: %d batches of %d purchases, of which %d lost a race", n, s.batches.Load(), buyers*rounds, s.lost.Load())
		}
		t.Logf("the slowest purchase took %s", time.Duration(slowest.Load()))
	})
}
