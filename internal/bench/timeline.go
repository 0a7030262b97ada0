package bench

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// timeline keeps the answers of a run in the order of time, so that its course can be told. Each connection writes a
// part of its own.
type timeline struct {
	mu    sync.Mutex
	parts []*[]moment // guarded by mu
}

// watch returns a source whose answers are kept.
func (t *timeline) watch(src source) source {
	return func(conn int) func() request {
		part, next := &[]moment{}, src(conn)
		t.mu.Lock()
		t.parts = append(t.parts, part)
		t.mu.Unlock()
		return func() request {
			r := next()
			r.seen = func(m moment) { *part = append(*part, m) }
			return r
		}
	}
}

// window is what was asked in a part of the time.
type window struct {
	served, refused int
	p99             time.Duration // of those that were served
}

// windows cuts the time from the first request on into windows of one length. What was asked after the last whole one
// is left out.
func (t *timeline) windows(length time.Duration) []window {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []moment
	for _, part := range t.parts {
		all = append(all, *part...)
	}
	slices.SortFunc(all, func(a, b moment) int { return a.due.Compare(b.due) })
	if len(all) == 0 {
		return nil
	}
	began, last := all[0].due, all[len(all)-1].due
	cut := make([]window, last.Sub(began)/length)
	for i := range cut {
		end := began.Add(time.Duration(i+1) * length)
		n := slices.IndexFunc(all, func(m moment) bool { return !m.due.Before(end) })
		cut[i] = summed(all[:n])
		all = all[n:]
	}
	return cut
}

func summed(moments []moment) (w window) {
	var took []time.Duration
	for _, m := range moments {
		if m.status == http.StatusOK {
			took = append(took, m.took)
		} else {
			w.refused++
		}
	}
	slices.Sort(took)
	w.served, w.p99 = len(took), quantile(took, 0, 0.99)
	return w
}
