package gift

import "time"

// HoldFor is how long a quote holds its prices and its units.
const HoldFor = time.Minute

// What a partner's quotes may hold at a time.
const (
	MaxOpenQuotes = 20
	MaxHeldUnits  = 200
)

// QuoteState is what became of a quote. Its values are stored.
type QuoteState int16

const (
	QuoteOpen     QuoteState = 1
	QuoteBought   QuoteState = 2 // an order was made of it
	QuoteReleased QuoteState = 3 // by the partner, before its time
)

// Quote is what a purchase would cost, held for a partner until ExpiresAt: nobody else gets these units and midnight does not
// change these prices. A sandbox partner's holds no units.
type Quote struct {
	ID        ID // made when the quote was
	PartnerID int64
	Kind      Kind
	Sandbox   bool
	Items     []QuoteItem // of different offers, in the order of their numbers
	Total     Won
	State     QuoteState
	OrderID   ID // QuoteBought only
	ExpiresAt time.Time
}

// QuoteItem is some units of an offer.
type QuoteItem struct {
	OfferID int64
	Units   int64
	Price   Won // of one unit
}

// Lapsed tells whether an open quote's time is over.
func (q *Quote) Lapsed(now time.Time) bool { return q.State == QuoteOpen && !now.Before(q.ExpiresAt) }
