package redeem

import (
	"context"
	"errors"

	"giftimbiz/internal/gift"
)

// errNoSeller says that nobody is there who could use a coupon.
var errNoSeller = errors.New("redeem: the shop has no seller")

// RedeemInSandbox uses a coupon of a sandbox partner as its shop's counter would, in the name of one of its sellers, without a
// code. Refusals are AlreadyUsed, Cancelled, Lapsed and, for what is no coupon of a sandbox order of the partner, NotYours:
// the item comes with it when it is a gifticon of theirs.
func (c *Counter) RedeemInSandbox(ctx context.Context, partnerID int64, at gift.Place) (*gift.BoughtItem, *gift.Refusal, error) {
	item, refusal, err := c.redeemInSandbox(ctx, partnerID, at)
	c.Observe(ViaSandbox, outcomeOf(refusal, err))
	return item, refusal, err
}

func (c *Counter) redeemInSandbox(ctx context.Context, partnerID int64, at gift.Place) (*gift.BoughtItem, *gift.Refusal, error) {
	item, err := c.Store.BoughtItem(ctx, partnerID, at.OrderID, at.Line)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case item == nil || !item.Sandbox:
		return nil, refuse(gift.NotYours), nil
	case item.Offer.Kind != gift.StarCoupon:
		return item, refuse(gift.NotYours), nil
	}
	now := c.Clock.Now()
	if refusal := item.Spent(item.Today(now)); refusal != nil {
		return item, refusal, nil
	}
	sellers, err := c.Store.ShopSellers(ctx, item.Shop.ID)
	if err == nil && len(sellers) == 0 {
		err = errNoSeller
	}
	if err != nil {
		return item, nil, err
	}
	return c.use(ctx, item, Use{PartnerID: partnerID, SellerID: sellers[0].ID, Via: ViaSandbox, At: now})
}
