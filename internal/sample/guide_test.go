package sample

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
)

// The guide's records do not move with the day: the tests hold a day on which they are sold and one on which they are not.
var guideDays = []gift.Day{today, gift.DateOf(2026, time.November, 24)}

// differs fails the test when a row is not what the guide prints.
func differs(t *testing.T, section string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("guide %s (-want +got)\n%s", section, diff)
	}
}

func byID[T any](rows []T, id func(T) int64) map[int64]T {
	found := make(map[int64]T, len(rows))
	for _, row := range rows {
		found[id(row)] = row
	}
	return found
}

func TestTheGuidesBrandsAndCategoriesAreAsPrinted(t *testing.T) {
	category, brand := byID(shared().Categories, categoryID), byID(shared().Brands, brandID)
	differs(t, "§3-3", category[1], gift.Category{
		ID: 1, Kind: gift.Gifticon, Name: "커피음료", Sort: 1, Thumb: "/Form/_guest/basic/images/mGiftSwipe02.svg",
	})
	differs(t, "§3-3", brand[2], gift.Brand{
		ID: 2, CategoryID: 1, Name: "스타벅스", InUse: true,
		Thumb: "/UPLOAD/CATE/1026282836_Pt9JKc4p_EC8AA4ED8380EBB285EC8AA4_EBA19CEAB3A0.jpg",
	})
	differs(t, "§4-3", brand[4], gift.Brand{
		ID: 4, CategoryID: 6, Name: "CU", InUse: true, Thumb: "/UPLOAD/CATE/brand004.png", // the guide prints no picture
	})
	differs(t, "§8-3", category[18], gift.Category{
		ID: 18, Kind: gift.StarCoupon, Name: "뷰티·헤어", Sort: 1, Thumb: "/Form/_guest/basic/images/mStarSwipe11.png",
	})
}

func TestTheGuidesProductsAreAsPrinted(t *testing.T) {
	product := byID(shared().Products, productID)
	differs(t, "§4-3", product[27935], gift.Product{
		ID: 27935, BrandID: 4, Name: "남양)초콜릿드링크초코에몽190ML", Face: 1400,
		Thumb: "/UPLOAD/_PRODUCT/1026282836_AMTXFiCE_EB82A8EC969129ECB488ECBD94EC9790EBAABDEB939CEBA781ED81AC.png",
	})
	differs(t, "§5-3", product[2576], gift.Product{
		ID: 2576, BrandID: 4, Name: "매일)페레로로쉐3구", Face: 2400, Thumb: "/UPLOAD/excel/img/마트편의점_50.jpg",
	})
	differs(t, "§5-3", product[13629], gift.Product{
		ID: 13629, BrandID: 4, Name: "롯데)초코빼빼로", Face: 1100, Thumb: "/UPLOAD/excel/img/마트편의점_133.jpg",
	})
}

func TestTheGuidesGiftOffersAreAsPrinted(t *testing.T) {
	for _, day := range guideDays {
		offer := byID(makeRows(Options{Offers: 100, Seed: 1, Today: day}).Offers, offerID)
		differs(t, "§4-3", offer[18411], gift.Offer{
			ID: 18411, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462},
			LastDay: gift.DateOf(2025, time.December, 31), Stock: guideGiftUnits,
		})
		for _, want := range []gift.Offer{
			{ID: 14560, ProductID: 2576, Face: 2400, LastDay: gift.DateOf(2025, time.November, 21)},
			{ID: 11668, ProductID: 13629, Face: 1100, LastDay: gift.DateOf(2025, time.November, 10)},
		} {
			got := offer[want.ID]
			if tiers := got.Tiers; !(got.Face > tiers.Far && tiers.Far > tiers.Mid && tiers.Mid > tiers.Near && tiers.Near > 0) {
				t.Errorf("offer %d of %d won costs %+v", got.ID, got.Face, tiers)
			}
			want.Kind, want.Stock, want.Tiers = gift.Gifticon, guideGiftUnits, got.Tiers // the guide prints no tiers of these
			differs(t, "§5-3", got, want)
		}
	}
}

