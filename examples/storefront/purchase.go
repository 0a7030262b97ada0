package main

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"giftimbiz/client"
)

// How a purchase goes, so that nobody pays for nothing and nobody gets anything twice, wherever power, network or program fail:
//
//  1. propose asks the API for a quote: price and stock are held for a minute. The order's row is written, with the reference and the
//     key that the purchase will have.
//  2. pay takes the customer's points and marks the row as pending, in one transaction. Only the first tap finds the row unpaid.
//  3. buy sends the purchase. The SDK repeats it under the same key until it knows what became of it.
//  4. What is known is written in one transaction: the vouchers, or the reason and the points back.
//  5. What is not known stays pending. reconcile asks for it by its reference: when the shop starts, and every minute. In the end it
//     closes the reference, after which nothing can be bought under it any more, and only then gives the points back.

// Reasons why an order failed, or was not offered.
const (
	soldOut      = "sold-out"
	heldByOthers = "held"        // everything that is left is held for others right now
	gone         = "gone"        // not on sale any more
	lapsed       = "lapsed"      // it was held no longer
	repriced     = "repriced"    // it costs something else now
	busy         = "busy"        // too much at once
	unavailable  = "unavailable" // nothing the customer can do about
	givenUp      = "given-up"    // nobody knows why; it was certainly not bought
)

const (
	buyWithin  = 25 * time.Second // then a purchase is left to reconcile
	endWithin  = 5 * time.Second  // the same, when the shop is told to stop
	showWithin = 6 * time.Second  // then the customer is shown that it is being confirmed
	leastHold  = 20 * time.Second // an offer that is held for less is made anew
)

// reasonOf tells why the API does not sell.
func reasonOf(err error) string {
	var refusal *client.Error
	switch {
	case errors.As(err, &refusal) && refusal.Type == "held":
		return heldByOthers
	case errors.Is(err, client.ErrSoldOut):
		return soldOut
	case errors.Is(err, client.ErrOfferUnknown), errors.Is(err, client.ErrExpired), errors.Is(err, client.ErrOncePerPartner),
		errors.Is(err, client.ErrCouponTaken):
		return gone
	case errors.Is(err, client.ErrQuoteExpired):
		return lapsed
	case errors.Is(err, client.ErrPriceChanged):
		return repriced
	case errors.Is(err, client.ErrTooManyRequests), errors.Is(err, client.ErrTooManyQuotes):
		return busy
	case errors.Is(err, client.ErrReferenceClosed):
		return givenUp
	}
	return unavailable
}

// tellOwner logs what keeps the shop from selling and what only its owner can change: the balance above all.
func (s *shop) tellOwner(what string, err error) {
	var refusal *client.Error
	switch {
	case errors.Is(err, client.ErrBalanceLow) && errors.As(err, &refusal):
		s.log.Error("the prepaid balance is too low: nothing can be sold until it is topped up", "balance", refusal.Balance, "while", what)
	case reasonOf(err) == unavailable:
		s.log.Error("cannot sell", "while", what, "err", err)
	default:
		s.log.Info("not sold", "while", what, "err", err)
	}
}

// propose holds something for a customer and stores the order that paying will make of it. seen is the price that the customer saw. On
// error there is no order; reasonOf tells why.
func (s *shop) propose(ctx context.Context, u *user, it *item, seen int64) (*order, error) {
	now := time.Now()
	if o, err := s.store.openOffer(ctx, u.ID, it.Kind, it.ID, now.Add(leastHold)); err != nil || o != nil {
		return o, err // a second tap
	}
	s.letGo(ctx, u)
	o := &order{
		Reference: "shop-" + rand.Text(), Key: rand.Text(), UserID: u.ID, Kind: it.Kind, OfferID: it.ID, Name: it.Name, Place: it.Place.Name,
		ImageURL: it.ImageURL, Seen: seen, Price: it.Price, CreatedAt: now, State: offered,
	}
	if err := s.hold(ctx, o); err != nil {
		return nil, err
	}
	return o, s.store.offer(ctx, o)
}

// hold has the API hold an order's item, and notes what it costs then.
func (s *shop) hold(ctx context.Context, o *order) error {
	now := time.Now()
	o.QuoteID, o.HeldUntil = "", now
	quote, err := s.api.Quote(ctx, []client.Item{{OfferID: o.OfferID, Quantity: 1}})
	switch {
	case err == nil:
		o.QuoteID, o.Price = quote.ID, quote.Total
		// Not ExpiresAt itself: this machine's clock may be wrong.
		o.HeldUntil = now.Add(quote.ExpiresAt.Sub(quote.CreatedAt))
	case errors.Is(err, client.ErrTooManyQuotes):
		// Many customers are about to pay. Nothing is held for this one, so that the price may still turn.
	default:
		return err
	}
	return nil
}

// holdAnew holds what an order offers once more, since its time was over. The order stays the same one, so that of many taps one buys,
// and only the first asks for a quote.
func (s *shop) holdAnew(ctx context.Context, lapsed *order) error {
	lock := s.hook.lock(lapsed.Reference)
	lock.Lock()
	defer lock.Unlock()
	o, err := s.store.order(ctx, lapsed.UserID, lapsed.Reference)
	if err != nil || o == nil || !o.lapsed() {
		return err
	}
	before := o.QuoteID
	o.Seen = o.Price
	if err := s.hold(ctx, o); err != nil {
		return err
	}
	return s.store.renew(ctx, o, before)
}

