package purchase

import (
	"context"
	"errors"

	"giftimbiz/internal/tracing"
)

// begin begins the span of a batch, if any purchase in it is traced. It is a step of the first of those, so that the trace of a lone
// purchase shows all of it, and is linked with the others: they are steps of other traces, and this one transaction is theirs too.
func (g *group) begin() tracing.Span {
	for _, w := range g.batch {
		if w.queued.On() {
			ctx, span := tracing.Start(w.caller, "purchase.batch")
			g.ctx = context.WithoutCancel(ctx)
			span.Number("purchase.lane", int64(g.lane))
			g.admit(g.batch)
			return span
		}
	}
	return tracing.Span{}
}

// admit ends the waiting of those who are in the batch from now on.
func (g *group) admit(batch []*waiter) {
	span := tracing.In(g.ctx)
	for _, w := range batch {
		if w.queued.On() {
			span.Link(w.caller)
			w.queued.Link(g.ctx)
			w.queued.End()
		}
	}
}

// kindOf names what kept a batch from being committed.
func kindOf(err error) string {
	switch {
	case errors.Is(err, ErrUnknown):
		return "unknown outcome"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	case errors.Is(err, ErrConflict):
		return "conflict"
	}
	return "fault"
}
