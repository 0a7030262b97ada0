package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

var errInjected = errors.New("injected fault")

// faultyStore spoils a number of transactions: the COMMIT is lost on its way there, or its answer on the way back.
type faultyStore struct {
	purchase.Store
	lostBefore atomic.Int64 // transactions to lose before they are stored
	lostAfter  atomic.Int64 // transactions to store without saying so
	failing    atomic.Int64 // transactions that fail in a way the engine does not know
	gone       atomic.Int64 // transactions that find no store
	silent     atomic.Int64 // questions about the outcome that go unanswered
}

func (f *faultyStore) Transact(
	ctx context.Context, reads purchase.Reads, decide func(*purchase.State) (purchase.Writes, error),
) error {
	switch {
	case take(&f.lostBefore):
		_ = f.Store.Transact(ctx, reads, func(s *purchase.State) (purchase.Writes, error) {
			_, err := decide(s)
			return purchase.Writes{}, errors.Join(err, errInjected)
		})
		return &purchase.AmbiguousCommit{Cause: errInjected}
	case take(&f.lostAfter):
		if err := f.Store.Transact(ctx, reads, decide); err != nil {
			return err
		}
		return &purchase.AmbiguousCommit{Cause: errInjected}
	case take(&f.failing):
		return errInjected
	case take(&f.gone):
		return fmt.Errorf("%w: %w", purchase.ErrUnavailable, errInjected)
	}
	return f.Store.Transact(ctx, reads, decide)
}

func (f *faultyStore) Committed(ctx context.Context, partners []int64, orders []gift.ID) (map[gift.ID]bool, error) {
	if take(&f.silent) {
		return nil, errInjected
	}
	return f.Store.Committed(ctx, partners, orders)
}

func take(n *atomic.Int64) bool {
	for left := n.Load(); left > 0; left = n.Load() {
		if n.CompareAndSwap(left, left-1) {
			return true
		}
	}
	return false
}

// unansweredCommits loses COMMITs both ways under 40 purchases at once; every answer must be true and none doubled.
func unansweredCommits(t *testing.T, open Opener) {
	for name, spoil := range map[string]func(*faultyStore){
		"and was not stored": func(f *faultyStore) { f.lostBefore.Store(3); f.silent.Store(2) },
		"but was stored":     func(f *faultyStore) { f.lostAfter.Store(3); f.silent.Store(2) },
	} {
		t.Run(name, func(t *testing.T) {
			h := NewHouse(t, open)
			h.Stock(2, 100)
			p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
			f := h.spoiltEngine(patient, spoil)
			each(40, func(i int) {
				out, err := f.Buy(t.Context(), GiftRequest(p, fmt.Sprint(i), int64(i%2)+1))
				if err != nil || out.Refusal != nil {
					t.Errorf("purchase %d: %+v, %v", i, out.Refusal, err)
				}
			})
			if got := h.Balance("demo"); got != 1_000_000-40*940 {
				t.Errorf("balance %d", got)
			}
		})
	}
}

// failedTransactions: a batch that fails is tried again one by one; while nothing can be written nothing is bought.
func failedTransactions(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 100)
	p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
	f := h.spoiltEngine(patient, func(f *faultyStore) { f.failing.Store(1) })
	var bought atomic.Int64
	each(30, func(i int) {
		out, err := f.Buy(t.Context(), GiftRequest(p, fmt.Sprint(i), 1))
		switch {
		case err == nil && out.Refusal == nil:
			bought.Add(1)
		case !errors.Is(err, purchase.ErrNotJournalled):
			t.Errorf("purchase %d: %+v, %v", i, out.Refusal, err)
		}
	})
	if got := h.Balance("demo"); got != 1_000_000-gift.Won(bought.Load())*940 {
		t.Errorf("balance %d after %d purchases", got, bought.Load())
	}
	if bought.Load() < 29 {
		t.Errorf("%d purchases went through; one failed transaction may cost one at most", bought.Load())
	}
}

// neverAnswered: the store does not say what happened for longer than the engine asks.
func neverAnswered(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 10)
	p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	f := h.spoiltEngine(impatient, func(f *faultyStore) { f.lostAfter.Store(1); f.silent.Store(1 << 40) })
	if _, err := f.Buy(t.Context(), GiftRequest(p, "k", 1)); !errors.Is(err, purchase.ErrUnknown) {
		t.Fatalf("want ErrUnknown, got %v", err)
	}
	out, err := f.Buy(t.Context(), GiftRequest(p, "k", 1))
	if err != nil || !out.Replayed {
		t.Errorf("the same key must find the purchase: %+v, %v", out, err)
	}
}

