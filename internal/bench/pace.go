package bench

import "time"

// queueFor bounds how many requests wait for a connection: those that became due in this time.
const queueFor = time.Second

// grain is the shortest sleep between requests. What is sent later for it counts as the server's time; a sleep for each
// of many requests would take a tenth of a processor from the server.
const grain = 250 * time.Microsecond

// driveAt sends requests that are due at set times, so many a second, whether the ones before were answered or not. A
// latency is counted from when the request was due: a server that stalls cannot hide it by making the generator wait.
// Requests that are due while all connections are busy queue; those that find queueFor of them waiting are not sent, and
// the result says how many.
func driveAt(addr string, connections int, rate float64, during time.Duration, src source) (result, error) {
	r, err := run(addr, connections, src, func(workers []*worker) int {
		due := make(chan time.Time, max(connections, int(rate*queueFor.Seconds())))
		unsent := make(chan int, 1)
		go func() { unsent <- schedule(due, rate, during) }()
		each(workers, func(w *worker) error { return w.keepUp(due) })
		return <-unsent
	})
	r.offered = rate
	return r, err
}

// schedule puts the time of every request into due when that time has come.
func schedule(due chan<- time.Time, rate float64, during time.Duration) (unsent int) {
	defer close(due)
	began := time.Now()
	for i := range int(rate * during.Seconds()) {
		at := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		for left := time.Until(at); left > 0; left = time.Until(at) {
			pause(max(left, grain))
		}
		select {
		case due <- at:
		default:
			unsent++
		}
	}
	return unsent
}

// keepUp sends a request for every time in due. After a failure it only empties due.
func (w *worker) keepUp(due <-chan time.Time) (err error) {
	for at := range due {
		if err != nil || w.failed.Load() {
			continue
		}
		if err = w.send(w.next(), at, time.Now()); err != nil {
			w.failed.Store(true)
		}
	}
	return err
}
