package console

import (
	"net/url"
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func shopShelf() *shelfPage[gift.Shop] {
	return &shelfPage[gift.Shop]{
		path: "shops", title: text{"업체", "Shops"}, one: text{"업체", "shop"},
		columns: []text{
			{"이름", "Name"}, {"그림", "Picture"}, {"카테고리", "Category"}, {"시/도", "Province"}, {"시/군/구", "District"}, {"동/읍/면", "Town"},
		},
		shelf: func(s Store) office.Shelf[gift.Shop] { return s.Shops() },
		label: func(l office.Listed[gift.Shop]) string { return l.Row.Name + " · " + l.Row.District },
		cells: func(_ *request, l office.Listed[gift.Shop]) []cell {
			return []cell{
				{Text: l.Row.Name},
				{Picture: l.Row.Thumb},
				{Text: l.Parent, Link: categoryShelf().address(strconv.FormatInt(l.Row.CategoryID, 10))},
				{Text: l.Row.Province},
				{Text: l.Row.District},
				{Text: l.Row.Town},
			}
		},
		filters: func(q *request) ([]field, error) {
			list, err := q.categoryOptions(gift.StarCoupon)
			return []field{q.parentFilter(text{"카테고리", "Category"}, list)}, err
		},
		fields: shopFields,
		read:   readShop,
		links: func(l office.Listed[gift.Shop]) []shelfLink {
			id := strconv.FormatInt(l.Row.ID, 10)
			return []shelfLink{
				{catalogueRoot + "/sellers?parent=" + id, text{"판매자", "Sellers"}},
				{catalogueRoot + "/campaigns?parent=" + id, text{"별별쿠폰", "Campaigns"}},
				{catalogueRoot + "/offers?shop=" + id, text{"판매 상품", "Offers"}},
				{devicesAddress(l.Row.ID), text{"로그인한 기기", "Signed-in devices"}},
				{catalogueRoot + "/sellers/new?shop=" + id, text{"새 판매자", "New seller"}},
				{catalogueRoot + "/campaigns/new?shop=" + id, text{"새 별별쿠폰", "New campaign"}},
			}
		},
	}
}

func shopFields(q *request, s gift.Shop) ([]field, error) {
	list, err := q.categoryOptions(gift.StarCoupon)
	return []field{
		{Name: "name", Label: text{"이름", "Name"}, Type: "text", Value: s.Name, Needed: true},
		{
			Name: "category", Label: text{"카테고리", "Category"}, Type: "select", Value: idValue(s.CategoryID), Options: list,
			Needed: true,
		},
		{
			Name: "province", Label: text{"시/도", "Province"}, Type: "text", Value: s.Province, Needed: true,
			Hint: text{"공식 이름. 예: 서울특별시", "The official name, such as 서울특별시."},
		},
		{Name: "district", Label: text{"시/군/구", "District"}, Type: "text", Value: s.District, Needed: true},
		{Name: "town", Label: text{"동/읍/면/리", "Town"}, Type: "text", Value: s.Town},
		{Name: "map_url", Label: text{"지도 주소", "Address of a map"}, Type: "url", Value: s.MapURL},
		{Name: "thumb", Label: text{"그림 경로", "Path of the picture"}, Type: "picture", Value: s.Thumb},
	}, err
}

func readShop(q *request, s *gift.Shop) (faults, error) {
	list, err := q.categoryOptions(gift.StarCoupon)
	r := q.reader()
	s.Name, s.Thumb, s.CategoryID = r.text("name", maxNameBytes, true), r.picture("thumb"), r.one("category", list)
	s.Province, s.District = r.text("province", maxNameBytes, true), r.text("district", maxNameBytes, true)
	s.Town, s.MapURL = r.text("town", maxNameBytes, false), r.text("map_url", maxTextBytes, false)
	if u, bad := url.Parse(s.MapURL); s.MapURL != "" && (bad != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		r.wrong["map_url"] = text{"https://로 시작하는 주소를 쓰십시오.", "Give an address that starts with https://."}
	}
	return r.wrong, err
}

// escaped makes a text part of an address.
func escaped(s string) string { return url.QueryEscape(s) }
