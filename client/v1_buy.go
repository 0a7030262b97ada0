package client

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// V1Item is one voucher to buy (guide §6, §11): naming an offer twice buys two.
type V1Item struct {
	OfferID    int64
	Product    string // its name, as the lists have it
	CampaignID int64  // of a star coupon
	CouponID   int64  // of a star coupon; 0 = any that is free
}

// V1Purchase is what to buy: all of it or nothing.
type V1Purchase struct {
	Items []V1Item // up to 100, of one kind
	Cash  int64    // won; the sum of what the items cost now
	Key   string   // Idempotency-Key, 1 to 255 visible ASCII characters; "" = a new one
}

// V1Order is what was bought (guide §6, §11).
type V1Order struct {
	ID        string  // tid
	CouponIDs []int64 // of star coupons, in the order of the items
	Message   string
	Key       string // Idempotency-Key under which it was bought
	Replayed  bool   // it is an answer that was given before
}

// BuyGifticoupon buys gifticons (guide §6). It is safe like Client.Purchase: an answer that is lost is asked for again under the
// same key, and where it stays unknown, the error is an *UnknownOutcomeError.
func (v V1) BuyGifticoupon(ctx context.Context, p V1Purchase, options ...Option) (*V1Order, error) {
	return v.buy(ctx, "giftimbiz/buyGifticoupon", p, url.Values{}, options)
}

// BuyStarcoupon buys star coupons (guide §11). It is safe as BuyGifticoupon is.
func (v V1) BuyStarcoupon(ctx context.Context, p V1Purchase, options ...Option) (*V1Order, error) {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return v.buy(ctx, "giftimbiz/buyStarcoupon", p, url.Values{
		"msl_idx": {joined(p.Items, func(i V1Item) string { return number(i.CampaignID) })},
		"msc_idx": {joined(p.Items, func(i V1Item) string { return number(i.CouponID) })},
	}, options)
}

func (v V1) buy(ctx context.Context, endpoint string, p V1Purchase, form url.Values, options []Option) (*V1Order, error) {
	form.Set("md_idx", joined(p.Items, func(i V1Item) string { return strconv.FormatInt(i.OfferID, 10) }))
	form.Set("product", joined(p.Items, func(i V1Item) string { return i.Product }))
	form.Set("cash", strconv.FormatInt(p.Cash, 10))
	if p.Key == "" {
		p.Key = newKey()
	}
	r := v.c.v1Request(endpoint, form, options)
	IdempotencyKey(p.Key)(r)
	r.within = attemptWithin
	order := &V1Order{Key: p.Key}
	if err := v.c.settle(ctx, r, "", order.accept); err != nil {
		return nil, err
	}
	return order, nil
}

// accept takes the answer to a purchase.
func (o *V1Order) accept(a *answer) error {
	var said struct {
		ID        string `json:"tid"`
		Message   string `json:"message"`
		CouponIDs string `json:"msc_idx"` // joined with |
	}
	if err := a.read(&said); err != nil {
		return err
	}
	if said.ID == "" {
		return &strangeAnswer{a, "no order"}
	}
	o.ID, o.Message, o.Replayed = said.ID, said.Message, a.replayed()
	if said.CouponIDs == "" {
		return nil
	}
	for text := range strings.SplitSeq(said.CouponIDs, "|") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return &strangeAnswer{a, "a coupon without a number"}
		}
		o.CouponIDs = append(o.CouponIDs, id)
	}
	return nil
}
