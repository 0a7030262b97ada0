package gift

import "fmt"

// Reason says why a request was refused. A refusal is a result, not a fault: nothing changed.
type Reason int16

const (
	// Purchases, in the order in which they are decided.
	MayNotSpend    Reason = iota + 1 // the partner is blacklisted, or its state changed while it was calling
	KeyReused                        // the idempotency key belongs to a different purchase
	Repeated                         // an equal purchase was just completed
	UnknownOffer                     // no such offer, stopped, or of the other kind
	WrongCampaign                    // the campaign is not the offer's
	WrongCoupon                      // there is no such coupon of the offer
	CouponTwice                      // the purchase names one coupon twice
	NameMismatch                     // the product's name is not the offer's
	Expired                          // the last valid day is over
	TookLast                         // sold out, and this partner bought the last one: it may have missed the answer
	CouponYours                      // this partner bought the named coupon before: it may have missed the answer
	CouponTaken                      // the named coupon is sold to somebody else
	SoldOut                          // no stock
	TooFew                           // some stock, but less than the purchase names
	WrongAmount                      // the sum named is not the sum of the prices in force
	DailyLimit                       // the partner's purchases of the day are used up
	OncePerPartner                   // the partner bought from this offer before, or names it twice
	LowBalance                       // the prepaid balance is smaller than the sum

	// References, quotes and what they hold.
	ReferenceUsed   // the partner's own number is that of another order
	ReferenceClosed // the partner closed the number: no order will ever have it
	QuoteUnknown    // no such quote of this partner
	QuoteLapsed     // its time is over, or it was released
	QuoteUsed       // an order was made of it
	AllHeld         // what is left is held by quotes, for a minute at most
	TooManyQuotes   // the partner holds as much as one may

	// Coupons and orders.
	NotYours    // no such order or coupon of this partner
	AlreadyUsed // redeemed before
	Cancelled   // refunded or withdrawn
	Lapsed      // the last valid day of what was bought is over
	WrongCode   // wrong manager code, wrong seller or not this partner's coupon: never told apart
	SellerLocked
)

// Refusal is a Reason with the facts that a message needs. It is an error, so that it may travel as one.
type Refusal struct {
	Reason Reason
	Item   int      // which item of the request, from 0; -1 when not one item's fault
	Amount Won      // WrongAmount: the right sum. LowBalance: the balance.
	Limit  int64    // DailyLimit, TooManyQuotes: the limit. TooFew: units left. SellerLocked: minutes left.
	First  OrderRef // Repeated, TookLast, CouponYours, KeyReused, ReferenceUsed, QuoteUsed: the order that was completed before
	When   string   // AlreadyUsed: when, in Seoul. Lapsed: the last valid day.
	Where  string   // AlreadyUsed: the shop
	Name   string   // NameMismatch: the right name of the item, empty when no single item is at fault
}

// Error describes the refusal for logs; pages and answers have their own texts.
func (r *Refusal) Error() string {
	return fmt.Sprintf("refused: reason %d, item %d", r.Reason, r.Item)
}
