package client

import (
	"encoding/json"
	"fmt"
	"time"
)

// EventType says what happened.
type EventType string

// What events tell of. Behind each stands what Event.Decode returns for it.
const (
	EventOrderCompleted         EventType = "order.completed"          // OrderCompleted
	EventOrderRefunded          EventType = "order.refunded"           // OrderRefunded
	EventCouponRedeemed         EventType = "coupon.redeemed"          // CouponRedemption
	EventCouponRedemptionUndone EventType = "coupon.redemption_undone" // CouponRedemption
	EventVoucherExpiring        EventType = "voucher.expiring"         // VoucherExpiry; 30, 7 and 1 days before
	EventVoucherExpired         EventType = "voucher.expired"          // VoucherExpiry
	EventVoucherWithdrawn       EventType = "voucher.withdrawn"        // VoucherWithdrawn
	EventOfferSoldOut           EventType = "offer.sold_out"           // OfferSoldOut
	EventOfferRepriced          EventType = "offer.repriced"           // OfferRepriced
	EventBalanceLow             EventType = "balance.low"              // BalanceLow
	EventTestSent               EventType = "test.sent"                // TestSent
)

// Event is something that happened. Webhooks and Events tell it in the same way. An event may be told more than once, always under
// the same ID, and there may be new types.
type Event struct {
	ID   string          `json:"id"`
	Type EventType       `json:"type"`
	At   time.Time       `json:"timestamp"`
	Data json.RawMessage `json:"data"`
}

// What events tell. None of them has a voucher's number. Sums are won.
type (
	// OrderCompleted tells of a purchase.
	OrderCompleted struct {
		OrderID string `json:"order"`
		Kind    Kind   `json:"kind"`
		Items   int64  `json:"items"` // how many vouchers
		Amount  int64  `json:"amount"`
	}
	// OrderRefunded tells which vouchers were paid back.
	OrderRefunded struct {
		OrderID  string   `json:"order"`
		Kind     Kind     `json:"kind"`
		Items    []int64  `json:"items"`    // their numbers in v1
		Vouchers []string `json:"vouchers"` // the same ones in the same order: Voucher.ID
		Amount   int64    `json:"amount"`
	}
	// CouponRedemption tells where a star coupon was used, or that this was undone.
	CouponRedemption struct {
		OrderID    string    `json:"order"`
		Vouchers   []string  `json:"vouchers"` // the one: Voucher.ID
		CouponID   int64     `json:"coupon"`
		OfferID    int64     `json:"offer"`
		ShopID     int64     `json:"shop"`
		ShopName   string    `json:"shop_name"`
		SellerID   int64     `json:"seller"`
		RedeemedAt time.Time `json:"redeemed_at"`
		UndoneAt   time.Time `json:"undone_at,omitzero"`
	}
	// VoucherExpiry tells of vouchers of an order that are valid up to and including a day.
	VoucherExpiry struct {
		OrderID  string   `json:"order"`
		Kind     Kind     `json:"kind"`
		Items    []int64  `json:"items"`    // their numbers in v1
		Vouchers []string `json:"vouchers"` // the same ones in the same order: Voucher.ID
		LastDay  Day      `json:"last_day"`
		DaysLeft int64    `json:"days_left"` // days after today; -1 = expired
	}
	// VoucherWithdrawn tells that a voucher that was sold was found to be bad.
	VoucherWithdrawn struct {
		OrderID  string   `json:"order"`
		Kind     Kind     `json:"kind"`
		Item     int64    `json:"item"`     // its number in v1
		Vouchers []string `json:"vouchers"` // the one: Voucher.ID
	}
	// OfferSoldOut names an offer.
	OfferSoldOut struct {
		OfferID int64 `json:"offer"`
		Kind    Kind  `json:"kind"`
	}
	// OfferRepriced tells what offers cost from now on.
	OfferRepriced struct {
		Offers []OfferPrice `json:"offers"`
	}
	// OfferPrice is what an offer costs.
	OfferPrice struct {
		OfferID int64 `json:"offer"`
		Kind    Kind  `json:"kind"`
		Price   int64 `json:"price"`
	}
	// BalanceLow tells that the balance fell below the threshold; see SetLowBalance.
	BalanceLow struct {
		Balance   int64 `json:"balance"`
		Threshold int64 `json:"threshold"`
	}
	// TestSent is what TestWebhook sends.
	TestSent struct{}
)

// Decode returns what the event tells: a value, not a pointer, of the type that stands behind the event's type above. Of types that
// this package does not know, it is Data as it is.
//
//	data, err := event.Decode()
//	switch data := data.(type) {
//	case client.OrderCompleted:
//		fmt.Println(data.OrderID)
//	case client.CouponRedemption:
//		fmt.Println(data.ShopName)
//	}
func (e *Event) Decode() (any, error) {
	switch e.Type {
	case EventOrderCompleted:
		return decode[OrderCompleted](e)
	case EventOrderRefunded:
		return decode[OrderRefunded](e)
	case EventCouponRedeemed, EventCouponRedemptionUndone:
		return decode[CouponRedemption](e)
	case EventVoucherExpiring, EventVoucherExpired:
		return decode[VoucherExpiry](e)
	case EventVoucherWithdrawn:
		return decode[VoucherWithdrawn](e)
	case EventOfferSoldOut:
		return decode[OfferSoldOut](e)
	case EventOfferRepriced:
		return decode[OfferRepriced](e)
	case EventBalanceLow:
		return decode[BalanceLow](e)
	case EventTestSent:
		return decode[TestSent](e)
	}
	return e.Data, nil
}

func decode[T any](e *Event) (any, error) {
	var data T
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, fmt.Errorf("read the data of %s: %w", e.Type, err)
	}
	return data, nil
}
