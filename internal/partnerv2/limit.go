package partnerv2

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// MaxRateLimit is the highest Config.RateLimit there can be: intervals are counted in nanoseconds.
const MaxRateLimit = 1_000_000

// rateLimited is a call that came too soon.
var rateLimited = problem{
	kind: "rate-limited", status: http.StatusTooManyRequests, code: "Q",
	ko: "요청이 너무 잦습니다. Retry-After 초 뒤에 다시 하십시오.", en: "Too many requests. Ask again after the seconds in Retry-After.",
}

// limits hold each partner to a rate of requests, by a bucket that holds two seconds' worth of them (GCRA: of a bucket nothing
// is kept but the time at which it will be full). A nil *limits lets everybody through.
type limits struct {
	every time.Duration // the time after which one request more may be made
	burst int64         // how many may be made at once

	mu      sync.Mutex
	full    map[int64]time.Time // guarded by mu: by partner, when its bucket is full; full ones need not be there
	sweepAt int                 // guarded by mu: the number of buckets at which those that are full again are dropped
}

const sweepFrom = 1024

// newLimits returns limits of so many requests a second; nil for 0.
func newLimits(perSecond int) *limits {
	if perSecond <= 0 {
		return nil
	}
	perSecond = min(perSecond, MaxRateLimit)
	return &limits{
		every: time.Second / time.Duration(perSecond), burst: 2 * int64(perSecond), full: map[int64]time.Time{}, sweepAt: sweepFrom,
	}
}

// allowance is what a partner may do after a request was counted.
type allowance struct {
	ok    bool          // the request may be made
	left  int64         // so many more may be made at once
	full  time.Duration // until all may
	retry time.Duration // until a request may be made that may not be now
}

// take counts a request, if it may be made.
func (l *limits) take(partner int64, now time.Time) (a allowance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	capacity := time.Duration(l.burst) * l.every
	full := l.full[partner]
	if full.Before(now) || full.Sub(now) > capacity { // the clock was set back
		full = now
	}
	if next := full.Add(l.every); next.Sub(now) <= capacity {
		a.ok, full = true, next
		l.keep(partner, full, now)
	} else {
		a.retry = next.Sub(now) - capacity
	}
	a.full = full.Sub(now)
	a.left = int64((capacity - a.full) / l.every)
	return a
}

// keep notes when a bucket is full, and drops those that are.
func (l *limits) keep(partner int64, full, now time.Time) {
	l.full[partner] = full
	if len(l.full) < l.sweepAt {
		return
	}
	maps.DeleteFunc(l.full, func(_ int64, full time.Time) bool { return !full.After(now) })
	l.sweepAt = max(sweepFrom, 2*len(l.full))
}

// policy is what RateLimit-Policy says: how many requests in how many seconds.
func (l *limits) policy() string {
	return `"partner";q=` + strconv.FormatInt(l.burst, 10) + `;w=` + seconds(time.Duration(l.burst)*l.every)
}

// seconds writes a time in seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// countIn counts a partner's request and tells it what is left, in the words of draft-ietf-httpapi-ratelimit-headers.
func (c *call) countIn() error {
	if c.limits == nil {
		return nil
	}
	a := c.limits.take(c.partner.ID, c.Clock.Now())
	h := c.w.Header()
	h.Set("RateLimit-Policy", c.limits.policy())
	h.Set("RateLimit", `"partner";r=`+strconv.FormatInt(a.left, 10)+`;t=`+seconds(a.full))
	if a.ok {
		return nil
	}
	return rateLimited.retryAfter(seconds(max(a.retry, 1)))
}
