package purchase

import (
	"slices"
	"time"

	"giftimbiz/internal/gift"
)

// order is a request on its way to become one, or a quote.
type order struct {
	req     *Request
	named   naming
	quote   *gift.Quote // that is bought; nil = none
	partner *Partner
	offers  []*Offer // of each item
	now     time.Time
	today   gift.Day // by the partner's own clock
	total   gift.Won
}

// steps are the checks in their order, which is part of the interface that partners rely on. A sandbox partner may ask to be
// refused for some of the reasons: behind the check that finds them.
var steps = []struct {
	check  func(*order, *State) *gift.Refusal
	reason gift.Reason
}{
	{(*order).checkReference, 0},
	{(*order).checkQuote, 0},
	{(*order).checkItems, 0},
	{(*order).checkPeriod, gift.Expired},
	{(*order).checkStock, gift.SoldOut},
	{(*order).checkAmount, gift.WrongAmount},
	{(*order).checkDay, gift.DailyLimit},
	{(*order).checkOnce, 0},
	{(*order).checkBalance, gift.LowBalance},
	{(*order).checkHolder, 0},
}

// check returns why the order cannot be, or nil. It changes nothing in s.
func (o *order) check(s *State) *gift.Refusal {
	for _, step := range steps {
		refusal := step.check(o, s)
		if refusal == nil && step.reason != 0 && o.pretends(step.reason) {
			refusal = o.pretended(step.reason)
		}
		if refusal == nil {
			continue
		}
		if o.quote != nil && refusal.Item >= 0 {
			refusal.Item = o.quoteItem(o.req.Items[refusal.Item].OfferID)
		}
		return refusal
	}
	return nil
}

func (o *order) checkReference(s *State) *gift.Refusal {
	if o.req.Reference == "" {
		return nil
	}
	reference := Reference{o.req.PartnerID, o.req.Reference}
	if first := s.References[reference]; first != 0 {
		return &gift.Refusal{Reason: gift.ReferenceUsed, Item: -1, First: first.Ref(o.partner.Sandbox)}
	}
	if s.Closed[reference] {
		return &gift.Refusal{Reason: gift.ReferenceClosed, Item: -1}
	}
	return nil
}

func (o *order) checkQuote(s *State) *gift.Refusal {
	if o.req.QuoteID == 0 {
		return nil
	}
	q := s.Quotes[o.req.QuoteID]
	switch {
	case o.quote == nil || q == nil || q.PartnerID != o.req.PartnerID:
		return &gift.Refusal{Reason: gift.QuoteUnknown, Item: -1}
	case q.State == gift.QuoteBought:
		return &gift.Refusal{Reason: gift.QuoteUsed, Item: -1, First: q.OrderID.Ref(o.partner.Sandbox)}
	case q.State != gift.QuoteOpen || q.Lapsed(o.now):
		return &gift.Refusal{Reason: gift.QuoteLapsed, Item: -1}
	}
	return nil
}

func (o *order) checkItems(s *State) *gift.Refusal {
	for i, item := range o.req.Items {
		offer := s.Offers[item.OfferID]
		if offer == nil || offer.Kind != o.req.Kind || offer.Stopped {
			return &gift.Refusal{Reason: gift.UnknownOffer, Item: i}
		}
		if item.CampaignID != offer.CampaignID && !(o.req.AnyName && item.CampaignID == 0) {
			return &gift.Refusal{Reason: gift.WrongCampaign, Item: i}
		}
		if refusal := o.checkNamed(s.Coupons, i); refusal != nil {
			return refusal
		}
		o.offers[i] = offer
	}
	return o.checkNames()
}

