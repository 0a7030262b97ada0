package partnerv2

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/sheet"
)

const (
	csvAtOnce = 1000             // lines of a statement that are read at a time
	csvWithin = 15 * time.Minute // how long sending one may take
)

// wantsCSV tells whether a list is asked for as a file: by format, or else by the Accept header.
func (c *call) wantsCSV(q *query) bool {
	if q.has("format") {
		return q.oneOf("format", "json", "csv") == 1
	}
	var table, object float64
	for accepted := range strings.SplitSeq(strings.Join(c.r.Header["Accept"], ","), ",") {
		kind, params, err := mime.ParseMediaType(accepted)
		if err != nil {
			continue
		}
		weight, err := strconv.ParseFloat(params["q"], 64)
		if params["q"] == "" || err != nil {
			weight = 1
		}
		switch kind {
		case "text/csv":
			table = weight
		case "application/json":
			object = weight
		}
	}
	return table > object
}

// statementColumns are the members of a line.
var statementColumns = []any{"id", "type", "amount", "balance", "at", "order_id", "reference", "memo"}

// statementCSV sends a whole statement, line by line, as it is read. An error on the way breaks the answer off, so that nobody
// takes half of it for the whole.
func (c *call) statementCSV(ask office.StatementQuery) error {
	if err := c.polls.enter(c.partner.ID); err != nil { // it may last
		return err
	}
	defer c.polls.leave(c.partner.ID)
	ask.Limit = csvAtOnce
	s, err := c.Store.Statement(c.r.Context(), ask)
	if err != nil {
		return accountFault(err)
	}
	h := c.w.Header()
	h.Set("Content-Type", sheet.CSV.ContentType())
	h.Set("Content-Disposition", `attachment; filename="`+c.statementName(ask)+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if c.r.Method == http.MethodHead {
		return nil
	}
	until := clock.System{}.Now().Add(csvWithin) // connections go by the machine's clock
	if err := http.NewResponseController(c.w).SetWriteDeadline(until); err != nil && !errors.Is(err, http.ErrNotSupported) {
		c.Logger.WarnContext(c.r.Context(), "v2: a statement keeps the server's deadline", "error", err)
	}
	if err := c.writeStatement(ask, s); err != nil {
		c.Logger.WarnContext(c.r.Context(), "v2: a statement was broken off", "partner", c.partner.Name, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// statementName is what the file is called: by its days, and when it was made.
func (c *call) statementName(ask office.StatementQuery) string {
	name := "statement-" + c.partner.Name
	for _, day := range []gift.Day{ask.From, ask.To} {
		if day != 0 {
			name += "-" + day.String()
		}
	}
	return name + "-" + c.Clock.Now().In(gift.Seoul).Format("20060102T150405") + ".csv"
}

// writeStatement writes the lines of a first page, and those behind them.
func (c *call) writeStatement(ask office.StatementQuery, s office.Statement) error {
	out, err := sheet.NewWriter(c.w, sheet.CSV)
	if err != nil {
		return err
	}
	err = out.Row(statementColumns...)
	for err == nil {
		for i := 0; i < len(s.Lines) && err == nil; i++ {
			l := c.statementLine(s.Lines[i])
			err = out.Row(l.ID, l.Type, int64(l.Amount), int64(l.Balance), l.At.Format(time.RFC3339Nano), string(l.OrderID), l.Reference, l.Memo)
		}
		if err != nil || len(s.Lines) < csvAtOnce {
			break
		}
		ask.Before = s.Lines[len(s.Lines)-1].ID
		s, err = c.Store.Statement(c.r.Context(), ask)
	}
	return errors.Join(err, out.Close())
}
