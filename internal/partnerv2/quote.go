package partnerv2

import (
	"context"
	"errors"
	"net/http"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// quoteStore is what quotes need; they are made by the purchase engine.
type quoteStore interface {
	// Quote returns a partner's quote; nil when it has none of that number (any more).
	Quote(ctx context.Context, partnerID int64, id gift.ID) (*gift.Quote, error)
	// ReleaseQuote ends what an open quote holds and returns it; used or lapsed ones stay as they are.
	ReleaseQuote(ctx context.Context, partnerID int64, id gift.ID) (*gift.Quote, error)
}

func quoteRoutes() []route {
	return []route{
		{method: http.MethodPost, pattern: "quotes", serve: (*call).makeQuote, buys: true},
		{method: http.MethodGet, pattern: "quotes/{id}", serve: (*call).quote},
		{method: http.MethodDelete, pattern: "quotes/{id}", serve: (*call).releaseQuote},
	}
}

// quoteAnswer is a quote as it is shown.
type quoteAnswer struct {
	ID        string            `json:"id"`
	State     string            `json:"state"`
	Items     []quoteItemAnswer `json:"items"`
	Total     gift.Won          `json:"total"`
	CreatedAt time.Time         `json:"created_at"`
	ExpiresAt time.Time         `json:"expires_at"`
	OrderID   gift.OrderRef     `json:"order_id,omitempty"`
}

type quoteItemAnswer struct {
	OfferID   int64    `json:"offer_id"`
	Quantity  int64    `json:"quantity"`
	UnitPrice gift.Won `json:"unit_price"`
}

// quoteAnswer shows a quote as it is now: quotes hold by everybody's clock, also those of partners who moved theirs.
func (c *call) quoteAnswer(q *gift.Quote) *quoteAnswer {
	a := &quoteAnswer{
		ID: quoteName(q.ID), State: "open", Items: make([]quoteItemAnswer, len(q.Items)), Total: q.Total,
		CreatedAt: seoul(q.ID.Time()), ExpiresAt: seoul(q.ExpiresAt),
	}
	for i, item := range q.Items {
		a.Items[i] = quoteItemAnswer{item.OfferID, item.Units, item.Price}
	}
	switch {
	case q.State == gift.QuoteBought:
		a.State, a.OrderID = "used", q.OrderID.Ref(q.Sandbox)
	case q.State == gift.QuoteReleased:
		a.State = "released"
	case q.Lapsed(c.Clock.Now()):
		a.State = "expired"
	}
	return a
}

// What is said of quotes that cannot be made.
var (
	quotesBusy = ordersBusy.saying(
		"주문이 밀려 이 요청은 처리하지 않았습니다. 잠시 후 다시 하십시오.",
		"Too many orders are waiting, so nothing was done. Try again in a moment.",
	)
	quoteUnknown = outcomeUnknown.saying(
		"견적이 만들어졌는지 확인하지 못했습니다. 만들어졌더라도 1분 뒤에 끝납니다. 다시 받으십시오.",
		"It is not known whether the quote was made. If it was, it ends after a minute: ask for another.",
	)
)

// makeQuote holds prices and units (POST /quotes).
func (c *call) makeQuote() error {
	lines, err := c.wanted()
	if err != nil {
		return err
	}
	kind, err := c.kindOf(lines)
	if err != nil {
		return err
	}
	out, err := c.Buyer.Buy(c.r.Context(), purchase.Request{
		PartnerID: c.partner.ID, Kind: kind, Items: unitsOf(lines), AnyName: true, Hold: gift.HoldFor,
		Pretend: c.outcome.Refusal(),
	})
	switch {
	case err != nil:
		return quoteFault(err)
	case out.Refusal != nil:
		return refusalProblem(out.Refusal, lines)
	}
	c.w.Header().Set("Location", Root+"quotes/"+quoteName(out.Quote.ID))
	return c.answer(http.StatusCreated, c.quoteAnswer(out.Quote))
}

// wanted reads what a quote is asked for.
func (c *call) wanted() ([]orderLine, error) {
	var body struct {
		Items []itemBody `json:"items"`
	}
	if err := errors.Join(c.query().close(), c.neededBody(&body)); err != nil {
		return nil, err
	}
	lines := make([]orderLine, len(body.Items))
	for i, item := range body.Items {
		lines[i] = item.line()
	}
	return lines, checkLines(lines)
}

// quoteFault tells a caller whose quote has no outcome what that means for it.
func quoteFault(err error) error {
	switch {
	case errors.Is(err, purchase.ErrBusy), errors.Is(err, purchase.ErrStopped):
		return quotesBusy
	case errors.Is(err, purchase.ErrUnknown):
		return quoteUnknown.because(err)
	}
	return unavailable.because(err)
}

// ownQuote finds the partner's quote that the path names.
func (c *call) ownQuote(find func(context.Context, int64, gift.ID) (*gift.Quote, error)) (*gift.Quote, error) {
	if err := c.query().close(); err != nil {
		return nil, err
	}
	id, ok := parseQuote(c.r.PathValue("id"))
	if !ok {
		return nil, noQuote
	}
	q, err := find(c.r.Context(), c.partner.ID, id)
	if err != nil {
		return nil, accountFault(err)
	}
	if q == nil {
		return nil, noQuote
	}
	return q, nil
}

// noQuote says that the partner has no such quote.
var noQuote = refusalProblem(&gift.Refusal{Reason: gift.QuoteUnknown, Item: -1}, nil)

// quote shows a quote.
func (c *call) quote() error {
	q, err := c.ownQuote(c.Store.Quote)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, c.quoteAnswer(q))
}

// releaseQuote ends what a quote holds. One that lapsed, or was released before, holds nothing.
func (c *call) releaseQuote() error {
	q, err := c.ownQuote(c.Store.ReleaseQuote)
	if err != nil {
		return err
	}
	if q.State == gift.QuoteBought {
		return refusalProblem(&gift.Refusal{Reason: gift.QuoteUsed, Item: -1, First: q.OrderID.Ref(q.Sandbox)}, nil)
	}
	return c.noContent()
}

// quoteLines are what a refusal of an order of the quote may name: of its items, not of its units.
func quoteLines(q *gift.Quote) []orderLine {
	lines := make([]orderLine, len(q.Items))
	for i, item := range q.Items {
		lines[i] = orderLine{offer: item.OfferID, quantity: 1}
	}
	return lines
}

// quotedRequest returns what the engine is asked for when a quote is to become an order.
func (c *call) quotedRequest(name string) (purchase.Request, []orderLine, error) {
	req := purchase.Request{PartnerID: c.partner.ID, AnyName: true}
	id, ok := parseQuote(name)
	if !ok {
		return req, nil, noQuote
	}
	req.QuoteID = id
	q, err := c.Store.Quote(c.r.Context(), c.partner.ID, id)
	if err != nil || q == nil { // the engine, which knows whether the key was used before, says that it is not there
		return req, nil, accountFault(err)
	}
	return req, quoteLines(q), nil
}
