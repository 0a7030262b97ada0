package purchase

import (
	"cmp"
	"context"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/tracing"
)

// books gathers what a batch writes and keeps the State in step, so that the next request sees what this one did.
type books struct {
	w        Writes
	sales    int64
	balances map[int64]gift.Won
	offers   map[int64]*OfferSale
	moves    map[int64]int64 // unit -> new position
	base     map[int64]int64 // offer -> position of its Free[0]
	days     map[dayKey]*DayCount
	ids      *gift.IDMaker
	caller   context.Context // of the purchase that is being decided: its events are of the same trace
}

type dayKey struct {
	partner int64
	day     gift.Day
	kind    gift.Kind
}

func newBooks(s *State, ids *gift.IDMaker) books {
	b := books{
		ids:      ids,
		sales:    s.SalesAccount,
		balances: map[int64]gift.Won{},
		offers:   map[int64]*OfferSale{},
		moves:    map[int64]int64{},
		base:     make(map[int64]int64, len(s.Offers)),
		days:     map[dayKey]*DayCount{},
	}
	for id, o := range s.Offers {
		b.base[id] = o.Next
	}
	return b
}

// sell makes a checked order. Its time is that of its number, also where a clock was set back: a day's orders are a range of
// numbers.
func (b *books) sell(s *State, o *order, id gift.ID, fingerprint int64) Outcome {
	req, p, at := o.req, o.partner, id.Time()
	b.w.Orders = append(b.w.Orders, Order{
		ID: id, PartnerID: req.PartnerID, Kind: req.Kind, Sandbox: p.Sandbox, Amount: o.total,
		Fingerprint: fingerprint, Reference: req.Reference, At: at,
	})
	b.settle(s, o, id)
	out := Outcome{OrderID: id, Ref: id.Ref(p.Sandbox)}
	units := b.takeAll(s, o, id)
	if req.Kind == gift.StarCoupon {
		out.Coupons = numbers(units)
	}
	count := b.day(req.PartnerID, gift.DayOf(at), req.Kind)
	count.Orders++
	for i, offer := range o.offers {
		paid := o.price(offer)
		b.w.Items = append(b.w.Items, Item{
			OrderID: id, Line: int64(len(o.offers) - i), PartnerID: req.PartnerID, Kind: req.Kind, Sandbox: p.Sandbox,
			OfferID: offer.ID, UnitID: units[i].ID, Position: units[i].Position, Face: offer.Face, Paid: paid,
		})
		count.Items++
		count.Spent += paid
		count.Face += offer.Face
		b.claimOnce(s, req.PartnerID, offer)
	}
	p.OrdersToday++
	s.Repeats[Repeat{req.PartnerID, fingerprint}] = id
	if p.Hears {
		b.tell(gift.OrderCompleted, req.PartnerID, id, gift.OrderData{
			Order: out.Ref, Kind: req.Kind.Word(), Items: len(o.offers), Amount: o.total,
		})
	}
	if !p.Sandbox && o.total > 0 {
		b.pay(p, o, id)
	}
	return out
}

// settle ends what only one order may have: its reference and its quote.
func (b *books) settle(s *State, o *order, id gift.ID) {
	if o.req.Reference != "" {
		s.References[Reference{o.req.PartnerID, o.req.Reference}] = id
	}
	if o.quote == nil {
		return
	}
	q := s.Quotes[o.quote.ID]
	q.State, q.OrderID = gift.QuoteBought, id
	b.w.Used = append(b.w.Used, UsedQuote{ID: q.ID, OrderID: id})
	o.count(-1)
}

// hold makes a quote of a checked order.
func (b *books) hold(o *order, id gift.ID) Outcome {
	q := gift.Quote{
		ID: id, PartnerID: o.req.PartnerID, Kind: o.req.Kind, Sandbox: o.partner.Sandbox, Total: o.total, State: gift.QuoteOpen,
		ExpiresAt: time.UnixMilli(o.now.UnixMilli()).Add(o.req.Hold),
	}
	units := map[*Offer]int64{}
	for _, offer := range o.offers {
		units[offer]++
	}
	for offer, n := range units {
		q.Items = append(q.Items, gift.QuoteItem{OfferID: offer.ID, Units: n, Price: o.price(offer)})
	}
	slices.SortFunc(q.Items, func(x, y gift.QuoteItem) int { return cmp.Compare(x.OfferID, y.OfferID) })
	b.w.Quotes = append(b.w.Quotes, q)
	o.count(1)
	return Outcome{Quote: &q}
}

// pay takes the price from the buyer's balance.
func (b *books) pay(p *Partner, o *order, id gift.ID) {
	before := p.Balance
	p.Balance -= o.total
	b.post(p.AccountID, id, -o.total)
	b.post(b.sales, id, o.total)
	if p.Hears && p.Balance < p.LowBalance && before >= p.LowBalance {
		b.tell(gift.BalanceLow, o.req.PartnerID, 0, gift.BalanceData{Balance: p.Balance, Threshold: p.LowBalance})
	}
}

// tell writes an event down. Call it for partners that hear only: the others' purchases should not even make up the data.
func (b *books) tell(t gift.EventType, partner int64, order gift.ID, data any) {
	e := gift.NewEvent(b.ids.Next(), t, partner, order, data)
	e.Trace = tracing.Parent(b.caller)
	b.w.Events = append(b.w.Events, e)
}

