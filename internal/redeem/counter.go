package redeem

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// Attempts at a seller's code are made one after the other, so that a burst of guesses cannot outrun the lock and a burst
// of equal requests pays for one slow hash. A partner has a few attempts under way at a time, so that it cannot keep the
// slow hashes from the others. Who comes when as many wait as may is told to come again.
const (
	sellerWaiting  = 8
	partnerAtOnce  = 4
	partnerWaiting = 28
)

// Codes checks manager codes against their slow hashes.
type Codes interface {
	HashCode(plain string) (string, error)

	// CheckCode tells whether hash was made from plain. It may wait for others to be checked first; when ctx ends
	// meanwhile, it returns ctx's error and has done nothing.
	CheckCode(ctx context.Context, hash, plain string) (bool, error)
}

// Attempt is one try to use a coupon.
type Attempt struct {
	PartnerID int64   // 0 = any partner's coupon: the redemption page
	OrderID   gift.ID // 0, which needs a partner = the order that Store.BoughtCoupon chooses
	UnitID    int64
	SellerID  int64
	Code      string // the seller's manager code
	Via       string // ViaAPI or ViaPage
	Device    []byte // what the shop's browser is known by; nil = nothing
}

// CounterConfig is what NewCounter needs; every field is required.
type CounterConfig struct {
	Store  Store
	Codes  Codes
	Clock  clock.Clock
	Logger *slog.Logger
	// Observe is told of every attempt how it came and what became of it: one of Outcomes.
	Observe func(via, outcome string)
}

// Counter uses coupons (guide §14). Its methods may be called from any goroutine.
type Counter struct {
	CounterConfig
	decoy    func() string // a hash that no code fits
	partners *crowd
	sellers  *crowd
}

// NewCounter returns a counter.
func NewCounter(cfg CounterConfig) *Counter {
	if cfg.Store == nil || cfg.Codes == nil || cfg.Clock == nil || cfg.Logger == nil || cfg.Observe == nil {
		panic("redeem: NewCounter needs all of CounterConfig")
	}
	return &Counter{
		CounterConfig: cfg,
		decoy: sync.OnceValue(func() string {
			hash, _ := cfg.Codes.HashCode("no seller's code\x00") // an unusable hash checks as wrong, only sooner
			return hash
		}),
		partners: newCrowd(partnerAtOnce, partnerWaiting), sellers: newCrowd(1, sellerWaiting),
	}
}

// Redeem uses the coupon. On success the item says when and by whom it was used. A refusal is one of AlreadyUsed (with
// when and where), Cancelled, Lapsed, SellerLocked (with the minutes left) and WrongCode, which stands alike for a wrong
// code, a seller of another shop and a coupon of another partner; the item is nil in that last case. ErrBusy means that
// nothing was tried. After any other error nobody knows whether the coupon is used: asking again tells.
func (c *Counter) Redeem(ctx context.Context, a Attempt) (*gift.BoughtItem, *gift.Refusal, error) {
	item, refusal, err := c.redeem(ctx, a)
	c.Observe(a.Via, outcomeOf(refusal, err))
	return item, refusal, err
}

func (c *Counter) redeem(ctx context.Context, a Attempt) (*gift.BoughtItem, *gift.Refusal, error) {
	if a.PartnerID != 0 {
		leave, err := c.partners.enter(ctx, a.PartnerID)
		if err != nil {
			return nil, nil, err
		}
		defer leave()
	}
	item, err := c.Store.BoughtCoupon(ctx, a.PartnerID, a.OrderID, a.UnitID)
	if err != nil {
		return nil, nil, err
	}
	if item == nil || item.Offer.Kind != gift.StarCoupon {
		refusal, err := c.decline(ctx, a)
		return nil, refusal, err
	}
	if refusal := item.Spent(item.Today(c.Clock.Now())); refusal != nil {
		return item, refusal, nil
	}
	seller, err := c.Store.Seller(ctx, a.SellerID)
	if err != nil {
		return item, nil, err
	}
	if seller == nil || seller.ShopID != item.Shop.ID {
		refusal, err := c.decline(ctx, a)
		return item, refusal, err
	}
	leave, err := c.sellers.enter(ctx, seller.ID)
	if err != nil {
		return item, nil, err
	}
	defer leave()
	return c.takeTurn(ctx, item, seller, a)
}

