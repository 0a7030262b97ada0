package office

import (
	"fmt"
	"time"

	"giftimbiz/internal/gift"
)

// OrderState is what became of some or all of an order's items, for filtering.
type OrderState string

// The states one can look for; "" = any.
const (
	SomeRefunded OrderState = "refunded"
	SomeUsed     OrderState = "used" // star coupons only: nobody tells us when a gifticon is used
)

// OrderQuery selects orders, newest first.
type OrderQuery struct {
	OrderID gift.ID
	// What else an order is found by: the partner's own idempotency key or reference, the hash of a voucher number's last
	// characters. Given both, either will do.
	Key  string
	Tail []byte

	Partner  string // its name; "" = any
	From, To gift.Day
	Kind     gift.Kind // 0 = both
	State    OrderState
	Before   gift.ID // orders older than this one; 0 = from the newest
	Limit    int64   // orders to return, 1–1000
}

// OrderPage is a page of a list of orders.
type OrderPage struct {
	Orders []OrderRow
	Next   gift.ID // where the next page begins (its Before); 0 = this is the last
	// Searched says that the page is not full because enough was looked through for one request: there may be more.
	Searched bool
}

// OrderRow is an order in a list.
type OrderRow struct {
	ID           gift.ID
	Sandbox      bool
	Kind         gift.Kind
	At           time.Time
	PartnerID    int64
	Partner      string // its name
	PartnerTitle string
	Product      string // of its last line
	Amount       gift.Won
	Items        int64
	Used         int64
	Refunded     int64 // items
	PaidBack     gift.Won
}

// Ref returns the order's number as partners see it.
func (o OrderRow) Ref() gift.OrderRef { return o.ID.Ref(o.Sandbox) }

// Subject is how the audit trail names the order.
func (o OrderRow) Subject() string { return OrderSubject(o.ID, o.Sandbox) }

// OrderSubject is how the audit trail names an order.
func OrderSubject(id gift.ID, sandbox bool) string { return "order:" + string(id.Ref(sandbox)) }

// Order is all that is known of an order.
type Order struct {
	OrderRow
	PartnerState gift.PartnerState
	Keyed        bool   // it came with an idempotency key that is still remembered
	Reference    string // the partner's own number; "" = it gave none
	Items        []OrderItem
	Counter      []CounterAct  // the oldest first
	Refunds      []OrderRefund // the oldest first
	Bookings     []Booking     // the oldest first
	Trail        []Entry       // the newest lines of the audit trail about it, the oldest first
}

// OrderItem is an item of an order.
type OrderItem struct {
	gift.BoughtItem
	UsedVia    string // how it was used, one of redeem.Vias
	SellerName string // who used it
	TailHash   []byte // of its number
}

// Refundable tells whether the item can be paid back: what was used stays used.
func (i *OrderItem) Refundable() bool { return i.UsedAt.IsZero() && i.CancelledAt.IsZero() }

// OrderRefund is what was paid back of an order at a time.
type OrderRefund struct {
	ID     gift.ID
	Lines  []int64
	Amount gift.Won // of a sandbox order: what its items cost; no money moved
	Reason string
	Actor  string
	At     time.Time
}

// CounterAct is what happened to an item at a shop's counter: it was used, or that was undone.
type CounterAct struct {
	ID     gift.ID
	Undoes gift.ID // the act that was undone; 0 = the item was used
	Line   int64
	At     time.Time
	Via    string
	Shop   string
	Seller string
	Actor  string // the operator, of what was done in the console
	Reason string // likewise
}

// CounterChange asks to use a coupon in a seller's name, or to undo such an act.
type CounterChange struct {
	OrderID      gift.ID
	Line         int64
	SellerID     int64   // who uses it
	RedemptionID gift.ID // what is undone
	Reason       string
	At           time.Time
}

// Device is a shop's device that is signed in.
type Device struct {
	Seller string
	Agent  string // the browser's name for itself
	Since  time.Time
	Until  time.Time
}

// Booking is an entry of the ledger that an order caused.
type Booking struct {
	Txn     gift.ID
	Kind    string // one of TransactionKinds
	At      time.Time
	Memo    string
	Account string // its kind
	Owner   string // whose account, for people; "" = the house's
	Amount  gift.Won
}

// NewRefund asks to pay items of an order back.
type NewRefund struct {
	OrderID gift.ID
	Lines   []int64
	Reason  string
	Bad     bool // the items cannot be used: their buyer is told to take them back from holders
	At      time.Time
}

// NotRefundable says why an item was not paid back. Nothing was.
type NotRefundable struct {
	Line        int64
	CancelledAt time.Time // zero: it was not refunded before
	UsedAt      time.Time // zero: it was not used
}

// Error implements error.
func (n *NotRefundable) Error() string {
	if n.UsedAt.IsZero() {
		return fmt.Sprintf("line %d was refunded before", n.Line)
	}
	return fmt.Sprintf("line %d was used", n.Line)
}

// Debit returns what the entry takes; it is negative for an entry that gives.
func (b Booking) Debit() gift.Won { return -b.Amount }
