package client

import (
	"context"
	"iter"
)

// Coupon sells star coupons of one campaign of a shop. Sums are won.
type Coupon struct {
	ID              int64       `json:"id"`
	Kind            Kind        `json:"kind"`
	Status          OfferStatus `json:"status"`
	Change          Change      `json:"change,omitempty"` // of CouponChanges only
	Campaign        Campaign    `json:"campaign"`
	Shop            Shop        `json:"shop"`
	Category        Named       `json:"category"`
	Free            bool        `json:"free"`
	FaceValue       int64       `json:"face_value"`
	Price           int64       `json:"price"`
	DiscountPercent int64       `json:"discount_percent"`
	LastDay         Day         `json:"last_day"`
	OncePerPartner  bool        `json:"once_per_partner"`
}

// Campaign is what a star coupon is good for.
type Campaign struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Product   string `json:"product"`
	Condition string `json:"condition"` // of its use
	ImageURL  string `json:"image_url"`
}

// Shop is where a star coupon is used.
type Shop struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	ImageURL string `json:"image_url"`
	Province string `json:"province"`
	District string `json:"district"`
	Town     string `json:"town"`
	MapURL   string `json:"map_url"`
}

// CouponQuery selects star coupons on sale. What is empty or 0 selects all.
type CouponQuery struct {
	Province   string // such as 서울특별시 or 서울
	District   string // such as 마포구
	Town       string // such as 연남동
	CategoryID int64
	ShopID     int64
	Words      string // all of them are in the names of coupon, product or shop
	MakerID    string // who made the coupons
	Sort       Sort
	Limit      int64  // of a page: 1 to 200; default 50
	Cursor     string // the Next of the page before
}

func (q CouponQuery) params() params {
	p := params{}
	p.text("province", q.Province)
	p.text("district", q.District)
	p.text("town", q.Town)
	p.number("category_id", q.CategoryID)
	p.number("shop_id", q.ShopID)
	p.text("q", q.Words)
	p.text("maker_id", q.MakerID)
	p.text("sort", string(q.Sort))
	p.number("limit", q.Limit)
	p.text("cursor", q.Cursor)
	return p
}

// Coupons lists the star coupons on sale.
func (c *Client) Coupons(ctx context.Context, q CouponQuery, options ...Option) (*Page[Coupon], error) {
	return list[Coupon](ctx, c, "/coupons", q.params(), options)
}

// AllCoupons goes through the star coupons on sale, page by page, as long as the caller goes on.
func (c *Client) AllCoupons(ctx context.Context, q CouponQuery, options ...Option) iter.Seq2[Coupon, error] {
	return pages(q.Cursor, func(cursor string) (*Page[Coupon], error) {
		q.Cursor = cursor
		return c.Coupons(ctx, q, options...)
	})
}
