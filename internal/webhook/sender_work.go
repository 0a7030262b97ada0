package webhook

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"giftimbiz/internal/tracing"
)

// dispatch sends what may be sent; lanes take turns.
func (s *Sender) dispatch() {
	now := s.Clock.Now()
	for sent := true; sent; {
		sent = false
		for i := range s.turns {
			l := s.turns[(s.turn+i)%len(s.turns)]
			if l.maySend(now) && s.flying < mostAtOnce && (!l.suspect() || s.suspects < mostSuspects) {
				s.send(l)
				sent = true
			}
		}
		s.turn++
	}
}

func (s *Sender) send(l *lane) {
	d := l.ready[0]
	l.ready = l.ready[1:]
	suspect := l.suspect()
	if suspect {
		s.suspects++
	}
	l.flying++
	s.flying++
	address, sign := l.endpoint.URL, l.sign
	s.async(func() func() {
		ctx, span := s.Tracer.Continue(s.ctx, d.Event.Trace, "webhook.delivery")
		body := Body(&d.Event)
		a := s.post.post(ctx, address, body, func(h http.Header, at time.Time) error {
			if sign == nil {
				return ErrBadSecret
			}
			return sign.sign(h, d.Event.ID, at, body)
		})
		endDelivery(span, &d, a)
		return func() {
			l.flying--
			s.flying--
			if suspect {
				s.suspects--
			}
			s.sent(l, d, a)
		}
	})
}

// sent notes what came of an attempt. What was cut off by the end of this process was not tried.
func (s *Sender) sent(l *lane, d Delivery, a answer) {
	if s.cut || l.lost {
		delete(l.known, d.Event.ID)
		return
	}
	l.learn(a)
	d.Attempts++
	d.TriedAt, d.Took, d.Status, d.Failure, d.Answer = a.at, a.took, a.status, a.failure, a.text
	ended := a.at.Add(a.took)
	outcome := OutcomeDelivered
	d.State, d.DueAt = Delivered, ended
	if a.failure != "" {
		again := false
		if d.DueAt, again = nextAttempt(d.Attempts, ended); again {
			d.State, outcome = Waiting, OutcomeFailed
		} else {
			d.State, d.DueAt, outcome = Abandoned, ended, OutcomeAbandoned
		}
	}
	if a.status == http.StatusGone && !l.closed {
		s.gone = append(s.gone, l.endpoint.ID)
		l.close()
	}
	if s.Observe != nil {
		s.Observe(outcome, a.took)
	}
	s.Logger.Debug("event sent", "endpoint", d.EndpointID, "event", MessageID(d.Event.ID), "attempt", d.Attempts,
		"outcome", outcome, "status", a.status, "failure", a.failure)
	s.results = append(s.results, d)
}

// fetch reads for the next lane that wants it, one at a time.
func (s *Sender) fetch() {
	if s.fetching || s.pausing {
		return
	}
	now := s.Clock.Now()
	for i := range s.turns {
		l := s.turns[(s.turn+i)%len(s.turns)]
		if !l.wants(now) {
			continue
		}
		s.fetching, l.reads, l.hungry = true, true, false
		id, limit := l.endpoint.ID, len(l.known)+fetchedAtOnce
		s.async(func() func() {
			ctx, cancel := context.WithTimeout(s.ctx, storeTimeout)
			defer cancel()
			list, err := s.Store.DueDeliveries(ctx, id, now, limit)
			return func() {
				s.fetching = false
				if !s.asked(err) {
					l.hungry = true
				} else if !l.closed {
					l.add(list, limit)
				}
				l.hasRead()
			}
		})
		return
	}
}

// keep stores what has come back, one transaction after the other; what comes back meanwhile gathers for the next.
func (s *Sender) keep() {
	if s.keeping || !s.gathered || len(s.results) == 0 {
		return
	}
	batch := s.results[:min(len(s.results), keptAtOnce)]
	s.results = s.results[len(batch):]
	gone := s.gone
	s.gone = nil
	s.keeping, s.gathered = true, false
	s.async(func() func() {
		ctx, cancel := context.WithTimeout(s.ctx, storeTimeout)
		defer cancel()
		now := s.Clock.Now()
		failing, err := s.Store.KeepResults(ctx, s.holder, batch, now)
		var over []int64
		if err == nil {
			over, err = s.giveUp(ctx, failing, gone, now)
			if err != nil {
				s.Logger.Error("an endpoint could not be given up; it is tried again", "error", err)
				err = nil
			}
		}
		return func() { s.kept(batch, gone, over, err) }
	})
}

func (s *Sender) kept(batch []Delivery, gone, over []int64, err error) {
	s.keeping = false
	s.after(gather, func() { s.gathered = true })
	if !s.asked(err) {
		s.results, s.gone = slices.Concat(batch, s.results), slices.Concat(gone, s.gone)
		return
	}
	for i := range batch {
		if l := s.lanes[batch[i].EndpointID]; l != nil {
			l.forget(batch[i].Event.ID)
			l.hungry = l.hungry || batch[i].Event.OrderID != 0 // the next event of the order
		}
	}
	for _, id := range over {
		if l := s.lanes[id]; l != nil {
			l.close()
		}
	}
}

// giveUp switches off the endpoints that are gone and those that took nothing for too long, and returns the latter.
func (s *Sender) giveUp(ctx context.Context, failing map[int64]time.Time, gone []int64, now time.Time) (over []int64, err error) {
	for _, id := range gone {
		s.Logger.Warn("an endpoint is given up", "endpoint", id, "reason", Gone)
		err = errors.Join(err, s.Store.GiveUpEndpoint(ctx, s.holder, id, Gone, now))
	}
	for id, since := range failing {
		if now.Sub(since) < GiveUpAfter {
			continue
		}
		over = append(over, id)
		s.Logger.Warn("an endpoint is given up", "endpoint", id, "reason", Failing, "failing since", since)
		err = errors.Join(err, s.Store.GiveUpEndpoint(ctx, s.holder, id, Failing, now))
	}
	return over, err
}

// endDelivery ends the span of an attempt. The endpoint's address may hold a secret: its number says enough.
func endDelivery(span tracing.Span, d *Delivery, a answer) {
	span.Number("giftimbiz.endpoint", d.EndpointID)
	span.Text("giftimbiz.event", MessageID(d.Event.ID))
	span.Text("giftimbiz.event.type", string(d.Event.Type))
	span.Number("giftimbiz.attempt", d.Attempts+1)
	if a.status != 0 {
		span.Number("http.response.status_code", int64(a.status))
	}
	if a.failure != "" {
		span.Fail(a.failure)
	}
	span.End()
}
