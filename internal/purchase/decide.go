package purchase

import (
	"fmt"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// decision is the deciding of one batch: every request in turn, each seeing what those before it changed.
type decision struct {
	batch     []*waiter
	clock     clock.Clock
	ids       *gift.IDMaker
	unsettled *unsettled

	asked   time.Time // when the reads were made up
	now     time.Time // when it is decided, under the locks
	today   gift.Day
	outs    []Outcome
	soldOut []int64
	told    []Repeat // unsettled purchases whose buyers are told now
	books   books
}

func newDecision(batch []*waiter, clk clock.Clock, ids *gift.IDMaker, unsettled *unsettled) *decision {
	return &decision{
		batch: batch, clock: clk, ids: ids, unsettled: unsettled, asked: clk.Now(), outs: make([]Outcome, len(batch)),
	}
}

// join makes the batch larger, before it is decided.
func (d *decision) join(batch []*waiter) {
	d.batch, d.outs = batch, make([]Outcome, len(batch))
}

// safely decides. A panic is a fault of this batch, not the end of the server.
func (d *decision) safely(s *State) (w Writes, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while deciding: %v", p)
		}
	}()
	if d.now = d.clock.Now(); gift.DayOf(d.now) != gift.DayOf(d.asked) {
		return w, fmt.Errorf("%w: the day turned while waiting for the locks", ErrConflict)
	}
	d.today = gift.DayOf(d.now)
	return d.decide(s), nil
}

// decide fills outs and returns what must be stored for them to be true.
func (d *decision) decide(s *State) Writes {
	d.books = newBooks(s, d.ids)
	for i, w := range d.batch {
		d.books.caller = w.caller
		d.outs[i] = d.one(s, w)
	}
	writes := d.books.writes()
	for _, sale := range writes.Offers {
		if o := s.Offers[sale.OfferID]; sale.Next > o.Last {
			d.soldOut = append(d.soldOut, o.ID)
			writes.Events = append(writes.Events, gift.NewEvent(d.ids.Next(), gift.OfferSoldOut, 0, 0,
				gift.OfferData{Offer: o.ID, Kind: o.Kind.Word()}))
		}
	}
	return writes
}

// written returns the orders and quotes that decide made, and whose they are.
func (d *decision) written() (partners []int64, ids []gift.ID) {
	for _, o := range d.books.w.Orders {
		partners = append(partners, o.PartnerID)
		ids = append(ids, o.ID)
	}
	for _, q := range d.books.w.Quotes {
		partners = append(partners, q.PartnerID)
		ids = append(ids, q.ID)
	}
	return sortUnique(partners), ids
}

// one decides one request. The order of the checks is part of the interface that partners rely on.
func (d *decision) one(s *State, w *waiter) Outcome {
	p := s.Partners[w.req.PartnerID]
	if p == nil || p.State != gift.Active {
		return d.unkept(w, &gift.Refusal{Reason: gift.MayNotSpend, Item: -1})
	}
	if w.req.Key != "" {
		if first, known := s.Keys[w.reads.key]; known {
			return d.replay(w, p, first)
		}
	} else if first := d.repeated(s, w, p); first != 0 {
		return d.unkept(w, &gift.Refusal{Reason: gift.Repeated, Item: -1, First: first.Ref(p.Sandbox)})
	}
	out := d.anew(s, w, p)
	d.render(w, &out)
	if w.req.Key != "" {
		d.books.keep(s, Answer{Key: w.reads.key, Request: w.reads.request, OrderID: out.OrderID, Body: out.Body, At: d.now})
	}
	return out
}

// anew decides what was not decided before.
func (d *decision) anew(s *State, w *waiter, p *Partner) Outcome {
	o := order{
		req: &w.req, named: w.reads.named, quote: w.quote, partner: p, offers: make([]*Offer, len(w.req.Items)), now: d.now, today: d.today,
	}
	if p.ClockAhead > 0 {
		o.today = gift.DayOf(d.now.Add(p.ClockAhead))
	}
	if refusal := o.check(s); refusal != nil {
		return Outcome{Refusal: refusal}
	}
	if w.req.Hold > 0 {
		return d.books.hold(&o, d.ids.Next())
	}
	return d.books.sell(s, &o, d.ids.Next(), w.reads.fingerprint)
}

// unkept answers a refusal that is not remembered under the request's key.
func (d *decision) unkept(w *waiter, r *gift.Refusal) Outcome {
	out := Outcome{Refusal: r}
	d.render(w, &out)
	return out
}

func (d *decision) replay(w *waiter, p *Partner, first Answer) Outcome {
	var ref gift.OrderRef
	if first.OrderID != 0 {
		ref = first.OrderID.Ref(p.Sandbox)
	}
	if first.Request != w.reads.request {
		return d.unkept(w, &gift.Refusal{Reason: gift.KeyReused, Item: -1, First: ref})
	}
	return Outcome{OrderID: first.OrderID, Ref: ref, Body: first.Body, Replayed: true}
}

// maxSkew is how far ahead of this node's clock an order may be and still count as just completed: another node's clock is
// ahead, or this one was set back.
const maxSkew = 24 * time.Hour

// repeated returns the order that an equal purchase completed within the partner's window before this one was asked for,
// or whose buyer could not be told of it; else 0.
func (d *decision) repeated(s *State, w *waiter, p *Partner) gift.ID {
	repeat := Repeat{w.req.PartnerID, w.reads.fingerprint}
	if !w.req.unmarked() {
		return 0
	}
	last := s.Repeats[repeat]
	window := time.Duration(p.DuplicateSec) * time.Second
	if last == 0 || window == 0 {
		return 0
	}
	if d.unsettled.has(repeat, last) {
		d.told = append(d.told, repeat)
		return last
	}
	if age := w.arrived.Sub(last.Time()); age >= window || age < -maxSkew {
		return 0
	}
	return last
}

func (d *decision) render(w *waiter, out *Outcome) {
	out.Body = []byte{}
	if w.req.Render != nil {
		out.Body = w.req.Render(*out)
	}
}
