package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// attemptWithin bounds an attempt to buy: whoever has no answer by then asks again.
const attemptWithin = 10 * time.Second

// UnknownOutcomeError says that a purchase may have been made or not: its answer was lost, and asking for it was of no use until the
// time was over. The purchase must not be made again under another key. What finds out:
//
//   - the same purchase with the same Key, which gives the first answer if there was one, and else buys;
//   - Client.Resolve with the Reference;
//   - Client.Abandon with the Reference, which keeps the purchase from being made later, too.
//
// It does not unwrap Err, which may be an *Error: what an attempt ended with says nothing about the purchase.
type UnknownOutcomeError struct {
	Reference string // "" of API v1, which has none
	Key       string // Idempotency-Key
	Err       error  // what the last attempt ended with
}

// Error tells both names of the purchase, for whoever looks into it.
func (e *UnknownOutcomeError) Error() string {
	name := "key " + e.Key
	if e.Reference != "" {
		name = "reference " + e.Reference + ", " + name
	}
	return fmt.Sprintf("the outcome of the purchase is unknown (%s): %v", name, e.Err)
}

// settle sends a purchase until it knows what became of it: accept takes the answer, or returns why it is none. What was never done
// is sent again as often as other calls are. From the moment on when it may have been done, it is asked for, under the same key,
// until the server has told, or the context ends.
func (c *Client) settle(ctx context.Context, r *request, reference string, accept func(*answer) error) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.opt.Patience)
		defer cancel()
	}
	for n, lost := 0, false; ; n++ {
		err := c.buyOnce(ctx, r, n, accept)
		if err == nil {
			return nil
		}
		fate := fateOf(err)
		lost = lost || fate == unknown
		switch {
		case fate == refused && (!lost || settles(err)):
			return err
		case !lost && (n >= c.opt.Retries || !r.mayRepeat(err)):
			return err
		case fate == refused, c.wait(ctx, n, err) != nil:
			if lost {
				return &UnknownOutcomeError{Reference: reference, Key: r.header.Get("Idempotency-Key"), Err: err}
			}
			return err
		}
	}
}

// buyOnce makes an attempt.
func (c *Client) buyOnce(ctx context.Context, r *request, n int, accept func(*answer) error) error {
	a, err := c.try(ctx, r, n)
	if err != nil {
		return err
	}
	return accept(a)
}

// settles tells whether a refusal says that earlier attempts under the same key bought nothing. What the server says before it
// looks for the key – that the caller may not call, or not buy, or sent something else than it should – does not.
func settles(err error) bool {
	var e *Error
	if !errors.As(err, &e) || fateOf(err) != refused {
		return false
	}
	var signIn *signInError
	if errors.As(err, &signIn) {
		return false
	}
	if e.Type != "" {
		return e.Status == http.StatusPaymentRequired || e.Status == http.StatusConflict || e.Type == "idempotency-key-reused"
	}
	switch e.Code {
	case "PD", "PL", "PPA", "PC", "M1", "M2", "M3":
		return e.Status == http.StatusOK
	}
	return false
}

// newKey is an Idempotency-Key that nobody else has.
func newKey() string { return rand.Text() }
