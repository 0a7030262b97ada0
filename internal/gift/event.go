package gift

import (
	"encoding/json"
	"slices"
	"time"
)

// EventType says what happened, in the past tense. Its values are stored and sent.
type EventType string

// Events that partners are told of. Behind each stands what its Data is.
const (
	OrderCompleted         EventType = "order.completed"          // OrderData
	OrderRefunded          EventType = "order.refunded"           // RefundData
	CouponRedeemed         EventType = "coupon.redeemed"          // RedemptionData
	CouponRedemptionUndone EventType = "coupon.redemption_undone" // RedemptionData
	VoucherExpiring        EventType = "voucher.expiring"         // ExpiryData, 30, 7 and 1 days before
	VoucherExpired         EventType = "voucher.expired"          // ExpiryData
	VoucherWithdrawn       EventType = "voucher.withdrawn"        // WithdrawalData, of one that was sold
	OfferSoldOut           EventType = "offer.sold_out"           // OfferData; told to all partners
	OfferRepriced          EventType = "offer.repriced"           // RepricingData; told to all partners
	BalanceLow             EventType = "balance.low"              // BalanceData
	TestSent               EventType = "test.sent"                // an empty object
)

// EventTypes lists what an endpoint can choose from, in the order in which people are shown it.
func EventTypes() []EventType {
	return []EventType{
		OrderCompleted, OrderRefunded, CouponRedeemed, CouponRedemptionUndone, VoucherExpiring, VoucherExpired, VoucherWithdrawn,
		OfferSoldOut, OfferRepriced, BalanceLow,
	}
}

// Valid tells whether an endpoint can choose the type.
func (t EventType) Valid() bool { return slices.Contains(EventTypes(), t) }

// Event is a fact that partners are told of. It is stored in the transaction that made it true.
type Event struct {
	ID        ID // in time order, as far as the clocks of nodes agree
	Type      EventType
	PartnerID int64 // whom it concerns; 0 = all
	OrderID   ID    // events of an order are told in order; 0 = of none
	Data      json.RawMessage
	Trace     string // of what made it, as the header traceparent has it; "" = that was not traced
}

// At is when it happened.
func (e *Event) At() time.Time { return e.ID.Time() }

// NewEvent makes an event. data is one of the types below: those can always be encoded.
func NewEvent(id ID, t EventType, partner int64, order ID, data any) Event {
	raw, err := json.Marshal(data)
	if err != nil {
		panic("gift: data of an event: " + err.Error())
	}
	return Event{ID: id, Type: t, PartnerID: partner, OrderID: order, Data: raw}
}

// None of these holds a voucher's number: a body that goes astray is worth nothing.
type (
	// OrderData tells of a purchase.
	OrderData struct {
		Order  OrderRef `json:"order"`
		Kind   string   `json:"kind"` // Kind.Word
		Items  int      `json:"items"`
		Amount Won      `json:"amount"` // what was paid; of a sandbox partner, what would have been
	}
	// RefundData tells which items were paid back.
	RefundData struct {
		Order    OrderRef     `json:"order"`
		Kind     string       `json:"kind"`
		Items    []int64      `json:"items"`    // their units, as the first version of the API numbers coupons
		Vouchers []VoucherRef `json:"vouchers"` // the same ones in the same order, as the second names them
		Amount   Won          `json:"amount"`
	}
	// RedemptionData tells where a coupon was used, or that this was undone.
	RedemptionData struct {
		Order    OrderRef     `json:"order"`
		Vouchers []VoucherRef `json:"vouchers"` // the one
		Coupon   int64        `json:"coupon"`
		Offer    int64        `json:"offer"`
		Shop     int64        `json:"shop"`
		ShopName string       `json:"shop_name"`
		Seller   int64        `json:"seller"`
		Used     time.Time    `json:"redeemed_at"`
		Undone   time.Time    `json:"undone_at,omitzero"`
	}
	// ExpiryData tells of vouchers and coupons of an order that are valid up to and including a day.
	ExpiryData struct {
		Order    OrderRef     `json:"order"`
		Kind     string       `json:"kind"`
		Items    []int64      `json:"items"` // and vouchers: as in RefundData
		Vouchers []VoucherRef `json:"vouchers"`
		LastDay  string       `json:"last_day"`
		Days     int64        `json:"days_left"` // days after today; -1 = expired
	}
	// WithdrawalData tells that a sold voucher or coupon was found to be bad.
	WithdrawalData struct {
		Order    OrderRef     `json:"order"`
		Kind     string       `json:"kind"`
		Item     int64        `json:"item"`
		Vouchers []VoucherRef `json:"vouchers"` // the one
	}
	// OfferData names an offer.
	OfferData struct {
		Offer int64  `json:"offer"`
		Kind  string `json:"kind"`
	}
	// RepricingData tells what offers cost from now on, at most RepricedTogether of them.
	RepricingData struct {
		Offers []OfferPrice `json:"offers"`
	}
	// OfferPrice is what an offer costs.
	OfferPrice struct {
		Offer int64  `json:"offer"`
		Kind  string `json:"kind"`
		Price Won    `json:"price"`
	}
	// BalanceData tells that a balance fell below what the partner wants to be warned at.
	BalanceData struct {
		Balance   Won `json:"balance"`
		Threshold Won `json:"threshold"`
	}
)

// RepricedTogether bounds the offers in one event.
const RepricedTogether = 100
