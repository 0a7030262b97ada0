package console

import (
	"net/http"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

type callsPage struct {
	Partner        partnerRow
	Tab            string
	Code, Endpoint string
	Rows           []callRow
	Pager          pager
}

type callRow struct {
	office.Call
	Millis int64
	Good   bool
}

// succeeded is the result code of an answer to what was done.
const succeeded = "0000"

func (q *request) showCalls() error {
	p, err := q.h.Store.Partner(q.Context(), q.PathValue("name"))
	if err != nil {
		return err
	}
	shown := callsPage{
		Partner: q.partnerRow(p), Tab: "calls",
		Code: strings.TrimSpace(q.FormValue("code")), Endpoint: strings.TrimSpace(q.FormValue("endpoint")),
	}
	query := office.CallQuery{
		PartnerID: p.ID, Code: shown.Code, Endpoint: shown.Endpoint, Before: gift.ID(q.number("after")), Limit: pageSize + 1,
	}
	if f, ok := q.exporting(); ok {
		return q.export(f, "calls-"+p.Name, callColumns, func(row func(...any) error) error { return q.exportCalls(query, row) })
	}
	calls, err := q.h.Store.Calls(q.Context(), query)
	if err != nil {
		return err
	}
	calls, more := page(calls)
	for _, c := range calls {
		shown.Rows = append(shown.Rows, callRow{c, c.Took.Milliseconds(), c.Code == succeeded})
	}
	shown.Pager = q.pager(false, 0)
	if more {
		shown.Pager = q.pager(true, int64(calls[len(calls)-1].ID))
	}
	return q.render(http.StatusOK, "partnercalls", text{p.Title + " 최근 호출", p.Title + ": recent calls"}, shown)
}

var callColumns = []text{
	{"일시", "Time"},
	{"경로", "Endpoint"},
	{"결과", "Result"},
	{"메시지", "Message"},
	{"요청 ID", "Request ID"},
	{"밀리초", "Milliseconds"},
	{"노드", "Node"},
	{"키 확인", "Keys right"},
}

func (q *request) exportCalls(query office.CallQuery, row func(...any) error) error {
	query.Before, query.Limit = 0, exportedAtOnce
	for {
		calls, err := q.h.Store.Calls(q.Context(), query)
		if err != nil {
			return err
		}
		for _, c := range calls {
			proven := text{"아니요", "no"}
			if c.Proven {
				proven = text{"예", "yes"}
			}
			err := row(seoulTime(c.At), c.Endpoint, c.Code, c.Message, c.Request, c.Took.Milliseconds(), c.Node, proven.in(q.lang))
			if err != nil {
				return err
			}
		}
		if len(calls) < exportedAtOnce {
			return nil
		}
		query.Before = calls[len(calls)-1].ID
	}
}
