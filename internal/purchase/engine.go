// Package purchase is the group-commit purchase engine. Purchases that arrive while a transaction commits are gathered
// and committed together by the next one, so that a busy moment costs few disk flushes and few row locks, and a lone
// purchase waits for nobody.
package purchase

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// Faults of the engine. Refusals are not among them: those are part of an Outcome.
var (
	ErrBusy          = errors.New("purchase: too many purchases are waiting")
	ErrStopped       = errors.New("purchase: the engine is stopping")
	ErrNotJournalled = errors.New("purchase: the store could not write; nothing was bought")
	ErrUnknown       = errors.New("purchase: the store did not say whether the purchase was written")
)

// Classes of a Store's errors; a store wraps them where it knows better than "something is wrong with this batch".
var (
	ErrConflict    = errors.New("purchase: lost against another transaction; the whole batch may be tried again")
	ErrUnavailable = errors.New("purchase: the store cannot be reached or cannot write")
)

const (
	maxAttempts  = 8      // at one batch that loses races
	maxUnsettled = 10_000 // purchases whose buyers could not be told their outcome
)

// Request is one purchase. Items must not be empty.
type Request struct {
	PartnerID int64
	Kind      gift.Kind
	Items     []ItemRequest
	Cash      gift.Won
	Product   string // the buyer's own naming of the items, see fitsProducts
	Key       string // idempotency key, or empty
	// Render makes the answer's body, which is kept with the key; nil = an empty one. It runs inside the transaction and
	// must be quick.
	Render func(Outcome) []byte
}

// ItemRequest names one unit to buy.
type ItemRequest struct {
	OfferID    int64
	CampaignID int64 // star coupons only
	CouponID   int64 // star coupons only; 0 = any free one
}

// Outcome is the decided result of a request: an order or a refusal.
type Outcome struct {
	OrderID  gift.ID
	Ref      gift.OrderRef
	Coupons  []int64 // the coupon of each item; star coupons only
	Refusal  *gift.Refusal
	Body     []byte // what Render made, or what it made the first time
	Replayed bool   // the key was known: nothing was done now
}

// Options configure an Engine. Store, Clock and IDs are required.
type Options struct {
	Store  Store
	Clock  clock.Clock
	IDs    *gift.IDMaker
	Logger *slog.Logger
	Queue  int // purchases that may wait, whatever their pace; default 4096
	Batch  int // purchases committed together at most, default 512
	// Patience is how long a purchase may be expected to wait for its transaction; default 100 ms. A full batch may wait in
	// any case.
	Patience time.Duration
	// Transaction bounds one transaction, its COMMIT included; default 8 s.
	Transaction time.Duration
	// Resolve bounds how long a batch is tried, and then how long a store is asked that left its COMMIT unanswered;
	// default 20 s.
	Resolve time.Duration
	// SoldOut is told, after the commit, of offers without stock.
	SoldOut func(offers []int64)
	// Observe is told the size of each committed batch and how long its transaction took.
	Observe func(size int, took time.Duration)
}

// Engine commits purchases in groups. Buy may be called from any goroutine.
type Engine struct {
	opt   Options
	queue chan *waiter
	done  chan struct{}
	turn  atomic.Int64 // how long a batch has the committer nowadays, in nanoseconds

	mu      sync.RWMutex
	stopped bool // guarded by mu; once set, nothing enters queue

	// unsettled are purchases without a key whose outcome stayed unknown. The committer owns it.
	unsettled map[Repeat]gift.ID
}

type waiter struct {
	req     Request
	reads   requestReads
	arrived time.Time   // a repeat is told by when it was asked for, not by when its turn came
	answer  chan answer // buffered: the committer never waits for a caller
}

type answer struct {
	out Outcome
	err error
}

