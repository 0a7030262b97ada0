package partnerapi

import (
	"errors"
	"net/http"
	"strings"

	"giftimbiz/internal/rehearsal"
)

// rehearse lets a sandbox partner's call have the outcome that it asks for. A refusal of a purchase is left to the engine, an
// answer that is to be lost to the end of the call.
func (c *call) rehearse() error {
	if !c.who.Partner.Sandbox {
		return nil
	}
	outcome, ok := rehearsal.Of(c.r, c.endpoint.buys)
	if !ok {
		return refuse(unknownOutcome, "names", strings.Join(rehearsal.Names(), ", "))
	}
	c.outcome = outcome
	switch outcome {
	case rehearsal.Unavailable:
		return &failure{reply: notReadable, status: http.StatusServiceUnavailable, retryAfter: "1", expected: true}
	case rehearsal.RateLimited:
		return tooMany()
	}
	err := c.stage.Wait(c.r.Context(), outcome)
	if errors.Is(err, rehearsal.ErrFull) {
		return tooMany()
	}
	return err
}

func tooMany() *failure { return overLimit(overTheLimit, "1") }
