package office

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// How many answers are kept: so many at once, and so many a second when they do not end. Each sort has a budget of its own,
// and in it each partner: one that asks without end hides neither what others were told nor, for long, what it is told
// itself, and a stranger who knows only its name hides nothing of either.
const (
	atOnce           = 500
	perSecond        = 5
	partnerAtOnce    = 100
	partnerPerSecond = 1

	waitingCalls   = 2000 // to be stored; more are dropped
	knownPartners  = 20_000
	storedTogether = 500
)

// CallStore stores answers for support.
type CallStore interface {
	KeepCalls(ctx context.Context, calls []Call) error
}

// Recorder keeps answers for support without making anybody wait for the database. Its methods may be called from any
// goroutine.
type Recorder struct {
	store   CallStore
	dropped atomic.Int64

	flushing sync.Mutex // held while calls are stored; taken before mu

	mu       sync.Mutex
	waiting  []Call             // guarded by mu
	sorts    map[sort]*budget   // guarded by mu
	partners map[member]*budget // guarded by mu
}

// sort is a sort of answers.
type sort struct{ proven, refusal bool }

// member is a partner in a sort.
type member struct {
	sort
	id int64
}

// NewRecorder returns a recorder. Call its Flush again and again.
func NewRecorder(store CallStore) *Recorder {
	return &Recorder{store: store, sorts: map[sort]*budget{}, partners: map[member]*budget{}}
}

// Admits tells whether an answer to a partner may be noted, and counts it. Ask before making the Call.
func (r *Recorder) Admits(partnerID int64, proven, refusal bool, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.partners) >= knownPartners {
		clear(r.partners)
	}
	of := sort{proven, refusal}
	all := budgetOf(r.sorts, of, atOnce, perSecond)
	own := budgetOf(r.partners, member{of, partnerID}, partnerAtOnce, partnerPerSecond)
	if len(r.waiting) >= waitingCalls || !own.has(now) || !all.has(now) {
		r.dropped.Add(1)
		return false
	}
	own.left--
	all.left--
	return true
}

// Note keeps an answer to be stored.
func (r *Recorder) Note(c Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, c)
}

// Dropped returns how many answers were not kept.
func (r *Recorder) Dropped() int64 { return r.dropped.Load() }

// Flush stores what was noted before. What cannot be stored is dropped.
func (r *Recorder) Flush(ctx context.Context) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.mu.Lock()
	calls := r.waiting
	r.waiting = nil
	r.mu.Unlock()
	for len(calls) > 0 {
		n := min(len(calls), storedTogether)
		if err := r.store.KeepCalls(ctx, calls[:n]); err != nil {
			r.dropped.Add(int64(len(calls)))
			return err
		}
		calls = calls[n:]
	}
	return nil
}

// budget is spent by one for each answer and filled again with time.
type budget struct {
	most, perSecond float64
	left            float64
	at              time.Time
}

func budgetOf[K comparable](budgets map[K]*budget, of K, most, perSecond float64) *budget {
	b := budgets[of]
	if b == nil {
		b = &budget{most: most, perSecond: perSecond, left: most}
		budgets[of] = b
	}
	return b
}

// has fills the budget up to now and tells whether anything is left.
func (b *budget) has(now time.Time) bool {
	if since := now.Sub(b.at); since > 0 {
		if !b.at.IsZero() {
			b.left = min(b.most, b.left+since.Seconds()*b.perSecond)
		}
		b.at = now
	}
	return b.left >= 1
}
