package client

import (
	"context"
	"iter"
	"net/url"
)

// V1Category is a category of gifticons (guide §3) or star coupons (guide §8).
type V1Category struct {
	ID    int64  `json:"mc_idx"`
	Title string `json:"mc_title"`
	Thumb string `json:"mc_thumb"` // a path on the server
}

// V1Brand is a brand of gifticons (guide §3).
type V1Brand struct {
	ID            int64  `json:"mb_idx"`
	Name          string `json:"mb_brand"`
	InUse         string `json:"mb_edu_use_is"` // Y or N
	CategoryID    int64  `json:"mc_idx"`
	CategoryTitle string `json:"mc_title"`
	Thumb         string `json:"mb_thumb"` // a path on the server
}

// V1GiftCategories are categories and their brands (guide §3).
type V1GiftCategories struct {
	Categories []V1Category `json:"cate"`
	Brands     []V1Brand    `json:"brand"`
}

// CateGift lists categories and brands of gifticons (guide §3): all, or those with the given numbers; 0 = any.
func (v V1) CateGift(ctx context.Context, categoryID, brandID int64, options ...Option) (*V1GiftCategories, error) {
	p := params{}
	p.number("CODE", categoryID)
	p.number("BCODE", brandID)
	return v1Ask[V1GiftCategories](ctx, v, "giftimbiz/cateGift", url.Values(p), options)
}

// V1GiftQuery selects gifticons (guide §4). What is empty or 0 selects all.
type V1GiftQuery struct {
	CategoryID, BrandID int64
	MaxPrice            int64  // won; what it costs now
	Words               string // all of them are in the names of product, brand or category; initial consonants work, too
	Order               string // hit (default), priceH, priceL, disH or disL
	Page                int64  // from 1
	Limit               int64  // 1 to 1,000; default 20
}

func (q V1GiftQuery) params() url.Values {
	p := params{"site": {"gift"}}
	p.number("CODE", q.CategoryID)
	p.number("BCODE", q.BrandID)
	p.number("price", q.MaxPrice)
	p.text("word", q.Words)
	p.text("orderby", q.Order)
	p.number("page", q.Page)
	p.number("limit", q.Limit)
	return url.Values(p)
}

// V1Page is a part of a list of what is on sale (guide §4, §9).
type V1Page[T any] struct {
	Total int64 `json:"total_count"` // on all pages
	More  bool  `json:"isNext,string"`
	List  []T   `json:"list"`
}

// V1Gift is a gifticon on sale (guide §4). Prices are won.
type V1Gift struct {
	OfferID      int64  `json:"md_idx,string"`
	ProductID    int64  `json:"gm_idx,string"`
	Product      string `json:"product"` // the name that buying it asks for
	Thumb        string `json:"gm_thumb"`
	CategoryID   int64  `json:"mc_idx,string"`
	Category     string `json:"cate_name"`
	BrandID      int64  `json:"mb_idx,string"`
	Brand        string `json:"brand_name"`
	LastDay      Day    `json:"endtime"`
	FaceValue    int64  `json:"price,string"`
	Price        int64  `json:"disprice,string"`    // now
	PriceFar     int64  `json:"sell_price1,string"` // while there are more than 60 days to the last day
	PriceMiddle  int64  `json:"sell_price2,string"` // while there are 31 to 60
	PriceNear    int64  `json:"sell_price3,string"` // in the last 30
	DiscountRate int64  `json:"percentage"`         // of Price against FaceValue, in percent
}

// ListAll lists the gifticons on sale (guide §4).
func (v V1) ListAll(ctx context.Context, q V1GiftQuery, options ...Option) (*V1Page[V1Gift], error) {
	return v1Ask[V1Page[V1Gift]](ctx, v, "giftimbiz/listAll", q.params(), options)
}

// AllGifts goes through the gifticons on sale from q.Page on, page by page, as long as the caller goes on. What is sold or comes on
// sale meanwhile may shift others from page to page, so that they are skipped or come twice.
func (v V1) AllGifts(ctx context.Context, q V1GiftQuery, options ...Option) iter.Seq2[V1Gift, error] {
	return v1Pages(q.Page, func(page int64) (*V1Page[V1Gift], error) {
		q.Page = page
		return v.ListAll(ctx, q, options...)
	})
}

// v1Pages goes through numbered pages.
func v1Pages[T any](first int64, fetch func(page int64) (*V1Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for n := max(first, 1); ; n++ {
			page, err := fetch(n)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range page.List {
				if !yield(item, nil) {
					return
				}
			}
			if !page.More || len(page.List) == 0 {
				return
			}
		}
	}
}

// V1GiftDetail is what the detail says of a gifticon (guide §5). Prices are won.
type V1GiftDetail struct {
	OfferID      int64  `json:"DCODE"`
	ProductID    int64  `json:"CODE"`
	Product      string `json:"product"`
	Thumb        string `json:"gm_thumb"`
	CategoryID   int64  `json:"mc_idx"`
	Category     string `json:"cate_name"`
	BrandID      int64  `json:"mb_idx"`
	Brand        string `json:"brand"`
	LastDay      Day    `json:"endtime"`
	FaceValue    int64  `json:"price"`
	Price        int64  `json:"disprice"`    // now
	PriceFar     int64  `json:"sell_price1"` // while there are more than 60 days to the last day
	PriceMiddle  int64  `json:"sell_price2"` // while there are 31 to 60
	PriceNear    int64  `json:"sell_price3"` // in the last 30
	DiscountRate int64  `json:"percentage"`  // in percent
}

// V1GiftDetails are a gifticon and others of its brand (guide §5).
type V1GiftDetails struct {
	Detail    V1GiftDetail   `json:"detail"`
	SameBrand []V1GiftDetail `json:"eq_brand"`
}

// GiftDetail shows a gifticon on sale, by the numbers of its product and of the offer (guide §5).
func (v V1) GiftDetail(ctx context.Context, productID, offerID int64, options ...Option) (*V1GiftDetails, error) {
	p := params{}
	p.number("CODE", productID)
	p.number("DCODE", offerID)
	return v1Ask[V1GiftDetails](ctx, v, "giftimbiz/giftDetail", url.Values(p), options)
}
