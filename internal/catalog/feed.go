package catalog

import (
	"context"
	"errors"
	"math"
	"slices"

	"giftimbiz/internal/gift"
)

// FeedQuery asks what changed of the offers of a kind since a state. With a category, or a brand (a shop, of star coupons), it is
// what changed of theirs; those that were theirs and may have left are told, too, as what they are now.
type FeedQuery struct {
	Kind       gift.Kind
	CategoryID int64 // 0 = any
	GroupID    int64 // 0 = any
	Since      Since
	From       *FeedPlace // where to go on; nil: at the beginning
	Limit      int        // rows to return at most, more than 0
}

// FeedPlace is where a page ends. Whoever goes on there may do so on another node.
type FeedPlace struct {
	Known Since // what is surely told when the feed is at its end
	Seen  int64 // the latest change that any page before was made of

	Step   int // of those that the feed takes
	Seq    int64
	ID     int64
	Within int64 // the offer up to which those of row ID were told; 0: all were
}

// FeedRow is an offer as it is now, and what became of it.
type FeedRow struct {
	View
	Status gift.OfferStatus
	Change gift.OfferChange
}

// FeedPage is a part of what changed. The last one has no Next; Sync is what to ask with the next time, on those before it the
// state that was asked with.
type FeedPage struct {
	Rows []FeedRow
	Next *FeedPlace
	Sync Since
}

// ErrUnknownState says that a state is none of this stock's.
var ErrUnknownState = errors.New("catalog: a state that never was")

const (
	feedChunk  = 256  // rows that are read at a time
	smallChunk = 32   // for a page that needs few more
	feedLook   = 2048 // about how many rows are looked at for a page, also when few of them are told
)

// Changes returns what changed since a state, each offer as it is now. None is missed: whoever holds a copy of a list of that
// state and puts all that it is told into it, taking out what is not on sale, holds a copy of the list. An offer may be told
// more than once. The cost is that of what changed.
//
// Names come first, then the offers' own changes, the oldest first, then what the days did. So an offer that was left out with
// its names because it was gone is among those that are told of afterwards, whatever happened meanwhile.
func (ix *Index) Changes(ctx context.Context, source ChangeSource, q FeedQuery) (FeedPage, error) {
	f := &feed{FeedQuery: q, ctx: ctx, ix: ix, source: source, look: feedLook}
	if err := f.begin(); err != nil {
		return FeedPage{}, err
	}
	if ix.seq < q.Since.Seq { // what this node knows is older than what is known already
		return FeedPage{Next: q.From, Sync: q.Since}, nil
	}
	steps := f.steps()
	for f.at.Step < len(steps) {
		done, err := steps[f.at.Step]()
		if err != nil {
			return FeedPage{}, err
		}
		if !done {
			next := f.at
			return FeedPage{Rows: f.rows, Next: &next, Sync: f.Since}, nil
		}
		f.at = FeedPlace{Known: f.at.Known, Seen: f.at.Seen, Step: f.at.Step + 1, Seq: math.MinInt64}
	}
	return FeedPage{Rows: f.rows, Sync: f.at.Known}, nil
}

// feed makes one page.
type feed struct {
	FeedQuery
	ctx    context.Context
	ix     *Index
	source ChangeSource
	at     FeedPlace
	rows   []FeedRow
	look   int // how many rows may still be looked at
}

// begin finds out up to where changes are told. The names of this node's index are told, so no change after it counts as told.
func (f *feed) begin() error {
	here := f.ix.Since()
	if f.Since.Seq>>EraBits != here.Seq>>EraBits {
		return ErrUnknownState
	}
	if f.From == nil {
		if f.Since.Seq > here.Seq { // this node is behind another, or the state is of another database
			last, err := f.source.LastChange(f.ctx)
			if err != nil {
				return err
			}
			if f.Since.Seq > last {
				return ErrUnknownState
			}
		}
		f.at = FeedPlace{Known: here, Seen: here.Seq, Seq: math.MinInt64}
	} else if f.at = *f.From; f.at.Step < 0 {
		return ErrUnknownState
	}
	f.at.Known = f.at.Known.With(here)
	f.at.Seen = max(f.at.Seen, here.Seq)
	return nil
}

