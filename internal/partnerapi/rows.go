package partnerapi

import (
	"strconv"
	"strings"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
)

// Encoder returns what writes an offer as the lists send it (guide §4, §9). A star coupon's object is left open, for the
// coupon that is named in each answer anew. publicURL is where the world reaches this server, without a path.
func Encoder(publicURL string) catalog.Encoder {
	origin := strings.TrimRight(publicURL, "/")
	return func(dst []byte, v *catalog.View) []byte {
		o := object{dst}
		if v.Offer.Kind == gift.StarCoupon {
			starRow(&o, v)
		} else {
			giftRow(&o, v, origin)
		}
		return o.b
	}
}

func giftRow(o *object, v *catalog.View, origin string) {
	o.b = append(o.b, '{')
	o.digits("md_idx", v.Offer.ID)
	o.text("endtime", lastDay(v.Offer.LastDay))
	o.text("gm_thumb", origin+v.Product.Thumb)
	o.digits("gm_idx", v.Product.ID)
	o.digits("sell_price1", int64(v.Offer.Tiers.Far))
	o.digits("sell_price2", int64(v.Offer.Tiers.Mid))
	o.digits("sell_price3", int64(v.Offer.Tiers.Near))
	o.digits("price", int64(v.Offer.Face))
	o.text("product", v.Product.Name)
	o.digits("mc_idx", v.Category.ID)
	o.text("cate_name", v.Category.Name)
	o.text("brand_name", v.Brand.Name)
	o.digits("mb_idx", v.Brand.ID)
	o.number("percentage", int64(v.Percent))
	o.digits("disprice", int64(v.Price))
	o.close('}')
}

// starRow sends as ms_price what a buyer has to pay: clients of the guide have no other field to take it from.
func starRow(o *object, v *catalog.View) {
	o.b = append(o.b, '{')
	o.digits("ms_idx", v.Shop.ID)
	o.digits("ms_price", int64(v.Price))
	o.text("ms_type", starType(v.Campaign))
	o.text("ms_name", v.Shop.Name)
	o.text("ms_product", v.Campaign.Product)
	o.text("ms_thumb", v.Shop.Thumb)
	o.text("ms_place1", v.Shop.Province)
	o.text("ms_place2", v.Shop.District)
	o.text("ms_place3", v.Shop.Town)
	o.text("msl_condition", v.Campaign.Condition)
	o.digits("msl_idx", v.Campaign.ID)
	o.digits("md_idx", v.Offer.ID)
	o.digits("ms_orgprice", int64(v.Campaign.OrgPrice))
	o.digits("ms_discountprice", int64(v.Campaign.Discount))
	o.text("msl_couponname", v.Campaign.CouponName)
	o.text("m_type", v.Campaign.MemberType)
	o.text("msl_thumb", v.Campaign.Thumb)
	o.digits("mc_idx", v.Category.ID)
	o.text("endtime", lastDay(v.Offer.LastDay))
	o.digits("disprice", int64(v.Price))
	o.number("percentage", int64(v.Percent))
}

// endStarRow names a free coupon and closes the row.
func endStarRow(o *object, row *catalog.Row, turn uint64) {
	o.digits("msc_idx", freeCoupon(row, turn))
	o.close('}')
}

// freeCoupon picks one of the coupons that are free, another one at each turn; 0 (any) when none is known.
func freeCoupon(row *catalog.Row, turn uint64) int64 {
	if len(row.Free) == 0 {
		return 0
	}
	return row.Free[turn%uint64(len(row.Free))]
}

func starType(c *gift.Campaign) string {
	if c.Free {
		return "free"
	}
	return "buy"
}

// lastDay prints the last valid day as the guide does: at 00:00:00, although it is valid to that day's end.
func lastDay(day gift.Day) string { return day.String() + " 00:00:00" }

func yesNo(yes bool) string {
	if yes {
		return "Y"
	}
	return "N"
}

func trueFalse(yes bool) string {
	if yes {
		return "true"
	}
	return "false"
}

// joined writes numbers with | between them.
func joined(numbers []int64) string {
	var b []byte
	for i, n := range numbers {
		if i > 0 {
			b = append(b, '|')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(b)
}
