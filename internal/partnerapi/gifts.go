package partnerapi

import (
	"strconv"
	"strings"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
)

// relatives is how many offers of the same brand or shop a detail shows.
const relatives = 20

// cateGift lists categories and brands of gifticons (guide §3).
func (c *call) cateGift() error {
	category, brand := c.in.index("CODE"), c.in.index("BCODE")
	if c.in.err != nil {
		return c.in.err
	}
	ix := c.index()
	categories := ix.Categories(gift.Gifticon)
	c.begin()
	c.categories(categories, category)
	c.out.open("brand", '[')
	for _, b := range ix.Brands(category, brand) {
		c.out.open("", '{')
		c.out.text("mb_brand", b.Name)
		c.out.text("mb_edu_use_is", yesNo(b.InUse))
		c.out.text("mc_title", nameOf(categories, b.CategoryID))
		c.out.text("mb_thumb", b.Thumb)
		c.out.number("mb_idx", b.ID)
		c.out.number("mc_idx", b.CategoryID)
		c.out.close('}')
	}
	c.out.close(']')
	c.end()
	return nil
}

// categories appends those with the given number (0 = all). The guide's table and sample name the picture differently:
// both names are sent.
func (c *call) categories(all []gift.Category, only int64) {
	c.out.open("cate", '[')
	for i := range all {
		if only != 0 && all[i].ID != only {
			continue
		}
		c.out.open("", '{')
		c.out.number("mc_idx", all[i].ID)
		c.out.text("mc_title", all[i].Name)
		c.out.text("mc_gift_thum", all[i].Thumb)
		c.out.text("mc_thumb", all[i].Thumb)
		c.out.close('}')
	}
	c.out.close(']')
}

func nameOf(categories []gift.Category, id int64) string {
	for i := range categories {
		if categories[i].ID == id {
			return categories[i].Name
		}
	}
	return ""
}

// listAll lists the gifticons on sale (guide §4).
func (c *call) listAll() error {
	c.in.site()
	q := catalog.GiftQuery{
		CategoryID: c.in.index("CODE"), BrandID: c.in.index("BCODE"),
		MaxPrice: gift.Won(c.in.numberOr("price", -1)), Words: c.in.words(), Order: c.in.listOrder(),
	}
	q.Offset, q.Limit = c.in.page()
	if c.in.err != nil {
		return c.in.err
	}
	ix := c.index()
	if c.ready = ix.Kept(q); c.ready != nil {
		return nil
	}
	page := ix.Gifts(q)
	c.beginList(page.Total, page.More)
	for _, row := range page.Rows {
		c.out.raw(row.Wire)
	}
	c.endList()
	ix.Keep(q, c.out.b)
	return nil
}

func (r *reader) listOrder() catalog.Order {
	return [...]catalog.Order{
		catalog.ByPopularity, catalog.ByPriceDesc, catalog.ByPriceAsc, catalog.ByDiscountDesc, catalog.ByDiscountAsc,
	}[r.oneOf("orderby", "hit", "priceH", "priceL", "disH", "disL")]
}

func (c *call) beginList(total int, more bool) {
	c.begin()
	c.out.number("total_count", int64(total))
	c.out.text("isNext", trueFalse(more))
	c.out.open("list", '[')
}

func (c *call) endList() {
	c.out.close(']')
	c.end()
}

// giftDetail shows one gifticon and others of its brand (guide §5).
func (c *call) giftDetail() error {
	product, offer := c.in.number("CODE"), c.in.number("DCODE")
	if c.in.err != nil {
		return c.in.err
	}
	ix := c.index()
	row, err := onSale(ix, gift.Gifticon, "DCODE", offer)
	if err != nil {
		return err
	}
	if row.Product.ID != product {
		return refuse(notTogether, "first", named("CODE", product), "second", named("DCODE", offer))
	}
	c.begin()
	c.out.next("detail")
	c.giftObject(row)
	c.out.open("eq_brand", '[')
	for _, relative := range ix.BrandOffers(row.Brand.ID, relatives+1) {
		if relative != row {
			c.out.next("")
			c.giftObject(relative)
		}
	}
	c.out.close(']')
	c.end()
	return nil
}

func onSale(ix *catalog.Index, kind gift.Kind, name string, offerID int64) (*catalog.Row, error) {
	row := ix.Row(offerID)
	if row == nil || row.Offer.Kind != kind {
		return nil, refuse(notOnSale, "name", name, "value", strconv.FormatInt(offerID, 10))
	}
	return row, nil
}

func named(name string, number int64) string { return name + " " + strconv.FormatInt(number, 10) }

// giftObject is what the detail says of an offer: numbers are numbers here, and price is the face value.
func (c *call) giftObject(row *catalog.Row) {
	o := &c.out
	o.b = append(o.b, '{')
	o.number("DCODE", row.Offer.ID)
	o.number("mc_idx", row.Category.ID)
	o.text("cate_name", row.Category.Name)
	o.number("mb_idx", row.Brand.ID)
	o.text("brand", row.Brand.Name)
	o.text("endtime", lastDay(row.Offer.LastDay))
	o.number("CODE", row.Product.ID)
	o.text("gm_thumb", c.absolute(row.Product.Thumb))
	o.number("price", int64(row.Offer.Face))
	o.text("product", row.Product.Name)
	o.number("disprice", int64(row.Price))
	o.number("percentage", int64(row.Percent))
	o.number("sell_price1", int64(row.Offer.Tiers.Far))
	o.number("sell_price2", int64(row.Offer.Tiers.Mid))
	o.number("sell_price3", int64(row.Offer.Tiers.Near))
	o.close('}')
}

// absolute makes an address of a path on this server.
func (c *call) absolute(path string) string { return strings.TrimRight(c.PublicURL, "/") + path }