// checkNamed finds out whether a coupon named by its number is of the item's offer, and named once. Quotes hold any coupon, not
// a certain one.
func (o *order) checkNamed(coupons map[int64]*Coupon, i int) *gift.Refusal {
	item := o.req.Items[i]
	if item.CouponID == 0 {
		return nil
	}
	if coupon := coupons[item.CouponID]; coupon == nil || coupon.OfferID != item.OfferID || o.req.Hold > 0 {
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
	if o.req.AnyName || o.named.fits(o.offers) {
		return nil
	}
	refusal := &gift.Refusal{Reason: gift.NameMismatch, Item: o.named.wrong(o.offers)}
	if refusal.Item >= 0 {
		refusal.Name = o.offers[refusal.Item].Product
	}
	return refusal
}

func (o *order) checkPeriod(*State) *gift.Refusal {
	for i, offer := range o.offers {
		if offer.LastDay < o.today {
			return &gift.Refusal{Reason: gift.Expired, Item: i}
		}
	}
	return nil
}

// checkStock finds out whether every named coupon is free and enough units are left for all items. What quotes hold is left
// for them only; they may take what there is, should an operator have withdrawn more than nobody held.
func (o *order) checkStock(s *State) *gift.Refusal {
	wanted := make(map[int64]int64, len(o.offers))
	for i, offer := range o.offers {
		if id := o.req.Items[i].CouponID; id != 0 {
			if refusal := o.checkCoupon(s.Coupons[id], offer, i); refusal != nil {
				return refusal
			}
		}
		wanted[offer.ID]++
		left := offer.Last - offer.Next + 1
		if o.quote == nil {
			left -= offer.Held
		}
		if wanted[offer.ID] > left {
			return o.noStock(offer, left, i)
		}
	}
	return nil
}

func (o *order) checkCoupon(c *Coupon, offer *Offer, item int) *gift.Refusal {
	switch {
	case c.Buyer == o.req.PartnerID && o.req.unmarked():
		return &gift.Refusal{Reason: gift.CouponYours, Item: item, First: c.Order.Ref(false)}
	case c.Position < offer.Next:
		return &gift.Refusal{Reason: gift.CouponTaken, Item: item}
	}
	return nil
}

// noStock tells what is held from what is sold, and a buyer that may be repeating itself after a lost answer from one that
// came too late.
func (o *order) noStock(offer *Offer, left int64, item int) *gift.Refusal {
	switch {
	case left > 0:
		return &gift.Refusal{Reason: gift.TooFew, Item: item, Limit: left}
	case offer.Next <= offer.Last:
		return &gift.Refusal{Reason: gift.AllHeld, Item: item}
	case offer.LastPartner == o.req.PartnerID && o.req.unmarked():
		return &gift.Refusal{Reason: gift.TookLast, Item: item, First: offer.LastOrder.Ref(false)}
	}
	return &gift.Refusal{Reason: gift.SoldOut, Item: item}
}

// checkAmount adds the prices up. Who asks for a quote, or buys one, names no sum.
func (o *order) checkAmount(*State) *gift.Refusal {
	if o.quote != nil {
		o.total = o.quote.Total
		return nil
	}
	for _, offer := range o.offers {
		o.total += offer.PriceOn(o.today)
	}
	if o.total != o.req.Cash && o.req.Hold == 0 {
		return &gift.Refusal{Reason: gift.WrongAmount, Item: -1, Amount: o.total}
	}
	return nil
}

func (o *order) checkDay(*State) *gift.Refusal {
	if limit := o.partner.DailyLimit; limit > 0 && o.partner.OrdersToday >= limit {
		return &gift.Refusal{Reason: gift.DailyLimit, Item: -1, Limit: limit}
	}
	return nil
}

func (o *order) checkOnce(s *State) *gift.Refusal {
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

func (o *order) checkBalance(*State) *gift.Refusal {
	if o.partner.Balance < o.total {
		return &gift.Refusal{Reason: gift.LowBalance, Item: -1, Amount: o.partner.Balance}
	}
	return nil
}

// checkHolder finds out whether the partner may have one more quote.
func (o *order) checkHolder(*State) *gift.Refusal {
	switch p := o.partner; {
	case o.req.Hold == 0:
	case p.OpenQuotes >= gift.MaxOpenQuotes:
		return &gift.Refusal{Reason: gift.TooManyQuotes, Item: -1, Limit: gift.MaxOpenQuotes}
	case p.QuotedUnits+int64(len(o.offers)) > gift.MaxHeldUnits:
		return &gift.Refusal{Reason: gift.TooManyQuotes, Item: -1, Limit: gift.MaxHeldUnits}
	}
	return nil
}

// price returns what a unit of one of the order's offers costs.
func (o *order) price(offer *Offer) gift.Won {
	if o.quote == nil {
		return offer.PriceOn(o.today)
	}
	return o.quote.Items[o.quoteItem(offer.ID)].Price
}

// quoteItem returns which item of the quote is of an offer.
func (o *order) quoteItem(offer int64) int {
	return slices.IndexFunc(o.quote.Items, func(i gift.QuoteItem) bool { return i.OfferID == offer })
}

// count keeps the State in step with one quote more, sign 1, or less, sign -1. A sandbox partner's holds nothing.
func (o *order) count(sign int64) {
	o.partner.OpenQuotes += sign
	o.partner.QuotedUnits += sign * int64(len(o.offers))
	for _, offer := range o.offers {
		if !o.partner.Sandbox {
			offer.Held += sign
		}
	}
}

// pretends tells whether a sandbox partner asked to be refused for a reason, and the request could be.
func (o *order) pretends(reason gift.Reason) bool {
	if !o.partner.Sandbox || o.req.Pretend != reason {
		return false
	}
	return reason != gift.WrongAmount || o.req.Hold == 0 && o.quote == nil
}

// pretended is a refusal as it could be.
func (o *order) pretended(reason gift.Reason) *gift.Refusal {
	refusal := &gift.Refusal{Reason: reason, Item: -1}
	switch reason {
	case gift.Expired, gift.SoldOut:
		refusal.Item = 0
	case gift.WrongAmount:
		refusal.Amount = o.total + max(o.total/10, 10)
	case gift.DailyLimit:
		refusal.Limit = 1
		if o.partner.DailyLimit > 0 { // else the day's orders are not counted
			refusal.Limit = max(o.partner.OrdersToday, 1)
		}
	}
	return refusal
}
