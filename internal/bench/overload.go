package bench

import (
	"context"
	"fmt"
	"os"
	"time"
)

const (
	peakConnections     = 256
	overloadConnections = 2048 // more than purchases that may wait and be committed at a time; all that are refused besides
	overloadFactor      = 3
	refusedWithin       = 500                    // milliseconds: the server waits 250 for room first
	glance              = 250 * time.Millisecond // the recovery is looked at so often
	calmGlances         = 4                      // in a row are a recovery
)

// overload asks for several times as many purchases as the server can make. What it can make must still be made, and the
// rest be refused at once.
func (s *suite) overload(ctx context.Context) error {
	a, err := s.openArena(ctx, "overload", s.stockFor(0, s.Overload+2*s.During+recoveryTime(s.During)))
	if err != nil {
		return err
	}
	defer a.close()
	server, err := a.serve(ctx)
	if err != nil {
		return err
	}
	defer server.stop()
	o := &overloaded{suite: s, arena: a, server: server, src: a.buyingMany()}
	for _, step := range []func() error{o.findPeak, o.learnCalm, o.press, o.watchRecovery} {
		if err := step(); err != nil {
			return err
		}
	}
	return a.audit(ctx, o.bought)
}

// recoveryTime is how long a recovery is looked for.
func recoveryTime(during time.Duration) time.Duration { return max(during, 2*calmGlances*glance) }

// overloaded is a server that is asked for too much.
type overloaded struct {
	*suite
	arena  *arena
	server *process
	src    source
	peak   float64       // purchases a second
	calm   time.Duration // the highest p99 of a glance at half the peak
	bought int
}

// findPeak finds out how many purchases the server can make.
func (o *overloaded) findPeak() error {
	t, err := o.run("overload: peak", peakConnections, func() (result, error) {
		return drive(o.server.addr, peakConnections, o.During, o.src)
	})
	o.peak = t.Rate
	o.say("overload: the peak is %.0f/s", o.peak)
	return err
}

// learnCalm sees how long answers take at half the peak.
func (o *overloaded) learnCalm() error {
	var line timeline
	_, err := o.run("overload: half the peak before", peakConnections, func() (result, error) {
		return driveAt(o.server.addr, peakConnections, o.peak/2, o.During, line.watch(o.src))
	})
	for _, w := range line.windows(glance) {
		o.calm = max(o.calm, w.p99)
	}
	return err
}

// press asks for a multiple of the peak, by clients who do not listen to when they should come again.
func (o *overloaded) press() error {
	before, err := o.server.usage()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("overload: %d × the peak offered", overloadFactor)
	t, err := o.run(name, overloadConnections, func() (result, error) {
		return driveAt(o.server.addr, overloadConnections, overloadFactor*o.peak, o.Overload, refusable(o.src))
	})
	if err != nil {
		return err
	}
	after, err := o.server.usage()
	if err != nil {
		return err
	}
	o.add(
		ratio(name, "bought per second", "the peak", atLeast(0.9, "×"), []float64{t.Rate}, []float64{o.peak}),
		bound(name, "p99 until refused", atMost(refusedWithin, "ms"), []float64{t.RefusedP99}),
		bound(name, "memory added", atMost(512, "MiB"), []float64{(after.peak - before.memory) / mebibyte}),
	)
	return nil
}

// watchRecovery sees how long it takes until all is as before, at half the peak.
func (o *overloaded) watchRecovery() error {
	var line timeline
	_, err := o.run("overload: half the peak after", peakConnections, func() (result, error) {
		return driveAt(o.server.addr, peakConnections, o.peak/2, recoveryTime(o.During), line.watch(refusable(o.src)))
	})
	if err != nil {
		return err
	}
	took := recovery(line.windows(glance), o.calm)
	o.add(bound("overload: half the peak after", "until nothing is refused and p99 as before", atMost(2, "s"), []float64{took.Seconds()}))
	return nil
}

// recovery is when some glances in a row begin in which all was as it is when it is calm. When there are none, it took
// longer than was looked.
func recovery(glances []window, calm time.Duration) time.Duration {
	inRow := 0
	for i, g := range glances {
		inRow++
		if g.refused > 0 || g.p99 > 2*calm {
			inRow = 0
		}
		if inRow == calmGlances {
			return time.Duration(i+1-calmGlances) * glance
		}
	}
	return time.Duration(len(glances)+1) * glance
}

// run puts a load on the server, counts what was bought and tells who used the machine.
func (o *overloaded) run(name string, connections int, load func() (result, error)) (Trial, error) {
	var bought int
	before, began := o.shares(), time.Now()
	t, err := o.measure(name, connections, func() (r result, err error) {
		r, err = load()
		bought = r.requests
		return r, err
	}, o.server)
	o.bought += bought
	after, took := o.shares(), time.Since(began).Seconds()
	o.note("%s: %.0f/s bought, %.0f/s refused; CPUs used by the server %.2f, PostgreSQL %.2f, the load generator %.2f",
		name, t.Rate, t.Refused, (after[0]-before[0]).Seconds()/took, (after[1]-before[1]).Seconds()/took,
		(after[2]-before[2]).Seconds()/took)
	return t, err
}

// shares returns the CPU time used so far by the server, the database and the load generator.
func (o *overloaded) shares() [3]time.Duration {
	return [3]time.Duration{o.server.cpu(), cpuOfTree(o.arena.cluster.PID()), cpuOf(os.Getpid())}
}

// refusable lets the server refuse the requests of a source, properly.
func refusable(src source) source {
	return func(conn int) func() request {
		next := src(conn)
		return func() request {
			r := next()
			r.refused = busy
			return r
		}
	}
}
