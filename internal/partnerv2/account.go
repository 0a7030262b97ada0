package partnerv2

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// accountStore keeps what a partner may see and change of itself.
type accountStore interface {
	// Partner returns a partner with its balance.
	Partner(ctx context.Context, name string) (office.PartnerAccount, error)
	// SetLowBalance sets what a partner's balance must fall below to be told of; gift.ErrWithdrawn: it left.
	SetLowBalance(ctx context.Context, name string, threshold gift.Won, now time.Time) error
	// Statement returns a page of what happened on an account, the newest first.
	Statement(ctx context.Context, q office.StatementQuery) (office.Statement, error)
	// IssueReceipt returns the receipt of a statement, and issues it the first time; office.ErrNotClosed: its days are not over.
	IssueReceipt(ctx context.Context, partner string, from, to gift.Day, now time.Time) (office.Receipt, error)
	// Receipt returns the receipt of a month, if one was issued (office.ErrNotFound).
	Receipt(ctx context.Context, partner string, from gift.Day) (office.Receipt, error)
	// TrailPart returns a part of the audit trail's chain; office.ErrNotFound: it has not so many lines.
	TrailPart(ctx context.Context, after int64, limit int) (office.TrailPart, error)
	// KeyGenerations returns a partner's last keys, the newest first: all that work are among them.
	KeyGenerations(ctx context.Context, partnerID int64) ([]office.KeyGeneration, error)
	// RotateOwnKeys stores new keys for a partner that signed in under a generation. credential.ErrEnded: that works no longer;
	// credential.ErrTooMany: as many work as may.
	RotateOwnKeys(ctx context.Context, partnerID, generation int64, keys credential.Keys, graceEnd time.Time) error
}

func accountRoutes() []route {
	return []route{
		{method: http.MethodGet, pattern: "balance", serve: (*call).balance},
		{method: http.MethodPatch, pattern: "balance", serve: (*call).changeBalance},
		{method: http.MethodGet, pattern: "statement", serve: (*call).statement},
		{method: http.MethodPost, pattern: "statement/receipts", serve: (*call).createReceipt},
		{method: http.MethodGet, pattern: "statement/receipts/{month}", serve: (*call).receipt},
		{method: http.MethodGet, pattern: "trail", serve: (*call).trail},
		{method: http.MethodGet, pattern: "keys", serve: (*call).keys},
		{method: http.MethodPost, pattern: "keys/rotate", serve: (*call).rotateKeys},
	}
}

// changing is the context of changes that the partner makes: the audit trail names it.
func (c *call) changing() context.Context {
	return office.As(c.r.Context(), office.PartnerActor(c.partner.Name, c.address().String()))
}

// seoul is a time as answers have it.
func seoul(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(gift.Seoul)
}

// currency is that of all amounts.
const currency = "KRW"

type balanceAnswer struct {
	Balance   gift.Won `json:"balance"`
	Threshold gift.Won `json:"low_balance_threshold"` // falling below it is an event; 0 = never
	Currency  string   `json:"currency"`
}

// balance answers with what is left of the prepaid money.
func (c *call) balance() error {
	if err := c.query().close(); err != nil {
		return err
	}
	return c.answerBalance()
}

func (c *call) answerBalance() error {
	p, err := c.Store.Partner(c.r.Context(), c.partner.Name)
	if err != nil {
		return accountFault(err)
	}
	return c.answer(http.StatusOK, balanceAnswer{Balance: p.Balance, Threshold: p.LowBalance, Currency: currency})
}

// changeBalance sets below which balance the partner is told.
func (c *call) changeBalance() error {
	var body struct {
		Threshold *gift.Won `json:"low_balance_threshold"`
	}
	if err := errors.Join(c.query().close(), c.neededBody(&body)); err != nil {
		return err
	}
	most := strconv.FormatInt(int64(gift.MaxLowBalance), 10)
	if body.Threshold == nil || *body.Threshold < 0 || *body.Threshold > gift.MaxLowBalance {
		return wrongMember("low_balance_threshold", "0부터 "+most+"까지의 금액이어야 합니다. 0이면 알리지 않습니다.",
			"want an amount from 0 to "+most+"; 0 = never told.")
	}
	if err := c.Store.SetLowBalance(c.changing(), c.partner.Name, *body.Threshold, c.Clock.Now()); err != nil {
		return accountFault(err)
	}
	return c.answerBalance()
}

// only reads the body of a call that has no parameters.
func (c *call) only(into any) error {
	if err := c.query().close(); err != nil {
		return err
	}
	return c.body(into)
}
