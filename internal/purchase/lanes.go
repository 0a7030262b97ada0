package purchase

import (
	"context"
	"time"

	"giftimbiz/internal/gift"
)

// holdBack is how long a few purchases wait, beside lanes that are busy with many, to become more.
const holdBack = 5 * time.Millisecond

// need is what purchases of one transaction lock: a partner's account or an offer.
type need struct{ partner, offer int64 } // one of them is 0

func needsOf(req *Request) []need {
	needs := make([]need, 0, 1+len(req.Items))
	needs = append(needs, need{partner: req.PartnerID})
	for _, item := range req.Items {
		needs = append(needs, need{offer: item.OfferID})
	}
	return needs
}

// lane commits one batch at a time.
type lane struct {
	number int
	batch  []*waiter // owned by the lane's goroutine while it is busy, else by the dispatcher
	work   chan struct{}
	joined chan []*waiter
	busy   bool
}

// dispatcher deals the waiting purchases out to the lanes, in their order: what needs something that a batch under way, or
// a purchase that waits for one, needs too has to wait. So lanes never wait for each other's locks, and purchases of one
// partner, and of one offer, are decided in the order they came. One goroutine owns it.
type dispatcher struct {
	engine   *Engine
	lanes    []*lane
	finished chan *lane
	joining  chan *lane    // ask for more, see join
	running  int           // lanes that are busy
	taken    map[need]int  // by how many purchases in busy lanes
	pending  []*waiter     // in the order they came
	stuck    map[need]bool // needs of those pending that were passed over
	ready    int           // how many of those pending may go, at most
	under    int           // purchases in busy lanes
	held     <-chan time.Time
}

func newDispatcher(e *Engine) *dispatcher {
	d := &dispatcher{
		engine: e, finished: make(chan *lane, e.opt.Lanes), joining: make(chan *lane), taken: map[need]int{}, stuck: map[need]bool{},
	}
	for i := range e.opt.Lanes {
		d.lanes = append(d.lanes, &lane{number: i, work: make(chan struct{}), joined: make(chan []*waiter)})
	}
	return d
}

// run is the dispatcher. It ends when the queue is closed and everything is answered.
func (e *Engine) run() {
	defer close(e.done)
	d := newDispatcher(e)
	for _, l := range d.lanes {
		go d.serve(l)
	}
	queue := e.queue
	for queue != nil || d.running > 0 || len(d.pending) > 0 {
		select {
		case w, ok := <-queue:
			if !ok {
				queue = nil
				break
			}
			d.arrive(w)
			d.gather(queue)
		case l := <-d.finished:
			d.finish(l)
			d.gather(queue)
		case l := <-d.joining:
			d.gather(queue)
			l.joined <- d.join(l)
		case <-d.held:
			d.held = nil
			d.start(1)
			continue
		}
		d.start(d.under)
	}
	for _, l := range d.lanes {
		close(l.work)
	}
}

// serve is a lane's goroutine.
func (d *dispatcher) serve(l *lane) {
	for range l.work {
		began := d.engine.opt.Clock.Now()
		g := &group{ctx: context.Background(), lane: l.number, batch: l.batch, join: func() []*waiter { return d.more(l) }}
		d.engine.commit(g)
		l.batch = g.batch
		d.engine.took(d.engine.opt.Clock.Now().Sub(began), len(l.batch))
		d.finished <- l
	}
}

// more is called by a lane's goroutine, whose batch has all its locks, for those that could be part of it.
func (d *dispatcher) more(l *lane) []*waiter {
	if d.engine.waiting.Load() == 0 {
		return nil
	}
	d.joining <- l
	return <-l.joined
}

// gather adds what is waiting now, without waiting for more.
func (d *dispatcher) gather(queue <-chan *waiter) {
	for range d.engine.opt.Queue {
		select {
		case w, ok := <-queue:
			if !ok {
				return // run sees it too
			}
			d.arrive(w)
		default:
			return
		}
	}
}

func (d *dispatcher) arrive(w *waiter) {
	d.pending = append(d.pending, w)
	d.look(w)
}

// look counts one of those pending, behind all that were looked at before.
func (d *dispatcher) look(w *waiter) {
	if d.mayGo(w) {
		d.ready++
	} else {
		d.passOver(w)
	}
}

func (d *dispatcher) mayGo(w *waiter) bool {
	if d.running == 0 {
		return true
	}
	for _, n := range w.reads.needs {
		if d.taken[n] > 0 || d.stuck[n] {
			return false
		}
	}
	return true
}

func (d *dispatcher) passOver(w *waiter) {
	for _, n := range w.reads.needs {
		d.stuck[n] = true
	}
}

// start gives free lanes what may go, if that is at least so many. Every batch has its price, whatever its size: so beside
// lanes that are busy with many a few wait for more, or for one of those lanes to end.
func (d *dispatcher) start(least int) {
	for _, l := range d.lanes {
		switch {
		case l.busy || d.ready == 0:
		case d.ready >= least:
			d.fill(l)
		case d.held == nil:
			d.held = time.After(holdBack)
		}
	}
}

// fill gives a free lane all that may go, up to a batch, and starts it.
func (d *dispatcher) fill(l *lane) {
	most := d.engine.opt.Batch
	clear(d.stuck)
	d.ready = 0
	rest := d.pending[:0]
	for _, w := range d.pending {
		switch {
		case !d.mayGo(w):
			d.passOver(w)
			rest = append(rest, w)
		case len(l.batch) == most:
			d.ready++
			rest = append(rest, w)
		default:
			l.batch = append(l.batch, w)
		}
	}
	clear(d.pending[len(rest):])
	d.pending = rest
	if len(l.batch) == 0 {
		return
	}
	d.take(l.batch)
	l.busy = true
	d.running++
	l.work <- struct{}{}
}

// join takes those that need nothing else than a lane's batch off the pending, as far as they need not wait for others
// before them. Only gifticons can join: of coupons, units would have to be read that nobody asked for.
func (d *dispatcher) join(l *lane) (joined []*waiter) {
	locked := map[need]bool{}
	for _, w := range l.batch {
		for _, n := range w.reads.needs {
			locked[n] = true
		}
	}
	rest := d.pending[:0]
	for _, w := range d.pending {
		if w.req.Kind == gift.Gifticon && len(l.batch)+len(joined) < d.engine.opt.Batch && all(locked, w.reads.needs) {
			joined = append(joined, w)
			continue
		}
		rest = append(rest, w)
		for _, n := range w.reads.needs {
			delete(locked, n)
		}
	}
	clear(d.pending[len(rest):])
	d.pending = rest
	d.take(joined)
	clear(d.stuck) // nobody waits behind those who joined any more
	d.ready = 0
	for _, w := range d.pending {
		d.look(w)
	}
	return joined
}

func all(locked map[need]bool, needs []need) bool {
	for _, n := range needs {
		if !locked[n] {
			return false
		}
	}
	return true
}

// take counts purchases as under way.
func (d *dispatcher) take(batch []*waiter) {
	for _, w := range batch {
		for _, n := range w.reads.needs {
			d.taken[n]++
		}
	}
	d.engine.waiting.Add(-int64(len(batch)))
	d.under += len(batch)
}

func (d *dispatcher) finish(l *lane) {
	for _, w := range l.batch {
		for _, n := range w.reads.needs {
			if d.taken[n]--; d.taken[n] == 0 {
				delete(d.taken, n)
			}
		}
	}
	d.under -= len(l.batch)
	clear(l.batch)
	l.batch = l.batch[:0]
	l.busy = false
	d.running--
	d.ready = len(d.pending)
}
