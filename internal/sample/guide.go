package sample

import (
	"fmt"
	"time"

	"giftimbiz/internal/gift"
)

// This file holds what the integration guide itself prints, number by number. Where it prints no price, no expiry or no
// number, a likely one stands.

const (
	guideCU        = 4 // brand numbers
	guideStarbucks = 2

	guideStarbucksThumb = "/UPLOAD/CATE/1026282836_Pt9JKc4p_EC8AA4ED8380EBB285EC8AA4_EBA19CEAB3A0.jpg"

	guideGiftUnits = 5
	guideStarUnits = 20
	guideStarDays  = 120 // the guide's star coupons print no expiry: days from today
)

// guideCategories returns the tables of guide §3-5 and §8-5 in their order.
func guideCategories() []gift.Category {
	gifts := []gift.Category{
		{ID: 1, Name: "커피음료"},
		{ID: 2, Name: "아이스크림"},
		{ID: 3, Name: "도서문화영화음악"},
		{ID: 4, Name: "베이커리도넛"},
		{ID: 5, Name: "치킨,피자"},
		{ID: 6, Name: "마트,편의점"},
		{ID: 7, Name: "패스트푸드"},
		{ID: 8, Name: "상품권"},
		{ID: 28, Name: "외식"},
		{ID: 32, Name: "호텔,뷔페"},
	}
	for i := range gifts { // the first is printed with number 02
		gifts[i].Kind, gifts[i].Sort = gift.Gifticon, int64(i+1)
		gifts[i].Thumb = fmt.Sprintf("/Form/_guest/basic/images/mGiftSwipe%02d.svg", i+2)
	}
	stars := []gift.Category{
		{ID: 18, Name: "뷰티·헤어"},
		{ID: 23, Name: "세차"},
		{ID: 12, Name: "일식"},
		{ID: 14, Name: "야식"},
		{ID: 15, Name: "분식"},
		{ID: 16, Name: "아시안"},
		{ID: 10, Name: "한식"},
		{ID: 26, Name: "카페·디저트"},
		{ID: 11, Name: "중식"},
		{ID: 13, Name: "양식"},
		{ID: 33, Name: "학원"},
		{ID: 25, Name: "패스트푸드"},
	}
	for i := range stars { // the first is printed with number 11
		stars[i].Kind, stars[i].Sort = gift.StarCoupon, int64(i+1)
		stars[i].Thumb = fmt.Sprintf("/Form/_guest/basic/images/mStarSwipe%02d.png", (i+10)%len(stars)+1)
	}
	return append(gifts, stars...)
}

// guideProducts returns the products of guide §4-3 and §5-3.
func guideProducts() []gift.Product {
	return []gift.Product{
		{
			ID: 27935, BrandID: guideCU, Name: "남양)초콜릿드링크초코에몽190ML", Face: 1400,
			Thumb: "/UPLOAD/_PRODUCT/1026282836_AMTXFiCE_EB82A8EC969129ECB488ECBD94EC9790EBAABDEB939CEBA781ED81AC.png",
		},
		{ID: 2576, BrandID: guideCU, Name: "매일)페레로로쉐3구", Face: 2400, Thumb: "/UPLOAD/excel/img/마트편의점_50.jpg"},
		{ID: 13629, BrandID: guideCU, Name: "롯데)초코빼빼로", Face: 1100, Thumb: "/UPLOAD/excel/img/마트편의점_133.jpg"},
	}
}

// guideGiftOffers returns the offers of guide §4-3 and §5-3. Their days are absolute, past or not.
func guideGiftOffers() []gift.Offer {
	return []gift.Offer{
		{
			ID: 18411, Kind: gift.Gifticon, ProductID: 27935, Face: 1400,
			Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462}, LastDay: gift.DateOf(2025, time.December, 31),
		},
		{
			ID: 14560, Kind: gift.Gifticon, ProductID: 2576, Face: 2400,
			Tiers: gift.Tiers{Far: 1680, Mid: 1640, Near: 1290}, LastDay: gift.DateOf(2025, time.November, 21),
		},
		{
			ID: 11668, Kind: gift.Gifticon, ProductID: 13629, Face: 1100,
			Tiers: gift.Tiers{Far: 770, Mid: 750, Near: 550}, LastDay: gift.DateOf(2025, time.November, 10),
		},
	}
}

// guideShop adds to a shop what guide §8-3, §9-3 and §10-3 print of it.
func guideShop(s *gift.Shop) {
	switch s.ID {
	case 18:
		s.Thumb = "/UPLOAD/starplace/1026282836_AkUeONrS_ED8395ED8395EBA788EB9DBCED8395.jpg"
		s.MapURL = "https://map.naver.com/p/search/%EB%91%90%EC%82%B0%EB%8D%94%EB%9E%9C%EB%93%9C%ED%83%80%EC%9B%8C" +
			"/place/37435615?c=15.87,0,0,0,dh&placePath=%3Fentry%253Dbmp"
	case 37:
		s.Thumb = "/UPLOAD/starplace/1026282836_uZbwsXCm_EB8488EB9E91EB8298EB9E91EBB684EC8B9D.jpg"
	case 59:
		s.Thumb = "/UPLOAD/_PRODUCT/1026282836_dwuf4F50_ECBFA0EC9DB4ECB998EC97B0EB82A8_EBA7A4EC9EA5.jpg"
		s.MapURL = "https://m.place.naver.com/restaurant/1138160588/home"
	}
}

// guideCampaigns returns the free coupons of guide §9-3 and §10-3.
func guideCampaigns() []gift.Campaign {
	return []gift.Campaign{
		{
			ID: 188, ShopID: 37, CouponName: "김말이", Product: "김말이 3개", Condition: "2인세트 주문시",
			Free: true, MemberType: memberShop,
			Thumb: couponPicture(15, "thumb"), Image: couponPicture(15, "front"), Image2: couponPicture(15, "use"),
		},
		{
			ID: 224, ShopID: 18, CouponName: "꿔바로우", Product: "첫방문 3000원 할인쿠폰", Condition: "네이버 지도저장시",
			Free: true, MemberType: memberShop,
			Thumb:  "/UPLOAD/_PRODUCT/1026282836_nBCdzlj4_EABF94EBB094EBA19CEC9AB0.jpg",
			Image:  "/UPLOAD/starplace/1026282836_NdlcpuJ0_ED8395ED8395EBA788EB9DBCED8395_ECA780EAB889.jpg",
			Image2: "/UPLOAD/starplace/1026282836_AYCkz6Op_ED8395ED8395EBA788EB9DBCED8395_EC9DB4EC9AA9.jpg",
		},
	}
}

func guideStarOffers(today gift.Day) []gift.Offer {
	return []gift.Offer{
		{ID: 1350, Kind: gift.StarCoupon, CampaignID: 188, LastDay: today + guideStarDays},
		{ID: 1587, Kind: gift.StarCoupon, CampaignID: 224, LastDay: today + guideStarDays},
	}
}

func (m *maker) makeGuideOffers() {
	for _, o := range guideGiftOffers() {
		m.addGiftOffer(o, guideCU, guideGiftUnits)
	}
	m.Campaigns = guideCampaigns()
	for _, o := range guideStarOffers(m.opt.Today) {
		m.addStarOffer(o, guideStarUnits)
	}
}
