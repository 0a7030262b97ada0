package partnerapi

import (
	"encoding/json"
	"errors"
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/purchase"
)

// buyGifticoupon buys gifticons (guide §6).
func (c *call) buyGifticoupon() error {
	req := c.order(gift.Gifticon)
	if c.in.err != nil {
		return c.in.err
	}
	return c.buy(req)
}

// buyStarcoupon buys star coupons (guide §11). msc_idx 0 is any free coupon.
func (c *call) buyStarcoupon() error {
	req := c.order(gift.StarCoupon)
	campaigns, coupons := c.in.numbers("msl_idx"), c.in.numbers("msc_idx")
	if c.in.err != nil {
		return c.in.err
	}
	if len(campaigns) != len(req.Items) {
		return refuse(countsDiffer, "name", "msl_idx")
	}
	if len(coupons) != len(req.Items) {
		return refuse(countsDiffer, "name", "msc_idx")
	}
	for i := range req.Items {
		req.Items[i].CampaignID, req.Items[i].CouponID = campaigns[i], coupons[i]
	}
	return c.buy(req)
}

// order reads what both kinds of purchase have.
func (c *call) order(kind gift.Kind) *purchase.Request {
	req := &purchase.Request{PartnerID: c.who.Partner.ID, Kind: kind, Key: c.idempotencyKey(), Pretend: c.outcome.Refusal()}
	for _, id := range c.in.numbers("md_idx") {
		req.Items = append(req.Items, purchase.ItemRequest{OfferID: id})
	}
	req.Cash = gift.Won(c.in.number("cash"))
	req.Product = c.in.text("product")
	return req
}

// idempotencyKey returns the header that makes a retry safe, "" when there is none.
func (c *call) idempotencyKey() string {
	h := headerOf(c.r, "Idempotency-Key")
	if !h.Present {
		return ""
	}
	if !purchase.ValidKey(h.Value) {
		c.in.fail(refuse(badKey))
	}
	return h.Value
}

// buy decides the purchase and sends its answer, the first one when it was decided before.
func (c *call) buy(req *purchase.Request) error {
	lang, test := c.language(), c.who.Partner.Sandbox
	items := req.Items
	req.Render = func(out purchase.Outcome) []byte {
		if out.Refusal != nil {
			return refusalOf(out.Refusal, items).append(nil, lang)
		}
		return purchased(out, lang, test)
	}
	out, err := c.Buyer.Buy(c.r.Context(), *req)
	if err != nil {
		return buyFault(err)
	}
	c.out.b = append(c.out.b, out.Body...)
	c.replayed = out.Replayed
	switch {
	case out.Refusal != nil:
		return refusalOf(out.Refusal, items)
	case out.Replayed && out.OrderID == 0:
		return refusedBefore(out.Body)
	}
	return nil
}

// refusedBefore is a refusal that is given again: only its code, for the log and the figures, is read from what was kept.
func refusedBefore(body []byte) error {
	var kept struct {
		Code string `json:"result"`
		Text string `json:"msg"`
	}
	if err := json.Unmarshal(body, &kept); err != nil {
		return err
	}
	return &failure{reply: reply{kept.Code, kept.Text, kept.Text}}
}

// purchased is the answer to a purchase that was made.
func purchased(out purchase.Outcome, lang locale.Language, test bool) []byte {
	text := boughtGift
	if test {
		text = boughtTest
	}
	var o object
	o.open("", '{')
	o.text("result", Success)
	o.text("message", text.in(lang))
	o.text("tid", string(out.Ref))
	if len(out.Coupons) > 0 {
		o.text("msc_idx", joined(out.Coupons))
	}
	o.close('}')
	return o.b
}

// refusalOf puts a refusal of the domain into the wire's words.
func refusalOf(r *gift.Refusal, items []purchase.ItemRequest) *failure {
	said := refusals[r.Reason]
	if r.Name != "" {
		said = wrongName
	}
	f := refuse(said.under(r.Reason),
		"item", itemName(r.Item, items), "amount", strconv.FormatInt(int64(r.Amount), 10), "right", r.Name,
		"limit", strconv.FormatInt(r.Limit, 10), "tid", string(r.First), "when", r.When, "where", r.Where)
	f.first = r.First
	return f
}

// itemName names the item at fault: its sale number, and its place when there are several.
func itemName(i int, items []purchase.ItemRequest) string {
	if i < 0 || i >= len(items) {
		return ""
	}
	name := named("md_idx", items[i].OfferID)
	if len(items) > 1 {
		name += " (" + strconv.Itoa(i+1) + "/" + strconv.Itoa(len(items)) + ")"
	}
	return name
}

// buyFault tells a caller whose purchase has no outcome what that means for it.
func buyFault(err error) error {
	switch {
	case errors.Is(err, purchase.ErrBusy), errors.Is(err, purchase.ErrStopped):
		return tooBusy(busy, err)
	case errors.Is(err, purchase.ErrNotJournalled): // known, whatever ran out of time on the way
		return unavailable(notWritten, err)
	default: // the caller left or, whatever it was, nobody can say that nothing was bought
		return unavailable(unknownEnd, err)
	}
}
