package clienttest

import (
	"sync/atomic"
	"time"
)

// runningClock runs from a time on, and can be moved forward.
type runningClock struct {
	from, began time.Time
	ahead       atomic.Int64 // nanoseconds
}

func newClock(from time.Time) *runningClock { return &runningClock{from: from, began: time.Now()} }

// Now implements clock.Clock.
func (c *runningClock) Now() time.Time {
	return c.from.Add(time.Since(c.began) + time.Duration(c.ahead.Load()))
}

func (c *runningClock) advance(d time.Duration) { c.ahead.Add(int64(d)) }
