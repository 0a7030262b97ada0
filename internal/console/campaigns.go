package console

import (
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func campaignShelf() *shelfPage[gift.Campaign] {
	return &shelfPage[gift.Campaign]{
		path: "campaigns", title: text{"별별쿠폰", "Campaigns"}, one: text{"별별쿠폰", "campaign"},
		columns: []text{
			{"쿠폰 이름", "Coupon"},
			{"상품", "What the holder gets"},
			{"그림", "Picture"},
			{"업체", "Shop"},
			{"조건", "Terms"},
			{"정가", "Regular price"},
			{"할인가", "Discounted"},
			{"무료", "Free"},
		},
		shelf: func(s Store) office.Shelf[gift.Campaign] { return s.Campaigns() },
		label: func(l office.Listed[gift.Campaign]) string { return l.Row.Product + " · " + l.Parent },
		cells: func(q *request, l office.Listed[gift.Campaign]) []cell {
			c := l.Row
			return []cell{
				{Text: c.CouponName},
				{Text: c.Product},
				{Picture: c.Thumb},
				{Text: l.Parent, Link: shopShelf().address(strconv.FormatInt(c.ShopID, 10))},
				{Text: c.Condition},
				{Text: grouped(int64(c.OrgPrice)), Number: true},
				{Text: grouped(int64(c.Discount)), Number: true},
				{Text: yesOrNo(c.Free).in(q.lang)},
			}
		},
		filters: func(q *request) ([]field, error) {
			list, err := q.shopOptions()
			return []field{q.parentFilter(text{"업체", "Shop"}, list)}, err
		},
		fields: campaignFields,
		read:   readCampaign,
		links: func(l office.Listed[gift.Campaign]) []shelfLink {
			id := strconv.FormatInt(l.Row.ID, 10)
			return []shelfLink{{catalogueRoot + "/offers?campaign=" + id, text{"판매 상품", "Offers"}}}
		},
	}
}

func memberOptions(q *request) []selectable {
	return []selectable{{"shop", text{"업체", "The shop"}.in(q.lang)}, {"user", text{"회원", "A user"}.in(q.lang)}}
}

func campaignFields(q *request, c gift.Campaign) ([]field, error) {
	list, err := q.shopOptions()
	amount := func(name string, label text, value gift.Won) field {
		return field{Name: name, Label: label, Type: "number", Value: strconv.FormatInt(int64(value), 10), Needed: true}
	}
	return []field{
		{Name: "coupon_name", Label: text{"쿠폰 이름", "Name of the coupon"}, Type: "text", Value: c.CouponName, Needed: true},
		{Name: "product", Label: text{"상품", "What the holder gets"}, Type: "text", Value: c.Product, Needed: true},
		{
			Name: "shop", Label: text{"업체 번호", "Number of the shop"}, Type: "list", Value: idValue(c.ShopID), Options: list,
			Needed: true,
			Hint:   byName,
		},
		{Name: "terms", Label: text{"사용 조건", "When it may be used"}, Type: "lines", Value: c.Condition},
		amount("org_price", text{"정가(원)", "Regular price (won)"}, c.OrgPrice),
		amount("discount", text{"할인가(원)", "Discounted price shown (won)"}, c.Discount),
		amount("price", text{"표시 가격(원)", "Price shown (won)"}, c.Price),
		{Name: "free", Label: text{"매체사에 무료", "Free for partners"}, Type: "check", Value: ticked(c.Free)},
		{
			Name: "member", Label: text{"만든 이", "Made by"}, Type: "select", Value: c.MemberType, Options: memberOptions(q),
			Needed: true,
		},
		{Name: "maker", Label: text{"만든 회원", "The user that made it"}, Type: "text", Value: c.MakerID},
		{Name: "thumb", Label: text{"작은 그림 경로", "Path of the small picture"}, Type: "picture", Value: c.Thumb},
		{Name: "image", Label: text{"그림 경로", "Path of the picture"}, Type: "picture", Value: c.Image},
		{Name: "image2", Label: text{"둘째 그림 경로", "Path of the second picture"}, Type: "picture", Value: c.Image2},
	}, err
}

func readCampaign(q *request, c *gift.Campaign) (_ faults, err error) {
	r := q.reader()
	c.CouponName, c.Product, c.Condition = r.text("coupon_name", maxNameBytes, true), r.text("product", maxNameBytes, true), r.text("terms", maxTextBytes, false)
	c.OrgPrice, c.Discount, c.Price = r.won("org_price"), r.won("discount"), r.won("price")
	c.Free = q.PostFormValue("free") != ""
	c.Thumb, c.Image, c.Image2 = r.picture("thumb"), r.picture("image"), r.picture("image2")
	c.MakerID = r.text("maker", maxNameBytes, false)
	r.one("member", memberOptions(q))
	c.MemberType = q.PostFormValue("member")
	if c.Discount > c.OrgPrice {
		r.wrong["discount"] = text{"정가보다 높을 수 없습니다.", "It cannot be above the regular price."}
	}
	c.ShopID, err = parent(r, "shop", q.h.Store.Shops())
	return r.wrong, err
}
