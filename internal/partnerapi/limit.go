package partnerapi

import (
	"net/http"
	"strings"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/peer"
	"giftimbiz/internal/rate"
)

// newLimits holds each partner to so many requests a second, to twice as many at once; nil for 0.
func newLimits(perSecond int) *rate.Limiter[int64] {
	perSecond = min(perSecond, rate.Most)
	return rate.New[int64](rate.Policy{Name: "partner", Per: perSecond, Window: time.Second, Burst: 2 * perSecond})
}

// countIn counts a partner's request and tells it what is left. The guide knows no limit and has no code for one: what is over it is an
// outcome of the transport, HTTP 429 (wire §2).
func (c *call) countIn() error {
	if c.limits == nil {
		return nil
	}
	a := c.limits.Take(c.who.Partner.ID, c.Clock.Now())
	policy, state := c.limits.Headers(a)
	setLimit(c.w.Header(), policy, state)
	if a.OK {
		return nil
	}
	return overLimit(overTheLimit, a.RetryAfter())
}

// countWrong counts wrong credentials. It returns what is said when there were too many from where the call comes, nil before that.
func (c *call) countWrong(kind credential.FaultKind, p *credential.Presented) error {
	if c.Failures == nil || !kind.MayBeGuess() {
		return nil
	}
	over := c.Failures.Count(c.Authority.PartnerID(strings.TrimSpace(p.PartnerName)), peer.PlaceOf(p.Addr), c.Clock.Now())
	if over == nil {
		return nil
	}
	setLimit(c.w.Header(), over.Policy, over.State)
	return overLimit(failedOften, over.RetryAfter)
}

func overLimit(said reply, retryAfter string) *failure {
	return &failure{reply: said, status: http.StatusTooManyRequests, retryAfter: retryAfter, expected: true}
}

func setLimit(h http.Header, policy, state string) {
	h["Ratelimit-Policy"] = []string{policy}
	h["Ratelimit"] = []string{state}
}
