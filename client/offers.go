package client

import (
	"context"
	"iter"
)

// OfferStatus tells whether an offer can be bought.
type OfferStatus string

// What an offer can be.
const (
	OnSale    OfferStatus = "on_sale"
	SoldOut   OfferStatus = "sold_out"
	Withdrawn OfferStatus = "withdrawn"
	Expired   OfferStatus = "expired"
)

// Change is what happened to an offer.
type Change string

// What OfferChanges and CouponChanges tell of.
const (
	ChangeNew       Change = "new"
	ChangeRestocked Change = "restocked"
	ChangeRepriced  Change = "repriced"
	ChangeChanged   Change = "changed" // in its texts or pictures
	ChangeSoldOut   Change = "sold_out"
	ChangeWithdrawn Change = "withdrawn"
	ChangeExpired   Change = "expired"
)

// Offer sells gifticons of one product that end on one day. Sums are won.
type Offer struct {
	ID              int64       `json:"id"`
	Kind            Kind        `json:"kind"`
	Status          OfferStatus `json:"status"`
	Change          Change      `json:"change,omitempty"` // of OfferChanges only
	Product         Product     `json:"product"`
	Brand           Named       `json:"brand"`
	Category        Named       `json:"category"`
	FaceValue       int64       `json:"face_value"`
	Price           int64       `json:"price"`  // now
	Prices          Prices      `json:"prices"` // it changes by itself at midnight in Seoul
	DiscountPercent int64       `json:"discount_percent"`
	LastDay         Day         `json:"last_day"`
	OncePerPartner  bool        `json:"once_per_partner"`
}

// Product is what a gifticon is for.
type Product struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	ImageURL string `json:"image_url"`
}

// Prices are what an offer costs, by how far away its last day is.
type Prices struct {
	Over60Days int64 `json:"over_60_days"`
	Over30Days int64 `json:"over_30_days"`
	Last30Days int64 `json:"last_30_days"`
}

// Sort is the order of a list of what is on sale.
type Sort string

// Orders of lists. Only SortID pages stably while the stock changes; the others may repeat or skip what moved.
const (
	SortPopular      Sort = "popular" // the default
	SortPriceDesc    Sort = "price_desc"
	SortPriceAsc     Sort = "price_asc"
	SortDiscountDesc Sort = "discount_desc"
	SortDiscountAsc  Sort = "discount_asc"
	SortID           Sort = "id"
)

// OfferQuery selects gifticons on sale. What is empty or 0 selects all.
type OfferQuery struct {
	CategoryID int64
	BrandID    int64
	MaxPrice   int64  // won
	Words      string // all of them are in the names of product, brand or category; initial consonants work, too
	Sort       Sort
	Limit      int64  // of a page: 1 to 200; default 50
	Cursor     string // the Next of the page before
}

func (q OfferQuery) params() params {
	p := params{}
	p.number("category_id", q.CategoryID)
	p.number("brand_id", q.BrandID)
	p.number("max_price", q.MaxPrice)
	p.text("q", q.Words)
	p.text("sort", string(q.Sort))
	p.number("limit", q.Limit)
	p.text("cursor", q.Cursor)
	return p
}

// Offers lists the gifticons on sale.
func (c *Client) Offers(ctx context.Context, q OfferQuery, options ...Option) (*Page[Offer], error) {
	return list[Offer](ctx, c, "/offers", q.params(), options)
}

// AllOffers goes through the gifticons on sale, page by page, as long as the caller goes on. To keep a copy of the stock up to date,
// use AllOfferChanges.
func (c *Client) AllOffers(ctx context.Context, q OfferQuery, options ...Option) iter.Seq2[Offer, error] {
	return pages(q.Cursor, func(cursor string) (*Page[Offer], error) {
		q.Cursor = cursor
		return c.Offers(ctx, q, options...)
	})
}
