package office

import (
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/trail"
)

// ErrUnanswered says that a change was sent to be stored, and that the database never said whether it was.
var ErrUnanswered = errors.New("the database did not answer: this may have been stored, or not")

// PartnerAccount is a partner with what the back office keeps about it.
type PartnerAccount struct {
	gift.Partner
	Balance   gift.Won
	CreatedAt time.Time
	LentAt    time.Time // of a sandbox that is lent to readers of the documentation: when it was last; zero = it is not
	Version   int64     // grows with each change of the partner or its keys
}

// PartnerQuery selects partners, by name.
type PartnerQuery struct {
	Search string            // part of a name or title, in any case; "" = all
	State  gift.PartnerState // 0 = any
	Below  gift.Won          // whose balance is less; 0 = any
	After  string            // names behind this one
	Limit  int
}

// KeyGeneration is a set of a partner's keys, of which nothing secret is known.
type KeyGeneration struct {
	CreatedAt time.Time
	ExpiresAt time.Time // zero: until it is rotated
}

// StatementQuery selects what happened on a partner's account, the newest first.
type StatementQuery struct {
	Partner  string
	From, To gift.Day // inclusive; 0 = open
	Before   gift.ID  // transactions before this one; 0 = from the newest
	Limit    int
}

// Statement is a page of what happened on an account, and what it had before and after the days asked for.
type Statement struct {
	Opening, Closing gift.Won
	Purchases        gift.Won // spent in these days; the rest of the difference came in otherwise
	Lines            []StatementLine
	Trail            trail.Head // that of the audit trail at that moment
}

// StatementLine is one entry of an account.
type StatementLine struct {
	ID        gift.ID // of the transaction; of the order, where Kind is PurchaseTransaction
	Kind      string  // as in the ledger; PurchaseTransaction for purchases
	OrderID   gift.ID // which the transaction is about; 0 = none
	Reference string
	Memo      string
	Amount    gift.Won // positive = in
	Balance   gift.Won // after it
}

// AdjustmentState says what became of an adjustment.
type AdjustmentState int16

// The states. Their values are stored.
const (
	Waiting AdjustmentState = 1 // for somebody else's approval
	Booked  AdjustmentState = 2
	Refused AdjustmentState = 3
)

// Adjustment is a change of a partner's balance that is neither a deposit nor a purchase. Those above a limit wait until a
// second person has approved them.
type Adjustment struct {
	ID        gift.ID
	Partner   string
	Amount    gift.Won // positive = credit
	Reason    string
	State     AdjustmentState
	AskedBy   Actor
	AskedAt   time.Time
	DecidedBy Actor // zero where nobody had to
	DecidedAt time.Time
	TxnID     gift.ID // 0 = not booked
	// Request tells a form sent twice from two adjustments: each works once.
	Request string
}

// What keeps an adjustment from being made.
var (
	ErrOwnRequest = errors.New("was asked for by the same operator; somebody else must approve it")
	ErrSentTwice  = errors.New("was sent before")
)

// ShortError says that a debit would leave less than nothing.
type ShortError struct{ Balance gift.Won }

// Error implements error.
func (e ShortError) Error() string { return fmt.Sprintf("the balance is only %d won", e.Balance) }

// AdjustmentLimitSetting names the setting above which amount an adjustment needs a second person: a number of won; 0 = all
// need one. DefaultAdjustmentLimit holds where it is not set.
const (
	AdjustmentLimitSetting = "adjustment_limit"
	DefaultAdjustmentLimit = gift.Won(1_000_000)
)
