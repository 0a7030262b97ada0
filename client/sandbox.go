package client

import (
	"context"
	"slices"
	"time"
)

// Sandbox is what a sandbox partner can play with. All of it is for sandbox partners only: ErrSandboxOnly.
type Sandbox struct {
	Clock    Clock    `json:"clock"`
	Outcomes []string `json:"outcomes"` // for SandboxOutcome
}

// Clock is a sandbox partner's own. Prices, lists, expiry and cancelling follow it.
type Clock struct {
	Now          time.Time `json:"now"`
	AheadSeconds int64     `json:"ahead_seconds"` // of the real time
}

// Sandbox returns what the sandbox is like.
func (c *Client) Sandbox(ctx context.Context, options ...Option) (*Sandbox, error) {
	return get[Sandbox](ctx, c, "/sandbox", nil, options)
}

// SetClock moves the sandbox partner's clock to a time: forward only, up to 400 days ahead of the real time. Events of the days passed,
// such as voucher.expired, are sent at once.
func (c *Client) SetClock(ctx context.Context, now time.Time, options ...Option) (*Clock, error) {
	return c.clock(ctx, clockChange{Now: &now}, false, options)
}

// AdvanceClock moves the sandbox partner's clock forward by whole seconds; see SetClock. It is not sent again when its answer was lost:
// Sandbox tells what the clock says.
func (c *Client) AdvanceClock(ctx context.Context, by time.Duration, options ...Option) (*Clock, error) {
	return c.clock(ctx, clockChange{AdvanceSeconds: int64(by / time.Second)}, false, options)
}

// ResetClock sets the sandbox partner's clock to the real time.
func (c *Client) ResetClock(ctx context.Context, options ...Option) (*Clock, error) {
	return c.clock(ctx, clockChange{Reset: true}, true, options)
}

// clockChange is one of its members.
type clockChange struct {
	Now            *time.Time `json:"now,omitempty"`
	AdvanceSeconds int64      `json:"advance_seconds,omitempty"`
	Reset          bool       `json:"reset,omitempty"`
}

func (c *Client) clock(ctx context.Context, change clockChange, repeatable bool, options []Option) (*Clock, error) {
	return post[Clock](ctx, c, "/sandbox/clock", change, repeatable, options)
}

// SandboxRedeem uses a star coupon as its shop's counter would, with the event coupon.redeemed.
func (c *Client) SandboxRedeem(ctx context.Context, voucherID string, options ...Option) (*Voucher, error) {
	in := struct {
		VoucherID string `json:"voucher_id"`
	}{voucherID}
	return post[Voucher](ctx, c, "/sandbox/redeem", in, false, options)
}

// SandboxReset forgets what the sandbox partner did – orders, quotes, references, events – and sets its clock to the real time. Webhooks
// and keys stay. It returns how many orders were forgotten.
func (c *Client) SandboxReset(ctx context.Context, options ...Option) (orders int64, err error) {
	type reset struct {
		Orders int64 `json:"orders"`
	}
	answer, err := post[reset](ctx, c, "/sandbox/reset", struct{}{}, false, options)
	if err != nil {
		return 0, err
	}
	return answer.Orders, nil
}

// Outcomes that SandboxOutcome can ask for.
const (
	// Refusals, of purchases and quotes:
	OutcomeSoldOut      = "sold-out"
	OutcomePriceChanged = "price-changed"
	OutcomeBalanceLow   = "balance-low"
	OutcomeDailyLimit   = "daily-limit"
	OutcomeExpired      = "expired"

	// What happens on the way, of any call:
	OutcomeAnswerLost  = "answer-lost" // it is done, then the connection breaks
	OutcomeUnavailable = "unavailable" // nothing is done, HTTP 503
	OutcomeRateLimited = "rate-limited"
	OutcomeSlow        = "slow" // 3 s late
)

// SandboxOutcome has a call of a sandbox partner, in either API, end in a way that is hard to bring about else. Live partners' calls
// go on as if it were not there. What happens on the way happens at the first attempt only, so that the call shows how the client
// gets over it; with Options.Retries below 0 the caller sees it.
func SandboxOutcome(name string) Option {
	onTheWay := []string{OutcomeAnswerLost, OutcomeUnavailable, OutcomeRateLimited, OutcomeSlow}
	return func(r *request) {
		h := r.header
		if slices.Contains(onTheWay, name) {
			h = r.once
		}
		h.Set("Sandbox-Outcome", name)
	}
}
