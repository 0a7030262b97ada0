package purchase

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// longestPause is for how long, at most, a batch that lost a race gives way.
const longestPause = 64 * time.Millisecond

// group is what one transaction decides: all of a lane's batch, or one of it alone.
type group struct {
	ctx   context.Context // what the transaction is part of in traces; it never ends
	lane  int
	batch []*waiter
	since time.Time // when it was first tried
	// join returns more for the batch, which need nothing else than it does; nil = nobody may join.
	join func() []*waiter
}

// commit decides a lane's batch. An unexpected fault must hit only its culprit, so a faulty batch is tried again one by one.
func (e *Engine) commit(g *group) {
	span := g.begin()
	defer span.End()
	outs, err := e.transact(g)
	batch := g.batch
	span.Number("purchase.batch.size", int64(len(batch)))
	if err == nil {
		e.reply(batch, outs)
		return
	}
	span.Fail(kindOf(err))
	e.logFault(g.ctx, "purchase batch failed", "size", len(batch), err)
	if len(batch) == 1 || errors.Is(err, ErrUnknown) || errors.Is(err, ErrUnavailable) {
		for _, w := range batch {
			w.answer <- answer{err: err}
		}
		return
	}
	for i := range batch {
		outs, err := e.transact(&group{ctx: g.ctx, lane: g.lane, batch: batch[i : i+1]})
		if err == nil {
			e.reply(batch[i:i+1], outs)
			continue
		}
		e.logFault(batch[i].caller, "purchase failed", "partner", batch[i].req.PartnerID, err)
		batch[i].answer <- answer{err: err}
		if errors.Is(err, ErrUnknown) || errors.Is(err, ErrUnavailable) {
			e.giveUp(batch[i+1:])
			return
		}
	}
}

// giveUp answers purchases that were not tried alone, because the store went away meanwhile.
func (e *Engine) giveUp(batch []*waiter) {
	for _, w := range batch {
		w.answer <- answer{err: errors.Join(ErrNotJournalled, ErrUnavailable)}
	}
}

func (e *Engine) reply(batch []*waiter, outs []Outcome) {
	for i, w := range batch {
		w.answer <- answer{out: outs[i]}
	}
}

// transact decides a group. What lost a race, and what an unanswered COMMIT turned out not to have stored, is decided
// again, a few times.
func (e *Engine) transact(g *group) ([]Outcome, error) {
	ctx, cancel := context.WithTimeout(g.ctx, e.opt.Resolve)
	defer cancel()
	g.since = e.opt.Clock.Now()
	var err error
	for n, unanswered := 0, 0; n < maxAttempts && unanswered < maxUnanswered; n++ {
		if n > 0 {
			e.retries.Add(1)
			pause(ctx, rand.N(min(time.Millisecond<<n, longestPause)))
		}
		d := newDecision(g.batch, e.opt.Clock, e.opt.IDs, &e.unsettled)
		if err = e.attempt(ctx, g, d); err == nil {
			e.committed(d, g.since)
			return d.outs, nil
		}
		if errors.Is(err, ErrUnknown) {
			return nil, err
		}
		if !errors.Is(err, ErrConflict) {
			return nil, errors.Join(ErrNotJournalled, err)
		}
		if errors.As(err, new(*AmbiguousCommit)) {
			unanswered++
		}
	}
	return nil, errors.Join(ErrNotJournalled, ErrUnavailable, err)
}

// Retries returns how many transactions were begun again, because they had lost a race or their COMMIT was not answered and not stored.
func (e *Engine) Retries() int64 { return e.retries.Load() }

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// attempt is one transaction. When its COMMIT is not answered, it finds out what became of it: stored is success, not
// stored is a race lost, and if the store does not say either, ErrUnknown.
func (e *Engine) attempt(ctx context.Context, g *group, d *decision) error {
	ctx, cancel := context.WithTimeout(ctx, e.opt.Transaction)
	defer cancel()
	reads := readsOfBatch(d.batch, d.asked)
	reads.Lane, reads.Late = g.lane, func() Reads { return e.late(g, d) }
	err := e.opt.Store.Transact(ctx, reads, d.safely)
	var unanswered *AmbiguousCommit
	if !errors.As(err, &unanswered) {
		return err
	}
	stored, lookErr := e.resolve(g, d)
	switch {
	case lookErr != nil:
		e.unsettled.remember(d)
		return errors.Join(ErrUnknown, err, lookErr)
	case stored:
		return nil
	default:
		return fmt.Errorf("%w: not stored: %w", ErrConflict, err)
	}
}

// late lets more purchases into a batch that waited for its locks, or lost them, because another node had them, longer than it
// works under them. Else those would wait for the other node once more, and both for batches half as large.
func (e *Engine) late(g *group, d *decision) Reads {
	now := e.opt.Clock.Now()
	if g.join == nil || now.Sub(g.since) <= time.Duration(e.work.Load())/2 {
		return Reads{Now: now}
	}
	joined := g.join()
	if len(joined) > 0 {
		g.batch = append(g.batch, joined...)
		g.admit(joined)
		d.join(g.batch)
	}
	return readsOfBatch(joined, now)
}

func (e *Engine) committed(d *decision, began time.Time) {
	e.worked(e.opt.Clock.Now().Sub(d.now))
	for _, told := range d.told {
		e.unsettled.forget(told)
	}
	if e.opt.Observe != nil {
		e.opt.Observe(len(d.batch), e.opt.Clock.Now().Sub(began))
	}
	if e.opt.Sold != nil && len(d.books.w.Orders) > 0 {
		e.opt.Sold(d.books.w.Orders)
	}
	if e.opt.SoldOut != nil && len(d.soldOut) > 0 {
		e.opt.SoldOut(d.soldOut)
	}
}

// resolve asks until the store answers whether the decision's orders and quotes exist. A batch is stored as a whole or not at all.
func (e *Engine) resolve(g *group, d *decision) (bool, error) {
	partners, ids := d.written()
	if len(ids) == 0 {
		return false, nil // only refusals: deciding them again does no harm
	}
	// The transaction may have used up its time waiting for the answer: the question has time of its own.
	ctx, cancel := context.WithTimeout(g.ctx, e.opt.Resolve)
	defer cancel()
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		found, err := e.opt.Store.Committed(ctx, partners, ids)
		if err == nil {
			return found[ids[0]], nil
		}
		e.opt.Logger.WarnContext(ctx, "cannot read back an unanswered commit yet", "orders", len(ids), "error", err)
		pause(ctx, wait)
		if ctx.Err() != nil {
			return false, err
		}
	}
}
