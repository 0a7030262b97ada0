// Package rehearsal has what sandbox partners can let happen to a call, so that they may try how their programs take it: a
// header names an outcome, and the APIs act as if it were so.
package rehearsal

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"giftimbiz/internal/gift"
)

// Header names the outcome that a call is to have. Of live partners it is ignored.
const Header = "Sandbox-Outcome"

// Outcome is what is to become of a call; "" is what becomes of it anyway.
type Outcome string

// Refusals of purchases and quotes: each comes at its place in the order of checks, so one that would be refused before it is.
const (
	SoldOut      Outcome = "sold-out"
	PriceChanged Outcome = "price-changed"
	BalanceLow   Outcome = "balance-low"
	DailyLimit   Outcome = "daily-limit"
	Expired      Outcome = "expired"
)

// What may happen to any call on its way.
const (
	AnswerLost  Outcome = "answer-lost"  // it is done, and the connection ends before the first byte of the answer
	Unavailable Outcome = "unavailable"  // nothing is done: HTTP 503
	RateLimited Outcome = "rate-limited" // nothing is done: HTTP 429
	Slow        Outcome = "slow"         // it is done, SlowBy later
)

// SlowBy is how much later than usual a slow call is answered.
const SlowBy = 3 * time.Second

var reasons = map[Outcome]gift.Reason{
	SoldOut: gift.SoldOut, PriceChanged: gift.WrongAmount, BalanceLow: gift.LowBalance, DailyLimit: gift.DailyLimit,
	Expired: gift.Expired,
}

// Names lists all outcomes, as people are shown them.
func Names() []string {
	return []string{
		string(SoldOut), string(PriceChanged), string(BalanceLow), string(DailyLimit), string(Expired),
		string(AnswerLost), string(Unavailable), string(RateLimited), string(Slow),
	}
}

// Of returns the outcome that a request asks for. ok is false where the header has something else than one outcome, or the
// refusal of a purchase on a call that buys nothing.
func Of(r *http.Request, buys bool) (o Outcome, ok bool) {
	values := r.Header[Header]
	if len(values) == 0 {
		return "", true
	}
	o = Outcome(strings.TrimSpace(values[0]))
	if len(values) > 1 || !slices.Contains(Names(), string(o)) {
		return "", false
	}
	return o, buys || o.Refusal() == 0
}

// Refusal returns why a purchase is refused; 0 = it is not for this outcome.
func (o Outcome) Refusal() gift.Reason { return reasons[o] }

// ErrFull says that too many calls are slow already: each keeps a place that others could have.
var ErrFull = errors.New("rehearsal: too many slow calls at a time")

// slowAtOnce is how many calls may be slow at a time.
const slowAtOnce = 64

// Stage is where calls are slow. Its zero value is ready; its methods may be called from any goroutine.
type Stage struct{ slow atomic.Int64 }

// Wait lets the time of a slow call go by, or returns the context's error when that ends first. Other outcomes do not wait.
func (s *Stage) Wait(ctx context.Context, o Outcome) error {
	if o != Slow {
		return nil
	}
	defer s.slow.Add(-1)
	if s.slow.Add(1) > slowAtOnce {
		return ErrFull
	}
	over := time.NewTimer(SlowBy)
	defer over.Stop()
	select {
	case <-over.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Lost is what an answer is written to that is to be lost: nothing of it is sent.
func Lost() http.ResponseWriter { return lost{} }

type lost struct{}

func (lost) Header() http.Header         { return http.Header{} }
func (lost) Write(b []byte) (int, error) { return len(b), nil }
func (lost) WriteHeader(int)             {}

// Cut ends the connection without an answer. It does not return.
func Cut() { panic(http.ErrAbortHandler) }
