// Package lending lends sandboxes to people who try the API on the documentation's pages: partners of a small pool, each with keys
// that work until the sandbox is lent again.
package lending

import (
	"context"
	"errors"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

// What is lent.
const (
	// Most is how many sandboxes there are at most; they are opened as they are asked for.
	Most = 100
	// KeptFor is how long a sandbox is nobody else's.
	KeptFor = 24 * time.Hour
	// Prefix begins the names of partners that are there to be lent: try-001, try-002, …
	Prefix = "try-"
	// Title is what people know them by.
	Title = "Docs sandbox"
	// Balance is the test money of each.
	Balance gift.Won = 1_000_000
)

// ErrNoneLeft says that all sandboxes are lent.
var ErrNoneLeft = errors.New("lending: no sandbox is left")

// Store is what lending needs of the database. Its methods are safe for concurrent use, also by other nodes.
type Store interface {
	// LendSandbox gives a sandbox of the pool the keys that newKeys makes for it, and notes that it is lent: one that was opened
	// for that or, when there are Most, the one that was lent longest ago, KeptFor or longer; then no other keys work any more,
	// and what its borrower had changed of it is as it was. ErrNoneLeft when there is none. Of any number of simultaneous calls
	// each gets another.
	LendSandbox(ctx context.Context, now time.Time, newKeys func(gift.Partner) credential.Keys) (gift.Partner, error)
	// RemoveEndpoints removes all endpoints of a partner.
	RemoveEndpoints(ctx context.Context, partnerID int64, now time.Time) error
	// ResetSandbox makes a sandbox partner forget what it did.
	ResetSandbox(ctx context.Context, partnerID int64, now time.Time) (orders int64, err error)
	// Endow books a sandbox's test money, once.
	Endow(ctx context.Context, partner string, amount gift.Won, now time.Time) error
}

// Keys makes keys and tokens; see credential.Authority.
type Keys interface {
	NewKeys(partner gift.Partner) (credential.Secrets, credential.Keys)
	Issue(partner gift.Partner, generation int64) string
	// Refresh lets this node know of what was stored before.
	Refresh(ctx context.Context) error
}

// Lender lends sandboxes. Its methods may be called from any goroutine.
type Lender struct {
	store Store
	keys  Keys
	clock clock.Clock
}

// New returns a lender. All arguments are needed.
func New(store Store, keys Keys, clk clock.Clock) *Lender {
	if store == nil || keys == nil || clk == nil {
		panic("lending: a lender needs a store, keys and a clock")
	}
	return &Lender{store, keys, clk}
}

// Loan is a sandbox that was lent.
type Loan struct {
	Partner gift.Partner
	credential.Secrets
	AccessToken string // for the first hour
}

// Lend lends a sandbox that nobody else has, empty and with test money; or ErrNoneLeft. This node knows it at once, the others
// within a moment. One that could not be emptied is nobody's until its time is over.
func (l *Lender) Lend(ctx context.Context) (Loan, error) {
	now := l.clock.Now()
	var loan Loan
	var generation int64
	p, err := l.store.LendSandbox(ctx, now, func(p gift.Partner) credential.Keys {
		secrets, keys := l.keys.NewKeys(p)
		loan.Secrets, generation = secrets, keys.ID
		return keys
	})
	if err != nil {
		return Loan{}, err
	}
	if err := l.empty(ctx, p, now); err != nil {
		return Loan{}, err
	}
	if err := l.keys.Refresh(ctx); err != nil {
		return Loan{}, err
	}
	loan.Partner, loan.AccessToken = p, l.keys.Issue(p, generation)
	return loan, nil
}

// empty comes after the keys were changed: whoever had them before does nothing more.
func (l *Lender) empty(ctx context.Context, p gift.Partner, now time.Time) error {
	if err := l.store.RemoveEndpoints(ctx, p.ID, now); err != nil {
		return err
	}
	if _, err := l.store.ResetSandbox(ctx, p.ID, now); err != nil {
		return err
	}
	return l.store.Endow(ctx, p.Name, Balance, now)
}
