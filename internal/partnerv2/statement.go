package partnerv2

import (
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// statementLine is something that happened on the account.
type statementLine struct {
	ID        string        `json:"id"` // of the transaction; too long a number for JavaScript
	Type      string        `json:"type"`
	Amount    gift.Won      `json:"amount"`  // positive = in
	Balance   gift.Won      `json:"balance"` // after it
	At        time.Time     `json:"at"`
	OrderID   gift.OrderRef `json:"order_id,omitempty"`
	Reference string        `json:"reference,omitempty"`
	Memo      string        `json:"memo,omitempty"`
}

func (c *call) statementLine(l office.StatementLine) statementLine {
	line := statementLine{
		ID: strconv.FormatInt(int64(l.ID), 10), Type: l.Kind, Amount: l.Amount, Balance: l.Balance, At: seoul(l.ID.Time()),
		Reference: l.Reference, Memo: l.Memo,
	}
	if l.OrderID != 0 {
		line.OrderID = l.OrderID.Ref(c.partner.Sandbox)
	}
	return line
}

type statementAnswer struct {
	Opening   gift.Won  `json:"opening"`   // before the days asked for
	Closing   gift.Won  `json:"closing"`   // after them
	Purchases gift.Won  `json:"purchases"` // spent in them
	Trail     trailHead `json:"trail"`     // at that moment
	page[statementLine]
}

// statement answers with what happened on the account in some days, the newest first. A sandbox partner's purchases are not
// there: they cost nothing.
func (c *call) statement() error {
	q := c.query()
	ask := office.StatementQuery{Partner: c.partner.Name}
	ask.From, ask.To = q.days()
	c.w.Header().Add("Vary", "Accept")
	if c.wantsCSV(q) {
		if err := q.close(); err != nil {
			return err
		}
		return c.statementCSV(ask)
	}
	limit := q.limit()
	ask.Limit, ask.Before = limit+1, c.before(q)
	if err := q.close(); err != nil {
		return err
	}
	s, err := c.Store.Statement(c.r.Context(), ask)
	if err != nil {
		return accountFault(err)
	}
	answer := statementAnswer{Opening: s.Opening, Closing: s.Closing, Purchases: s.Purchases, Trail: trailHeadOf(s.Trail)}
	if len(s.Lines) > limit {
		s.Lines = s.Lines[:limit]
		answer.Next = c.next(q, int64(s.Lines[limit-1].ID))
	}
	answer.Data = make([]statementLine, len(s.Lines))
	for i, l := range s.Lines {
		answer.Data[i] = c.statementLine(l)
	}
	return c.answer(http.StatusOK, answer)
}