// letGo releases what is held for a customer, who looks at something else now: others may want it.
func (s *shop) letGo(ctx context.Context, u *user) {
	held, err := s.store.offeredTo(ctx, u.ID, time.Now())
	if err != nil {
		s.log.Error("read what is held", "err", err)
	}
	for _, o := range held {
		s.release(ctx, o)
	}
}

// release takes an offer back and lets go of what it holds.
func (s *shop) release(ctx context.Context, o *order) {
	was, err := s.store.withdraw(ctx, o.Reference)
	if err == nil && was && o.QuoteID != "" {
		err = s.api.ReleaseQuote(ctx, o.QuoteID)
	}
	if err != nil {
		s.log.Warn("an offer is held until its time is over", "err", err)
	}
}

// pay takes the points and buys. It returns when the outcome is known, or after a while in which it is not; the purchase goes on
// then, and if the customer leaves. Of many taps one buys. errPoints: the customer has too few.
func (s *shop) pay(ctx context.Context, o *order) error {
	paid, err := s.store.charge(ctx, o, time.Now())
	if err != nil || !paid {
		return err
	}
	known := make(chan struct{})
	s.inBackground(func(ctx context.Context) {
		defer close(known)
		s.buy(context.WithoutCancel(ctx), o)
	})
	select {
	case <-known:
	case <-ctx.Done():
	case <-time.After(s.showWithin):
	}
	return nil
}

// buy sends the purchase of an order that was paid with points.
func (s *shop) buy(ctx context.Context, o *order) {
	ctx, cancel := context.WithTimeout(ctx, buyWithin)
	defer cancel()
	defer context.AfterFunc(s.ended, func() { time.AfterFunc(endWithin, cancel) })()
	p := client.PurchaseRequest{Reference: o.Reference, Key: o.Key, QuoteID: o.QuoteID}
	if o.QuoteID == "" {
		p.Items, p.Total = []client.Item{{OfferID: o.OfferID, Quantity: 1}}, o.Price
	}
	sold, err := s.api.Purchase(ctx, p)
	if errors.Is(err, client.ErrReferenceUsed) { // there is an order, of another key
		if err := s.clear(ctx, o); err != nil {
			s.leave(o, err)
		}
		return
	}
	if unknown, ok := errors.AsType[*client.UnknownOutcomeError](err); ok {
		s.leave(o, unknown.Err)
		return
	}
	if err != nil {
		s.tellOwner("purchase", err)
		s.catalogue.wake()
	}
	s.settle(context.WithoutCancel(ctx), o, sold, reasonOf(err))
}

// leave leaves a purchase to reconcile.
func (s *shop) leave(o *order, err error) {
	s.log.Warn("it is not known yet whether an order was made; it is asked for again", "reference", o.Reference, "err", err)
}

// settle writes down what became of a purchase: sold is nil when it certainly did not happen.
func (s *shop) settle(ctx context.Context, o *order, sold *client.Order, reason string) {
	var err error
	if sold != nil {
		_, err = s.store.sold(ctx, sold)
	} else {
		err = s.store.fail(ctx, o, reason)
	}
	if err != nil {
		s.log.Error("write down an outcome; it is asked for again", "reference", o.Reference, "err", err)
	}
	s.live.tell(o.UserID)
}

// atATime is how many unclear purchases are looked into in one go.
const atATime = 100

// reconcileForever looks into purchases whose outcome is not known: those that an earlier run left, too.
func (s *shop) reconcileForever(ctx context.Context) {
	for {
		if err := errors.Join(s.reconcile(ctx), s.store.tidy(ctx, time.Now())); err != nil && ctx.Err() == nil {
			s.log.Error("look into unclear purchases", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.cfg.CheckEvery):
		}
	}
}

func (s *shop) reconcile(ctx context.Context) error {
	unclear, err := s.store.unclear(ctx, atATime)
	for _, o := range unclear {
		err1 := s.clear(ctx, o)
		err = errors.Join(err, err1)
		if _, answered := errors.AsType[*client.Error](err1); err1 != nil && !answered {
			break // nobody answers: nor would they for the others
		}
	}
	return err
}

// clear finds out what became of a purchase. One that nobody has heard of may still be on its way, so that it is called off only
// after a time in which no request lives. A later one is refused from then on.
func (s *shop) clear(ctx context.Context, o *order) error {
	sold, err := s.api.Resolve(ctx, o.Reference)
	if errors.Is(err, client.ErrNotFound) {
		if time.Since(o.PaidAt) < s.cfg.GiveUpAfter {
			return nil
		}
		sold, err = s.api.Abandon(ctx, o.Reference)
	}
	if errors.Is(err, client.ErrReferenceClosed) {
		sold, err = nil, nil
	}
	if err == nil {
		s.settle(ctx, o, sold, givenUp)
	}
	return err
}

// cancel gives the unused star coupons of an order back, and with them the points.
func (s *shop) cancel(ctx context.Context, o *order) error {
	return s.hook.update(ctx, "", o.OrderID, nil, func(ctx context.Context) (*client.Order, error) {
		return s.api.CancelOrder(ctx, o.OrderID, nil)
	})
}
