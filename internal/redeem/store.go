package redeem

import (
	"context"
	"time"

	"giftimbiz/internal/gift"
)

// The lock against guessed codes: MaxWrong wrong codes for one seller within any WrongWindow lock that seller for LockFor.
const (
	MaxWrong    = 5
	WrongWindow = 10 * time.Minute
	LockFor     = 10 * time.Minute
)

// Store is what redemption needs of the database. Implementations are safe for concurrent use, also by other processes on
// the same database. Finders return nil and no error for what does not exist.
type Store interface {
	// BoughtItem finds a line of an order. partnerID 0 = of any partner.
	BoughtItem(ctx context.Context, partnerID int64, orderID gift.ID, line int64) (*gift.BoughtItem, error)

	// BoughtCoupon finds a coupon in an order. partnerID 0 = of any partner. orderID 0, which needs a partner = in the one
	// live order that has it, or else in the newest of the partner's sandbox orders (of the last 64) in which it is neither
	// used nor cancelled, or else in the newest: bought twice, a sandbox coupon can be used twice.
	BoughtCoupon(ctx context.Context, partnerID int64, orderID gift.ID, unitID int64) (*gift.BoughtItem, error)

	Seller(ctx context.Context, id int64) (*Seller, error)

	// ShopSellers returns a shop's sellers by ascending id.
	ShopSellers(ctx context.Context, shopID int64) ([]Seller, error)

	// Attempts returns the wrong codes counted for a seller, the zero Attempts when there are none.
	Attempts(ctx context.Context, sellerID int64, sandbox bool) (Attempts, error)

	// CountWrong counts one wrong code at now and returns the new count, in one conditional write that does what
	// Attempts.After says.
	CountWrong(ctx context.Context, sellerID int64, sandbox bool, now time.Time) (Attempts, error)

	// MarkUsed uses a coupon that is neither used nor cancelled, in one conditional write. Of any number of simultaneous
	// calls exactly one returns true; false means that somebody else was first. What a paid live coupon earned its shop is
	// booked in the same transaction.
	MarkUsed(ctx context.Context, use Use) (bool, error)
}

// Seller is somebody who may redeem a shop's coupons.
type Seller struct {
	ID       int64
	ShopID   int64
	Name     string
	CodeHash string // of the manager code
}

// Attempts remembers a seller's wrong manager codes. A right code does not make them forgotten: a guesser who waits for
// honest redemptions would never be locked out.
//
// Live and sandbox coupons are counted apart, although both are redeemed with the same code. Counted together, any developer
// with a sandbox key could keep a real shop from redeeming, for nothing and without end. Counted apart, a guesser who has
// both has 10 tries in 10 minutes instead of 5, at a code of 6 digits or more: a year for an even chance.
type Attempts struct {
	Wrong       [MaxWrong - 1]time.Time // when the last wrong codes came, the newest first; zero: none
	LockedUntil time.Time               // zero: never locked
}

// Locked tells whether no code is accepted at now.
func (a Attempts) Locked(now time.Time) bool { return now.Before(a.LockedUntil) }

// After returns what is remembered when one more wrong code came at now: nothing new of a locked seller; and the wrong code
// that makes MaxWrong of them within WrongWindow locks the seller.
func (a Attempts) After(now time.Time) Attempts {
	if a.Locked(now) {
		return a
	}
	if first := a.Wrong[len(a.Wrong)-1]; !first.IsZero() && now.Sub(first) < WrongWindow {
		a.LockedUntil = now.Add(LockFor)
	}
	copy(a.Wrong[1:], a.Wrong[:])
	a.Wrong[0] = now
	return a
}

// Use says which coupon is used, by whom and how.
type Use struct {
	OrderID   gift.ID
	Line      int64
	PartnerID int64 // 0 = whoever bought the order
	SellerID  int64
	ShopID    int64
	Via       string // "api", "page" or "console"
	At        time.Time
}
