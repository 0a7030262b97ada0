package console

import (
	"net/http"
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

type statementPage struct {
	Partner    partnerRow
	Tab        string
	From, To   string
	Error      string
	HasOpening bool // the days asked for have a beginning
	Opening    gift.Won
	Closing    gift.Won
	Spent      gift.Won
	CameIn     gift.Won // besides purchases; refunds and adjustments count
	Rows       []statementRow
	Pager      pager
	Trail      string // the head of the audit trail, as audit verify prints it
}

type statementRow struct {
	office.StatementLine
	KindName string
	Order    string // as partners know it; "" = of none
	In       bool
}

var kindNames = map[string]text{
	office.PurchaseTransaction: {"구매", "Purchase"},
	"deposit":                  {"충전", "Deposit"},
	"adjustment":               {"조정", "Adjustment"},
	"refund":                   {"환불", "Refund"},
}

func (q *request) statementRow(l office.StatementLine) statementRow {
	row := statementRow{StatementLine: l, KindName: l.Kind, In: l.Amount > 0}
	if name, ok := kindNames[l.Kind]; ok {
		row.KindName = name.in(q.lang)
	}
	if l.OrderID != 0 {
		row.Order = string(l.OrderID.Ref(false)) // sandbox orders move no money
	}
	return row
}

func (q *request) showStatement() error {
	p, err := q.h.Store.Partner(q.Context(), q.PathValue("name"))
	if err != nil {
		return err
	}
	shown := statementPage{Partner: q.partnerRow(p), Tab: "statement", From: q.FormValue("from"), To: q.FormValue("to")}
	query := office.StatementQuery{Partner: p.Name, Limit: pageSize + 1, Before: gift.ID(q.number("after"))}
	query.From, _ = q.dayOf("from")
	query.To, _ = q.dayOf("to")
	shown.HasOpening = query.From != 0
	shown.Error = q.wrongDays()
	if f, ok := q.exporting(shown.Error); ok {
		return q.export(f, "statement-"+p.Name, statementColumns, func(row func(...any) error) error {
			return q.exportStatement(query, row)
		})
	}
	if shown.Error != "" {
		return q.render(http.StatusUnprocessableEntity, "partnerstatement", statementTitle(p), shown)
	}
	s, err := q.h.Store.Statement(q.Context(), query)
	if err != nil {
		return err
	}
	shown.Opening, shown.Closing, shown.Spent = s.Opening, s.Closing, s.Purchases
	shown.CameIn = s.Closing - s.Opening + s.Purchases
	shown.Trail = strconv.FormatInt(s.Trail.Lines, 10) + ":" + s.Trail.Hash.String()
	lines, more := page(s.Lines)
	for _, l := range lines {
		shown.Rows = append(shown.Rows, q.statementRow(l))
	}
	shown.Pager = q.pager(false, 0)
	if more {
		shown.Pager = q.pager(true, int64(lines[len(lines)-1].ID))
	}
	return q.render(http.StatusOK, "partnerstatement", statementTitle(p), shown)
}

func statementTitle(p office.PartnerAccount) text {
	return text{p.Title + " 거래 명세", p.Title + ": statement"}
}

var statementColumns = []text{
	{"일시", "Time"},
	{"거래번호", "Transaction"},
	{"구분", "Kind"},
	{"주문번호", "Order"},
	{"참조번호", "Reference"},
	{"적요", "Memo"},
	{"금액", "Amount"},
	{"잔액", "Balance"},
}

func (q *request) exportStatement(query office.StatementQuery, row func(...any) error) error {
	query.Before, query.Limit = 0, exportedAtOnce
	for {
		s, err := q.h.Store.Statement(q.Context(), query)
		if err != nil {
			return err
		}
		for _, l := range s.Lines {
			r := q.statementRow(l)
			err := row(seoulTime(l.ID.Time()), strconv.FormatInt(int64(l.ID), 10), r.KindName, r.Order, l.Reference, l.Memo,
				int64(l.Amount), int64(l.Balance))
			if err != nil {
				return err
			}
		}
		if len(s.Lines) < exportedAtOnce {
			return nil
		}
		query.Before = s.Lines[len(s.Lines)-1].ID
	}
}
