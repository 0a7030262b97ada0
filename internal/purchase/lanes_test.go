package purchase

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"giftimbiz/internal/gift"
)

// TestLanesNeverShareAndKeepTheOrder lets purchases arrive and lanes end in any order, and checks that no two lanes need
// the same partner or offer, that what shares one goes in the order it came, that a free lane takes what may go, and that
// in the end everything went.
func TestLanesNeverShareAndKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newLaneModel(t, rapid.IntRange(1, 3).Draw(t, "lanes"), rapid.IntRange(1, 4).Draw(t, "batch"))
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			l := m.busyLane()
			switch {
			case l == nil || rapid.Bool().Draw(t, "arrive"):
				m.arrive()
			case rapid.Bool().Draw(t, "a lane asks for more"):
				m.join(l)
			default:
				m.d.finish(l)
			}
			m.start()
		}
		for l := m.busyLane(); l != nil; l = m.busyLane() {
			m.d.finish(l)
			m.start()
		}
		if m.went != m.arrived || len(m.d.taken) > 0 || m.d.engine.waiting.Load() != 0 {
			t.Fatalf("%d of %d went; %d needs are still taken, %d wait", m.went, m.arrived, len(m.d.taken), m.d.engine.waiting.Load())
		}
	})
}

type laneModel struct {
	t             *rapid.T
	d             *dispatcher
	waiting       []*waiter
	arrived, went int
}

func newLaneModel(t *rapid.T, lanes, batch int) *laneModel {
	d := newDispatcher(&Engine{opt: Options{Lanes: lanes, Batch: batch}})
	for _, l := range d.lanes {
		l.work = make(chan struct{}, 1) // nobody serves it: the model ends batches itself
	}
	return &laneModel{t: t, d: d}
}

func (m *laneModel) arrive() {
	req := &Request{Kind: gift.Gifticon, PartnerID: rapid.Int64Range(1, 4).Draw(m.t, "partner")}
	for range rapid.IntRange(1, 2).Draw(m.t, "items") {
		req.Items = append(req.Items, ItemRequest{OfferID: rapid.Int64Range(1, 4).Draw(m.t, "offer")})
	}
	w := &waiter{req: *req, reads: readsOf(req)}
	m.d.engine.waiting.Add(1)
	m.d.arrive(w)
	m.waiting = append(m.waiting, w)
	m.arrived++
}

func (m *laneModel) busyLane() *lane {
	var busy []*lane
	for _, l := range m.d.lanes {
		if l.busy {
			busy = append(busy, l)
		}
	}
	if len(busy) == 0 {
		return nil
	}
	return rapid.SampledFrom(busy).Draw(m.t, "lane")
}

// join lets more into a lane's batch, and checks that they need nothing else than the batch does.
func (m *laneModel) join(l *lane) {
	var locked []need
	for _, w := range l.batch {
		locked = append(locked, w.reads.needs...)
	}
	joined := m.d.join(l)
	for _, w := range joined {
		for _, n := range w.reads.needs {
			if !slices.Contains(locked, n) {
				m.t.Fatalf("a purchase joined that needs %v too", n)
			}
		}
	}
	l.batch = append(l.batch, joined...)
	if len(l.batch) > m.d.engine.opt.Batch {
		m.t.Fatalf("a batch has %d", len(l.batch))
	}
	m.checkOrder(joined)
}

// start lets the dispatcher start what it will, and checks what it started.
func (m *laneModel) start() {
	m.d.start(m.d.under / 2)
	m.d.start(1)
	free := 0
	held := map[need]*lane{}
	for _, l := range m.d.lanes {
		if !l.busy {
			free++
			continue
		}
		select {
		case <-l.work:
			m.checkOrder(l.batch)
		default:
		}
		for _, w := range l.batch {
			for _, n := range w.reads.needs {
				if other := held[n]; other != nil && other != l {
					m.t.Fatalf("two lanes need %v", n)
				}
				held[n] = l
			}
		}
	}
	if free > 0 {
		m.checkNoneMayGo(held)
	}
}

// checkOrder takes a lane's new purchases off those that wait: none of them may share anything with an earlier one that still
// waits.
func (m *laneModel) checkOrder(gone []*waiter) {
	passed := map[need]bool{}
	var rest []*waiter
	for _, w := range m.waiting {
		if slices.Contains(gone, w) {
			for _, n := range w.reads.needs {
				if passed[n] {
					m.t.Fatalf("a purchase overtook an earlier one that needs %v too", n)
				}
			}
			m.went++
			continue
		}
		rest = append(rest, w)
		for _, n := range w.reads.needs {
			passed[n] = true
		}
	}
	m.waiting = rest
}

// checkNoneMayGo finds out whether a lane idles although the first of those that wait shares nothing with the others'.
func (m *laneModel) checkNoneMayGo(held map[need]*lane) {
	for _, w := range m.waiting {
		shares := false
		for _, n := range w.reads.needs {
			shares = shares || held[n] != nil
		}
		if !shares {
			m.t.Fatalf("a lane is free, and yet a purchase of %v waits", w.reads.needs)
		}
		for _, n := range w.reads.needs {
			held[n] = &lane{} // those behind it must not overtake it
		}
	}
}

// TestAFreeLaneTakesWhatComesAfterOnesThatJoined: of those that had to wait, nobody waits any more when they joined a batch.
func TestAFreeLaneTakesWhatComesAfterOnesThatJoined(t *testing.T) {
	d := newDispatcher(&Engine{opt: Options{Lanes: 2, Batch: 4}})
	for _, l := range d.lanes {
		l.work = make(chan struct{}, 4)
	}
	arrive := func(partner, offer int64) {
		req := &Request{Kind: gift.Gifticon, PartnerID: partner, Items: []ItemRequest{{OfferID: offer}}}
		d.arrive(&waiter{req: *req, reads: readsOf(req)})
		d.start(1)
	}
	other, mine := d.lanes[0], d.lanes[1]
	arrive(2, 2)
	arrive(1, 1)
	arrive(1, 1) // has to wait
	mine.batch = append(mine.batch, d.join(mine)...)
	d.finish(mine)
	d.start(1)
	arrive(1, 1)
	if !other.busy || !mine.busy || len(d.pending) > 0 {
		t.Errorf("%d wait beside a free lane", len(d.pending))
	}
}
