package redeem

import (
	"context"
	"sync"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// Codes checks manager codes against their slow hashes.
type Codes interface {
	HashCode(plain string) (string, error)
	CheckCode(hash, plain string) bool
}

// Attempt is one try to use a coupon.
type Attempt struct {
	PartnerID int64   // 0 = any partner's coupon: the redemption page
	OrderID   gift.ID // 0, which needs a partner = the order that Store.BoughtCoupon chooses
	UnitID    int64
	SellerID  int64
	Code      string // the seller's manager code
	Via       string // "api" or "page"
}

// Counter uses coupons (guide §14). Its methods may be called from any goroutine.
type Counter struct {
	store Store
	codes Codes
	clock clock.Clock
	decoy func() string // a hash that no code fits

	// turns let one attempt per seller through at a time, so that a burst of guesses cannot outrun the lock and a burst
	// of equal requests pays for one slow hash. Sellers share slots.
	turns [64]chan struct{}
}

// NewCounter returns a counter. All arguments are required.
func NewCounter(store Store, codes Codes, clk clock.Clock) *Counter {
	if store == nil || codes == nil || clk == nil {
		panic("redeem: NewCounter needs a store, codes and a clock")
	}
	c := &Counter{store: store, codes: codes, clock: clk}
	c.decoy = sync.OnceValue(func() string {
		hash, _ := codes.HashCode("no seller's code\x00") // an unusable hash checks as wrong, only sooner
		return hash
	})
	for i := range c.turns {
		c.turns[i] = make(chan struct{}, 1)
	}
	return c
}

// Redeem uses the coupon. On success the item says when and by whom it was used. A refusal is one of AlreadyUsed (with
// when and where), Cancelled, Expired, SellerLocked (with the minutes left) and WrongCode, which stands alike for a wrong
// code, a seller of another shop and a coupon of another partner; the item is nil in that last case. After an error
// nobody knows whether the coupon is used: asking again tells.
func (c *Counter) Redeem(ctx context.Context, a Attempt) (*gift.BoughtItem, *gift.Refusal, error) {
	leave, err := c.takeTurn(ctx, a.SellerID)
	if err != nil {
		return nil, nil, err
	}
	defer leave()

	item, err := c.store.BoughtCoupon(ctx, a.PartnerID, a.OrderID, a.UnitID)
	if err != nil {
		return nil, nil, err
	}
	if item == nil || item.Offer.Kind != gift.StarCoupon {
		return nil, c.declineSlowly(a), nil
	}
	now := c.clock.Now()
	if refusal := item.Spent(gift.DayOf(now)); refusal != nil {
		return item, refusal, nil
	}
	if refusal, err := c.checkSeller(ctx, item, a, now); refusal != nil || err != nil {
		return item, refusal, err
	}
	return c.use(ctx, item, a, now)
}

// takeTurn waits until no other attempt of the seller is under way.
func (c *Counter) takeTurn(ctx context.Context, sellerID int64) (leave func(), err error) {
	turn := c.turns[uint64(sellerID)%uint64(len(c.turns))]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// declineSlowly takes as long as a wrong code does, so that the time tells no more than the text.
func (c *Counter) declineSlowly(a Attempt) *gift.Refusal {
	c.codes.CheckCode(c.decoy(), a.Code)
	return wrongCode()
}

func wrongCode() *gift.Refusal { return &gift.Refusal{Reason: gift.WrongCode, Item: -1} }

func (c *Counter) checkSeller(
	ctx context.Context, item *gift.BoughtItem, a Attempt, now time.Time,
) (*gift.Refusal, error) {
	seller, err := c.store.Seller(ctx, a.SellerID)
	if err != nil {
		return nil, err
	}
	if seller == nil || seller.ShopID != item.Shop.ID {
		return c.declineSlowly(a), nil
	}
	before, err := c.store.Attempts(ctx, seller.ID, item.Sandbox)
	if err != nil {
		return nil, err
	}
	if before.Locked(now) {
		return locked(before, now), nil
	}
	if !c.codes.CheckCode(seller.CodeHash, a.Code) {
		return c.countWrong(ctx, seller.ID, item.Sandbox, now)
	}
	return c.clearWrong(ctx, seller.ID, item.Sandbox, now)
}

func (c *Counter) countWrong(ctx context.Context, sellerID int64, sandbox bool, now time.Time) (*gift.Refusal, error) {
	after, err := c.store.CountWrong(ctx, sellerID, sandbox, now)
	if err != nil {
		return nil, err
	}
	if after.Locked(now) {
		return locked(after, now), nil
	}
	return wrongCode(), nil
}

// clearWrong ends a count of wrong codes after a right one, unless another node locked the seller while the code was
// being checked: a guess that came too late must not open the lock.
func (c *Counter) clearWrong(ctx context.Context, sellerID int64, sandbox bool, now time.Time) (*gift.Refusal, error) {
	counted, err := c.store.Attempts(ctx, sellerID, sandbox)
	if err != nil {
		return nil, err
	}
	if counted.Locked(now) {
		return locked(counted, now), nil
	}
	if counted.Wrong == 0 {
		return nil, nil
	}
	return nil, c.store.ClearWrong(ctx, sellerID, sandbox)
}

func locked(a Attempts, now time.Time) *gift.Refusal {
	left := a.LockedUntil.Sub(now)
	minutes := int64((left + time.Minute - 1) / time.Minute)
	return &gift.Refusal{Reason: gift.SellerLocked, Item: -1, Limit: minutes}
}

func (c *Counter) use(
	ctx context.Context, item *gift.BoughtItem, a Attempt, now time.Time,
) (*gift.BoughtItem, *gift.Refusal, error) {
	won, err := c.store.MarkUsed(ctx, Use{
		OrderID: item.OrderID, Line: item.Line, PartnerID: a.PartnerID,
		SellerID: a.SellerID, ShopID: item.Shop.ID, Via: a.Via, At: now,
	})
	if err != nil {
		return item, nil, err
	}
	if won {
		item.UsedAt, item.UsedBy = now, a.SellerID
		return item, nil, nil
	}
	return c.lost(ctx, item, now)
}

// lost finds out to what the coupon was lost after another attempt, or a cancellation, was first.
func (c *Counter) lost(
	ctx context.Context, item *gift.BoughtItem, now time.Time,
) (*gift.BoughtItem, *gift.Refusal, error) {
	again, err := c.store.BoughtItem(ctx, 0, item.OrderID, item.Line)
	if err != nil {
		return item, nil, err
	}
	if again == nil {
		return nil, wrongCode(), nil
	}
	if refusal := again.Spent(gift.DayOf(now)); refusal != nil {
		return again, refusal, nil
	}
	return again, nil, errNotUsable
}