func (b *books) post(account int64, txn gift.ID, amount gift.Won) {
	b.w.Entries = append(b.w.Entries, Entry{AccountID: account, Txn: txn, Amount: amount})
	b.balances[account] += amount
}

func (b *books) day(partner int64, day gift.Day, kind gift.Kind) *DayCount {
	key := dayKey{partner, day, kind}
	if b.days[key] == nil {
		b.days[key] = &DayCount{PartnerID: partner, Day: day, Kind: kind}
	}
	return b.days[key]
}

func (b *books) claimOnce(s *State, partner int64, offer *Offer) {
	if offer.OncePer {
		claim := OnceClaim{partner, offer.ID}
		s.Once[claim] = true
		b.w.Once = append(b.w.Once, claim)
	}
}

func numbers(units []Unit) []int64 {
	ids := make([]int64, len(units))
	for i, u := range units {
		ids[i] = u.ID
	}
	return ids
}

// takeAll returns the unit of each item. Named coupons go first: they may stand where an unnamed one would be taken.
func (b *books) takeAll(s *State, o *order, id gift.ID) []Unit {
	units := make([]Unit, len(o.offers))
	for i, offer := range o.offers {
		if coupon := o.req.Items[i].CouponID; coupon != 0 {
			units[i] = s.Coupons[coupon].Unit
			b.takeNamed(s, o, offer, s.Coupons[coupon], id)
		}
	}
	for i, offer := range o.offers {
		if o.req.Items[i].CouponID != 0 {
			continue
		}
		if o.partner.Sandbox {
			units[i] = b.show(o, offer, units)
			continue
		}
		units[i] = b.unitAt(offer, offer.Next)
		if c := s.Coupons[units[i].ID]; c != nil {
			c.Buyer, c.Order = o.req.PartnerID, id
		}
		b.advance(o, offer, id)
	}
	return units
}

// show returns a free unit of the offer that the order does not name yet; it stays free.
func (b *books) show(o *order, offer *Offer, named []Unit) Unit {
	isNamed := func(u Unit) bool {
		for i, other := range named {
			if o.offers[i] == offer && other == u {
				return true
			}
		}
		return false
	}
	unit := b.unitAt(offer, offer.Next)
	for isNamed(unit) {
		unit = b.unitAt(offer, unit.Position+1)
	}
	return unit
}

// takeNamed exchanges the coupon with the unit at the head of the free ones and takes the head.
func (b *books) takeNamed(s *State, o *order, offer *Offer, c *Coupon, id gift.ID) {
	if o.partner.Sandbox {
		return
	}
	c.Buyer, c.Order = o.req.PartnerID, id
	head := b.unitAt(offer, offer.Next)
	if head.ID != c.ID {
		b.place(s, offer, head.ID, c.Position)
		b.place(s, offer, c.ID, offer.Next)
	}
	b.advance(o, offer, id)
}

// place puts a unit at a position, in the State and in what is written.
func (b *books) place(s *State, offer *Offer, unit, position int64) {
	b.moves[unit] = position
	if i := position - b.base[offer.ID]; i < int64(len(offer.Free)) {
		offer.Free[i] = Unit{ID: unit, Position: position}
	}
	if c := s.Coupons[unit]; c != nil {
		c.Position = position
	}
}

// unitAt returns the free unit at a position. Vouchers are taken by their position alone: which number stands there is
// found when the order is stored.
func (b *books) unitAt(offer *Offer, position int64) Unit {
	if offer.Kind == gift.Gifticon {
		return Unit{Position: position}
	}
	return offer.Free[position-b.base[offer.ID]]
}

func (b *books) advance(o *order, offer *Offer, id gift.ID) {
	sale := b.offers[offer.ID]
	if sale == nil {
		sale = &OfferSale{OfferID: offer.ID, From: offer.Next}
		b.offers[offer.ID] = sale
	}
	offer.Next++
	offer.LastPartner, offer.LastOrder = o.req.PartnerID, id
	sale.Next, sale.LastPartner, sale.LastOrder = offer.Next, o.req.PartnerID, id
	sale.Announce = offer.Kind == gift.StarCoupon || offer.Next > offer.Last
}

// keep remembers the answer under its key.
func (b *books) keep(s *State, a Answer) {
	s.Keys[a.Key] = a
	b.w.Answers = append(b.w.Answers, a)
}

// writes returns what must be stored, rows in ascending order so that two nodes never wait for each other in a ring.
func (b *books) writes() Writes {
	w := b.w
	for account, delta := range b.balances {
		w.Balances = append(w.Balances, Balance{AccountID: account, Delta: delta})
	}
	slices.SortFunc(w.Balances, func(x, y Balance) int { return cmp.Compare(x.AccountID, y.AccountID) })
	for _, sale := range b.offers {
		w.Offers = append(w.Offers, *sale)
	}
	slices.SortFunc(w.Offers, func(x, y OfferSale) int { return cmp.Compare(x.OfferID, y.OfferID) })
	for unit, position := range b.moves {
		w.Moves = append(w.Moves, Unit{ID: unit, Position: position})
	}
	slices.SortFunc(w.Moves, func(x, y Unit) int { return cmp.Compare(x.ID, y.ID) })
	for _, count := range b.days {
		w.Days = append(w.Days, *count)
	}
	slices.SortFunc(w.Days, func(x, y DayCount) int {
		return cmp.Or(cmp.Compare(x.PartnerID, y.PartnerID), cmp.Compare(x.Day, y.Day), cmp.Compare(x.Kind, y.Kind))
	})
	return w
}
