package partnerv2

import (
	"net/http"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/peer"
	"giftimbiz/internal/rate"
)

// MaxRateLimit is the highest Config.RateLimit there can be.
const MaxRateLimit = rate.Most

// What is said of calls that came too soon, and of credentials that were wrong too often.
var (
	rateLimited = problem{
		kind: "rate-limited", status: http.StatusTooManyRequests, code: "Q",
		ko: "요청이 너무 잦습니다. Retry-After 초 뒤에 다시 하십시오.", en: "Too many requests. Ask again after the seconds in Retry-After.",
	}
	failedTooOften = rateLimited.saying(
		"이 주소에서 잘못된 인증 정보가 너무 많이 왔습니다. 키와 토큰을 확인하고 Retry-After 초 뒤에 다시 하십시오.",
		"Too many wrong credentials came from your address. Check keys and token, and ask again after the seconds in Retry-After.",
	)
)

// newLimits holds each partner to so many requests a second, to twice as many at once; nil for 0.
func newLimits(perSecond int) *rate.Limiter[int64] {
	perSecond = min(perSecond, MaxRateLimit)
	return rate.New[int64](rate.Policy{Name: "partner", Per: perSecond, Window: time.Second, Burst: 2 * perSecond})
}

// countIn counts a partner's request and tells it what is left.
func (c *call) countIn() error {
	if c.limits == nil {
		return nil
	}
	a := c.limits.Take(c.partner.ID, c.Clock.Now())
	policy, state := c.limits.Headers(a)
	setLimit(c.w.Header(), policy, state)
	if a.OK {
		return nil
	}
	return rateLimited.retryAfter(a.RetryAfter())
}

func setLimit(h http.Header, policy, state string) {
	h.Set("RateLimit-Policy", policy)
	h.Set("RateLimit", state)
}

// countWrong counts wrong credentials. It returns what is said when there were too many from where the call comes, nil before that.
func (c *call) countWrong(kind credential.FaultKind) error {
	if !kind.MayBeGuess() {
		return nil
	}
	over := c.Failures.Count(0, peer.PlaceOf(c.address()), c.Clock.Now())
	if over == nil {
		return nil
	}
	setLimit(c.w.Header(), over.Policy, over.State)
	return failedTooOften.retryAfter(over.RetryAfter)
}
