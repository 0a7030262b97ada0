package gift

import "fmt"

// Reason says why a request was refused. A refusal is a result, not a fault: nothing changed.
type Reason int16

const (
	// Purchases, in the order in which they are decided.
	MayNotSpend    Reason = iota + 1 // the partner is blacklisted
	KeyReused                        // the idempotency key belongs to a different purchase
	Repeated                         // an equal purchase was just completed, or this partner took the last one
	UnknownOffer                     // no such offer, stopped, or of the other kind
	NameMismatch                     // the product's name is not the offer's
	WrongCampaign                    // the campaign or the coupon does not belong to the offer
	Expired                          // the last valid day is over
	SoldOut                          // no stock, or the named coupon is taken
	WrongAmount                      // the sum named is not the sum of the prices in force
	DailyLimit                       // the partner's purchases of the day are used up
	OncePerPartner                   // the partner bought from this offer before
	LowBalance                       // the prepaid balance is smaller than the sum
	NotJournalled                    // the store could not write; nothing was bought

	// Coupons and orders.
	NotYours    // no such order or coupon of this partner
	AlreadyUsed // redeemed before
	Cancelled   // refunded or withdrawn
	WrongCode   // wrong manager code, wrong seller or not this partner's coupon: never told apart
	SellerLocked
)

// Refusal is a Reason with the facts that a message needs. It is an error, so that it may travel as one.
type Refusal struct {
	Reason Reason
	Item   int      // which item of the request, from 0; -1 when not one item's fault
	Amount Won      // WrongAmount: the right sum. LowBalance: the balance.
	Limit  int64    // DailyLimit: the limit. SellerLocked: minutes left.
	First  OrderRef // Repeated, KeyReused: the order that was completed before
	When   string   // AlreadyUsed: when, in Seoul
	Where  string   // AlreadyUsed: the shop
}

// Error describes the refusal for logs; pages and answers have their own texts.
func (r *Refusal) Error() string {
	return fmt.Sprintf("refused: reason %d, item %d", r.Reason, r.Item)
}
