package client

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// VoucherState is what can be done with a voucher.
type VoucherState string

// States of vouchers.
const (
	VoucherUsable    VoucherState = "usable"
	VoucherUsed      VoucherState = "used"
	VoucherCancelled VoucherState = "cancelled"
	VoucherExpired   VoucherState = "expired"
)

// Voucher is one voucher that was bought. Sums are won.
type Voucher struct {
	ID         string       `json:"id"` // the order's id, a dot, and its line there
	OrderID    string       `json:"order_id"`
	OfferID    int64        `json:"offer_id"`
	Kind       Kind         `json:"kind"`
	State      VoucherState `json:"state"`
	Name       string       `json:"name"`            // of the product
	Brand      *Named       `json:"brand,omitempty"` // of a gifticon
	Shop       *Named       `json:"shop,omitempty"`  // of a star coupon
	FaceValue  int64        `json:"face_value"`
	Paid       int64        `json:"paid"`
	LastDay    Day          `json:"last_day"` // it is valid to the end of that day in Seoul
	BoughtAt   time.Time    `json:"bought_at"`
	VoucherURL string       `json:"voucher_url"` // a page for whoever is given it; whoever has the link has the voucher

	Number      string    `json:"number,omitempty"`      // of a gifticon; it is as good as money. "" once it is cancelled
	BarcodeURL  string    `json:"barcode_url,omitempty"` // of a gifticon
	CouponID    int64     `json:"coupon_id,omitempty"`   // of a star coupon
	QRURL       string    `json:"qr_url,omitempty"`      // of a star coupon that is usable
	Used        *Use      `json:"used,omitempty"`        // nil = it was not used
	CancelledAt time.Time `json:"cancelled_at,omitzero"`
}

// Named is something that has a number and a name.
type Named struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Use is when and where a star coupon was used.
type Use struct {
	At       time.Time `json:"at"`
	ShopID   int64     `json:"shop_id"`
	ShopName string    `json:"shop_name"`
	SellerID int64     `json:"seller_id"`
}

// Vouchers lists the vouchers that were bought, newest first.
func (c *Client) Vouchers(ctx context.Context, q HistoryQuery, options ...Option) (*Page[Voucher], error) {
	return list[Voucher](ctx, c, "/vouchers", q.params(), options)
}

// AllVouchers goes through the vouchers that were bought, newest first, page by page, as long as the caller goes on.
func (c *Client) AllVouchers(ctx context.Context, q HistoryQuery, options ...Option) iter.Seq2[Voucher, error] {
	return pages(q.Cursor, func(cursor string) (*Page[Voucher], error) {
		q.Cursor = cursor
		return c.Vouchers(ctx, q, options...)
	})
}

// Voucher returns a voucher as it is now.
func (c *Client) Voucher(ctx context.Context, id string, options ...Option) (*Voucher, error) {
	return get[Voucher](ctx, c, "/vouchers/"+url.PathEscape(id), nil, options)
}

// RenewLink gives a voucher another VoucherURL. The link of before does not work any more.
func (c *Client) RenewLink(ctx context.Context, id string, options ...Option) (*Voucher, error) {
	// Repeated after a lost answer, it revokes a link that nobody has seen.
	return post[Voucher](ctx, c, "/vouchers/"+url.PathEscape(id)+"/link", struct{}{}, true, options)
}
