package gift

import "time"

// ItemState is what became of a bought voucher or coupon.
type ItemState int16

const (
	Bought   ItemState = iota + 1 // usable
	Used                          // redeemed at a counter
	Refunded                      // cancelled
	TimedOut                      // the last valid day is over
)

// BoughtItem is one unit of a completed order, with what its holder needs to know.
type BoughtItem struct {
	OrderID ID
	Line    int64 // from the number of items down to 1
	Sandbox bool
	Offer   Offer // Face, Tiers and LastDay as they are now; Stock is not filled
	UnitID  int64
	Face    Won // when bought
	Paid    Won
	At      time.Time // when bought
	UsedAt  time.Time // zero: not used
	UsedBy  int64     // the seller, 0 = none

	CancelledAt time.Time // zero: not cancelled

	LinkSerial int64 // which link leads to its voucher page; those with another number were revoked

	// ClockAhead is by how much the clock of a sandbox order's partner is ahead.
	ClockAhead time.Duration

	Category Category
	Brand    Brand    // gifticons only
	Product  Product  // gifticons only
	Campaign Campaign // star coupons only
	Shop     Shop     // star coupons only

	Sealed []byte // gifticons only: the encrypted voucher number; nil in sandbox items
}

// Today returns the day that counts for the item: its partner's own.
func (i *BoughtItem) Today(now time.Time) Day { return DayOf(now.Add(i.ClockAhead)) }

// State tells what became of the item as of today.
func (i *BoughtItem) State(today Day) ItemState {
	switch {
	case !i.CancelledAt.IsZero():
		return Refunded
	case !i.UsedAt.IsZero():
		return Used
	case i.Offer.LastDay < today:
		return TimedOut
	default:
		return Bought
	}
}

// Spent returns why nobody can use the item any more, or nil.
func (i *BoughtItem) Spent(today Day) *Refusal {
	switch i.State(today) {
	case Refunded:
		return &Refusal{Reason: Cancelled, Item: -1}
	case Used:
		when := i.UsedAt.In(Seoul).Format(time.DateTime)
		return &Refusal{Reason: AlreadyUsed, Item: -1, When: when, Where: i.Shop.Name}
	case TimedOut:
		return &Refusal{Reason: Lapsed, Item: -1, When: i.Offer.LastDay.String()}
	default:
		return nil
	}
}

// Place is where an item stands in a history. Line 0 stands behind all items of its order.
type Place struct {
	OrderID ID
	Line    int64
}

// Place returns where the item stands.
func (i *BoughtItem) Place() Place { return Place{i.OrderID, i.Line} }

// HistoryQuery selects a partner's bought items, newest first.
type HistoryQuery struct {
	PartnerID  int64
	Kind       Kind  // 0 = both, where that is allowed
	OrderID    ID    // 0 = any
	Oldest     ID    // items of this order and of newer ones; 0 = all
	OfferID    int64 // 0 = any; star coupons only
	CampaignID int64 // 0 = any; star coupons only
	From, To   Day   // inclusive; 0 = open
	After      Place // items after this one; zero = from the newest
	Offset     int64 // items to pass over
	Limit      int64 // items to return, 1–1000
}

// History is a page of bought items with totals over all that matches the query but After, Offset and Limit.
type History struct {
	Items []BoughtItem
	More  bool
	Total int64
	Spent Won
	Face  Won
}

// OrderQuery selects a partner's orders, newest first.
type OrderQuery struct {
	PartnerID int64
	Kind      Kind  // 0 = both
	From, To  Day   // inclusive; 0 = open
	Before    ID    // orders with lower numbers; 0 = from the newest
	Limit     int64 // orders to return, 1–1000
}

// OrderHead is an order without its items.
type OrderHead struct {
	ID        ID
	Kind      Kind
	Sandbox   bool
	Amount    Won
	At        time.Time
	Reference string // the partner's own number; "" = it gave none
}
