// Package clock is the only place that reads the time of day. One Clock serves tokens, prices, limits and jobs, so
// that a test, or `demo --now`, moves all of them together.
package clock

import "time"

// Uptime is how long this process has run, by a clock that nobody can set: for what must not go on for longer than so long,
// whatever the time of day is said to be.
func Uptime() time.Duration { return time.Since(began) }

var began = time.Now()

// Clock tells the time. Its methods may be called from any goroutine.
type Clock interface {
	Now() time.Time
}

// System is the machine's own clock.
type System struct{}

// Now returns the machine's time.
func (System) Now() time.Time { return time.Now() }

// Shifted runs at the machine's pace from another starting point.
type Shifted struct{ offset time.Duration }

// StartingAt returns a clock that shows t now and runs on from there.
func StartingAt(t time.Time) Shifted { return Shifted{offset: time.Until(t)} }

// Now returns the shifted time.
func (c Shifted) Now() time.Time { return time.Now().Add(c.offset) }
