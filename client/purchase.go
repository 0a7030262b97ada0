package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// Item is what to buy of an offer.
type Item struct {
	OfferID  int64 `json:"offer_id"`
	Quantity int64 `json:"quantity"`            // at least 1
	CouponID int64 `json:"coupon_id,omitempty"` // of a star coupon, with Quantity 1; 0 = any that is free
}

// PurchaseRequest is what to buy: all of it or nothing. Either Items and Total are given, or QuoteID.
type PurchaseRequest struct {
	// Reference is the caller's own name of the purchase, [A-Za-z0-9._:-]{1,64}, used once for ever. It finds the order later, so store
	// it before you buy; see Client.Resolve. "" = a new one.
	Reference string
	Items     []Item // of one kind, up to 100 vouchers
	Total     int64  // won; what the items cost. A purchase that costs something else is refused: ErrPriceChanged
	QuoteID   string // of an open quote, whose price and stock are held

	// Key is the Idempotency-Key, 1 to 255 visible ASCII characters. "" = a new one, which is right unless a purchase is asked for again
	// that ended with an *UnknownOutcomeError.
	Key string
}

// Purchase buys. It returns the order when the purchase was made, and whatever happens on the way, it was made once: an answer that
// is lost, cut off, garbled, late, or a server's failure, is asked for again under the same key until the server has told what became
// of it. An *Error is a refusal: nothing was bought. Only if nothing is known when ctx ends (or Options.Patience is over, when it has
// no deadline), the error is an *UnknownOutcomeError. Any other error says that the purchase did not reach
// the server.
func (c *Client) Purchase(ctx context.Context, p PurchaseRequest, options ...Option) (*Order, error) {
	r, err := p.request(options)
	if err != nil {
		return nil, err
	}
	var order *Order
	err = c.settle(ctx, r, p.Reference, func(a *answer) (err error) {
		order, err = p.accept(a)
		return err
	})
	return order, err
}

// Buy sends a purchase as Purchase does, but once: for callers that have a queue of their own. A lost answer is an
// *UnknownOutcomeError at once.
func (c *Client) Buy(ctx context.Context, p PurchaseRequest, options ...Option) (*Order, error) {
	r, err := p.request(options)
	if err != nil {
		return nil, err
	}
	a, err := c.try(ctx, r, 0)
	var order *Order
	if err == nil {
		order, err = p.accept(a)
	}
	if err != nil && fateOf(err) == unknown {
		return nil, &UnknownOutcomeError{Reference: p.Reference, Key: p.Key, Err: err}
	}
	return order, err
}

// request makes what is sent, with a reference and a key.
func (p *PurchaseRequest) request(options []Option) (*request, error) {
	if p.Reference == "" {
		p.Reference = newKey()
	}
	if p.Key == "" {
		p.Key = newKey()
	}
	r, err := withBody(http.MethodPost, "/orders", struct {
		Reference string `json:"reference"`
		Items     []Item `json:"items,omitempty"`
		Total     *int64 `json:"total,omitempty"`
		QuoteID   string `json:"quote_id,omitempty"`
	}{p.Reference, p.Items, p.total(), p.QuoteID}, options)
	if err != nil {
		return nil, err
	}
	IdempotencyKey(p.Key)(r)
	r.within = attemptWithin
	return r, nil
}

// total is nil of a quote, which has its own.
func (p *PurchaseRequest) total() *int64 {
	if p.QuoteID != "" {
		return nil
	}
	return &p.Total
}

// accept takes the answer to a purchase. One that does not name this purchase's order is none.
func (p *PurchaseRequest) accept(a *answer) (*Order, error) {
	order := &Order{Replayed: a.replayed()}
	if err := json.Unmarshal(a.body, order); err != nil || order.ID == "" || order.Reference != p.Reference {
		return nil, &strangeAnswer{a, "something other than the order"}
	}
	return order, nil
}

// Resolve finds out what became of a purchase: the order, or ErrNotFound when there is none (yet: a request that is still on its way
// may make it; Abandon rules that out), or ErrReferenceClosed when there never will be one.
func (c *Client) Resolve(ctx context.Context, reference string, options ...Option) (*Order, error) {
	return c.OrderByReference(ctx, reference, options...)
}

// Abandon ends the doubt about a purchase: it returns the order if the purchase was made, and else nil, after which nothing is ever
// bought under the reference, whatever is still on its way.
func (c *Client) Abandon(ctx context.Context, reference string, options ...Option) (*Order, error) {
	err := c.CloseReference(ctx, reference, options...)
	if errors.Is(err, ErrReferenceUsed) {
		return c.OrderByReference(ctx, reference, options...)
	}
	return nil, err
}

// CloseReference has the server refuse all purchases under a reference from now on. ErrReferenceUsed says that there is an order
// already. Closing again is fine.
func (c *Client) CloseReference(ctx context.Context, reference string, options ...Option) error {
	r := newV2(http.MethodDelete, byReference(reference), options)
	r.repeatable = true
	return c.act(ctx, r)
}

// OrderByReference returns the order that was made under a reference. The server waits for what is under way with it.
func (c *Client) OrderByReference(ctx context.Context, reference string, options ...Option) (*Order, error) {
	return get[Order](ctx, c, byReference(reference), nil, options)
}

func byReference(reference string) string { return "/orders/by-reference/" + url.PathEscape(reference) }
