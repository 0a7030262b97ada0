package redeem

import (
	"context"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// The lock against guessed codes: MaxWrong wrong codes for one seller by one Guesser within any WrongWindow lock that seller for
// LockFor, to that Guesser.
const (
	MaxWrong    = 5
	WrongWindow = 10 * time.Minute
	LockFor     = 10 * time.Minute
)

// Guesser is whom wrong codes are counted for: a live partner's id, or one of those below. Who gives wrong codes locks itself out and
// nobody else, so no holder of a coupon and no partner can keep a shop's counter, or other partners, from redeeming.
type Guesser int64

const (
	Strangers Guesser = -iota // whoever has the address of a live coupon's page
	// Testers are all that redeem sandbox coupons. They share one count: sandboxes are lent to anybody, and the codes are those that
	// real coupons are redeemed with.
	Testers
	// OwnDevices are browsers that know the seller: they are at its own sign-in address, or signed in there within a year.
	OwnDevices
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

	// Attempts returns the wrong codes counted of a guesser for a seller, the zero Attempts when there are none.
	Attempts(ctx context.Context, sellerID int64, by Guesser) (Attempts, error)

	// CountWrong counts one wrong code at now and returns the new count, in one conditional write that does what
	// Attempts.After says.
	CountWrong(ctx context.Context, sellerID int64, by Guesser, now time.Time) (Attempts, error)

	// MarkUsed uses a coupon that is neither used nor cancelled, in one conditional write. Of any number of simultaneous
	// calls exactly one returns true; false means that somebody else was first. What a paid live coupon earned its shop is
	// booked in the same transaction, and the partner told.
	MarkUsed(ctx context.Context, use Use) (bool, error)

	// Redemption returns the redemption of an item that was not undone.
	Redemption(ctx context.Context, orderID gift.ID, line int64) (*Redemption, error)

	// UndoUse takes a redemption back: the item can be used again, what its shop earned is booked back, and the partner is told,
	// in one transaction. Of any number of simultaneous calls exactly one returns true; false means that the redemption does
	// not stand any more.
	UndoUse(ctx context.Context, undo Undo) (bool, error)

	// CouponAtShop finds a coupon of a shop by its number: the live one that was sold or, without one, the newest in a sandbox
	// order.
	CouponAtShop(ctx context.Context, shopID, unitID int64) (*gift.BoughtItem, error)

	shiftStore
	listStore
}

// shiftStore keeps the devices that are signed in.
type shiftStore interface {
	// StartShift signs a device in for its seller, and ends the shift that the device had before, if any.
	StartShift(ctx context.Context, s Shift, seller Seller, replaces []byte) error

	// Shift returns a shift that is not over: its time has not run out, and its seller has the same code and shop as then.
	Shift(ctx context.Context, id []byte, now time.Time) (*Shift, error)

	// MissInShift counts that a number was typed that is no coupon's; the MaxMisses-th ends the shift.
	MissInShift(ctx context.Context, id []byte) error

	EndShift(ctx context.Context, id []byte) error
}

// listStore is what a shop's own list is made of.
type listStore interface {
	// RedeemedItems returns what counts for a shop's days, live coupons only, the newest first.
	RedeemedItems(ctx context.Context, shopID int64, p office.Period, after office.RedeemedPlace, limit int) (
		[]office.RedeemedItem, error)
	RedeemedAtShop(ctx context.Context, shopID int64, p office.Period) (office.Redeemed, error)
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

// How coupons are used.
const (
	ViaAPI     = "api"     // setUseStarCoupon
	ViaPage    = "page"    // with a manager code typed on the redemption page
	ViaShift   = "shift"   // on a shop's device that is signed in
	ViaNumber  = "number"  // there, by the coupon's number instead of its QR code
	ViaConsole = "console" // by an operator
	ViaSandbox = "sandbox" // by a sandbox partner itself, as if at the counter
)

// Vias lists the ways that go through a Counter.
func Vias() []string { return []string{ViaAPI, ViaPage, ViaShift, ViaNumber, ViaSandbox} }

// Use says which coupon is used, by whom and how.
type Use struct {
	OrderID   gift.ID
	Line      int64
	PartnerID int64 // 0 = whoever bought the order
	SellerID  int64
	ShopID    int64
	Via       string
	Device    []byte // what the shop's browser is known by; nil = nothing
	At        time.Time
}

// Undo says which redemption is taken back, by whom and how.
type Undo struct {
	RedemptionID gift.ID
	OrderID      gift.ID
	Line         int64
	SellerID     int64 // 0 = in the name of who redeemed
	Via          string
	Device       []byte
	At           time.Time
}

// Redemption is the use of a coupon, while it stands.
type Redemption struct {
	ID       gift.ID
	OrderID  gift.ID
	Line     int64
	UnitID   int64
	ShopID   int64
	Day      gift.Day // of the shop, for which it counts
	SellerID int64
	Seller   string // the name
	Via      string
	Device   []byte
	At       time.Time
}

// UndoFor is how long a shop may take a redemption back by itself. The answer to a tap within it may come a little later.
const (
	UndoFor   = time.Minute
	undoGrace = 5 * time.Second
)

// MaxMisses numbers that are no coupon's end a shift: they are guesses.
const MaxMisses = 20

// Shift is a shop's device that is signed in.
type Shift struct {
	ID        []byte // the hash of its cookie
	SellerID  int64
	Seller    string // the name
	ShopID    int64
	Shop      string
	Agent     string // the browser's name for itself
	StartedAt time.Time
	ExpiresAt time.Time
}

// ShiftFor is how long a device stays signed in.
const ShiftFor = 12 * time.Hour
