package partnerapi

import (
	"time"

	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
)

// Answered is what Observe is told of an answer.
type Answered = office.Answered

func (c *call) answered(code string, took time.Duration, f *failure) Answered {
	a := Answered{Endpoint: c.endpoint.name, Code: code, At: c.began, Took: took, Request: c.id, Writes: c.endpoint.writes}
	if f != nil {
		a.Said = func() string { return f.in(locale.Korean, f.args...) }
	}
	if c.who != nil {
		a.Partner, a.Sandbox = c.who.Partner.ID, c.who.Partner.Sandbox
	} else if f != nil {
		a.Claimed = c.in.get("partner_id")
	}
	return a
}
