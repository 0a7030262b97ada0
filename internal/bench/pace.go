package bench

import (
	"sync/atomic"
	"time"
)

// queueFor bounds how many requests wait for a connection: those that became due in this time.
const queueFor = time.Second

// driveAt sends requests that are due at set times, so many a second, whether the ones before were answered or not. A
// latency is counted from when the request was due: a server that stalls cannot hide it by making the generator wait.
// Requests that are due while all connections are busy wait for one; those that have waited for queueFor are not sent, and
// the result says how many.
func driveAt(addr string, connections int, rate float64, during time.Duration, src source) (result, error) {
	r, err := run(addr, connections, src, func(workers []*worker) int {
		s := &schedule{began: time.Now(), rate: rate, requests: int64(rate * during.Seconds())}
		each(workers, s.keepUp)
		return int(s.unsent.Load())
	})
	r.offered = rate
	return r, err
}

// schedule says when requests are due. Connections take the next of them themselves as they become free: somebody who
// handed requests out would wake up for each, and take from the server what that costs.
type schedule struct {
	began    time.Time
	rate     float64 // a second
	requests int64
	taken    atomic.Int64
	unsent   atomic.Int64 // had waited too long
}

// take returns when the next request is due; false = there is none.
func (s *schedule) take() (due time.Time, ok bool) {
	i := s.taken.Add(1) - 1
	return s.began.Add(time.Duration(float64(i) / s.rate * float64(time.Second))), i < s.requests
}

// keepUp sends requests when they are due, or as soon as the one before is answered. The runtime's timers are up to a
// millisecond late, which counts as the server's time.
func (s *schedule) keepUp(w *worker) error {
	for {
		due, ok := s.take()
		if !ok || w.failed.Load() {
			return nil
		}
		now := time.Now()
		if now.Sub(due) > queueFor {
			s.unsent.Add(1)
			continue
		}
		if now.Before(due) {
			time.Sleep(due.Sub(now))
			now = time.Now()
		}
		if err := w.send(w.next(), due, now); err != nil {
			return err
		}
	}
}
