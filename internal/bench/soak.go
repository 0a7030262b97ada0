package bench

import (
	"context"
	"time"
)

const (
	soakConnections = 128
	soakShare       = 0.8 // of the peak
	soakWindows     = 12  // a soak is reported in so many parts, a third of which is compared with another
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
	if err := a.addSealed(ctx, s.House, s.Soak+s.Soak/5+22*s.During); err != nil {
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
	peak, err := s.lastingPeak(server, mix)
	if err != nil {
		return err
	}
	s.say("soak: the mix runs at %.0f/s at most; %v at %.0f %% of it", peak.rate(), s.Soak, 100*soakShare)
	run := &soakRun{suite: s, server: server}
	if run.before, err = atRest(ctx, server); err != nil {
		return err
	}
	if err := run.load(ctx, soakShare*peak.rate(), mix.source); err != nil {
		return err
	}
	if run.after, err = atRest(ctx, server); err != nil {
		return err
	}
	s.add(run.rows()...)
	return a.audit(ctx, int(mix.bought.Load()))
}

// lastingPeak returns what the server can take when it has been busy for a while: the upkeep of the database, which begins
// a minute after the first sales, has its share of it.
func (s *suite) lastingPeak(server *process, m *mix) (peak result, err error) {
	for range 2 {
		if peak, err = drive(server.addr, soakConnections, max(s.During, s.Soak/10), m.source); err != nil {
			return peak, err
		}
	}
	return peak, nil
}

// fillHistories buys until the partners have a page of history each, so that the soak's traffic costs the same from its
// beginning to its end.
func (s *suite) fillHistories(server *process, m *mix) error {
	const page, mostRuns = 25, 20
	a := m.arena
	for range mostRuns {
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

// atRest looks at a server that is not asked anything, when the last requests and their connections are gone. While it is
// busy it has some goroutines more for each request that happens to be under way.
func atRest(ctx context.Context, server *process) (least usage, err error) {
	const looks, pause = 20, 250 * time.Millisecond
	for i := range looks {
		u, err := server.usage()
		if err != nil {
			return least, err
		}
		if i == 0 || u.goroutines < least.goroutines {
			least = u
		}
		select {
		case <-ctx.Done():
			return least, ctx.Err()
		case <-time.After(pause):
		}
	}
	return least, nil
}

// soakRun is what is looked at while the load lasts.
type soakRun struct {
	*suite
	server  *process
	line    timeline
	parts   []usage // at the end of each window
	before  usage   // at rest
	after   usage   // at rest again
	windows []window
}

func (r *soakRun) load(ctx context.Context, rate float64, src source) error {
	name, length := "soak: mixed traffic", r.Soak/soakWindows
	watched, stop := make(chan error, 1), make(chan struct{})
	go func() { watched <- r.watch(ctx, length, stop) }()
	_, err := r.measure(name, soakConnections, func() (result, error) {
		return driveAt(r.server.addr, soakConnections, rate, r.Soak, r.line.watch(refusable(src)))
	}, r.server)
	close(stop)
	if watchErr := <-watched; err == nil {
		err = watchErr
	}
	if err != nil {
		return err
	}
	r.windows = r.line.windows(length)
	r.tell(length)
	return nil
}

// watch looks at the server at the end of every window.
func (r *soakRun) watch(ctx context.Context, length time.Duration, stop <-chan struct{}) error {
	tick := time.NewTicker(length)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			return nil
		case <-tick.C:
		}
		u, err := r.server.usage()
		if err != nil {
			return err
		}
		r.parts = append(r.parts, u)
		r.say("soak: %v of %v: %.0f MiB, heap %.0f MiB, %.0f goroutines, %d files", (length * time.Duration(len(r.parts))).Round(time.Second/10), r.Soak,
			u.memory/mebibyte, u.heap/mebibyte, u.goroutines, u.files)
	}
}

// tell notes the course of the soak, window by window.
func (r *soakRun) tell(length time.Duration) {
	for i := range min(len(r.windows), len(r.parts)) {
		w, u := r.windows[i], r.parts[i]
		r.note("soak, until %v: %.0f/s, p99 %.1f ms, %d refused; %.0f MiB, heap %.0f MiB, %.0f goroutines, %d files",
			(length * time.Duration(i+1)).Round(time.Second/10), float64(w.served)/length.Seconds(), milliseconds(w.p99), w.refused, u.memory/mebibyte,
			u.heap/mebibyte, u.goroutines, u.files)
	}
}

// rows compares the last third with the first.
func (r *soakRun) rows() []Row {
	const name, first = "soak: last third", "its first third"
	compare := func(measure string, most float64, values []float64) Row {
		third := len(values) / 3
		return ratio(name, measure, first, atMost(most, "×"), values[len(values)-third:], values[:third])
	}
	figure := func(of func(usage) float64) (values []float64) {
		for _, u := range r.parts {
			values = append(values, of(u))
		}
		return values
	}
	var p99s []float64
	served, refused := 0, 0
	for _, w := range r.windows {
		p99s = append(p99s, milliseconds(w.p99))
		served, refused = served+w.served, refused+w.refused
	}
	return []Row{
		compare("MiB resident", 1.1, figure(func(u usage) float64 { return u.memory / mebibyte })),
		ratio("soak, over", "goroutines at rest", "before it", atMost(1.1, "×"), []float64{r.after.goroutines}, []float64{r.before.goroutines}),
		compare("open files", 1.1, figure(func(u usage) float64 { return float64(u.files) })),
		compare("p99, ms", 1.5, p99s),
		bound("soak", "refused", atMost(100*maxRefusedShare, "%"), []float64{100 * float64(refused) / float64(max(1, served+refused))}),
	}
}
