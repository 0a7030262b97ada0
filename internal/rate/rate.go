// Package rate holds callers to rates: so many requests in a time, some of them at once. One mechanism serves partners, addresses and
// wrong credentials.
package rate

import (
	"hash/maphash"
	"maps"
	"strconv"
	"sync"
	"time"
)

// Most is the highest number of a Policy: intervals are counted in nanoseconds.
const Most = 1_000_000

// Policy says how much is allowed: Per in a Window for long, Burst at once.
type Policy struct {
	Name   string // as the headers call it
	Per    int    // up to Most; 0 = any number
	Window time.Duration
	Burst  int // up to 10 times Most
}

// Header is what RateLimit-Policy says of it: how many requests in how many seconds, by draft-ietf-httpapi-ratelimit-headers.
func (p Policy) Header() string {
	return `"` + p.Name + `";q=` + strconv.Itoa(p.Burst) + `;w=` + Seconds(time.Duration(p.Burst)*p.every())
}

// every is the time after which one more is allowed.
func (p Policy) every() time.Duration { return p.Window / time.Duration(p.Per) }

// How many keys a Limiter keeps apart, and by how many counts those share that come when it is full.
const (
	mostKept  = 1 << 16
	shared    = 1 << 8
	sweepFrom = 1024
	sweepRest = time.Second
)

// Limiter holds each key to a Policy, by a bucket (GCRA: of a bucket nothing is kept but the time at which it will be full). A nil
// Limiter allows everything. It keeps a bounded number of keys and forgets none before its bucket is full: when it has no room, keys
// that it does not know share a few counts, chosen by a hash that nobody outside can foresee. So whoever comes from many addresses makes
// strangers share, and neither forgets what he did nor makes others' counts be forgotten. Safe for concurrent use.
type Limiter[K comparable] struct {
	Policy
	policy       string
	every        time.Duration
	most         int
	overflowSeed maphash.Seed

	mu       sync.Mutex
	full     map[K]time.Time   // guarded by mu: when a key's bucket is full; full ones need not be there
	overflow [shared]time.Time // guarded by mu: the same, of keys that found no room
	sweepAt  int               // guarded by mu: the number of keys at which those whose bucket is full are dropped
	rest     time.Time         // guarded by mu: not before then
}

// New returns a limiter; nil when the policy allows any number.
func New[K comparable](p Policy) *Limiter[K] {
	if p.Per <= 0 || p.Burst <= 0 {
		return nil
	}
	p.Per = min(p.Per, Most)
	return &Limiter[K]{
		Policy: p, policy: p.Header(), every: p.every(), most: mostKept, overflowSeed: maphash.MakeSeed(), full: map[K]time.Time{},
		sweepAt: sweepFrom,
	}
}

// Allowance is what a key may do after something was counted.
type Allowance struct {
	OK    bool          // it is allowed, and was counted
	Left  int64         // so many more are allowed at once
	Full  time.Duration // until all of Burst are
	Retry time.Duration // until one is allowed that is not now; 0 when OK
}

// Take counts one more of a key's, if it is allowed.
func (l *Limiter[K]) Take(key K, now time.Time) (a Allowance) {
	if l == nil {
		return Allowance{OK: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	capacity := time.Duration(l.Burst) * l.every
	place := l.place(key, now)
	full := l.read(key, place)
	if full.Before(now) || full.Sub(now) > capacity { // the clock was set back
		full = now
	}
	if next := full.Add(l.every); next.Sub(now) <= capacity {
		a.OK, full = true, next
		l.write(key, place, full)
	} else {
		a.Retry = next.Sub(now) - capacity
	}
	a.Full = full.Sub(now)
	a.Left = int64((capacity - a.Full) / l.every)
	return a
}

// ownPlace is the place of a key that is kept by itself; others have a number in overflow.
const ownPlace = -1

// place finds a key's place, and makes room first when it is due.
func (l *Limiter[K]) place(key K, now time.Time) int {
	if _, known := l.full[key]; known {
		return ownPlace
	}
	if len(l.full) >= min(l.sweepAt, l.most) && (now.After(l.rest) || l.rest.Sub(now) > sweepRest) {
		maps.DeleteFunc(l.full, func(_ K, full time.Time) bool { return !full.After(now) })
		l.sweepAt = max(sweepFrom, 2*len(l.full))
		if len(l.full) >= l.most { // looking through all of them for each that comes would be what an attacker wants
			l.rest = now.Add(sweepRest)
		}
	}
	if len(l.full) < l.most {
		return ownPlace
	}
	return int(maphash.Comparable(l.overflowSeed, key) % shared)
}

func (l *Limiter[K]) read(key K, place int) time.Time {
	if place == ownPlace {
		return l.full[key]
	}
	return l.overflow[place]
}

func (l *Limiter[K]) write(key K, place int, full time.Time) {
	if place == ownPlace {
		l.full[key] = full
		return
	}
	l.overflow[place] = full
}

// Headers returns what RateLimit-Policy and RateLimit say after something was counted.
func (l *Limiter[K]) Headers(a Allowance) (policy, state string) {
	return l.policy, `"` + l.Name + `";r=` + strconv.FormatInt(a.Left, 10) + `;t=` + Seconds(a.Full)
}

// RetryAfter is what Retry-After says of something that was not allowed: whole seconds, 1 at least.
func (a Allowance) RetryAfter() string { return Seconds(max(a.Retry, 1)) }

// Seconds writes a time in seconds, rounded up.
func Seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
