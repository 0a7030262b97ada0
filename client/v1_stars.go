package client

import (
	"context"
	"iter"
	"net/url"
)

// V1Shop is a shop that has star coupons (guide §8).
type V1Shop struct {
	ID         int64  `json:"ms_idx"`
	Name       string `json:"ms_name"`
	CategoryID int64  `json:"mc_idx"`
	MapURL     string `json:"ms_naverplaceaddr"`
	Thumb      string `json:"msl_thumb"` // a path on the server
}

// V1StarCategories are categories and the shops in them (guide §8).
type V1StarCategories struct {
	Categories []V1Category `json:"cate"`
	Shops      []V1Shop     `json:"brand"`
}

// CateStar lists categories of star coupons and their shops (guide §8): all, or one category; 0 = all.
func (v V1) CateStar(ctx context.Context, categoryID int64, options ...Option) (*V1StarCategories, error) {
	p := params{}
	p.number("CODE", categoryID)
	return v1Ask[V1StarCategories](ctx, v, "giftimbiz/cateStar", url.Values(p), options)
}

// V1StarQuery selects star coupons (guide §9). What is empty or 0 selects all.
type V1StarQuery struct {
	Province   string // such as 서울특별시 or 서울
	District   string // such as 마포구
	Town       string // such as 연남동
	CategoryID int64
	ShopID     int64
	Words      string // all of them are in the names of coupon, product or shop
	MakerID    string // who made the coupons
	Order      string // hit (default), priceH, priceL, disH or disL
	Page       int64  // from 1
	Limit      int64  // 1 to 1,000; default 20
}

func (q V1StarQuery) params() url.Values {
	p := params{"site": {"gift"}}
	p.text("si", q.Province)
	p.text("gu", q.District)
	p.text("dong", q.Town)
	p.number("CODE", q.CategoryID)
	p.number("BCODE", q.ShopID)
	p.text("word", q.Words)
	p.text("makestarid", q.MakerID)
	p.text("orderby", q.Order)
	p.number("page", q.Page)
	p.number("limit", q.Limit)
	return url.Values(p)
}

// V1Star is a star coupon on sale (guide §9). Prices are won.
type V1Star struct {
	OfferID      int64  `json:"md_idx,string"`
	CampaignID   int64  `json:"msl_idx,string"`
	CouponID     int64  `json:"msc_idx,string"` // one that is free now; 0 = none is known
	ShopID       int64  `json:"ms_idx,string"`
	Shop         string `json:"ms_name"`
	Product      string `json:"ms_product"` // the name that buying it asks for
	CouponName   string `json:"msl_couponname"`
	Type         string `json:"ms_type"`         // free or buy
	Price        int64  `json:"ms_price,string"` // now; 0 of a free one
	FaceValue    int64  `json:"ms_orgprice,string"`
	Discounted   int64  `json:"ms_discountprice,string"` // the price as it was set
	DiscountRate int64  `json:"percentage"`              // in percent
	Province     string `json:"ms_place1"`
	District     string `json:"ms_place2"`
	Town         string `json:"ms_place3"`
	Condition    string `json:"msl_condition"` // of its use
	CategoryID   int64  `json:"mc_idx,string"`
	LastDay      Day    `json:"endtime"`
	MemberType   string `json:"m_type"`
	ShopThumb    string `json:"ms_thumb"`  // a path on the server
	Thumb        string `json:"msl_thumb"` // a path on the server
}

// StarListAll lists the star coupons on sale (guide §9).
func (v V1) StarListAll(ctx context.Context, q V1StarQuery, options ...Option) (*V1Page[V1Star], error) {
	return v1Ask[V1Page[V1Star]](ctx, v, "giftimbiz/starListAll", q.params(), options)
}

// AllStars goes through the star coupons on sale from q.Page on, page by page, as long as the caller goes on; see AllGifts.
func (v V1) AllStars(ctx context.Context, q V1StarQuery, options ...Option) iter.Seq2[V1Star, error] {
	return v1Pages(q.Page, func(page int64) (*V1Page[V1Star], error) {
		q.Page = page
		return v.StarListAll(ctx, q, options...)
	})
}

// V1StarDetail is what the detail says of a star coupon (guide §10). Prices are won.
type V1StarDetail struct {
	OfferID    int64  `json:"md_idx"`
	CampaignID int64  `json:"msl_idx"`
	CouponID   int64  `json:"msc_idx"` // one that is free now; 0 = none is known
	ShopID     int64  `json:"ms_idx"`
	Shop       string `json:"ms_name"`
	Product    string `json:"ms_product"`
	CouponName string `json:"ms_couponname"`
	Type       string `json:"ms_type"`  // free or buy
	Price      int64  `json:"ms_price"` // now; 0 of a free one
	FaceValue  int64  `json:"ms_orgprice"`
	Discounted int64  `json:"ms_discountprice"`
	MapURL     string `json:"ms_naverplaceaddr"`
	Condition  string `json:"msl_condition"`
	LastDay    Day    `json:"endtime"`
	ShopThumb  string `json:"ms_thumb"`  // these are paths on the server
	Thumb      string `json:"msl_thumb"` //
	Image      string `json:"msl_img"`
	Image2     string `json:"msl_img2"`
}

// V1StarDetails are a star coupon and all of its shop's (guide §10).
type V1StarDetails struct {
	Detail   V1StarDetail   `json:"detail"`
	SameShop []V1StarDetail `json:"eq_brand"`
}

// StarDetail shows a star coupon on sale, by the numbers of the offer and of its campaign (guide §10).
func (v V1) StarDetail(ctx context.Context, offerID, campaignID int64, options ...Option) (*V1StarDetails, error) {
	p := params{}
	p.number("CODE", offerID)
	p.number("CCODE", campaignID)
	return v1Ask[V1StarDetails](ctx, v, "giftimbiz/starDetail", url.Values(p), options)
}
