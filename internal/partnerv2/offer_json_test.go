package partnerv2

import (
	"encoding/json"
	"testing"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
)

func someViews() []catalog.View {
	category := &gift.Category{ID: 6, Kind: gift.Gifticon, Name: "마트,편의점", Thumb: "/UPLOAD/6.svg"}
	brand := &gift.Brand{ID: 4, CategoryID: 6, Name: "CU", Thumb: "/UPLOAD/b.png"}
	product := &gift.Product{ID: 27935, BrandID: 4, Name: "남양)초콜릿드링크초코에몽190ML", Face: 1400, Thumb: "/UPLOAD/p.png"}
	shop := &gift.Shop{ID: 37, CategoryID: 15, Name: "너랑나랑\"분식\"", Province: "서울특별시", District: "마포구", Town: "연남동", MapURL: "https://map.example/?a=1&b=<2>"}
	campaign := &gift.Campaign{ID: 188, ShopID: 37, CouponName: "김말이", Product: "김말이 3개", Condition: "점심\n제외", Thumb: "/UPLOAD/c.png"}
	return []catalog.View{
		{
			Offer: gift.Offer{ID: 1, Kind: gift.Gifticon, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462}, LastDay: 20453},
			Price: 940, Percent: 33, Category: category, Brand: brand, Product: product,
		},
		{
			Offer: gift.Offer{ID: 1350, Kind: gift.StarCoupon, Face: 4000, Tiers: gift.Tiers{Far: 500, Mid: 500, Near: 500}, LastDay: 20453, OncePer: true},
			Price: 500, Percent: 88, Category: category, Shop: shop, Campaign: campaign,
		},
	}
}

func TestOffersAreJSONWhateverTheirNames(t *testing.T) {
	for _, v := range someViews() {
		e := &encoder{origin: "https://gift.example"}
		e.offer(&v, gift.StatusExpired, "expired")
		var got struct {
			Change string
			Shop   struct {
				Name string
				Map  string `json:"map_url"`
			}
			Campaign struct{ Condition string }
		}
		if err := json.Unmarshal(e.b, &got); err != nil || got.Change != "expired" {
			t.Fatalf("%v in %s", err, e.b)
		}
		if v.Shop != nil && (got.Shop.Name != v.Shop.Name || got.Shop.Map != v.Shop.MapURL || got.Campaign.Condition != v.Campaign.Condition) {
			t.Errorf("%s", e.b)
		}
	}
}

// BenchmarkPageOf50 is what a page of an ordinary size takes to be put together.
func BenchmarkPageOf50(b *testing.B) {
	views := someViews()
	b.ReportAllocs()
	for b.Loop() {
		e := &encoder{b: make([]byte, 0, 1024+700*50), origin: "https://gift.example"}
		for i := range 50 {
			e.offer(&views[i%2], gift.StatusOnSale, "")
		}
	}
}
