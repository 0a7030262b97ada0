package client

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// StatementQuery selects days of a statement. What is empty does not bound it.
type StatementQuery struct {
	From, To Day
	Limit    int64  // of a page: 1 to 200; default 50
	Cursor   string // the Next of the page before
}

func (q StatementQuery) params() url.Values {
	p := params{}
	p.text("from", string(q.From))
	p.text("to", string(q.To))
	p.number("limit", q.Limit)
	p.text("cursor", q.Cursor)
	return url.Values(p)
}

// Statement is what happened to the balance, newest first. Sums are won.
type Statement struct {
	Opening   int64            `json:"opening"`   // the balance before the first day
	Closing   int64            `json:"closing"`   // the balance after the last day
	Purchases int64            `json:"purchases"` // what was spent on them
	Trail     TrailHead        `json:"trail"`     // the end of the audit trail when the server answered; keep it
	Data      []StatementEntry `json:"data"`
	Next      string           `json:"next"` // the Cursor of the next page; "" = this is the last
}

// StatementEntry is one change of the balance.
type StatementEntry struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`    // deposit, purchase, refund, …
	Amount    int64     `json:"amount"`  // won; what was spent is negative
	Balance   int64     `json:"balance"` // after it
	At        time.Time `json:"at"`
	OrderID   string    `json:"order_id,omitempty"`
	Reference string    `json:"reference,omitempty"` // the operator's own, such as that of a transfer
	Memo      string    `json:"memo,omitempty"`      // the operator's
}

// Statement returns what happened to the balance, newest first.
func (c *Client) Statement(ctx context.Context, q StatementQuery, options ...Option) (*Statement, error) {
	return get[Statement](ctx, c, "/statement", q.params(), options)
}

// AllStatementEntries goes through what happened to the balance, newest first, page by page, as long as the caller goes on.
func (c *Client) AllStatementEntries(ctx context.Context, q StatementQuery, options ...Option) iter.Seq2[StatementEntry, error] {
	return pages(q.Cursor, func(cursor string) (*Page[StatementEntry], error) {
		q.Cursor = cursor
		s, err := c.Statement(ctx, q, options...)
		if err != nil {
			return nil, err
		}
		return &Page[StatementEntry]{Data: s.Data, Next: s.Next}, nil
	})
}

// StatementCSV writes the statement of all days selected as CSV, which spreadsheets open as it is: UTF-8 with a byte order mark,
// newest first. Limit and Cursor are of no account. It may be long and is not kept in memory; when it breaks off, the error says
// so and w has its beginning.
func (c *Client) StatementCSV(ctx context.Context, q StatementQuery, w io.Writer, options ...Option) error {
	r := newV2(http.MethodGet, "/statement", options)
	q.Limit, q.Cursor = 0, ""
	r.query = q.params()
	r.header.Set("Accept", "text/csv")
	r.into = w
	return c.act(ctx, r)
}

// copyTo passes on the answer to a call that went well. What breaks off cannot be sent again: w has a part of it.
func copyTo(w io.Writer, resp *http.Response) error {
	if _, err := io.Copy(w, resp.Body); err != nil {
		return &refusedHere{fmt.Errorf("the statement is not whole: %w", err)}
	}
	return nil
}
