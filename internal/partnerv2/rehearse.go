package partnerv2

import (
	"errors"
	"strings"

	"giftimbiz/internal/rehearsal"
)

// rehearse lets a sandbox partner's call have the outcome that it asks for. A refusal of a purchase is left to the engine, as
// purchase.Request.Pretend.
func (c *call) rehearse(buys bool) error {
	if !c.partner.Sandbox {
		return nil
	}
	outcome, ok := rehearsal.Of(c.r, buys)
	if !ok {
		names := strings.Join(rehearsal.Names(), ", ")
		return wrongParameter(rehearsal.Header,
			"다음 중 하나여야 합니다(구매 거절은 주문과 견적에만): "+names+".",
			"want one of these, refusals of purchases on orders and quotes only: "+names+".")
	}
	switch outcome {
	case rehearsal.Unavailable:
		return unavailable
	case rehearsal.RateLimited:
		return rateLimited.retryAfter("1")
	case rehearsal.AnswerLost:
		c.w = rehearsal.Lost()
	}
	c.outcome = outcome
	err := c.stage.Wait(c.r.Context(), outcome)
	if errors.Is(err, rehearsal.ErrFull) {
		return rateLimited.retryAfter("1")
	}
	return err
}
