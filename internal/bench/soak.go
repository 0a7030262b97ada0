package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	soakConnections = 128
	soakShare       = 0.8 // of the peak
	soakWindows     = 12  // a soak is reported in so many parts, a third of which is compared with another
	peakPart        = 10  // of a window: one in so many parts is for finding the peak
	maxRefusedShare = 0.01
)

// soak puts the traffic of a busy day on a server for a long time, at a share of what it can take, and looks for what
// grows: memory, goroutines, open files, latencies.
func (s *suite) soak(ctx context.Context) error {
	// What is sold meanwhile must fit, else the soak's end is measured on a smaller machine than its beginning.
	a, err := s.openArena(ctx, "soak", stock{partners: s.Partners, coldOffers: coldOffers}, "shared_buffers=2GB")
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.addSealed(ctx, s.House, s.Soak+mostFillings*s.During); err != nil {
		return err
	}
	server, err := a.serve(ctx)
	if err != nil {
		return err
	}
	defer server.stop()
	mix := newMix(a)
	if err := s.fillHistories(server, mix); err != nil {
		return err
	}
	run := &soakRun{suite: s, server: server, source: mix.source}
	if run.before, err = atRest(ctx, server, 0); err != nil {
		return err
	}
	for n := range soakWindows {
		if err := run.window(ctx, n); err != nil {
			return err
		}
	}
	s.add(run.rows()...)
	return a.audit(ctx, int(mix.bought.Load()))
}

// mostFillings bounds for how many runs histories are filled.
const mostFillings = 20

// fillHistories buys until the partners have a page of history each, so that the soak's traffic costs the same from its
// beginning to its end.
func (s *suite) fillHistories(server *process, m *mix) error {
	const page = 25
	a := m.arena
	for range mostFillings {
		r, err := drive(server.addr, soakConnections, s.During, a.buyingMany())
		if err != nil {
			return err
		}
		if m.bought.Add(int64(r.requests)) >= int64(page*len(a.buyers)) {
			break
		}
	}
	return nil
}

// atRest looks at a server that is not asked anything, when the last requests and their connections are gone: for some seconds, or
// until it has few enough goroutines. While it is busy it has some more for each request that happens to be under way.
func atRest(ctx context.Context, server *process, enough float64) (least usage, err error) {
	const looks, between = 20, 250 * time.Millisecond
	for i := range looks {
		u, err := server.usage()
		if err != nil {
			return least, err
		}
		if i == 0 || u.goroutines < least.goroutines {
			least = u
		}
		if least.goroutines <= enough {
			break
		}
		select {
		case <-ctx.Done():
			return least, ctx.Err()
		case <-time.After(between):
		}
	}
	return least, nil
}

// soakRun is what is looked at while the load lasts.
type soakRun struct {
	*suite
	server *process
	source source
	before usage
	after  []usage // of each window, at rest
	trials []Trial // of each window
	peaks  []float64
}

// window finds out how much the server can take now, and asks for a share of that. A machine that is shared with others is not as fast
// at the end as it was at the beginning; what is too much for it queues, and says nothing of what grows in the server.
func (r *soakRun) window(ctx context.Context, n int) error {
	length := r.Soak / soakWindows
	peak, err := drive(r.server.addr, soakConnections, length/peakPart, r.source)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("soak: mixed traffic, until %v", (length * time.Duration(n+1)).Round(time.Second/10))
	t, err := r.measure(name, soakConnections, func() (result, error) {
		return driveAt(r.server.addr, soakConnections, soakShare*peak.rate(), length-length/peakPart, refusable(r.source))
	}, r.server)
	if err != nil {
		return err
	}
	u, err := atRest(ctx, r.server, r.before.goroutines)
	if err != nil {
		return err
	}
	r.trials, r.after, r.peaks = append(r.trials, t), append(r.after, u), append(r.peaks, peak.rate())
	r.say("%s of %v: %.0f/s at most, %.0f/s with a p99 of %.0f ms; at rest %.0f MiB, heap %.0f MiB, %.0f goroutines, %d files",
		name, r.Soak, peak.rate(), t.Rate, t.P99, u.memory/mebibyte, u.heap/mebibyte, u.goroutines, u.files)
	return nil
}

// rows compares the last third with the first.
func (r *soakRun) rows() []Row {
	const name, first = "soak: last third", "its first third"
	compare := func(measure string, goal Goal, values []float64) Row {
		before, after := thirds(values)
		return ratio(name, measure, first, goal, after, before)
	}
	atRest := func(figure func(usage) float64) (values []float64) {
		for _, u := range r.after {
			values = append(values, figure(u))
		}
		return values
	}
	before, after := thirds(r.peaks) // others on the machine make a peak lower, never higher
	refused := 0.0
	for _, t := range r.trials {
		refused = max(refused, 100*t.Refused/max(1, t.Refused+t.Rate))
	}
	return []Row{
		compare("MiB resident", atMost(1.1, "×"), atRest(func(u usage) float64 { return u.memory / mebibyte })),
		compare("goroutines at rest", atMost(1.1, "×"), atRest(func(u usage) float64 { return u.goroutines })),
		compare("open files at rest", atMost(1.1, "×"), atRest(func(u usage) float64 { return float64(u.files) })),
		compare(fmt.Sprintf("p99 at %.0f %% of the peak, ms", 100*soakShare), atMost(1.5, "×"), p99s(r.trials)),
		ratio(name, "highest peak, per second", first, atLeast(0.8, "×"), []float64{slices.Max(after)}, []float64{slices.Max(before)}),
		bound("soak", "refused", atMost(100*maxRefusedShare, "%"), []float64{refused}),
	}
}

// thirds returns the first third of values and the last.
func thirds(values []float64) (first, last []float64) {
	n := len(values) / 3
	return values[:n], values[len(values)-n:]
}