// New returns an engine; Start makes it work. It panics when a required option is missing.
func New(opt Options) *Engine {
	if opt.Store == nil || opt.Clock == nil || opt.IDs == nil {
		panic("purchase: Store, Clock and IDs are required")
	}
	if opt.Queue == 0 {
		opt.Queue = 4096
	}
	if opt.Batch == 0 {
		opt.Batch = 512
	}
	if opt.Patience == 0 {
		opt.Patience = 100 * time.Millisecond
	}
	if opt.Transaction == 0 {
		opt.Transaction = 8 * time.Second
	}
	if opt.Resolve == 0 {
		opt.Resolve = 20 * time.Second
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{
		opt: opt, queue: make(chan *waiter, opt.Queue), done: make(chan struct{}), unsettled: map[Repeat]gift.ID{},
	}
}

// Start launches the committer. It returns at once.
func (e *Engine) Start() { go e.run() }

// Stop refuses new purchases, answers all that wait, and returns when the last is answered.
func (e *Engine) Stop() {
	e.mu.Lock()
	if !e.stopped {
		e.stopped = true
		close(e.queue)
	}
	e.mu.Unlock()
	<-e.done
}

// Buy decides a purchase and makes it durable. When ctx ends first, Buy returns its error, and the purchase goes on:
// its outcome is found by the same key or in the history.
func (e *Engine) Buy(ctx context.Context, req Request) (Outcome, error) {
	w := &waiter{req: req, reads: readsOf(&req), arrived: e.opt.Clock.Now(), answer: make(chan answer, 1)}
	if err := e.enqueue(w); err != nil {
		return Outcome{}, err
	}
	select {
	case a := <-w.answer:
		return a.out, a.err
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
}

func (e *Engine) enqueue(w *waiter) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.stopped {
		return ErrStopped
	}
	if e.Full() {
		return ErrBusy
	}
	select {
	case e.queue <- w:
		return nil
	default:
		return ErrBusy
	}
}

// run is the committer: the only goroutine that touches a batch.
func (e *Engine) run() {
	defer close(e.done)
	batch := make([]*waiter, 0, e.opt.Batch)
	for first := range e.queue {
		batch = append(batch[:0], first)
		batch = e.gather(batch)
		began := e.opt.Clock.Now()
		e.commit(batch)
		e.took(e.opt.Clock.Now().Sub(began))
		clear(batch)
	}
}

// gather adds what is waiting now, without waiting for more.
func (e *Engine) gather(batch []*waiter) []*waiter {
	for len(batch) < e.opt.Batch {
		select {
		case w, ok := <-e.queue:
			if !ok {
				return batch
			}
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// commit decides a batch. An unexpected fault must hit only its culprit, so a faulty batch is tried again one by one.
func (e *Engine) commit(batch []*waiter) {
	outs, err := e.transact(batch)
	if err == nil {
		e.reply(batch, outs)
		return
	}
	e.opt.Logger.Error("purchase batch failed", "size", len(batch), "error", err)
	if len(batch) == 1 || errors.Is(err, ErrUnknown) || errors.Is(err, ErrUnavailable) {
		for _, w := range batch {
			w.answer <- answer{err: err}
		}
		return
	}
	for i := range batch {
		outs, err := e.transact(batch[i : i+1])
		if err == nil {
			e.reply(batch[i:i+1], outs)
			continue
		}
		e.opt.Logger.Error("purchase failed", "partner", batch[i].req.PartnerID, "error", err)
		batch[i].answer <- answer{err: err}
		if errors.Is(err, ErrUnknown) || errors.Is(err, ErrUnavailable) {
			e.giveUp(batch[i+1:])
			return
		}
	}
}

// giveUp answers purchases that were not tried alone, because the store went away meanwhile.
func (e *Engine) giveUp(batch []*waiter) {
	for _, w := range batch {
		w.answer <- answer{err: errors.Join(ErrNotJournalled, ErrUnavailable)}
	}
}

func (e *Engine) reply(batch []*waiter, outs []Outcome) {
	for i, w := range batch {
		w.answer <- answer{out: outs[i]}
	}
}

// transact decides a batch. What lost a race, and what an unanswered COMMIT turned out not to have stored, is decided
// again, a few times.
func (e *Engine) transact(batch []*waiter) ([]Outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), e.opt.Resolve)
	defer cancel()
	began := e.opt.Clock.Now()
	var err error
	for n := range maxAttempts {
		if n > 0 {
			pause(ctx, time.Millisecond<<n)
		}
		d := newDecision(batch, e.opt.Clock, e.opt.IDs, e.unsettled)
		if err = e.attempt(ctx, d); err == nil {
			e.committed(d, began)
			return d.outs, nil
		}
		if errors.Is(err, ErrUnknown) {
			return nil, err
		}
		if !errors.Is(err, ErrConflict) {
			return nil, errors.Join(ErrNotJournalled, err)
		}
	}
	return nil, errors.Join(ErrNotJournalled, ErrUnavailable, err)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// attempt is one transaction. When its COMMIT is not answered, it finds out what became of it: stored is success, not
// stored is a race lost, and if the store does not say either, ErrUnknown.
func (e *Engine) attempt(ctx context.Context, d *decision) error {
	ctx, cancel := context.WithTimeout(ctx, e.opt.Transaction)
	defer cancel()
	err := e.opt.Store.Transact(ctx, readsOfBatch(d.batch, d.asked), d.safely)
	var unanswered *AmbiguousCommit
	if !errors.As(err, &unanswered) {
		return err
	}
	stored, lookErr := e.resolve(d)
	switch {
	case lookErr != nil:
		e.remember(d)
		return errors.Join(ErrUnknown, err, lookErr)
	case stored:
		return nil
	default:
		return fmt.Errorf("%w: not stored: %w", ErrConflict, err)
	}
}

// remember keeps what buyers without a key cannot be told, so that their asking this node again is known as such however
// late it is.
func (e *Engine) remember(d *decision) {
	for i, w := range d.batch {
		if d.outs[i].OrderID == 0 || w.req.Key != "" {
			continue
		}
		if len(e.unsettled) >= maxUnsettled {
			clear(e.unsettled) // the window and the history still tell
		}
		e.unsettled[Repeat{w.req.PartnerID, w.reads.fingerprint}] = d.outs[i].OrderID
	}
}

func (e *Engine) committed(d *decision, began time.Time) {
	for _, told := range d.told {
		delete(e.unsettled, told)
	}
	if e.opt.Observe != nil {
		e.opt.Observe(len(d.batch), e.opt.Clock.Now().Sub(began))
	}
	if e.opt.SoldOut != nil && len(d.soldOut) > 0 {
		e.opt.SoldOut(d.soldOut)
	}
}

// resolve asks until the store answers whether the decision's orders exist. A batch is stored as a whole or not at all.
func (e *Engine) resolve(d *decision) (bool, error) {
	partners, orders := d.written()
	if len(orders) == 0 {
		return false, nil // only refusals: deciding them again does no harm
	}
	// The transaction may have used up its time waiting for the answer: the question has time of its own.
	ctx, cancel := context.WithTimeout(context.Background(), e.opt.Resolve)
	defer cancel()
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		found, err := e.opt.Store.Committed(ctx, partners, orders)
		if err == nil {
			return found[orders[0]], nil
		}
		e.opt.Logger.Warn("cannot read back an unanswered commit yet", "orders", len(orders), "error", err)
		pause(ctx, wait)
		if ctx.Err() != nil {
			return false, err
		}
	}
}
