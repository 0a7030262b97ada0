// Package bench measures the server beside yardsticks that are run in turn with it, on the same machine in the same
// minutes: a bare HTTP handler that sends the same bytes, and pgbench making the same purchase.
package bench

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// request is one prepared HTTP request and what right answers to it are.
type request struct {
	raw     []byte                  // valid until the same connection's next request
	check   func(body []byte) error // of an answer with status 200
	refused func(answer) error      // of an answer with another status; nil = there must be none
	seen    func(moment)            // is told of every answer; may be nil
}

// moment is one answer on the time line of a run.
type moment struct {
	due    time.Time
	took   time.Duration // since it was due
	status int
}

// source gives each connection its next request; it is called by that connection's goroutine only.
type source func(conn int) func() request

// result is what one run of the load generator saw.
type result struct {
	requests  int // answered with 200
	took      time.Duration
	latencies []time.Duration // of those, sorted
	refusals  []time.Duration // of requests that were properly refused, since they were sent; sorted
	offered   float64         // a second; 0 = as many as the connections could send
	unsent    int             // were due but never sent, because too many waited for a connection before them
}

func (r result) rate() float64 { return float64(r.requests) / r.took.Seconds() }

// quantile returns the latency that q of the requests did not exceed. Requests that could not be sent count as the
// slowest.
func (r result) quantile(q float64) time.Duration { return quantile(r.latencies, r.unsent, q) }

func quantile(sorted []time.Duration, slower int, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted)+slower)), len(sorted)-1)]
}

// trial is the result as the report shows it.
func (r result) trial(job string, connections int, cpu time.Duration) Trial {
	t := Trial{
		Job: job, Connections: connections, Offered: r.offered, Rate: r.rate(), Unsent: r.unsent,
		Refused: float64(len(r.refusals)) / r.took.Seconds(), RefusedP99: milliseconds(quantile(r.refusals, 0, 0.99)),
		P50: milliseconds(r.quantile(0.50)), P99: milliseconds(r.quantile(0.99)), P999: milliseconds(r.quantile(0.999)),
	}
	if n := r.answered(); n > 0 {
		t.CPU = float64(cpu.Microseconds()) / n
	}
	return t
}

func (r result) answered() float64 { return float64(r.requests + len(r.refusals)) }

// drive sends requests over keep-alive connections, each waiting for its answer before it sends the next, until the
// time is over. It finds out how much the server can take. A wrong answer ends the run with an error.
func drive(addr string, connections int, during time.Duration, src source) (result, error) {
	return run(addr, connections, src, func(workers []*worker) int {
		deadline := time.Now().Add(during)
		each(workers, func(w *worker) error { return w.loop(deadline) })
		return 0
	})
}

// run connects, lets all workers work and puts together what they saw. work returns how many requests were not sent.
func run(addr string, connections int, src source, work func([]*worker) int) (r result, err error) {
	workers := make([]*worker, connections)
	var failed atomic.Bool
	for i := range workers {
		c, err := dial(addr)
		if err != nil {
			return r, err
		}
		defer c.close()
		workers[i] = &worker{connection: c, next: src(i), failed: &failed}
	}
	began := time.Now()
	r.unsent = work(workers)
	r.took = time.Since(began)
	for _, w := range workers {
		r.latencies = append(r.latencies, w.served...)
		r.refusals = append(r.refusals, w.refused...)
		err = errors.Join(err, w.err)
	}
	r.requests = len(r.latencies)
	slices.Sort(r.latencies)
	slices.Sort(r.refusals)
	return r, err
}

// each has all workers work at the same time. The first failure ends the others' work too.
func each(workers []*worker, work func(*worker) error) {
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() {
			if w.err = work(w); w.err != nil {
				w.failed.Store(true)
			}
		})
	}
	wg.Wait()
}

// worker is one connection and what it saw.
type worker struct {
	*connection
	next            func() request
	served, refused []time.Duration
	err             error
	failed          *atomic.Bool // shared by all workers of a run
}

// loop sends one request after the other until the deadline, and one in any case: a short run on a busy machine may be over before
// this process has its turn, and would have measured nothing.
func (w *worker) loop(deadline time.Time) error {
	for sent := false; !w.failed.Load(); sent = true {
		req := w.next()
		now := time.Now()
		if sent && now.After(deadline) {
			return nil
		}
		if err := w.send(req, now, now); err != nil {
			return err
		}
	}
	return nil
}

// send sends a request that was due at some time and looks at its answer.
func (w *worker) send(req request, due, now time.Time) error {
	a, err := w.ask(req.raw, now)
	if err != nil {
		return err
	}
	took := time.Since(due)
	if req.seen != nil {
		req.seen(moment{due, took, a.status})
	}
	switch {
	case a.status == http.StatusOK:
		w.served = append(w.served, took)
		return req.check(a.body)
	case req.refused != nil:
		w.refused = append(w.refused, took-now.Sub(due)) // what "at once" means to whoever asked
		return req.refused(a)
	}
	return a.unexpected()
}

// busy accepts the answer of a server that has no time for a request: 503, when to come again, and the guide's code.
func busy(a answer) error {
	if a.status == http.StatusServiceUnavailable && a.retryAfter > 0 && bytes.Contains(a.body, []byte(`"result":"GPLF"`)) {
		return nil
	}
	return a.unexpected()
}

func (a answer) unexpected() error {
	return fmt.Errorf("answered with status %d, Retry-After %d: %.200q", a.status, a.retryAfter, a.body)
}