// decline refuses what does not belong together. It takes as long as a wrong code does, so that the time tells no more than
// the text; except for the page, which lists the shop's sellers anyway and so keeps no secret: whoever makes up others
// there is not worth a slow hash.
func (c *Counter) decline(ctx context.Context, a Attempt) (*gift.Refusal, error) {
	if a.PartnerID != 0 {
		if _, err := c.Codes.CheckCode(ctx, c.decoy(), a.Code); err != nil {
			return nil, err
		}
	}
	return wrongCode(), nil
}

func wrongCode() *gift.Refusal { return &gift.Refusal{Reason: gift.WrongCode, Item: -1} }

// takeTurn checks the code and uses the coupon, while no other attempt of the seller is under way on this node. Somebody
// before may have used the coupon.
func (c *Counter) takeTurn(
	ctx context.Context, item *gift.BoughtItem, seller *Seller, a Attempt,
) (*gift.BoughtItem, *gift.Refusal, error) {
	item, err := c.Store.BoughtItem(ctx, 0, item.OrderID, item.Line)
	if err != nil || item == nil {
		return nil, wrongCode(), err
	}
	now := c.Clock.Now()
	if refusal := item.Spent(item.Today(now)); refusal != nil {
		return item, refusal, nil
	}
	t := trial{seller: seller, code: a.Code, sandbox: item.Sandbox, via: a.Via, partner: a.PartnerID}
	if refusal, err := c.checkCode(ctx, t, now); refusal != nil || err != nil {
		return item, refusal, err
	}
	return c.use(ctx, item, Use{PartnerID: a.PartnerID, SellerID: a.SellerID, Via: a.Via, Device: a.Device, At: now})
}

// trial is a manager code that somebody gave for a seller's.
type trial struct {
	seller  *Seller
	code    string
	sandbox bool // for a test coupon
	via     string
	partner int64
}

// checkCode returns nil for a right code of a seller who is not locked. It looks at the lock again after checking: another
// node may have set it meanwhile, and a guess that came too late must not count.
func (c *Counter) checkCode(ctx context.Context, t trial, now time.Time) (*gift.Refusal, error) {
	before, err := c.Store.Attempts(ctx, t.seller.ID, t.sandbox)
	if err != nil {
		return nil, err
	}
	if before.Locked(now) {
		return locked(before, now), nil
	}
	right, err := c.Codes.CheckCode(ctx, t.seller.CodeHash, t.code)
	if err != nil {
		return nil, err
	}
	if !right {
		return c.countWrong(ctx, t, now)
	}
	after, err := c.Store.Attempts(ctx, t.seller.ID, t.sandbox)
	if err != nil {
		return nil, err
	}
	if after.Locked(now) {
		return locked(after, now), nil
	}
	return nil, nil
}

func (c *Counter) countWrong(ctx context.Context, t trial, now time.Time) (*gift.Refusal, error) {
	after, err := c.Store.CountWrong(ctx, t.seller.ID, t.sandbox, now)
	if err != nil {
		return nil, err
	}
	if !after.Locked(now) {
		return wrongCode(), nil
	}
	c.Logger.WarnContext(ctx, "a seller is locked after wrong codes", "seller", t.seller.ID, "shop", t.seller.ShopID, "partner", t.partner,
		"sandbox", t.sandbox, "via", t.via, "until", after.LockedUntil)
	return locked(after, now), nil
}

func locked(a Attempts, now time.Time) *gift.Refusal {
	left := a.LockedUntil.Sub(now)
	minutes := int64((left + time.Minute - 1) / time.Minute)
	return &gift.Refusal{Reason: gift.SellerLocked, Item: -1, Limit: minutes}
}

// use uses the coupon, in the name of whom use says.
func (c *Counter) use(ctx context.Context, item *gift.BoughtItem, use Use) (*gift.BoughtItem, *gift.Refusal, error) {
	use.OrderID, use.Line, use.ShopID = item.OrderID, item.Line, item.Shop.ID
	won, err := c.Store.MarkUsed(ctx, use)
	if err != nil {
		return item, nil, err
	}
	if won {
		item.UsedAt, item.UsedBy = use.At, use.SellerID
		return item, nil, nil
	}
	return c.lost(ctx, item, use.At)
}

// lost finds out to what the coupon was lost after another attempt, or a cancellation, was first.
func (c *Counter) lost(
	ctx context.Context, item *gift.BoughtItem, now time.Time,
) (*gift.BoughtItem, *gift.Refusal, error) {
	again, err := c.Store.BoughtItem(ctx, 0, item.OrderID, item.Line)
	if err != nil {
		return item, nil, err
	}
	if again == nil {
		return nil, wrongCode(), nil
	}
	if refusal := again.Spent(again.Today(now)); refusal != nil {
		return again, refusal, nil
	}
	return again, nil, errNotUsable
}
