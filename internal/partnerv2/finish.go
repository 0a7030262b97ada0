package partnerv2

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"giftimbiz/internal/office"
	"giftimbiz/internal/rehearsal"
	"giftimbiz/internal/tracing"
)

// finish answers what was not a success, counts the call and logs it. A call that failed because its caller left is neither; it
// is answered all the same, for who has only ended its side of the connection still reads, and nothing sent would be a success.
func (c *call) finish(endpoint string, writes bool, err error) {
	left := err != nil && c.r.Context().Err() != nil
	if err != nil {
		p := problemOf(err, left, writes)
		c.refusal = &p
		p.send(c.w, c.id, c.lang)
	}
	if !left {
		c.note(endpoint, writes)
	}
	if c.outcome == rehearsal.AnswerLost {
		rehearsal.Cut()
	}
}

// problemOf tells in the words of the API what kept a call from success.
func problemOf(err error, left, writes bool) problem {
	var p problem
	switch {
	case errors.As(err, &p):
		return p
	case left && writes:
		return changeUnanswered
	case left:
		return unavailable
	}
	return storeFault(err)
}

// note counts a call and logs it.
func (c *call) note(endpoint string, writes bool) {
	took := c.Clock.Now().Sub(c.began)
	answered := office.Answered{
		Endpoint: endpoint, Code: office.Success, At: c.began, Took: took, Request: c.id,
		Partner: c.partner.ID, Sandbox: c.partner.Sandbox, Writes: writes,
	}
	if p := c.refusal; p != nil {
		answered.Code, answered.Said = p.code, func() string { return p.ko }
	}
	c.Observe(answered)
	span := tracing.In(c.r.Context())
	span.Text("giftimbiz.code", answered.Code)
	span.Text("giftimbiz.partner", c.partner.Name)
	c.log(endpoint, writes, took)
}

// log notes what changed something, what was refused, and what failed. Nothing of what was sent is in it.
func (c *call) log(endpoint string, writes bool, took time.Duration) {
	level := slog.LevelDebug
	switch p := c.refusal; {
	case p != nil && p.status >= http.StatusInternalServerError && p.cause != nil && !p.away():
		level = slog.LevelError
	case p != nil || writes:
		level = slog.LevelInfo
	}
	if !c.Logger.Enabled(c.r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("endpoint", endpoint), slog.Duration("took", took),
	}
	if c.partner.ID != 0 {
		attrs = append(attrs, slog.String("partner", c.partner.Name))
	}
	if p := c.refusal; p != nil {
		attrs = append(attrs, slog.String("problem", p.kind), slog.String("code", p.code), slog.Int("status", p.status))
		if p.cause != nil && !p.away() {
			attrs = append(attrs, slog.Any("error", p.cause))
		}
	}
	c.Logger.LogAttrs(c.r.Context(), level, "call", attrs...)
}