// steps are what a feed consists of. Each returns whether it came to its end.
func (f *feed) steps() []func() (done bool, err error) {
	names := func(of Named) func() (bool, error) { return func() (bool, error) { return f.names(of) } }
	steps := []func() (bool, error){names(Products), names(Brands)}
	if f.Kind == gift.StarCoupon {
		steps = []func() (bool, error){names(Campaigns), names(Shops)}
	}
	return append(steps, names(Categories), f.offers,
		func() (bool, error) { return f.turned(-1) },
		func() (bool, error) { return f.turned(gift.NearDays) },
		func() (bool, error) { return f.turned(gift.MidDays) },
	)
}

// full tells whether the page ends here.
func (f *feed) full() bool { return len(f.rows) >= f.Limit || f.look <= 0 }

// chunk is how many rows are worth reading at a time: some of them may not be told.
func (f *feed) chunk() int {
	if f.Limit-len(f.rows) > smallChunk/2 {
		return feedChunk
	}
	return smallChunk
}

// query asks for the next rows by their changes.
func (f *feed) query(upTo int64) ChangeQuery {
	q := ChangeQuery{Since: f.Since.Seq, After: ChangePlace{f.at.Seq, f.at.ID}, UpTo: upTo, Limit: f.chunk()}
	if f.at.Seq == math.MinInt64 {
		q.After = ChangePlace{f.Since.Seq, math.MaxInt64}
	}
	return q
}

// names tells of the offers on sale whose names changed.
func (f *feed) names(of Named) (done bool, err error) {
	if f.Since.Seq >= f.at.Known.Seq {
		return true, nil
	}
	if f.at.Within != 0 && !f.named(of, ChangePlace{f.at.Seq, f.at.ID}, f.at.Within) {
		return false, nil
	}
	for !f.full() {
		q := f.query(f.at.Known.Seq)
		list, err := f.source.NamesChanged(f.ctx, of, q)
		if err != nil {
			return false, err
		}
		for _, name := range list {
			if name.New { // its offers are new, too
				f.look--
				f.at.Seq, f.at.ID = name.Place.Seq, name.Place.ID
			} else if !f.named(of, name.Place, 0) {
				return false, nil
			}
		}
		if len(list) < q.Limit {
			return true, nil
		}
	}
	return false, nil
}

// named tells of the offers on sale of one row, those behind an offer; false when the page is full before the last of them.
func (f *feed) named(of Named, place ChangePlace, after int64) bool {
	f.at.Seq, f.at.ID, f.at.Within = place.Seq, place.ID, after
	if f.full() {
		if after == 0 {
			f.at.Within = math.MinInt64 // none was told yet
		}
		return false
	}
	f.look--
	p := f.offersOf(of, place.ID, after)
	for _, row := range p.Rows {
		f.rows = append(f.rows, FeedRow{View: row.View, Change: gift.ChangeOther})
		f.at.Within = row.Offer.ID
	}
	if p.More {
		return false
	}
	f.at.Within = 0
	return true
}

// offersOf lists the offers on sale of a row, if they may be or have been among those asked for: a product may have had another
// brand, and a brand another category.
func (f *feed) offersOf(of Named, id, after int64) Page {
	s, ok := f.ix.market(f.Kind).choose(0, 0, ByID)
	switch of {
	case Products, Campaigns:
		ok = ok && s.item(id)
	case Brands, Shops:
		if f.GroupID != 0 && f.GroupID != id {
			return Page{}
		}
		s, ok = s.m.choose(0, id, ByID)
	case Categories:
		if f.CategoryID != 0 && f.CategoryID != id {
			return Page{}
		}
		s, ok = s.m.choose(id, f.GroupID, ByID)
	}
	if !ok {
		return Page{}
	}
	return s.after(after, f.Limit-len(f.rows))
}

