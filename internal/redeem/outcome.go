package redeem

import (
	"errors"

	"giftimbiz/internal/gift"
)

// Outcomes of an attempt, for figures.
const (
	outcomeUsed   = "used"
	outcomeUndone = "undone"
	outcomeBusy   = "busy"
	outcomeError  = "error"
)

var outcomes = map[gift.Reason]string{
	gift.AlreadyUsed: "already_used", gift.Cancelled: "cancelled", gift.Lapsed: "lapsed", gift.WrongCode: "wrong_code",
	gift.SellerLocked: "locked", otherShop: "other_shop", tooLate: "too_late", notStanding: "not_standing",
}

// Outcomes returns all that Observe may be told.
func Outcomes() []string {
	all := []string{outcomeUsed, outcomeUndone, outcomeBusy, outcomeError}
	for _, outcome := range outcomes {
		all = append(all, outcome)
	}
	return all
}

func outcomeOf(refusal *gift.Refusal, err error) string {
	switch {
	case errors.Is(err, ErrBusy):
		return outcomeBusy
	case err != nil:
		return outcomeError
	case refusal == nil:
		return outcomeUsed
	default:
		return outcomes[refusal.Reason]
	}
}