// spoiltEngine returns another engine on the house's store, some of whose transactions go wrong. It tries and asks for as long as
// resolve: patient, or impatient where the store never says what happened.
func (h *House) spoiltEngine(resolve time.Duration, spoil func(*faultyStore)) *purchase.Engine {
	f := &faultyStore{Store: h.DB}
	spoil(f)
	e := purchase.New(purchase.Options{Store: f, Clock: h.Clock, IDs: h.DB.IDs(), Lanes: h.DB.Lanes(), Resolve: resolve})
	e.Start()
	h.T.Cleanup(e.Stop)
	return e
}

// slowCommit: a COMMIT takes longer than the window in which equal purchases are one. Who asks again meanwhile is refused,
// although its turn comes after the window.
func slowCommit(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 10)
	p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 10_000)
	slow := &slowStore{Store: h.DB, entered: make(chan struct{}), leave: make(chan struct{})}
	e := purchase.New(purchase.Options{Store: slow, Clock: h.Clock, IDs: h.DB.IDs(), Lanes: h.DB.Lanes()})
	e.Start()
	t.Cleanup(e.Stop)
	outs := make(chan purchase.Outcome, 2)
	buy := func() {
		out, err := e.Buy(t.Context(), GiftRequest(p, "", 1))
		if err != nil {
			t.Error(err)
		}
		outs <- out
	}
	go buy()
	<-slow.entered // decided, not yet committed
	h.Clock.Advance(5 * time.Second)
	go buy()
	awaitWaiting(e, 1)
	h.Clock.Advance(10 * time.Second)
	close(slow.leave)
	first, second := <-outs, <-outs
	if first.Refusal != nil {
		first, second = second, first
	}
	if second.Refusal == nil || second.Refusal.Reason != gift.Repeated || second.Refusal.First != first.Ref {
		t.Errorf("%+v, then %+v", first, second.Refusal)
	}
}

// awaitWaiting waits until n purchases are in the queue.
func awaitWaiting(e *purchase.Engine, n int) {
	for i := 0; e.Waiting() < n && i < 60_000; i++ {
		time.Sleep(time.Millisecond)
	}
}

// tooManyWait: while a transaction takes long, as many purchases wait as may. Who comes then is refused and has bought
// nothing, so that the same key buys later.
func tooManyWait(t *testing.T, open Opener) {
	const queue = 4
	h := NewHouse(t, open)
	h.Stock(1, 100)
	p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
	slow := &slowStore{Store: h.DB, entered: make(chan struct{}), leave: make(chan struct{})}
	e := purchase.New(purchase.Options{Store: slow, Clock: h.Clock, IDs: h.DB.IDs(), Queue: queue, Batch: 2})
	e.Start()
	t.Cleanup(e.Stop)
	var wg sync.WaitGroup
	buy := func(key string) {
		out, err := e.Buy(t.Context(), GiftRequest(p, key, 1))
		if err != nil || out.Refusal != nil || out.Replayed {
			t.Errorf("%s: %+v, %v", key, out, err)
		}
	}
	wg.Go(func() { buy("first") })
	<-slow.entered
	for i := range queue {
		if e.Full() {
			t.Errorf("full with %d waiting", i)
		}
		wg.Go(func() { buy(fmt.Sprint(i)) })
		awaitWaiting(e, i+1)
	}
	for _, req := range []purchase.Request{GiftRequest(p, "late", 1), HoldRequest(p, 1), QuoteRequest(p, "late", 1)} {
		if _, err := e.Buy(t.Context(), req); !errors.Is(err, purchase.ErrBusy) || !e.Full() {
			t.Errorf("one too many: %v, full: %t", err, e.Full())
		}
	}
	close(slow.leave)
	wg.Wait()
	if e.Full() {
		t.Error("full, and nobody waits")
	}
	buy("late")
	if got := h.Balance("demo"); got != 1_000_000-(queue+2)*940 {
		t.Errorf("balance %d", got)
	}
}

