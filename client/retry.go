package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

const (
	firstPause        = 100 * time.Millisecond // the longest before the first repetition; each time twice as long
	longestPause      = 10 * time.Second
	shortestPause     = 5 * time.Millisecond // with less time left there is no use in sending anything again
	longestRetryAfter = time.Minute          // whoever is told to wait longer is told so
)

// fate is what is known of a call that did not go well.
type fate int

const (
	refused     fate = iota // the server has decided
	nothingDone             // it was not done, and may be if it is sent again
	unknown                 // it may have been done
)

// fateOf tells what an error says of the call that it came of.
func fateOf(err error) fate {
	var (
		signIn  *signInError
		here    *refusedHere
		said    *Error
		strange *strangeAnswer
		silent  *noAnswer
	)
	switch {
	case errors.As(err, &signIn):
		if fateOf(signIn.err) == refused {
			return refused
		}
		return nothingDone // whatever became of the sign-in, the call itself was not sent
	case errors.As(err, &here):
		return refused
	case errors.As(err, &said):
		return said.fate()
	case errors.As(err, &strange):
		return strange.fate()
	case errors.As(err, &silent):
		return silent.fate()
	}
	return unknown // a context ended
}

func (e *Error) fate() fate {
	switch {
	case e.Type == "idempotency-key-in-progress":
		return unknown
	case e.Type == "too-many-quotes":
		return refused // waiting for a moment does not help
	case e.Status == http.StatusTooManyRequests, e.Type == "busy", e.Type == "unavailable", e.Type == "starting":
		return nothingDone
	case e.Status >= http.StatusInternalServerError:
		return unknown
	}
	return refused
}

func (s *strangeAnswer) fate() fate {
	switch code := s.answer.code; {
	case code >= 300 && code < 400:
		return refused // the server does not redirect, so that the call did not reach it
	case code == http.StatusTooManyRequests:
		return nothingDone
	}
	return unknown // something on the way may have put it in place of the server's answer
}

func (n *noAnswer) fate() fate {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(n.err, &certificate):
		return refused
	case errors.As(n.err, &network) && network.Op == "dial":
		return nothingDone
	}
	return unknown
}

// mayRepeat tells whether sending a call again is safe, and may help.
func (r *request) mayRepeat(err error) bool {
	switch fate := fateOf(err); {
	case fate == refused, askedToWait(err) > longestRetryAfter:
		return false
	case fate == nothingDone:
		return true
	}
	var strange *strangeAnswer
	if errors.As(err, &strange) && strange.answer.code < http.StatusInternalServerError && !r.keyed {
		return false // the base URL is wrong, most likely
	}
	return r.repeatable || r.keyed
}

// do sends a call, again as often as Options.Retries says where that is safe and may help.
func (c *Client) do(ctx context.Context, r *request) (*answer, error) {
	for n := 0; ; n++ {
		a, err := c.try(ctx, r, n)
		if err == nil || n >= c.opt.Retries || !r.mayRepeat(err) {
			return a, err
		}
		if c.wait(ctx, n, err) != nil {
			return a, err
		}
	}
}

// askedToWait is for how long the server asked to wait.
func askedToWait(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// wait is the pause before a call is sent again for the n-th time, counted from 0. It returns an error at once when the server
// asks for a longer one than there is time for.
func (c *Client) wait(ctx context.Context, n int, err error) error {
	asked := min(askedToWait(err), longestRetryAfter)
	d := asked + jitter(n)
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end)
		if left < shortestPause || asked > 0 && left <= asked {
			return context.DeadlineExceeded
		}
		d = max(asked, min(d, left/2))
	}
	return c.pause(ctx, d)
}

// jitter is a time at random, so that those who failed in one moment do not come back in another.
func jitter(n int) time.Duration {
	longest := longestPause
	if n < 10 {
		longest = min(longest, firstPause<<n)
	}
	return rand.N(longest)
}

// pause waits, and returns an error when the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
