package partnerapi

import (
	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/region"
)

// cateStar lists categories of star coupons and the shops in them (guide §8).
func (c *call) cateStar() error {
	category := c.in.index("CODE")
	if c.in.err != nil {
		return c.in.err
	}
	ix := c.index()
	c.begin()
	c.categories(ix.Categories(gift.StarCoupon), category)
	c.out.open("brand", '[')
	for _, shop := range ix.Shops(category) {
		c.out.open("", '{')
		c.out.number("mc_idx", shop.CategoryID)
		c.out.number("ms_idx", shop.ID)
		c.out.text("ms_name", shop.Name)
		c.out.text("ms_naverplaceaddr", shop.MapURL)
		c.out.text("msl_thumb", shop.Thumb)
		c.out.close('}')
	}
	c.out.close(']')
	c.end()
	return nil
}

// starListAll lists the star coupons on sale (guide §9).
func (c *call) starListAll() error {
	c.in.site()
	q := catalog.StarQuery{
		CategoryID: c.in.index("CODE"), ShopID: c.in.index("BCODE"),
		Words: c.in.words(), MakerID: c.in.get("makestarid"), Order: c.in.listOrder(),
	}
	q.Offset, q.Limit = c.in.page()
	c.in.region(&q)
	if c.in.err != nil {
		return c.in.err
	}
	page := c.index().Stars(q)
	c.beginList(page.Total, page.More)
	for i, row := range page.Rows {
		c.out.raw(row.Wire)
		endStarRow(&c.out, row, c.turn()+uint64(i))
	}
	c.endList()
	return nil
}

// turn is another number each time, so that not everybody is shown the same free coupon.
func (c *call) turn() uint64 { return c.turns.Add(1) }

// region reads si, gu and dong, which must be names of regions.
func (r *reader) region(q *catalog.StarQuery) {
	p := region.Place{Province: r.get("si"), District: r.get("gu"), Town: r.get("dong")}
	switch p.Resolve() {
	case region.InProvince:
		r.fail(refuse(notARegion, "name", "si", "value", shown(p.Province)))
	case region.InDistrict:
		r.fail(unknownDistrict(p.Province, p.District))
	case region.InTown:
		r.fail(refuse(notATown, "value", shown(p.Town)))
	}
	q.Province, q.District, q.Town = p.Province, p.District, p.Town
}

func unknownDistrict(province, gu string) error {
	if province == "" {
		return refuse(notARegion, "name", "gu", "value", shown(gu))
	}
	return refuse(notInProvince, "value", shown(gu), "province", province)
}

// starDetail shows one star coupon and all of its shop's (guide §10).
func (c *call) starDetail() error {
	offer, campaign := c.in.number("CODE"), c.in.number("CCODE")
	if c.in.err != nil {
		return c.in.err
	}
	ix := c.index()
	row, err := onSale(ix, gift.StarCoupon, "CODE", offer)
	if err != nil {
		return err
	}
	if row.Campaign.ID != campaign {
		return refuse(notTogether, "first", named("CODE", offer), "second", named("CCODE", campaign))
	}
	c.begin()
	c.out.open("detail", '{')
	c.out.number("CCODE", row.Offer.ID) // the guide's table: the sale's number
	c.starMembers(row)
	c.out.close('}')
	c.out.open("eq_brand", '[')
	for _, relative := range ix.ShopOffers(row.Shop.ID, relatives) {
		c.out.open("", '{')
		c.starMembers(relative)
		c.out.close('}')
	}
	c.out.close(']')
	c.end()
	return nil
}

// starMembers is what the detail says of a star coupon: numbers are numbers here.
func (c *call) starMembers(row *catalog.Row) {
	o := &c.out
	o.number("ms_idx", row.Shop.ID)
	o.text("ms_couponname", row.Campaign.CouponName)
	o.text("ms_thumb", row.Shop.Thumb)
	o.text("ms_name", row.Shop.Name)
	o.text("ms_product", row.Campaign.Product)
	o.text("ms_type", starType(row.Campaign))
	o.number("ms_price", int64(row.Price))
	o.number("ms_discountprice", int64(row.Campaign.Discount))
	o.number("ms_orgprice", int64(row.Campaign.OrgPrice))
	o.text("ms_naverplaceaddr", row.Shop.MapURL)
	o.number("msl_idx", row.Campaign.ID)
	o.text("msl_thumb", row.Campaign.Thumb)
	o.text("msl_img", row.Campaign.Image)
	o.text("msl_img2", row.Campaign.Image2)
	o.text("msl_condition", row.Campaign.Condition)
	o.number("md_idx", row.Offer.ID)
	o.number("msc_idx", freeCoupon(row, c.turn()))
	o.text("endtime", lastDay(row.Offer.LastDay))
	o.number("disprice", int64(row.Price))
}
