package partnerapi

import (
	"fmt"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
)

// buyGifticonList lists the gifticons a partner bought, newest first (guide §7).
func (c *call) buyGifticonList() error {
	h, err := c.history(gift.Gifticon)
	if err != nil {
		return err
	}
	today := c.today()
	c.begin()
	c.historyHead(h)
	for i := range h.Items {
		if err := c.giftBought(&h.Items[i], today); err != nil {
			return err
		}
	}
	c.endList()
	return nil
}

// buyStarcouponList lists the star coupons a partner bought, newest first (guide §12). Its sums are those of all that
// matches, not of the page.
func (c *call) buyStarcouponList() error {
	h, err := c.history(gift.StarCoupon)
	if err != nil {
		return err
	}
	today := c.today()
	c.begin()
	c.out.open("data", '{')
	c.historyHead(h)
	for i := range h.Items {
		c.starBought(&h.Items[i], today)
	}
	c.out.close(']')
	c.out.number("Totalbuyprice", int64(h.Spent))
	c.out.number("Totaldiscountprice", int64(h.Face-h.Spent))
	c.out.close('}')
	c.end()
	return nil
}

// historyHead begins a page. next is the "after" of the page that follows: an order's number, and the line when the page
// ends inside an order.
func (c *call) historyHead(h *gift.History) {
	c.out.number("total_count", h.Total)
	c.out.text("isNext", trueFalse(h.More))
	if h.More {
		c.out.text("next", placeText(&h.Items[len(h.Items)-1]))
	}
	c.out.open("list", '[')
}

func placeText(i *gift.BoughtItem) string {
	text := string(i.OrderID.Ref(i.Sandbox))
	if i.Line > 1 {
		text += ":" + strconv.FormatInt(i.Line, 10)
	}
	return text
}

// history reads the filters and finds what they select.
func (c *call) history(kind gift.Kind) (*gift.History, error) {
	q := gift.HistoryQuery{PartnerID: c.who.Partner.ID, Kind: kind, From: c.in.day("sdate"), To: c.in.day("edate")}
	offset, limit := c.in.page()
	q.Offset, q.Limit = int64(offset), int64(limit)
	var strange bool
	q.OrderID, strange = c.ownOrder("tid")
	q.After = c.in.place("after")
	if kind == gift.StarCoupon {
		q.CampaignID, q.OfferID = c.in.index("msl"), c.in.index("md")
	}
	if q.From != 0 && q.To != 0 && q.From > q.To {
		c.in.fail(refuse(daysReversed))
	}
	if c.in.err != nil {
		return nil, c.in.err
	}
	if strange {
		return &gift.History{}, nil
	}
	h, err := c.History.History(c.r.Context(), q)
	if err != nil {
		return nil, unavailable(notReadable, err)
	}
	return &h, nil
}

// ownOrder reads an order's number. It is strange when it cannot be this partner's: a test order's of a live partner, or
// the other way round.
func (c *call) ownOrder(name string) (id gift.ID, strange bool) {
	id, sandbox := c.in.order(name)
	return id, id != 0 && sandbox != c.who.Partner.Sandbox
}

func (c *call) giftBought(i *gift.BoughtItem, today gift.Day) error {
	pin, barcode, err := c.number(i)
	if err != nil {
		return err
	}
	o := &c.out
	o.open("", '{')
	o.text("tid", string(i.OrderID.Ref(i.Sandbox)))
	o.digits("md_idx", i.Offer.ID)
	o.digits("gm_idx", i.Product.ID)
	o.text("product", i.Product.Name)
	o.text("brand_name", i.Brand.Name)
	o.text("cate_name", i.Category.Name)
	o.digits("price", int64(i.Face))
	o.digits("buy_price", int64(i.Paid))
	o.text("buy_date", instant(i.At))
	o.text("endtime", lastDay(i.Offer.LastDay))
	o.text("status", statuses[i.State(today)])
	o.text("pin", pin)
	o.text("barcode_img", barcode)
	o.text("gm_thumb", c.absolute(i.Product.Thumb))
	o.text("voucher_url", c.Links.VoucherURL(i))
	o.close('}')
	return nil
}

// number returns the voucher's number and its bar code, if it has them (any more).
func (c *call) number(i *gift.BoughtItem) (pin, barcode string, err error) {
	if pin, err = i.Number(c.Numbers.Open); err != nil {
		return "", "", unavailable(notReadable, fmt.Errorf("voucher %d: %w", i.UnitID, err))
	}
	if pin != "" {
		barcode = c.Links.BarcodePath(i.OrderID, i.Line)
	}
	return pin, barcode, nil
}

func (c *call) starBought(i *gift.BoughtItem, today gift.Day) {
	o := &c.out
	o.open("", '{')
	o.text("tid", string(i.OrderID.Ref(i.Sandbox)))
	o.digits("md_idx", i.Offer.ID)
	o.digits("msl_idx", i.Campaign.ID)
	o.digits("msc_idx", i.UnitID)
	o.digits("ms_idx", i.Shop.ID)
	o.text("ms_name", i.Shop.Name)
	o.text("ms_couponname", i.Campaign.CouponName)
	o.text("ms_product", i.Campaign.Product)
	o.text("ms_type", starType(&i.Campaign))
	o.digits("ms_price", int64(i.Face))
	o.digits("buy_price", int64(i.Paid))
	o.text("buy_date", instant(i.At))
	o.text("endtime", lastDay(i.Offer.LastDay))
	o.text("status", statuses[i.State(today)])
	o.text("use_date", instant(i.UsedAt))
	o.text("msl_thumb", i.Campaign.Thumb)
	o.text("msl_condition", i.Campaign.Condition)
	o.text("voucher_url", c.Links.VoucherURL(i))
	o.close('}')
}

var statuses = map[gift.ItemState]string{
	gift.Bought: "buy", gift.Used: "use", gift.Refunded: "cancel", gift.TimedOut: "expire",
}

// instant prints a time in Seoul; "" for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(gift.Seoul).Format(time.DateTime)
}
