package purchase

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestLanesNeverShareAndKeepTheOrder lets purchases arrive and lanes end in any order, and checks that no two lanes need
// the same partner or offer, that what shares one goes in the order it came, that a free lane takes what may go, and that
// in the end everything went.
func TestLanesNeverShareAndKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newLaneModel(t, rapid.IntRange(1, 3).Draw(t, "lanes"), rapid.IntRange(1, 4).Draw(t, "batch"))
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			if l := m.busyLane(); l != nil && rapid.Bool().Draw(t, "a lane ends") {
				m.d.finish(l)
			} else {
				m.arrive()
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
	req := &Request{PartnerID: rapid.Int64Range(1, 4).Draw(m.t, "partner")}
	for range rapid.IntRange(1, 2).Draw(m.t, "items") {
		req.Items = append(req.Items, ItemRequest{OfferID: rapid.Int64Range(1, 4).Draw(m.t, "offer")})
	}
	w := &waiter{reads: readsOf(req)}
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
			m.checkOrder(l)
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

// checkOrder takes a lane's new batch off those that wait: none of it may share anything with an earlier one that still
// waits.
func (m *laneModel) checkOrder(l *lane) {
	passed := map[need]bool{}
	var rest []*waiter
	for _, w := range m.waiting {
		if slices.Contains(l.batch, w) {
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
