package client

import (
	"context"
	"iter"
)

// ChangesQuery selects changes of the stock.
type ChangesQuery struct {
	// Since is the Sync of a list, or what AllOfferChanges or AllCouponChanges left here. Any node of the server understands it.
	Since      string
	CategoryID int64  // 0 = all
	BrandID    int64  // of gifticons; 0 = all
	ShopID     int64  // of star coupons; 0 = all
	Limit      int64  // of a page: 1 to 200; default 50
	Cursor     string // the Next of the page before
}

func (q *ChangesQuery) params() params {
	p := params{"updated_since": {q.Since}}
	p.number("category_id", q.CategoryID)
	p.number("brand_id", q.BrandID)
	p.number("shop_id", q.ShopID)
	p.number("limit", q.Limit)
	p.text("cursor", q.Cursor)
	return p
}

// OfferChanges lists the gifticons that changed since q.Since, oldest change first, those that are gone, too. The last page's Sync is
// the Since of the next time. No change is missed; one may be told twice.
func (c *Client) OfferChanges(ctx context.Context, q ChangesQuery, options ...Option) (*Page[Offer], error) {
	return list[Offer](ctx, c, "/offers", q.params(), options)
}

// CouponChanges lists the star coupons that changed, as OfferChanges does gifticons.
func (c *Client) CouponChanges(ctx context.Context, q ChangesQuery, options ...Option) (*Page[Coupon], error) {
	return list[Coupon](ctx, c, "/coupons", q.params(), options)
}

// AllOfferChanges goes through the gifticons that changed since q.Since; when that is "", through all that are on sale. Once the loop
// has come to its end without an error, q.Since is what to ask with the next time: a copy of the stock stays up to date by
// calling it again and again with the same q.
//
//	for offer, err := range c.AllOfferChanges(ctx, &since) {
//		if err != nil {
//			return err
//		}
//		if offer.Status == client.OnSale {
//			stock[offer.ID] = offer
//		} else {
//			delete(stock, offer.ID)
//		}
//	}
func (c *Client) AllOfferChanges(ctx context.Context, q *ChangesQuery, options ...Option) iter.Seq2[Offer, error] {
	return follow(q, func(q ChangesQuery) (*Page[Offer], error) {
		if q.Since != "" {
			return c.OfferChanges(ctx, q, options...)
		}
		return c.Offers(ctx, OfferQuery{
			CategoryID: q.CategoryID, BrandID: q.BrandID, Sort: SortID, Limit: q.Limit, Cursor: q.Cursor,
		}, options...)
	})
}

// AllCouponChanges goes through the star coupons that changed, as AllOfferChanges does gifticons.
func (c *Client) AllCouponChanges(ctx context.Context, q *ChangesQuery, options ...Option) iter.Seq2[Coupon, error] {
	return follow(q, func(q ChangesQuery) (*Page[Coupon], error) {
		if q.Since != "" {
			return c.CouponChanges(ctx, q, options...)
		}
		return c.Coupons(ctx, CouponQuery{
			CategoryID: q.CategoryID, ShopID: q.ShopID, Sort: SortID, Limit: q.Limit, Cursor: q.Cursor,
		}, options...)
	})
}

// follow goes through changes, or all there is, and notes where to go on.
func follow[T any](q *ChangesQuery, fetch func(ChangesQuery) (*Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		at, sync := *q, ""
		for item, err := range pages(q.Cursor, func(cursor string) (*Page[T], error) {
			at.Cursor = cursor
			page, err := fetch(at)
			// A full copy goes on with what changed while it was made, so that the first page's counts; of changes it is the last's.
			if err == nil && (sync == "" || at.Since != "") {
				sync = page.Sync
			}
			return page, err
		}) {
			if !yield(item, err) || err != nil {
				return
			}
		}
		q.Cursor = ""
		if sync != "" {
			q.Since = sync
		}
	}
}
