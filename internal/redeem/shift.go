package redeem

import (
	"context"

	"giftimbiz/internal/gift"
)

// Refusals that only pages give.
const (
	incomplete  gift.Reason = -1 - iota // nothing was tried: a field is empty
	otherShop                           // the coupon is not of the shop whose device is signed in
	tooLate                             // to undo
	notStanding                         // nothing to undo: it was undone, or is another redemption now
)

func refuse(reason gift.Reason) *gift.Refusal { return &gift.Refusal{Reason: reason, Item: -1} }

// SignIn checks a seller's code for a device that is to stay signed in. Refusals are WrongCode and SellerLocked; wrong codes
// are counted for OwnDevices: the address to sign in at is known to the seller only. ErrBusy means that nothing was tried.
func (c *Counter) SignIn(ctx context.Context, seller *Seller, code string) (*gift.Refusal, error) {
	leave, err := c.sellers.enter(ctx, seller.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.checkCode(ctx, trial{seller: seller, code: code, by: OwnDevices, via: "sign-in"}, c.Clock.Now())
}

// RedeemInShift is Redeem on a device that is signed in: it asks for no code. via is ViaShift or ViaNumber. A refusal may also
// be that the coupon is another shop's.
func (c *Counter) RedeemInShift(ctx context.Context, s *Shift, at gift.Place, via string) (*gift.BoughtItem, *gift.Refusal, error) {
	item, refusal, err := c.redeemInShift(ctx, s, at, via)
	c.Observe(via, outcomeOf(refusal, err))
	return item, refusal, err
}

func (c *Counter) redeemInShift(
	ctx context.Context, s *Shift, at gift.Place, via string,
) (*gift.BoughtItem, *gift.Refusal, error) {
	item, err := c.Store.BoughtItem(ctx, 0, at.OrderID, at.Line)
	if err != nil {
		return nil, nil, err
	}
	if item == nil || item.Offer.Kind != gift.StarCoupon {
		return nil, wrongCode(), nil
	}
	now := c.Clock.Now()
	if refusal := item.Spent(item.Today(now)); refusal != nil {
		return item, refusal, nil
	}
	if item.Shop.ID != s.ShopID {
		return item, refuse(otherShop), nil
	}
	return c.use(ctx, item, Use{SellerID: s.SellerID, Via: via, Device: s.ID, At: now})
}

// UndoAttempt is a try to take a redemption back: on a device that is signed in or with a seller's code.
type UndoAttempt struct {
	Place        gift.Place
	RedemptionID gift.ID
	Shift        *Shift // nil = with the code
	SellerID     int64
	Code         string
	Device       []byte
	Known        bool // as in Attempt
}

// Undo takes a redemption back, within UndoFor of it and by its shop. Refusals are tooLate, notStanding (which both leave
// things as they are), WrongCode and SellerLocked. Of any number of simultaneous tries exactly one succeeds.
func (c *Counter) Undo(ctx context.Context, a UndoAttempt) (*gift.Refusal, error) {
	via := ViaPage
	if a.Shift != nil {
		via = ViaShift
	}
	refusal, err := c.undo(ctx, a, via)
	outcome := outcomeOf(refusal, err)
	if outcome == outcomeUsed {
		outcome = outcomeUndone
	}
	c.Observe(via, outcome)
	return refusal, err
}

func (c *Counter) undo(ctx context.Context, a UndoAttempt, via string) (*gift.Refusal, error) {
	item, err := c.Store.BoughtItem(ctx, 0, a.Place.OrderID, a.Place.Line)
	if err != nil {
		return nil, err
	}
	r, err := c.Store.Redemption(ctx, a.Place.OrderID, a.Place.Line)
	if err != nil {
		return nil, err
	}
	now := c.Clock.Now()
	switch {
	case item == nil || r == nil || r.ID != a.RedemptionID:
		return refuse(notStanding), nil
	case now.Sub(r.At) > UndoFor+undoGrace:
		return refuse(tooLate), nil
	}
	undo := Undo{RedemptionID: r.ID, OrderID: r.OrderID, Line: r.Line, SellerID: a.SellerID, Via: via, Device: a.Device, At: now}
	if a.Shift != nil {
		undo.SellerID, undo.Device = a.Shift.SellerID, a.Shift.ID
		if a.Shift.ShopID != r.ShopID {
			return refuse(otherShop), nil
		}
	} else if refusal, err := c.mayUndo(ctx, item, r, a); refusal != nil || err != nil {
		return refusal, err
	}
	won, err := c.Store.UndoUse(ctx, undo)
	if err == nil && !won {
		return refuse(notStanding), nil
	}
	return nil, err
}

// mayUndo checks the code of a seller of the shop.
func (c *Counter) mayUndo(ctx context.Context, item *gift.BoughtItem, r *Redemption, a UndoAttempt) (*gift.Refusal, error) {
	seller, err := c.Store.Seller(ctx, a.SellerID)
	if err != nil {
		return nil, err
	}
	if seller == nil || seller.ShopID != r.ShopID {
		return wrongCode(), nil // as in decline, not worth a slow hash
	}
	leave, err := c.sellers.enter(ctx, seller.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	t := trial{seller: seller, code: a.Code, by: guesser(item, Attempt{Known: a.Known}), via: ViaPage}
	return c.checkCode(ctx, t, c.Clock.Now())
}
