package redeem

import (
	"context"
	"time"

	"giftimbiz/internal/gift"
)

// The lock against guessed codes: MaxWrong wrong codes for one seller within WrongWindow of the first lock that seller
// for LockFor.
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

	// CountWrong counts one wrong code at now and returns the new count, in one conditional write: a count whose window or
	// lock is over starts again at one, a locked seller's stays as it is, and the MaxWrong-th sets LockedUntil.
	CountWrong(ctx context.Context, sellerID int64, sandbox bool, now time.Time) (Attempts, error)

	// ClearWrong forgets a seller's wrong codes.
	ClearWrong(ctx context.Context, sellerID int64, sandbox bool) error

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

// Attempts counts a seller's wrong manager codes. Live and sandbox coupons are counted apart.
type Attempts struct {
	Wrong       int64
	Since       time.Time // the first of them
	LockedUntil time.Time // zero: never locked
}

// Locked tells whether no code is accepted at now.
func (a Attempts) Locked(now time.Time) bool { return now.Before(a.LockedUntil) }

// After returns the count when one more wrong code came at now. It is the rule that CountWrong follows.
func (a Attempts) After(now time.Time) Attempts {
	if a.Locked(now) {
		return a
	}
	over := !a.LockedUntil.IsZero() || now.Sub(a.Since) >= WrongWindow
	if a.Wrong == 0 || over {
		a = Attempts{Since: now}
	}
	a.Wrong++
	if a.Wrong >= MaxWrong {
		a.LockedUntil = now.Add(LockFor)
	}
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
