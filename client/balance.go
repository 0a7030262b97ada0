package client

import (
	"context"
	"net/http"
)

// Balance is what a partner has paid in and not spent. Sums are won.
type Balance struct {
	Balance             int64  `json:"balance"`
	LowBalanceThreshold int64  `json:"low_balance_threshold"` // below it the event balance.low tells; 0 = never
	Currency            string `json:"currency"`              // KRW
}

// Balance returns what is left.
func (c *Client) Balance(ctx context.Context, options ...Option) (*Balance, error) {
	return get[Balance](ctx, c, "/balance", nil, options)
}

// SetLowBalance sets below which balance, in won, the event balance.low tells; 0 = never.
func (c *Client) SetLowBalance(ctx context.Context, threshold int64, options ...Option) (*Balance, error) {
	in := struct {
		Threshold int64 `json:"low_balance_threshold"`
	}{threshold}
	r, err := withBody(http.MethodPatch, "/balance", in, options)
	if err != nil {
		return nil, err
	}
	r.repeatable = true
	return ask[Balance](ctx, c, r)
}
