package webhook

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/tracing"
)

const (
	lookEvery  = 250 * time.Millisecond // how late this node may see what another's commit made due
	gather     = 20 * time.Millisecond  // what is told or comes back meanwhile is looked at, or stored, together
	hasteEvery = time.Minute

	mostAtOnce   = 256 // requests of this node at once
	mostSuspects = 128 // of these, to endpoints that fail or are slow
	mostLanes    = 4096
	takenAtOnce  = 64
	keptAtOnce   = 1024

	storeTimeout = 10 * time.Second
	leaveWithin  = 3 * time.Second

	// DefaultPatience lets every request under way end.
	DefaultPatience = Timeout + 5*time.Second
)

// What Options.Observe is told.
const (
	OutcomeDelivered = "delivered"
	OutcomeFailed    = "failed" // it is tried again
	OutcomeAbandoned = "abandoned"
)

// Outcomes lists what may become of an attempt.
func Outcomes() []string { return []string{OutcomeDelivered, OutcomeFailed, OutcomeAbandoned} }

// Options are what a Sender needs.
type Options struct {
	Store   Store
	Secrets Opener
	Clock   clock.Clock
	Logger  *slog.Logger
	Guard   *Guard
	Observe func(outcome string, took time.Duration) // may be nil; is called by one goroutine
	Tracer  *tracing.Tracer                          // nil = deliveries are not traced

	Timeout  time.Duration // of an attempt; 0 = Timeout, by which leases are reckoned: longer only where nobody else takes them
	Patience time.Duration // how long Stop waits for what is on its way; 0 = DefaultPatience
}

// Sender delivers events to the endpoints that this node holds leases of. One goroutine, run, owns all that changes; others
// ask the store and send, and hand it functions that say what came of it.
//
// An event is sent at least once: twice when the node dies between the answer and its being stored. Events of one order are
// sent to an endpoint one after the other, each when the one before was taken or abandoned.
type Sender struct {
	Options
	holder string
	post   *poster
	nudged chan struct{}
	events chan func()
	stop   chan struct{}
	done   chan struct{}
	ctx    context.Context // of all work; ends when a stop takes too long
	cancel context.CancelFunc

	// All that follows belongs to run.
	lanes    map[int64]*lane
	turns    []*lane // all lanes, in the order in which they take turns
	turn     int
	results  []Delivery // come back and not yet stored
	gone     []int64    // endpoints that answered 410, to be given up once results are stored
	flying   int
	suspects int // of flying
	busy     int // goroutines that will hand in a function

	any                                  bool // some endpoint is on
	lookDue, lookSet, renewDue, hasteDue bool
	leasing, fetching, keeping, gathered bool
	round                                int
	unwanted                             []int64 // leases to give back
	ticks, skip                          int
	pausing                              bool // the store failed: nothing more is asked until the next tick
	failing                              bool // it failed last time
	stopping, cut                        bool
}

// New returns a sender that does nothing before Start. It panics when something is missing.
func New(o Options) *Sender {
	if o.Store == nil || o.Secrets == nil || o.Clock == nil || o.Guard == nil {
		panic("webhook: a sender needs a store, secrets, a clock and a guard")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	post := newPoster(o.Clock, o.Guard)
	if o.Timeout > 0 {
		post.timeout = o.Timeout
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Sender{
		Options: o, holder: rand.Text(), post: post, nudged: make(chan struct{}, 1),
		events: make(chan func(), mostAtOnce), stop: make(chan struct{}), done: make(chan struct{}), ctx: ctx, cancel: cancel,
		lanes: map[int64]*lane{}, lookDue: true, hasteDue: true, gathered: true, any: true,
	}
}

// Start begins to deliver.
func (s *Sender) Start() { go s.run() }

// Stop sends nothing more, waits for what is on its way, Options.Patience at most, stores what came of it and gives the leases
// back. Call it once, after Start.
func (s *Sender) Stop() {
	close(s.stop)
	<-s.done
}

// Nudge says that something may be due. It never waits.
func (s *Sender) Nudge() {
	select {
	case s.nudged <- struct{}{}:
	default:
	}
}

func (s *Sender) run() {
	defer close(s.done)
	defer s.post.close()
	defer s.cancel()
	look, renew, haste := time.NewTicker(lookEvery), time.NewTicker(RenewEvery), time.NewTicker(hasteEvery)
	defer look.Stop()
	defer renew.Stop()
	defer haste.Stop()
	stop := s.stop
	for !s.finished() {
		s.work()
		select {
		case f := <-s.events:
			f()
			s.more()
		case <-look.C:
			s.tick()
		case <-s.nudged:
			s.lookSoon()
		case <-renew.C:
			s.renewDue = true
		case <-haste.C:
			s.hasteDue = s.any
		case <-stop:
			stop, s.stopping = nil, true
			defer time.AfterFunc(s.Patience, func() { s.say(func() { s.cut = true; s.cancel() }) }).Stop()
		}
	}
	s.leave()
}

// more takes what else has come back, so that the lanes are looked through once for all of it.
func (s *Sender) more() {
	for range mostAtOnce {
		select {
		case f := <-s.events:
			f()
		default:
			return
		}
	}
}

// say hands the loop a function, unless it has ended.
func (s *Sender) say(f func()) {
	select {
	case s.events <- f:
	case <-s.done:
	}
}

// async does work elsewhere; what it returns is called by the loop, which does not end before.
func (s *Sender) async(work func() func()) {
	s.busy++
	go func() {
		f := work()
		s.events <- func() { s.busy--; f() }
	}()
}

// after calls f in the loop after a while, unless the loop has ended by then.
func (s *Sender) after(d time.Duration, f func()) { time.AfterFunc(d, func() { s.say(f) }) }

func (s *Sender) finished() bool {
	return s.stopping && s.busy == 0 && (len(s.results) == 0 || s.cut)
}

// tick is the heartbeat. Where no endpoint is on, it asks half as often, and less where looking takes long.
func (s *Sender) tick() {
	s.pausing = false
	s.ticks++
	if s.skip > 0 {
		s.skip--
		return
	}
	if s.any || s.ticks%2 == 0 {
		s.lookDue = true
	}
}

// lookSoon waits for other commits of the moment.
func (s *Sender) lookSoon() {
	if s.any && !s.lookSet {
		s.lookSet = true
		s.after(2*gather, func() { s.lookDue, s.lookSet = true, false })
	}
}

// work begins all that can begin.
func (s *Sender) work() {
	if !s.stopping {
		s.dispatch()
		s.fetch()
	}
	if !s.pausing {
		s.keep()
		s.attend()
	}
}

// leave gives the leases back, so that other nodes go on at once.
func (s *Sender) leave() {
	ids := s.unwanted
	for id := range s.lanes {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	if err := s.Store.ReleaseEndpoints(ctx, s.holder, ids); err != nil {
		s.Logger.Warn("endpoints could not be given back; others take them in half a minute", "error", err)
	}
}

// asked says how asking the store ended. A failure is logged when it begins and when it is over, not every time.
func (s *Sender) asked(err error) bool {
	if err != nil {
		s.pausing = true
		if !s.failing && s.ctx.Err() == nil {
			s.Logger.Error("delivering events fails", "error", err)
		}
	} else if s.failing {
		s.Logger.Info("delivering events works again")
	}
	s.failing = err != nil
	return err == nil
}
