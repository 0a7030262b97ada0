package purchase

import "giftimbiz/internal/gift"

// order is a request on its way to become one.
type order struct {
	req     *Request
	named   naming
	partner *Partner
	offers  []*Offer // of each item
	total   gift.Won
}

// check returns why the order cannot be, or nil. It changes nothing in s.
func (o *order) check(s *State, today gift.Day) *gift.Refusal {
	for _, step := range []func(*State, gift.Day) *gift.Refusal{
		o.checkItems, o.checkPeriod, o.checkStock, o.checkAmount, o.checkLimits, o.checkBalance,
	} {
		if refusal := step(s, today); refusal != nil {
			return refusal
		}
	}
	return nil
}

func (o *order) checkItems(s *State, _ gift.Day) *gift.Refusal {
	for i, item := range o.req.Items {
		offer := s.Offers[item.OfferID]
		if offer == nil || offer.Kind != o.req.Kind || offer.Stopped {
			return &gift.Refusal{Reason: gift.UnknownOffer, Item: i}
		}
		if item.CampaignID != offer.CampaignID {
			return &gift.Refusal{Reason: gift.WrongCampaign, Item: i}
		}
		if refusal := o.checkNamed(s.Coupons, i); refusal != nil {
			return refusal
		}
		o.offers[i] = offer
	}
	return o.checkNames()
}

// checkNamed finds out whether a coupon named by its number is of the item's offer, and named once.
func (o *order) checkNamed(coupons map[int64]*Coupon, i int) *gift.Refusal {
	item := o.req.Items[i]
	if item.CouponID == 0 {
		return nil
	}
	if coupon := coupons[item.CouponID]; coupon == nil || coupon.OfferID != item.OfferID {
		return &gift.Refusal{Reason: gift.WrongCoupon, Item: i}
	}
	for _, earlier := range o.req.Items[:i] {
		if earlier.CouponID == item.CouponID {
			return &gift.Refusal{Reason: gift.CouponTwice, Item: i}
		}
	}
	return nil
}

func (o *order) checkNames() *gift.Refusal {
	if o.named.fits(o.offers) {
		return nil
	}
	refusal := &gift.Refusal{Reason: gift.NameMismatch, Item: o.named.wrong(o.offers)}
	if refusal.Item >= 0 {
		refusal.Name = o.offers[refusal.Item].Product
	}
	return refusal
}

func (o *order) checkPeriod(_ *State, today gift.Day) *gift.Refusal {
	for i, offer := range o.offers {
		if offer.LastDay < today {
			return &gift.Refusal{Reason: gift.Expired, Item: i}
		}
	}
	return nil
}

// checkStock finds out whether every named coupon is free and enough units are left for all items.
func (o *order) checkStock(s *State, _ gift.Day) *gift.Refusal {
	wanted := make(map[int64]int64, len(o.offers))
	for i, offer := range o.offers {
		if id := o.req.Items[i].CouponID; id != 0 {
			if refusal := o.checkCoupon(s.Coupons[id], offer, i); refusal != nil {
				return refusal
			}
		}
		wanted[offer.ID]++
		if left := offer.Last - offer.Next + 1; wanted[offer.ID] > left {
			return o.noStock(offer, left, i)
		}
	}
	return nil
}

func (o *order) checkCoupon(c *Coupon, offer *Offer, item int) *gift.Refusal {
	switch {
	case c.Buyer == o.req.PartnerID && o.req.Key == "":
		return &gift.Refusal{Reason: gift.CouponYours, Item: item, First: c.Order.Ref(false)}
	case c.Position < offer.Next:
		return &gift.Refusal{Reason: gift.CouponTaken, Item: item}
	}
	return nil
}

// noStock tells a buyer that may be repeating itself after a lost answer from one that came too late.
func (o *order) noStock(offer *Offer, left int64, item int) *gift.Refusal {
	switch {
	case left > 0:
		return &gift.Refusal{Reason: gift.TooFew, Item: item, Limit: left}
	case offer.LastPartner == o.req.PartnerID && o.req.Key == "":
		return &gift.Refusal{Reason: gift.TookLast, Item: item, First: offer.LastOrder.Ref(false)}
	}
	return &gift.Refusal{Reason: gift.SoldOut, Item: item}
}

func (o *order) checkAmount(_ *State, today gift.Day) *gift.Refusal {
	o.total = sum(o.offers, today)
	if o.total != o.req.Cash {
		return &gift.Refusal{Reason: gift.WrongAmount, Item: -1, Amount: o.total}
	}
	return nil
}

func (o *order) checkLimits(s *State, _ gift.Day) *gift.Refusal {
	if limit := o.partner.DailyLimit; limit > 0 && o.partner.OrdersToday >= limit {
		return &gift.Refusal{Reason: gift.DailyLimit, Item: -1, Limit: limit}
	}
	seen := make(map[int64]bool)
	for i, offer := range o.offers {
		if !offer.OncePer {
			continue
		}
		if seen[offer.ID] || s.Once[OnceClaim{o.req.PartnerID, offer.ID}] {
			return &gift.Refusal{Reason: gift.OncePerPartner, Item: i}
		}
		seen[offer.ID] = true
	}
	return nil
}

func (o *order) checkBalance(_ *State, _ gift.Day) *gift.Refusal {
	if o.partner.Balance < o.total {
		return &gift.Refusal{Reason: gift.LowBalance, Item: -1, Amount: o.partner.Balance}
	}
	return nil
}
