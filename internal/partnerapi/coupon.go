package partnerapi

import (
	"errors"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
)

// getQRImg returns the path of a bought coupon's QR code (guide §13). A text that is no order number at all is treated
// as one that the partner does not have.
func (c *call) getQRImg() error {
	coupon, tid := c.in.number("msc_idx"), c.in.text("tid")
	if c.in.err != nil {
		return c.in.err
	}
	order, sandbox, err := gift.ParseRef(tid)
	if err != nil || sandbox != c.who.Partner.Sandbox {
		return refusalOf(&gift.Refusal{Reason: gift.NotYours, Item: -1}, nil)
	}
	item, err := c.History.BoughtCoupon(c.r.Context(), c.who.Partner.ID, order, coupon)
	if err != nil {
		return unavailable(notReadable, err)
	}
	if item == nil || item.Offer.Kind != gift.StarCoupon {
		return refusalOf(&gift.Refusal{Reason: gift.NotYours, Item: -1}, nil)
	}
	if refusal := item.Spent(c.today()); refusal != nil {
		return refusalOf(refusal, nil)
	}
	c.begin()
	c.out.text("data", c.Links.QRPath(item.OrderID, item.Line))
	c.end()
	return nil
}

// setUseStarCoupon uses a bought coupon at its shop's counter (guide §14).
func (c *call) setUseStarCoupon() error {
	attempt := redeem.Attempt{
		PartnerID: c.who.Partner.ID, UnitID: c.in.number("msc_idx"), SellerID: c.in.number("msu_idx"),
		Code: c.in.text("managecode"), Via: "api",
	}
	if c.in.err != nil {
		return c.in.err
	}
	item, refusal, err := c.Counter.Redeem(c.r.Context(), attempt)
	switch {
	case errors.Is(err, redeem.ErrBusy):
		return tooBusy(crowded, err)
	case err != nil:
		return unavailable(useUnknown, err)
	case refusal != nil:
		return refusalOf(refusal, nil)
	}
	c.begin()
	c.out.text("message", couponUsed.in(c.language()))
	c.out.text("use_date", instant(item.UsedAt))
	c.end()
	return nil
}
