// Package purchase is the group-commit purchase engine. Purchases that arrive while a transaction commits are gathered
// and committed together by the next one, so that a busy moment costs few disk flushes and few row locks, and a lone
// purchase waits for nobody. Where the store takes several transactions at once, purchases that share neither partner nor
// offer go through different lanes at the same time.
package purchase

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/tracing"
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

// How often one batch is tried that loses races against other transactions, and one whose COMMITs are not answered and not stored.
const (
	maxAttempts   = 40
	maxUnanswered = 8
)

// Request is one purchase. Items must not be empty.
type Request struct {
	PartnerID int64
	Kind      gift.Kind
	Items     []ItemRequest
	Cash      gift.Won
	Product   string // the buyer's own naming of the items, see fitsProducts
	AnyName   bool   // Product does not count, nor a CampaignID of 0: the buyer names offers by their numbers only
	Key       string // idempotency key, or empty
	Reference string // the partner's own number of the order, unique for ever; "" = none
	// QuoteID is the quote whose units are bought at its prices; 0 = none. Items, Kind and Cash are the quote's own, and Item of
	// a Refusal says which of the quote's items.
	QuoteID gift.ID
	// Hold asks for a quote instead of an order: prices and units are held for so long, gift.HoldFor at most. 0 = buy. Cash, Key,
	// Reference and QuoteID do not count.
	Hold time.Duration
	// Pretend is why the purchase of a sandbox partner is refused once it has passed all checks up to that one: Expired, SoldOut,
	// WrongAmount (not of quotes, which know their sum), DailyLimit or LowBalance. 0 = it is not.
	Pretend gift.Reason
	// Render makes the answer's body, which is kept with the key; nil = an empty one. It runs inside the transaction and
	// must be quick.
	Render func(Outcome) []byte
}

// unmarked tells whether nothing but what is bought tells the request from one made before: then it may be that one, repeated
// because its answer was lost.
func (r *Request) unmarked() bool {
	return r.Key == "" && r.Reference == "" && r.QuoteID == 0 && r.Hold == 0
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
	Coupons  []int64     // the coupon of each item; star coupons only
	Quote    *gift.Quote // what was asked for with Hold
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
	Lanes  int // transactions at the same time, default 1
	// Patience is how long a purchase may be expected to wait for its transaction; default 100 ms. A full batch may wait in
	// any case.
	Patience time.Duration
	// Transaction bounds one transaction, its COMMIT included; default 8 s.
	Transaction time.Duration
	// Resolve bounds how long a batch is tried, and then how long a store is asked that left its COMMIT unanswered;
	// default 20 s.
	Resolve time.Duration
	// SoldOut is told, after the commit, of offers without stock. It, Observe and Sold may be called by several lanes at once.
	SoldOut func(offers []int64)
	// Observe is told the size of each committed batch and how long its transaction took.
	Observe func(size int, took time.Duration)
	// Sold is told of the orders of each committed batch. It must not keep them.
	Sold func(orders []Order)
}

// Engine commits purchases in groups. Buy may be called from any goroutine.
type Engine struct {
	opt   Options
	queue chan *waiter
	done  chan struct{}

	waiting atomic.Int64 // purchases that no lane has taken yet
	pace    atomic.Int64 // how long a lane is busy with each purchase nowadays, in nanoseconds
	work    atomic.Int64 // how long a transaction holds its locks nowadays, in nanoseconds
	retries atomic.Int64 // transactions that were begun again

	mu      sync.RWMutex
	stopped bool // guarded by mu; once set, nothing enters queue

	unsettled unsettled
	outage    outage
}

type waiter struct {
	req     Request
	quote   *gift.Quote // what req buys, as it was made; nil = no quote
	reads   requestReads
	arrived time.Time       // a repeat is told by when it was asked for, not by when its turn came
	caller  context.Context // says what the purchase is part of, in traces and logs; it may end before the purchase does
	queued  tracing.Span    // waiting for a lane
	answer  chan answer     // buffered: the committer never waits for a caller
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
	if opt.Lanes == 0 {
		opt.Lanes = 1
	}
	return &Engine{opt: opt, queue: make(chan *waiter, opt.Queue), done: make(chan struct{})}
}

// Start launches the lanes. It returns at once.
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
	w := &waiter{req: req, arrived: e.opt.Clock.Now(), caller: ctx, answer: make(chan answer, 1)}
	if err := e.complete(ctx, w); err != nil {
		return Outcome{}, err
	}
	w.reads = readsOf(&w.req)
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

// complete puts what a quote is of into the request that buys it: its offers have to be known before they are locked, and do
// not change. Of a quote that is not there nothing is known; the request is still decided, for its key may be.
func (e *Engine) complete(ctx context.Context, w *waiter) (err error) {
	req := &w.req
	if req.Hold > 0 {
		req.Hold, req.Cash, req.Key, req.Reference, req.QuoteID = min(req.Hold, gift.HoldFor), 0, "", "", 0
	}
	if req.QuoteID == 0 {
		return nil
	}
	if e.Full() { // before anything is read for it
		return ErrBusy
	}
	if w.quote, err = e.opt.Store.Quote(ctx, req.PartnerID, req.QuoteID); err != nil {
		return errors.Join(ErrNotJournalled, err)
	}
	req.Items, req.Kind, req.Cash, req.AnyName = nil, 0, 0, true
	if w.quote == nil {
		return nil
	}
	req.Kind, req.Cash = w.quote.Kind, w.quote.Total
	for _, item := range w.quote.Items {
		for range item.Units {
			req.Items = append(req.Items, ItemRequest{OfferID: item.OfferID})
		}
	}
	return nil
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
	if e.waiting.Add(1) > int64(e.opt.Queue) {
		e.waiting.Add(-1)
		return ErrBusy
	}
	_, w.queued = tracing.Start(w.caller, "purchase.queue")
	e.queue <- w // as many as may wait fit in
	return nil
}