// goneWhileTriedAlone: a batch fails, and then the store goes away. The others of the batch do not wait for it one by one.
func goneWhileTriedAlone(t *testing.T, open Opener) {
	const batch, forever = 20, 1 << 40
	h := NewHouse(t, open)
	h.Stock(1, 100)
	p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
	f := &faultyStore{Store: h.DB}
	slow := &slowStore{Store: f, entered: make(chan struct{}), leave: make(chan struct{})}
	e := purchase.New(purchase.Options{Store: slow, Clock: h.Clock, IDs: h.DB.IDs(), Lanes: h.DB.Lanes()})
	e.Start()
	t.Cleanup(e.Stop)
	var wg sync.WaitGroup
	buy := func(key string, want error) {
		if _, err := e.Buy(t.Context(), GiftRequest(p, key, 1)); !errors.Is(err, want) {
			t.Errorf("%s: %v", key, err)
		}
	}
	wg.Go(func() { buy("first", nil) })
	<-slow.entered
	f.failing.Store(1)
	f.gone.Store(forever)
	for i := range batch {
		wg.Go(func() { buy(fmt.Sprint(i), purchase.ErrNotJournalled) })
	}
	awaitWaiting(e, batch)
	close(slow.leave)
	wg.Wait()
	if tried := forever - f.gone.Load(); tried != 1 {
		t.Errorf("the store that was gone was asked %d times", tried)
	}
	if got := h.Balance("demo"); got != 1_000_000-940 {
		t.Errorf("balance %d", got)
	}
}

// slowStore keeps the first transaction from committing until told.
type slowStore struct {
	purchase.Store
	once    sync.Once
	entered chan struct{}
	leave   chan struct{}
}

func (s *slowStore) Transact(
	ctx context.Context, reads purchase.Reads, decide func(*purchase.State) (purchase.Writes, error),
) error {
	return s.Store.Transact(ctx, reads, func(state *purchase.State) (w purchase.Writes, err error) {
		w, err = decide(state)
		s.once.Do(func() {
			close(s.entered)
			<-s.leave
		})
		return w, err
	})
}

// askedAgainLate: a buyer without a key that could not be told its outcome asks again after the window, once; after that
// it may buy the same again.
func askedAgainLate(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 10)
	p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 10_000)
	f := h.spoiltEngine(impatient, func(f *faultyStore) { f.lostAfter.Store(1); f.silent.Store(1 << 40) })
	if _, err := f.Buy(t.Context(), GiftRequest(p, "", 1)); !errors.Is(err, purchase.ErrUnknown) {
		t.Fatalf("want ErrUnknown, got %v", err)
	}
	h.Clock.Advance(time.Hour)
	for i, want := range []bool{true, false} {
		out, err := f.Buy(t.Context(), GiftRequest(p, "", 1))
		if err != nil {
			t.Fatal(err)
		}
		if repeated := out.Refusal != nil && out.Refusal.Reason == gift.Repeated; repeated != want {
			t.Errorf("asked again for the %d. time: %+v", i+1, out.Refusal)
		}
	}
	if got := h.Balance("demo"); got != 10_000-2*940 {
		t.Errorf("balance %d", got)
	}
}

// neverStored: no COMMIT gets through. The engine gives up soon and says that nothing was bought.
func neverStored(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 10)
	p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	var spoilt *faultyStore
	f := h.spoiltEngine(patient, func(f *faultyStore) { f.lostBefore.Store(1 << 40); spoilt = f })
	if _, err := f.Buy(t.Context(), GiftRequest(p, "k", 1)); !errors.Is(err, purchase.ErrNotJournalled) {
		t.Errorf("want ErrNotJournalled, got %v", err)
	}
	if tries := 1<<40 - spoilt.lostBefore.Load(); tries > 10 {
		t.Errorf("%d transactions were tried", tries)
	}
	if h.Balance("demo") != 10_000 {
		t.Errorf("balance %d", h.Balance("demo"))
	}
}

// midnightWhileWaiting: the day turns between the question and the locks. The price is that of the new day.
func midnightWhileWaiting(t *testing.T, open Opener) {
	h := NewHouse(t, open)
	h.Stock(1, 10)
	p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
	lastDayAtFar := gift.DateOf(2025, 12, 31) - 61
	h.Clock.Set(lastDayAtFar.End().Add(-time.Second))
	turn := &turningStore{Store: h.DB, turn: func() { h.Clock.Set(lastDayAtFar.End()) }}
	e := purchase.New(purchase.Options{Store: turn, Clock: h.Clock, IDs: h.DB.IDs(), Lanes: h.DB.Lanes()})
	e.Start()
	t.Cleanup(e.Stop)
	out, err := e.Buy(t.Context(), GiftRequest(p, "", 1)) // names the price of the old day
	if err != nil || out.Refusal == nil || out.Refusal.Reason != gift.WrongAmount || out.Refusal.Amount != 930 {
		t.Errorf("%+v, %v", out.Refusal, err)
	}
}

// turningStore does something between a batch's question and its locks, once.
type turningStore struct {
	purchase.Store
	once sync.Once
	turn func()
}

func (s *turningStore) Transact(
	ctx context.Context, reads purchase.Reads, decide func(*purchase.State) (purchase.Writes, error),
) error {
	s.once.Do(s.turn)
	return s.Store.Transact(ctx, reads, decide)
}
