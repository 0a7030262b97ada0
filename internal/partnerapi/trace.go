package partnerapi

import "giftimbiz/internal/tracing"

// note says in the call's span, if it has one, who called and what the answer was.
func (c *call) note(code string) {
	span := tracing.In(c.r.Context())
	if !span.On() {
		return
	}
	span.Text("giftimbiz.code", code)
	if c.who != nil {
		span.Text("giftimbiz.partner", c.who.Partner.Name)
	}
}
