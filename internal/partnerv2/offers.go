package partnerv2

import (
	"net/http"
	"strconv"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/region"
)

// notOnSale is an offer that is asked for by its number and is not sold, or not any more.
var notOnSale = problem{
	kind: "offer-not-found", status: http.StatusNotFound, code: "M",
	ko: "판매 중인 상품이 아닙니다.", en: "This offer is not on sale.",
}

// offers lists gifticons on sale, or tells what changed of them.
func (c *call) offers() error {
	q := c.query()
	if q.has("updated_since") {
		return c.changes(q, gift.Gifticon, "brand_id")
	}
	want := catalog.GiftQuery{
		CategoryID: q.id("category_id"), BrandID: q.id("brand_id"), MaxPrice: gift.Won(q.number("max_price", 0, maxWon, -1)),
		Words: q.words(), Order: q.order(), Limit: q.limit(),
	}
	return c.list(q, want.Order, func(ix *catalog.Index, from int64) catalog.Page {
		if want.Order == catalog.ByID {
			want.After = from
		} else {
			want.Offset = int(from)
		}
		return ix.Gifts(want)
	})
}

// coupons lists star coupons on sale, or tells what changed of them.
func (c *call) coupons() error {
	q := c.query()
	if q.has("updated_since") {
		return c.changes(q, gift.StarCoupon, "shop_id")
	}
	want := catalog.StarQuery{
		CategoryID: q.id("category_id"), ShopID: q.id("shop_id"), MakerID: q.text("maker_id"),
		Words: q.words(), Order: q.order(), Limit: q.limit(),
	}
	q.region(&want)
	return c.list(q, want.Order, func(ix *catalog.Index, from int64) catalog.Page {
		if want.Order == catalog.ByID {
			want.After = from
		} else {
			want.Offset = int(from)
		}
		return ix.Stars(want)
	})
}

// list answers with a page of a list. Its cursor has where the page begins, and the state of the stock that is surely known to
// who has read all pages up to there: they may be of several indexes, of several nodes, too.
func (c *call) list(q *query, order catalog.Order, read func(ix *catalog.Index, from int64) catalog.Page) error {
	at := c.cursor(q, 4)
	if err := q.close(); err != nil {
		return err
	}
	ix, from := c.index(), int64(0)
	known := ix.Since()
	if at != nil {
		before, ok := sinceOf(at[1:])
		if from = at[0]; !ok || from < 0 {
			return wrongCursor
		}
		known = known.With(before)
	}
	if c.fresh(ix) {
		return nil
	}
	p := read(ix, from)
	e := &encoder{b: make([]byte, 0, 1024+700*len(p.Rows)), origin: c.origin}
	e.b = append(e.b, `{"data":[`...)
	for i, row := range p.Rows {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.offer(&row.View, gift.StatusOnSale, "")
	}
	e.b = append(e.b, ']')
	if p.More {
		next := from + int64(len(p.Rows))
		if order == catalog.ByID {
			next = p.Rows[len(p.Rows)-1].Offer.ID
		}
		e.text("next", cursor{append([]int64{next}, sinceNumbers(known)...)}.write(c.filtersOf(q)))
	}
	e.number("total", int64(p.Total))
	e.text("sync", writeSync(known))
	e.b = append(e.b, '}')
	return c.send(http.StatusOK, e.b)
}

// offer shows one gifticon on sale.
func (c *call) offer() error { return c.detail(gift.Gifticon) }

// coupon shows one star coupon on sale.
func (c *call) coupon() error { return c.detail(gift.StarCoupon) }

func (c *call) detail(kind gift.Kind) error {
	if err := c.query().close(); err != nil {
		return err
	}
	ix, id := c.index(), c.pathID()
	if id < 1 {
		return wrongParameter("id", "상품의 번호(1 이상의 정수)여야 합니다.", "want the number of an offer, an integer from 1 up.")
	}
	row := ix.Row(id)
	if row == nil || row.Offer.Kind != kind {
		return notOnSale.with("offer_id", id)
	}
	if c.fresh(ix) {
		return nil
	}
	e := &encoder{b: make([]byte, 0, 1024), origin: c.origin}
	e.offer(&row.View, gift.StatusOnSale, "")
	return c.send(http.StatusOK, e.b)
}

// maxWon is more than any price.
const maxWon = 1 << 50

func (q *query) order() catalog.Order {
	return [...]catalog.Order{
		catalog.ByPopularity, catalog.ByPriceDesc, catalog.ByPriceAsc, catalog.ByDiscountDesc, catalog.ByDiscountAsc, catalog.ByID,
	}[q.oneOf("sort", "popular", "price_desc", "price_asc", "discount_desc", "discount_asc", "id")]
}

// words returns what is searched for.
func (q *query) words() string {
	text := q.text("q")
	if catalog.TooManyWords(text) {
		n := strconv.Itoa(catalog.MaxWords)
		q.fail(wrongParameter("q", "검색어는 "+n+"개까지입니다.", "it may have "+n+" words at most."))
	}
	return text
}

// region reads where shops are, by names that must be those of regions.
func (q *query) region(want *catalog.StarQuery) {
	p := region.Place{Province: q.text("province"), District: q.text("district"), Town: q.text("town")}
	if wrong := p.Resolve(); wrong != 0 {
		name := map[region.Part]string{
			region.InProvince: "province", region.InDistrict: "district", region.InTown: "town",
		}[wrong]
		fault := wrongParameter(name, "없는 행정구역 이름입니다.", "there is no region of this name.")
		if wrong == region.InDistrict && p.Province != "" {
			fault = wrongParameter(name, p.Province+"에 없는 시·군·구입니다.", "there is no such district in "+p.Province+".")
		}
		fault.code = "L"
		q.fail(fault)
	}
	want.Province, want.District, want.Town = p.Province, p.District, p.Town
}
