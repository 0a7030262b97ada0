package catalog

import (
	"context"

	"giftimbiz/internal/gift"
)

// Since is a state of the stock that somebody knows: that after the change of this number, on a day. Who read it over midnight,
// or while a clock was set back, knows some of it as of the one day and some as of the other, or of a day between them.
type Since struct {
	Seq        int64
	Day, Later gift.Day
}

// EraBits is how many bits of a number count changes. What is above counts how often changes were lost, because the database was
// restored as it had been before: who knows a state of another era may know of what never was.
const EraBits = 40

// With returns what is surely known to who has parts of both states.
func (s Since) With(o Since) Since {
	return Since{Seq: min(s.Seq, o.Seq), Day: min(s.Day, o.Day), Later: max(s.Later, o.Later)}
}

// ChangePlace is the place of a row in the order of changes: the number of its last change and, of rows changed at once, its id.
type ChangePlace struct{ Seq, ID int64 }

// ChangeQuery asks for rows in the order of their last changes.
type ChangeQuery struct {
	Since int64       // what a row is compared with; the place of After is not before it
	After ChangePlace // the first is the one behind this place
	UpTo  int64       // the last change that counts
	Limit int         // rows to return at most, one of a few numbers; when it returns fewer, there are no more
}

// TurnQuery asks for offers by their last days.
type TurnQuery struct {
	Since   int64    // what an offer is compared with
	Day     gift.Day // the first have this last day
	After   int64    // and, of those of that day, a higher id than this
	LastDay gift.Day // up to those of this last day
	Limit   int      // rows to return at most; when it returns fewer, there are no more
}

// ChangedOffer is an offer, whether it is on sale or not, and what of it changed after a change.
type ChangedOffer struct {
	gift.Offer
	Place     ChangePlace
	Added     bool // it was not there
	Restocked bool // it was put on sale again: by new units, an operator, or a later last day
	Priced    bool // its prices
	Altered   bool // something else that an operator changed
	Moved     bool // its product or that one's brand, its campaign or that one's shop: they may have been other ones
}

// ChangedName is another row that changed.
type ChangedName struct {
	Place ChangePlace
	New   bool // it was never anything else
}

// Named is a table of what offers refer to.
type Named int

const (
	Products Named = iota
	Brands
	Campaigns
	Shops
	Categories
)

// ChangeSource tells what changed. It is safe for concurrent use.
type ChangeSource interface {
	// LastChange returns the number of the last change.
	LastChange(ctx context.Context) (int64, error)
	// OffersChanged returns offers in the order of their last changes.
	OffersChanged(ctx context.Context, q ChangeQuery) ([]ChangedOffer, error)
	// NamesChanged returns other rows in that order.
	NamesChanged(ctx context.Context, of Named, q ChangeQuery) ([]ChangedName, error)
	// OffersByLastDay returns offers by last day and id.
	OffersByLastDay(ctx context.Context, q TurnQuery) ([]ChangedOffer, error)
}
