package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// QuoteState is what can be done with a quote.
type QuoteState string

// States of quotes.
const (
	QuoteOpen     QuoteState = "open"
	QuoteUsed     QuoteState = "used"     // it was bought
	QuoteExpired  QuoteState = "expired"  // its time is over
	QuoteReleased QuoteState = "released" // by ReleaseQuote
)

// Quote holds price and stock for 60 seconds. Sums are won.
type Quote struct {
	ID        string      `json:"id"`
	State     QuoteState  `json:"state"`
	Items     []QuoteItem `json:"items"`
	Total     int64       `json:"total"`
	CreatedAt time.Time   `json:"created_at"`
	ExpiresAt time.Time   `json:"expires_at"`
	OrderID   string      `json:"order_id,omitempty"` // of one that is used
}

// QuoteItem is what a quote holds of an offer.
type QuoteItem struct {
	OfferID   int64 `json:"offer_id"`
	Quantity  int64 `json:"quantity"`
	UnitPrice int64 `json:"unit_price"`
}

// Quote holds items, up to 100 vouchers of one kind, at what they cost now. PurchaseRequest.QuoteID buys them. It is refused for
// whatever a purchase would be. A quote whose answer was lost lapses by itself: it is not sent again.
func (c *Client) Quote(ctx context.Context, items []Item, options ...Option) (*Quote, error) {
	in := struct {
		Items []Item `json:"items"`
	}{items}
	return post[Quote](ctx, c, "/quotes", in, false, options)
}

// GetQuote returns a quote as it is now. Lapsed ones are forgotten after a day.
func (c *Client) GetQuote(ctx context.Context, id string, options ...Option) (*Quote, error) {
	return get[Quote](ctx, c, "/quotes/"+url.PathEscape(id), nil, options)
}

// ReleaseQuote lets go of what a quote holds. Releasing again is fine; ErrQuoteUsed says that it was bought.
func (c *Client) ReleaseQuote(ctx context.Context, id string, options ...Option) error {
	r := newV2(http.MethodDelete, "/quotes/"+url.PathEscape(id), options)
	r.repeatable = true
	return c.act(ctx, r)
}
