package intake

import (
	"fmt"

	"giftimbiz/internal/gift"
)

// maxCoupons bounds the coupons of a row, and those that a file adds.
const maxCoupons = 100_000

func readCoupon(c *check, r *row) {
	campaign, ok := r.campaign()
	quantity := r.whole("quantity", 1, maxCoupons, 0)
	if campaign.Free {
		campaign.Price = 0 // whatever price it shows
	}
	offer := gift.Offer{
		Kind: gift.StarCoupon, CampaignID: campaign.ID, Face: campaign.OrgPrice, LastDay: r.day("last day"),
		Tiers: gift.Tiers{Far: campaign.Price, Mid: campaign.Price, Near: campaign.Price}, OncePer: r.yes("once", false),
	}
	if offer.Face == 0 {
		offer.Face = campaign.Price
	}
	about := fmt.Sprint(offer)
	if !ok || r.outcome == refused || !c.first(r, "campaign", about) {
		return
	}
	c.seen[about] = r.Line
	there, err := c.store.CouponOffers(c.ctx, []int64{campaign.ID})
	if err != nil {
		c.err = err
		return
	}
	r.outcome = added
	offer.Stock = quantity
	for _, o := range there {
		if o.LastDay != offer.LastDay || o.Tiers != offer.Tiers || o.OncePer != offer.OncePer || o.Stopped {
			continue
		}
		if o.Stock >= quantity {
			r.outcome = undecided
			r.know("quantity", say("이미 %d장을 발급했습니다.", "%d were issued already.", o.Stock))
			return
		}
		r.outcome = changed
		offer.ID, offer.Stock = o.ID, quantity-o.Stock
		break
	}
	if c.coupons += offer.Stock; c.coupons > maxCoupons {
		r.outcome = undecided
		r.refuse("quantity", say("한 파일로 %d장까지 더할 수 있습니다.", "A file can add up to %d coupons.", maxCoupons))
		return
	}
	c.plan.load.Coupons = append(c.plan.load.Coupons, offer)
}

func (r *row) campaign() (found gift.Campaign, ok bool) {
	name := r.text("campaign", maxName)
	fits := func(gift.Campaign) bool { return true }
	if r.given("shop") {
		shop, ok := r.shop()
		if !ok {
			return found, false
		}
		fits = func(c gift.Campaign) bool { return c.ShopID == shop.ID }
	}
	if name == "" {
		return found, false
	}
	return one(r, "campaign", r.check.names.campaigns.find(name), fits)
}
