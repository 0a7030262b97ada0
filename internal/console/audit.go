package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

type auditStore interface {
	Audit(ctx context.Context, f office.AuditFilter, before gift.ID, limit int) ([]office.Entry, error)
	AuditEntry(ctx context.Context, id gift.ID) (office.Entry, error)
}

const auditAddress = Root + "/audit"

func auditRoutes() []route {
	return []route{
		{pattern: "GET " + auditAddress, needs: office.See, serve: (*request).showAudit},
		{pattern: "GET " + auditAddress + "/{id}", needs: office.See, serve: (*request).showAuditEntry},
	}
}

// auditPage is a page of the trail.
type auditPage struct {
	Operators []office.OperatorRow
	Operator  string // the parameters, as they were given
	Action    string
	Subject   string
	From, To  string
	DayError  string
	Filtered  bool
	Rows      []auditRow
	Pager     pager
}

// auditRow is an entry with what it changed.
type auditRow struct {
	office.Entry
	Differences []difference
	More        int    // differences that are not shown
	About       string // the e-mail address of the operator that is the subject
}

// operatorsToChoose is how many operators can be chosen from; entries of others are found by following one of theirs.
const operatorsToChoose = 200

// auditShown is how many differences the list shows of an entry.
const auditShown = 3

// Only leads to the entries that have something in common with this one.
func (r auditRow) Only(parameter string) string {
	value := map[string]string{
		"operator": strconv.FormatInt(r.Actor.OperatorID, 10), "action": r.Action, "subject": r.Subject,
	}[parameter]
	return auditAddress + "?" + url.Values{parameter: {value}}.Encode()
}

// Name is what an entry's action is called.
func (r auditRow) Name() text { return actionNames[r.Action] }

// By is who made an entry: operators by their names, others by what they are. A name is never empty, unless it was erased.
func (r auditRow) By() text {
	if r.Actor.Name == "" {
		return text{"(지움)", "(erased)"}
	}
	if name, ok := r.Actor.Partner(); ok {
		return text{"매체사 " + name, "partner " + name}
	}
	if r.Actor == office.CommandLine {
		return text{"명령줄", r.Actor.Name}
	}
	return text{r.Actor.Name, r.Actor.Name}
}

// auditFilter reads the parameters.
func (q *request) auditFilter() (office.AuditFilter, error) {
	f := office.AuditFilter{Action: strings.TrimSpace(q.FormValue("action")), Subject: strings.TrimSpace(q.FormValue("subject"))}
	if typed := q.FormValue("operator"); typed != "" {
		id, err := strconv.ParseInt(typed, 10, 64)
		if err != nil {
			return f, failure{http.StatusUnprocessableEntity, text{
				"담당자는 번호로 지정합니다.", "An operator is asked for by its number.",
			}}
		}
		f.Operator = &id
	}
	if _, email := office.OperatorOf(f.Subject); email != "" { // the trail names them by their numbers
		o, err := q.h.Store.OperatorByEmail(q.Context(), email)
		if err != nil && !errors.Is(err, office.ErrNotFound) {
			return f, err
		}
		if err == nil {
			f.Subject = office.OperatorSubject(o.ID)
		}
	}
	f.From, _ = q.dayOf("from")
	f.To, _ = q.dayOf("to")
	return f, nil
}

func (q *request) showAudit() error {
	wrong := q.wrongDays()
	filter, err := q.auditFilter()
	if err != nil {
		return err
	}
	if f, ok := q.exporting(wrong); ok {
		return q.export(f, "audit", auditHeader, func(row func(...any) error) error { return q.eachEntry(filter, row) })
	}
	var entries []office.Entry
	if wrong == "" {
		if entries, err = q.h.Store.Audit(q.Context(), filter, gift.ID(q.number("after")), pageSize+1); err != nil {
			return err
		}
	}
	return q.renderAudit(filter, wrong, entries)
}

func (q *request) renderAudit(filter office.AuditFilter, wrong string, entries []office.Entry) (err error) {
	entries, more := page(entries)
	p := auditPage{
		Operator: q.FormValue("operator"), Action: filter.Action, Subject: filter.Subject,
		From: q.FormValue("from"), To: q.FormValue("to"), DayError: wrong, Filtered: filter != office.AuditFilter{} || wrong != "",
	}
	if p.Operators, err = q.h.Store.Operators(q.Context(), q.now, "", operatorsToChoose); err != nil {
		return err
	}
	emails := map[string]string{}
	for _, o := range p.Operators {
		emails[office.OperatorSubject(o.ID)] = o.Email
	}
	last := int64(0)
	for _, e := range entries {
		last = int64(e.ID)
		row := auditRow{Entry: e, Differences: differences(e.Before, e.After), About: emails[e.Subject]}
		if n := len(row.Differences); n > auditShown {
			row.Differences, row.More = row.Differences[:auditShown], n-auditShown
		}
		p.Rows = append(p.Rows, row)
	}
	p.Pager = q.pager(more, last)
	return q.render(http.StatusOK, "audit", text{"감사 기록", "Audit trail"}, p)
}

var auditHeader = []text{
	{"시각", "Time"},
	{"담당자", "Operator"},
	{"접속 주소", "Address"},
	{"작업", "Action"},
	{"대상", "Subject"},
	{"이전", "Before"},
	{"이후", "After"},
	{"사유", "Note"},
}

// eachEntry passes all entries that a filter selects, newest first.
func (q *request) eachEntry(f office.AuditFilter, row func(...any) error) error {
	for before := gift.ID(0); ; {
		entries, err := q.h.Store.Audit(q.Context(), f, before, exportedAtOnce)
		if err != nil {
			return err
		}
		for _, e := range entries {
			at := e.At.In(gift.Seoul).Format(time.RFC3339)
			if err := row(at, e.Actor.Name, e.Actor.Address, e.Action, e.Subject, e.Before, e.After, e.Note); err != nil {
				return err
			}
			before = e.ID
		}
		if len(entries) < exportedAtOnce {
			return nil
		}
	}
}

func (q *request) showAuditEntry() error {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return office.ErrNotFound
	}
	e, err := q.h.Store.AuditEntry(q.Context(), gift.ID(id))
	if err != nil {
		return err
	}
	row := auditRow{Entry: e, Differences: differences(e.Before, e.After)}
	if id, _ := office.OperatorOf(e.Subject); id != 0 {
		o, err := q.h.Store.Operator(q.Context(), id)
		if err != nil && !errors.Is(err, office.ErrNotFound) {
			return err
		}
		row.About = o.Email
	}
	return q.render(http.StatusOK, "auditentry", text{"감사 기록", "Audit entry"}, row)
}
