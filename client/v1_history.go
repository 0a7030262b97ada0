package client

import (
	"context"
	"iter"
	"net/url"
)

// V1HistoryQuery selects what was bought (guide §7, §12). What is empty or 0 selects all.
type V1HistoryQuery struct {
	OrderID    string // tid
	From, To   Day    // of the purchase
	After      string // the Next of the page before
	Page       int64  // from 1; long histories are better read by After
	Limit      int64  // 1 to 1,000; default 20
	CampaignID int64  // of star coupons only
	OfferID    int64  // of star coupons only
}

func (q V1HistoryQuery) params() url.Values {
	p := params{}
	p.text("tid", q.OrderID)
	p.text("sdate", string(q.From))
	p.text("edate", string(q.To))
	p.text("after", q.After)
	p.number("page", q.Page)
	p.number("limit", q.Limit)
	p.number("msl", q.CampaignID)
	p.number("md", q.OfferID)
	return url.Values(p)
}

// V1History is a part of what was bought, newest first (guide §7, §12).
type V1History[T any] struct {
	Total int64  `json:"total_count"` // of all that matches, as are the sums
	More  bool   `json:"isNext,string"`
	Next  string `json:"next"` // the After of the next page
	List  []T    `json:"list"`

	// Of star coupons only, in won:
	Spent int64 `json:"Totalbuyprice"`
	Saved int64 `json:"Totaldiscountprice"`
}

// States of what was bought.
const (
	V1Bought    = "buy"
	V1Used      = "use"
	V1Cancelled = "cancel"
	V1Expired   = "expire"
)

// V1BoughtGift is a gifticon that was bought (guide §7). Prices are won.
type V1BoughtGift struct {
	OrderID    string `json:"tid"`
	OfferID    int64  `json:"md_idx,string"`
	ProductID  int64  `json:"gm_idx,string"`
	Product    string `json:"product"`
	Brand      string `json:"brand_name"`
	Category   string `json:"cate_name"`
	FaceValue  int64  `json:"price,string"`
	Paid       int64  `json:"buy_price,string"`
	BoughtAt   V1Time `json:"buy_date"`
	LastDay    Day    `json:"endtime"`
	Status     string `json:"status"`      // V1Bought and the others
	Number     string `json:"pin"`         // the voucher's number; "" once it is cancelled
	BarcodeImg string `json:"barcode_img"` // a path on the server
	Thumb      string `json:"gm_thumb"`
	VoucherURL string `json:"voucher_url"` // a page for whoever was given it
}

// BuyGifticonList lists the gifticons that were bought, newest first (guide §7).
func (v V1) BuyGifticonList(ctx context.Context, q V1HistoryQuery, options ...Option) (*V1History[V1BoughtGift], error) {
	return v1Ask[V1History[V1BoughtGift]](ctx, v, "giftimbiz/buyGifticonList", q.params(), options)
}

// AllBoughtGifts goes through the gifticons that were bought, newest first, page by page, as long as the caller goes on. Purchases
// that are made meanwhile do not shift them.
func (v V1) AllBoughtGifts(ctx context.Context, q V1HistoryQuery, options ...Option) iter.Seq2[V1BoughtGift, error] {
	return pages(q.After, func(after string) (*Page[V1BoughtGift], error) {
		q.After = after
		h, err := v.BuyGifticonList(ctx, q, options...)
		return h.page(), err
	})
}

// page shows a history as other lists are.
func (h *V1History[T]) page() *Page[T] {
	if h == nil {
		return nil
	}
	return &Page[T]{Data: h.List, Next: h.Next}
}

// V1BoughtStar is a star coupon that was bought (guide §12). Prices are won.
type V1BoughtStar struct {
	OrderID    string `json:"tid"`
	OfferID    int64  `json:"md_idx,string"`
	CampaignID int64  `json:"msl_idx,string"`
	CouponID   int64  `json:"msc_idx,string"`
	ShopID     int64  `json:"ms_idx,string"`
	Shop       string `json:"ms_name"`
	CouponName string `json:"ms_couponname"`
	Product    string `json:"ms_product"`
	Type       string `json:"ms_type"` // free or buy
	FaceValue  int64  `json:"ms_price,string"`
	Paid       int64  `json:"buy_price,string"`
	BoughtAt   V1Time `json:"buy_date"`
	LastDay    Day    `json:"endtime"`
	Status     string `json:"status"`   // V1Bought and the others
	UsedAt     V1Time `json:"use_date"` // the zero time while it is unused
	Thumb      string `json:"msl_thumb"`
	Condition  string `json:"msl_condition"`
	VoucherURL string `json:"voucher_url"` // a page for whoever was given it
}

// BuyStarcouponList lists the star coupons that were bought, newest first (guide §12).
func (v V1) BuyStarcouponList(ctx context.Context, q V1HistoryQuery, options ...Option) (*V1History[V1BoughtStar], error) {
	type data struct {
		Data V1History[V1BoughtStar] `json:"data"`
	}
	answer, err := v1Ask[data](ctx, v, "giftimbiz/buyStarcouponList", q.params(), options)
	if err != nil {
		return nil, err
	}
	return &answer.Data, nil
}

// AllBoughtStars goes through the star coupons that were bought, newest first, page by page, as long as the caller goes on.
func (v V1) AllBoughtStars(ctx context.Context, q V1HistoryQuery, options ...Option) iter.Seq2[V1BoughtStar, error] {
	return pages(q.After, func(after string) (*Page[V1BoughtStar], error) {
		q.After = after
		h, err := v.BuyStarcouponList(ctx, q, options...)
		return h.page(), err
	})
}
