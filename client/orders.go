package client

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Kind is what sort of thing an offer sells.
type Kind string

// Kinds. An order is of one.
const (
	Gifticon Kind = "gifticon" // a voucher of a brand, with a number
	Star     Kind = "star"     // a coupon of a shop, used there by its QR code
)

// Order is what was bought together.
type Order struct {
	ID        string    `json:"id"`                  // the tid of API v1
	Reference string    `json:"reference,omitempty"` // "" of one that API v1 made
	Kind      Kind      `json:"kind"`
	Sandbox   bool      `json:"sandbox"`
	Total     int64     `json:"total"` // won; what was paid, or would have been in the sandbox
	OrderedAt time.Time `json:"ordered_at"`
	Vouchers  []Voucher `json:"vouchers"`

	Replayed bool `json:"-"` // Purchase got it as an answer that was given before
}

// HistoryQuery selects orders or vouchers. What is empty selects all.
type HistoryQuery struct {
	Kind     Kind
	From, To Day    // of the purchase
	Limit    int64  // of a page: 1 to 200; default 50
	Cursor   string // the Next of the page before
}

func (q HistoryQuery) params() params {
	p := params{}
	p.text("kind", string(q.Kind))
	p.text("from", string(q.From))
	p.text("to", string(q.To))
	p.number("limit", q.Limit)
	p.text("cursor", q.Cursor)
	return p
}

// Orders lists what was bought, newest first.
func (c *Client) Orders(ctx context.Context, q HistoryQuery, options ...Option) (*Page[Order], error) {
	return list[Order](ctx, c, "/orders", q.params(), options)
}

// AllOrders goes through what was bought, newest first, page by page, as long as the caller goes on.
func (c *Client) AllOrders(ctx context.Context, q HistoryQuery, options ...Option) iter.Seq2[Order, error] {
	return pages(q.Cursor, func(cursor string) (*Page[Order], error) {
		q.Cursor = cursor
		return c.Orders(ctx, q, options...)
	})
}

// Order returns an order.
func (c *Client) Order(ctx context.Context, id string, options ...Option) (*Order, error) {
	return get[Order](ctx, c, "/orders/"+url.PathEscape(id), nil, options)
}

// CancelOrder cancels star coupons of an order, all of them when none is named: unused ones, up to 7 days after the purchase. All are
// cancelled or none: then the error is ErrNotCancellable. The money goes back to the balance. Cancelling again is fine.
func (c *Client) CancelOrder(ctx context.Context, id string, voucherIDs []string, options ...Option) (*Order, error) {
	in := struct {
		Vouchers []string `json:"vouchers,omitempty"`
	}{voucherIDs}
	return post[Order](ctx, c, "/orders/"+url.PathEscape(id)+"/cancel", in, true, options)
}