func TestTheGuidesShopsAreAsPrinted(t *testing.T) {
	shop := byID(shared().Shops, shopID)
	differs(t, "§8-3", shop[59], gift.Shop{
		ID: 59, CategoryID: 12, Name: "쿠히치 연남", Province: "서울특별시", District: "마포구", Town: "연남동",
		Thumb:  "/UPLOAD/_PRODUCT/1026282836_dwuf4F50_ECBFA0EC9DB4ECB998EC97B0EB82A8_EBA7A4EC9EA5.jpg",
		MapURL: "https://m.place.naver.com/restaurant/1138160588/home",
	})
	snacks := shop[37]
	differs(t, "§9-3", []string{snacks.Name, snacks.Province, snacks.Thumb}, []string{
		"너랑나랑분식", "서울특별시", "/UPLOAD/starplace/1026282836_uZbwsXCm_EB8488EB9E91EB8298EB9E91EBB684EC8B9D.jpg",
	})
	mala := shop[18]
	differs(t, "§10-3", []string{mala.Name, mala.Thumb, mala.MapURL}, []string{
		"탕탕마라탕", "/UPLOAD/starplace/1026282836_AkUeONrS_ED8395ED8395EBA788EB9DBCED8395.jpg",
		"https://map.naver.com/p/search/%EB%91%90%EC%82%B0%EB%8D%94%EB%9E%9C%EB%93%9C%ED%83%80%EC%9B%8C/place/37435615?c=15.87,0,0,0,dh&placePath=%3Fentry%253Dbmp",
	})
}

func TestTheGuidesCouponsAreAsPrinted(t *testing.T) {
	campaign := byID(shared().Campaigns, campaignID)
	differs(t, "§9-3", campaign[188], gift.Campaign{
		ID: 188, ShopID: 37, CouponName: "김말이", Product: "김말이 3개", Condition: "2인세트 주문시",
		Free: true, MemberType: memberShop,
		Thumb: couponPicture(15, "thumb"), Image: couponPicture(15, "front"), Image2: couponPicture(15, "use"),
	})
	differs(t, "§10-3", campaign[224], gift.Campaign{
		ID: 224, ShopID: 18, CouponName: "꿔바로우", Product: "첫방문 3000원 할인쿠폰", Condition: "네이버 지도저장시",
		Free: true, MemberType: memberShop,
		Thumb:  "/UPLOAD/_PRODUCT/1026282836_nBCdzlj4_EABF94EBB094EBA19CEC9AB0.jpg",
		Image:  "/UPLOAD/starplace/1026282836_NdlcpuJ0_ED8395ED8395EBA788EB9DBCED8395_ECA780EAB889.jpg",
		Image2: "/UPLOAD/starplace/1026282836_AYCkz6Op_ED8395ED8395EBA788EB9DBCED8395_EC9DB4EC9AA9.jpg",
	})
	for _, day := range guideDays {
		offer := byID(makeRows(Options{Offers: 1, Seed: 1, Today: day}).Offers, offerID)
		if o := offer[1350]; o.CampaignID != 188 || o.PriceOn(day) != 0 || !o.Listed(day) {
			t.Errorf("guide §9-3: on %s offer 1350 is %+v", day, o)
		}
	}
}

func TestTheGuidesCategoriesAreAllThereAndInUse(t *testing.T) {
	want := map[int64]string{
		1: "커피음료", 2: "아이스크림", 3: "도서문화영화음악", 4: "베이커리도넛", 5: "치킨,피자", 6: "마트,편의점", 7: "패스트푸드",
		8: "상품권", 28: "외식", 32: "호텔,뷔페",
		18: "뷰티·헤어", 23: "세차", 12: "일식", 14: "야식", 15: "분식", 16: "아시안", 10: "한식", 26: "카페·디저트",
		11: "중식", 13: "양식", 33: "학원", 25: "패스트푸드",
	}
	s := shared()
	got, used := map[int64]string{}, map[int64]bool{}
	for _, c := range s.Categories {
		got[c.ID] = c.Name
	}
	differs(t, "§3-5 and §8-5", got, want)
	for _, b := range s.Brands {
		used[b.CategoryID] = true
	}
	for _, shop := range s.Shops {
		used[shop.CategoryID] = true
	}
	if len(used) != len(want) {
		t.Errorf("%d of %d categories are in use", len(used), len(want))
	}
}