// offers tells of the offers that changed themselves, up to now: one that changed twice stands where it changed last, and what it
// was before would be left out.
func (f *feed) offers() (done bool, err error) {
	if f.Since.Seq >= f.at.Seen {
		return true, nil
	}
	for !f.full() {
		q := f.query(math.MaxInt64)
		list, err := f.source.OffersChanged(f.ctx, q)
		if err != nil {
			return false, err
		}
		for i := range list {
			o := &list[i]
			if f.full() {
				return false, nil
			}
			if !f.tell(o, changeOf(o, f.ix.day)) && o.Place.Seq <= f.at.Seen {
				return false, nil // its names are not known here yet, but were elsewhere
			}
			f.look--
			f.at.Seq, f.at.ID = o.Place.Seq, o.Place.ID
		}
		if len(list) < q.Limit {
			return true, nil
		}
	}
	return false, nil
}

// changeOf says what became of an offer; 0 = nothing that is shown.
func changeOf(o *ChangedOffer, day gift.Day) gift.OfferChange {
	switch {
	case o.StatusOn(day) != gift.StatusOnSale:
		return gift.ChangeGone
	case o.Added:
		return gift.ChangeNew
	case o.Restocked:
		return gift.ChangeRestocked
	case o.Priced:
		return gift.ChangePriced
	case o.Altered:
		return gift.ChangeOther
	}
	return 0 // some of it was sold
}

// tell adds an offer to the page, if it is asked for; false when it cannot be described.
func (f *feed) tell(o *ChangedOffer, change gift.OfferChange) bool {
	if change == 0 || o.Kind != f.Kind {
		return true
	}
	row := FeedRow{View: View{Offer: o.Offer}, Status: o.StatusOn(f.ix.day), Change: change}
	if !f.ix.books.describe(&row.View) {
		return false
	}
	row.Price = o.PriceOn(f.ix.day)
	row.Percent = gift.DiscountPercent(o.Face, row.Price)
	if o.Moved || (f.CategoryID == 0 || row.Category.ID == f.CategoryID) && (f.GroupID == 0 || row.groupID() == f.GroupID) {
		f.rows = append(f.rows, row)
	}
	return true
}

// groupID returns the brand or the shop.
func (v *View) groupID() int64 {
	if v.Shop != nil {
		return v.Shop.ID
	}
	return v.Brand.ID
}

// turned tells of the offers on sale that became others because so many days, or fewer, are left; when a clock was set back, of
// those that were others.
func (f *feed) turned(left gift.Day) (done bool, err error) {
	days := []gift.Day{f.Since.Day, f.Since.Later, f.at.Known.Day, f.at.Known.Later}
	q := TurnQuery{Since: f.Since.Seq, Day: slices.Min(days) + left + 1, LastDay: slices.Max(days) + left}
	for !f.full() {
		if f.at.Seq != math.MinInt64 {
			q.Day, q.After = gift.Day(f.at.Seq), f.at.ID
		}
		if q.Day > q.LastDay {
			return true, nil
		}
		q.Limit = f.chunk()
		list, err := f.source.OffersByLastDay(f.ctx, q)
		if err != nil {
			return false, err
		}
		for i := range list {
			o := &list[i]
			if f.full() {
				return false, nil
			}
			if !o.Stopped && o.Stock > 0 && !f.tell(o, turnOf(o, days, f.ix.day)) && o.Place.Seq <= f.at.Seen {
				return false, nil
			}
			f.look--
			f.at.Seq, f.at.ID = int64(o.LastDay), o.ID
		}
		if len(list) < q.Limit {
			return true, nil
		}
	}
	return false, nil
}

// turnOf says what a day makes of an offer that was known on others; 0 = nothing.
func turnOf(o *ChangedOffer, known []gift.Day, day gift.Day) (change gift.OfferChange) {
	now := o.StatusOn(day)
	for _, was := range known {
		switch {
		case o.StatusOn(was) != now && now == gift.StatusOnSale:
			return gift.ChangeRestocked
		case o.StatusOn(was) != now:
			return gift.ChangeGone
		case now == gift.StatusOnSale && o.PriceOn(was) != o.PriceOn(day):
			change = gift.ChangePriced
		}
	}
	return change
}
