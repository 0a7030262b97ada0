package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"giftimbiz/client"
)

// doBuy holds an item and shows what it costs.
func (s *shop) doBuy(v *visit) error {
	it, reason := v.Shelf.find(itemKey(v))
	switch {
	case it == nil:
		v.Status = http.StatusConflict
		return s.showGone(v)
	case reason != "":
		return s.showRefused(v, it, reason)
	}
	if err := v.welcome(); err != nil {
		return err
	}
	seen := number(v.r.PostFormValue("seen"))
	if seen == 0 {
		seen = it.Price
	}
	o, err := s.propose(v.r.Context(), v.User, it, seen)
	if err != nil {
		return s.refuse(v, it, err)
	}
	return v.goTo("/orders/" + o.Reference)
}

// refuse says why an item cannot be offered: the customer as much as is of use there, the owner everything.
func (s *shop) refuse(v *visit, it *item, err error) error {
	if v.r.Context().Err() != nil {
		return err // the customer is gone
	}
	s.tellOwner("quote", err)
	s.catalogue.wake()
	return s.showRefused(v, it, reasonOf(err))
}

// showRefused shows why an item is not sold, and others like it.
func (s *shop) showRefused(v *visit, it *item, reason string) error {
	v.Status, v.Tab = http.StatusConflict, tabOf(it.Kind)
	if reason == unavailable || reason == busy {
		v.Status = http.StatusServiceUnavailable
	}
	return v.show("item", it.Name, itemPage{It: it, Reason: reason, Similar: v.Shelf.similar(it, onHome)})
}

// orderPage shows an order in whatever state it is.
type orderPage struct {
	*order
	SecondsLeft int       // that the price is held
	After       int64     // the points that are left after paying
	Tickets     []*ticket // what was bought
	Similar     []*item   // of an order that failed
	OnSale      bool      // what failed can be bought anew
	Uncancelled bool      // cancelling was refused just now
}

// ticket is a voucher with what it takes to use it, as long as it can be used.
type ticket struct {
	voucher
	Line        int
	Number      string
	URL         string
	Cancellable bool
	Unreached   bool // the API does not answer
}

// ours returns the customer's own order that the address names.
func (s *shop) ours(v *visit) (*order, error) {
	if v.User.ID == 0 {
		return nil, errNowhere
	}
	o, err := s.store.order(v.r.Context(), v.User.ID, v.r.PathValue("reference"))
	if err == nil && o == nil {
		err = errNowhere
	}
	return o, err
}

func (s *shop) showOrder(v *visit) error {
	o, err := s.ours(v)
	if err != nil {
		return err
	}
	return s.showOrderPage(v, &orderPage{order: o})
}

func (s *shop) showOrderPage(v *visit, p *orderPage) error {
	v.Live, v.Tab = true, "mine"
	switch p.State {
	case offered:
		v.Tab = tabOf(p.Kind)
		p.SecondsLeft = max(0, int(time.Until(p.HeldUntil).Seconds()))
		p.After = v.User.Points - p.Price
	case done:
		if err := s.addTickets(v.r.Context(), p); err != nil {
			return err
		}
	case failed:
		it, reason := v.Shelf.find(key{p.Kind, p.OfferID})
		p.OnSale = reason == "" && p.Reason != soldOut
		if it == nil {
			it = &item{Kind: p.Kind, ID: p.OfferID, Name: p.Name, Price: p.Price}
		}
		p.Similar = v.Shelf.similar(it, onHome)
		if len(p.Similar) == 0 {
			p.Similar = distinct(v.Shelf.list(p.Kind, popular, nil), onHome)
		}
	}
	return v.show("order", p.Name, p)
}

// cancelWithin is how long the API takes star coupons back.
const cancelWithin = 7 * 24 * time.Hour

// addTickets asks the API for what it takes to use the vouchers of an order: the shop does not keep it.
func (s *shop) addTickets(ctx context.Context, p *orderPage) error {
	for i, known := range p.Vouchers {
		t := &ticket{voucher: known, Line: i}
		p.Tickets = append(p.Tickets, t)
		if t.Looks() != string(client.VoucherUsable) {
			continue
		}
		t.Cancellable = p.Kind == client.Star && s.catalogue.apiNow().Sub(p.OrderedAt) < cancelWithin
		now, err := s.api.Voucher(ctx, t.ID)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.log.Warn("a voucher cannot be shown", "err", err)
			t.Unreached = true
		case now.State != t.State:
			return s.catchUp(ctx, p)
		default:
			t.Number, t.URL = now.Number, now.VoucherURL
		}
	}
	return nil
}

// catchUp brings an order up to date of which a webhook is late, and shows it so.
func (s *shop) catchUp(ctx context.Context, p *orderPage) error {
	err := s.hook.ask(ctx, "", p.OrderID, nil)
	if err != nil {
		return err
	}
	if p.order, err = s.store.order(ctx, p.UserID, p.Reference); err != nil {
		return err
	}
	p.Tickets = nil
	for i, known := range p.Vouchers {
		p.Tickets = append(p.Tickets, &ticket{voucher: known, Line: i})
	}
	return nil
}

// showCode shows the bar code or QR of a voucher to its owner.
func (s *shop) showCode(v *visit) error {
	o, err := s.ours(v)
	if err != nil {
		return err
	}
	line, err := strconv.Atoi(v.r.PathValue("line"))
	if err != nil || line < 0 || line >= len(o.Vouchers) {
		return errNowhere
	}
	now, err := s.api.Voucher(v.r.Context(), o.Vouchers[line].ID)
	if err != nil {
		return err
	}
	address := now.BarcodeURL
	if now.Kind == client.Star {
		address = now.QRURL
	}
	path := pathOf(address)
	if path == "" {
		return errNowhere
	}
	pic, err := s.pictures.fetch(v.r.Context(), path)
	if err != nil {
		return err
	}
	v.w.Header().Set("Cache-Control", "no-store")
	pic.write(v.w)
	return nil
}

// doPay buys what is offered. If the hold is over, it is made anew first: at the same price the purchase goes on, at another one the
// customer is asked.
func (s *shop) doPay(v *visit) error {
	o, err := s.ours(v)
	if err != nil {
		return err
	}
	if o.lapsed() {
		if err := s.holdAnew(v.r.Context(), o); err != nil {
			return s.refuse(v, v.itemOf(o), err)
		}
		agreed := o.Price
		if o, err = s.ours(v); err != nil {
			return err
		}
		if o.Price != agreed {
			return v.goTo("/orders/" + o.Reference)
		}
	}
	err = s.pay(v.r.Context(), o)
	if errors.Is(err, errPoints) {
		v.Status = http.StatusConflict
		return s.showOrderPage(v, &orderPage{order: o})
	}
	if err != nil {
		return err
	}
	if o, err = s.ours(v); err != nil {
		return err
	}
	if o.State == failed && (o.Reason == repriced || o.Reason == lapsed) {
		return s.proposeAgain(v, o)
	}
	return v.goTo("/orders/" + o.Reference)
}

// proposeAgain offers what was not bought at what it costs now.
func (s *shop) proposeAgain(v *visit, before *order) error {
	it := v.itemOf(before)
	o, err := s.propose(v.r.Context(), v.User, it, before.Price)
	if err != nil {
		return s.refuse(v, it, err)
	}
	return v.goTo("/orders/" + o.Reference)
}

// itemOf returns what an order is about, as it is on the shelf, or as it was when it was offered.
func (v *visit) itemOf(o *order) *item {
	if it := v.Shelf.items[key{o.Kind, o.OfferID}]; it != nil {
		return it
	}
	return &item{
		Kind: o.Kind, ID: o.OfferID, Name: o.Name, Place: client.Named{Name: o.Place}, ImageURL: o.ImageURL, Price: o.Price,
	}
}

// doRelease lets go of what is held: the customer thought better of it.
func (s *shop) doRelease(v *visit) error {
	o, err := s.ours(v)
	if err != nil {
		return err
	}
	if o.State != offered {
		return v.goTo("/orders/" + o.Reference)
	}
	s.release(v.r.Context(), o)
	return v.goTo("/item/" + string(o.Kind) + "/" + strconv.FormatInt(o.OfferID, 10))
}

// doCancel gives star coupons back.
func (s *shop) doCancel(v *visit) error {
	o, err := s.ours(v)
	if err != nil {
		return err
	}
	if o.State != done {
		return v.goTo("/orders/" + o.Reference)
	}
	if err := s.cancel(v.r.Context(), o); err != nil {
		s.log.Warn("an order was not cancelled", "err", err)
		v.Status = http.StatusConflict
		return s.showOrderPage(v, &orderPage{order: o, Uncancelled: true})
	}
	return v.goTo("/orders/" + o.Reference)
}

// mine is what a customer bought.
type mine struct {
	Usable, Past []*order
	Notices      []notice
}

const noticesShown = 8

func (s *shop) showMine(v *visit) error {
	v.Live, v.Tab = true, "mine"
	m := mine{}
	if v.User.ID != 0 {
		orders, err1 := s.store.bought(v.r.Context(), v.User.ID)
		notices, err2 := s.store.notices(v.r.Context(), v.User.ID, noticesShown)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		m.Notices = notices
		for _, o := range orders {
			if o.usable() {
				m.Usable = append(m.Usable, o)
			} else {
				m.Past = append(m.Past, o)
			}
		}
	}
	return v.show("mine", v.T("mine"), m)
}

// usable tells whether something of an order can be used, or may be soon.
func (o *order) usable() bool {
	for _, v := range o.Vouchers {
		if v.State == client.VoucherUsable && !v.Withdrawn {
			return true
		}
	}
	return o.State == pending
}

// Looks is the state of an order in a list: usable, used, cancelled, expired, withdrawn, pending or failed.
func (o *order) Looks() string {
	if o.State != done || len(o.Vouchers) == 0 {
		return o.State
	}
	return o.Vouchers[0].Looks()
}

// Looks is the state of a voucher as customers see it.
func (v *voucher) Looks() string {
	if v.Withdrawn && v.State == client.VoucherUsable {
		return noticeWithdrawn
	}
	return string(v.State)
}

// showLive tells a customer's open pages when something changed.
func (s *shop) showLive(v *visit) error {
	if v.User.ID == 0 {
		v.w.WriteHeader(http.StatusNoContent) // there is nothing to tell: the browser does not come again
		return nil
	}
	s.live.stream(v.w, v.r, v.User.ID, func(ctx context.Context) (int64, error) { return s.store.version(ctx, v.User.ID) })
	return nil
}
