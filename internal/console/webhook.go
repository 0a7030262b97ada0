package console

import (
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/webhook"
)

// webhookPage shows an endpoint, the forms that change it, and what became of its deliveries.
type webhookPage struct {
	Partner     partnerRow
	Tab         string
	Gone        bool // its partner has withdrawn
	Endpoint    endpointRow
	Edit        webhookForm
	RemoveError string
	Replay      replayForm
	Audit       string

	Filter   deliveryFilter
	Filtered bool
	Error    string // of the filter
	Rows     []deliveryRow
	Searched bool // not to the end: see webhook.Page
	Pager    pager
}

type deliveryFilter struct {
	From, To      string
	States, Types []option
	query         webhook.Query
}

// replayForm sends deliveries of a time again.
type replayForm struct {
	From, To string
	All      bool // also those that were taken, or wait
	Errors   fieldErrors
}

const momentLayout = "2006-01-02T15:04"

func (f replayForm) validate() (r webhook.Replay, errs fieldErrors) {
	errs = fieldErrors{}
	var err error
	notATime := text{"2026-11-26T15:30처럼 적어 주십시오.", "Write it like 2026-11-26T15:30."}
	if r.From, err = time.ParseInLocation(momentLayout, f.From, gift.Seoul); err != nil {
		errs["from"] = notATime
	}
	if r.To, err = time.ParseInLocation(momentLayout, f.To, gift.Seoul); err != nil {
		errs["to"] = notATime
	}
	if len(errs) == 0 && !r.From.Before(r.To) {
		errs["to"] = text{"시작보다 늦어야 합니다.", "It must be after the beginning."}
	}
	if !f.All {
		r.State = webhook.Abandoned
	}
	return r, errs
}

// endpoint reads the endpoint that the address names.
func (q *request) endpoint() (webhook.Listed, error) {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return webhook.Listed{}, office.ErrNotFound
	}
	return q.h.Store.Endpoint(q.Context(), id)
}

// backToWebhook is for who comes back to the address of a form.
func (q *request) backToWebhook() error {
	l, err := q.endpoint()
	if err != nil {
		return err
	}
	return q.redirect(webhookAddress(l.ID))
}

func (q *request) showWebhook() error {
	page, err := q.webhookPage()
	if err != nil {
		return err
	}
	if f, ok := q.exporting(page.Error); ok {
		return q.exportDeliveries(f, page)
	}
	return q.renderWebhook(http.StatusOK, page)
}

// renderWebhook adds the list of deliveries.
func (q *request) renderWebhook(status int, page webhookPage) error {
	if page.Error != "" {
		status = http.StatusUnprocessableEntity
	} else {
		found, err := q.h.Store.Deliveries(q.Context(), page.Filter.query)
		if err != nil {
			return err
		}
		for _, d := range found.Deliveries {
			page.Rows = append(page.Rows, q.deliveryRow(d, page.Partner.Sandbox))
		}
		page.Searched, page.Pager = found.Searched, q.pager(found.Next != 0, int64(found.Next))
	}
	title := page.Partner.Title
	return q.render(status, "webhook", text{title + " 웹훅", title + ": webhook"}, page)
}

func (q *request) webhookPage() (page webhookPage, err error) {
	l, err := q.endpoint()
	if err != nil {
		return page, err
	}
	p, err := q.h.Store.Partner(q.Context(), l.Partner)
	if err != nil {
		return page, err
	}
	page = webhookPage{
		Partner: q.partnerRow(p), Tab: "webhooks", Gone: p.State == gift.Withdrawn, Endpoint: q.endpointRow(l),
		Edit: q.webhookForm(l.Endpoint),
		Replay: replayForm{
			From: q.now.Add(-24 * time.Hour).In(gift.Seoul).Format(momentLayout),
			To:   q.now.Add(time.Minute).In(gift.Seoul).Format(momentLayout),
		},
		Audit:  Root + "/audit?subject=partner:" + l.Partner,
		Filter: q.deliveryFilter(l.ID), Error: q.wrongDays(),
	}
	f := page.Filter.query
	page.Filtered = f.State != 0 || f.Type != "" || page.Filter.From != "" || page.Filter.To != ""
	return page, nil
}

// deliveryFilter reads what the list is filtered by.
func (q *request) deliveryFilter(endpoint int64) deliveryFilter {
	f := deliveryFilter{
		From: q.FormValue("from"), To: q.FormValue("to"),
		query: webhook.Query{EndpointID: endpoint, Before: gift.ID(q.number("after")), Limit: pageSize},
	}
	if q.Method == http.MethodPost { // these are fields of a form
		f.From, f.To, f.query.Before = "", "", 0
	} else {
		f.query.From, _ = q.dayOf("from")
		f.query.To, _ = q.dayOf("to")
	}
	for _, s := range webhook.DeliveryStates() {
		chosen := q.URL.Query().Get("state") == s.String()
		if chosen {
			f.query.State = s
		}
		f.States = append(f.States, option{s.String(), deliveryStates[s].name.in(q.lang), chosen})
	}
	for _, t := range append(gift.EventTypes(), gift.TestSent) {
		chosen := q.URL.Query().Get("type") == string(t)
		if chosen {
			f.query.Type = t
		}
		f.Types = append(f.Types, option{string(t), eventNames[t].in(q.lang) + " (" + string(t) + ")", chosen})
	}
	return f
}

// changeEndpoint changes the endpoint that the address names, as the form was read.
func (q *request) changeEndpoint(action string, change webhook.Change) (webhook.Endpoint, error) {
	l, err := q.endpoint()
	if err != nil {
		return webhook.Endpoint{}, err
	}
	e, err := q.h.Store.ChangeEndpoint(q.Context(), action, l.ID, sentVersion(q.number("version")), q.now, change)
	if err != nil {
		return e, q.webhookFault(err)
	}
	return e, nil
}

func (q *request) editWebhook() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	page, err := q.webhookPage()
	if err != nil {
		return err
	}
	var sent webhook.Endpoint
	if page.Edit, sent = q.sentWebhook(); len(page.Edit.Errors) > 0 {
		page.Error = ""
		return q.renderWebhook(http.StatusUnprocessableEntity, page)
	}
	edit := webhook.Edit{URL: &sent.URL, Types: &sent.Types}
	e, err := q.changeEndpoint(edit.Action(), edit.Apply)
	if err != nil {
		return err
	}
	return q.done(webhookAddress(e.ID), text{
		"저장했습니다. 지금부터 일어나는 일에 적용됩니다.", "Saved. It holds for what happens from now on.",
	})
}

func (q *request) turnWebhook() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	done, ok := map[string]text{
		"on": {"켰습니다. 기다리던 것부터 보냅니다.", "Switched on. What waited is sent first."},
		"off": {
			"껐습니다. 꺼져 있는 동안 일어나는 일은 나중에도 보내지 않습니다.",
			"Switched off. What happens meanwhile is not sent later either.",
		},
	}[q.PostFormValue("verb")]
	if ok {
		on := q.PostFormValue("verb") == "on"
		edit := webhook.Edit{On: &on}
		e, err := q.changeEndpoint(edit.Action(), edit.Apply)
		if err != nil {
			return err
		}
		return q.done(webhookAddress(e.ID), done)
	}
	if _, err := q.endpoint(); err != nil {
		return err
	}
	return failure{http.StatusBadRequest, text{"없는 상태입니다.", "There is no such state."}}
}

// rotateWebhook gives an endpoint another secret, which is in the answer and nowhere else.
func (q *request) rotateWebhook() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	secret := webhook.NewSecret()
	e, err := q.changeEndpoint(webhook.RotateAction, webhook.Rotation(func(id int64) ([]byte, error) {
		return q.h.Passwords.SealSecret(webhook.SecretKind, id, secret)
	}, q.now))
	if err != nil {
		return err
	}
	return q.showSecret(text{"서명 비밀을 교체했습니다", "The secret is rotated"}, e, secret)
}

func (q *request) removeWebhook() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	page, err := q.webhookPage()
	if err != nil {
		return err
	}
	if q.PostFormValue("sure") == "" {
		page.RemoveError = text{
			"삭제는 되돌릴 수 없습니다. 확인란에 표시하십시오.", "A removal cannot be undone. Tick the box if it is meant.",
		}.in(q.lang)
		return q.renderWebhook(http.StatusUnprocessableEntity, page)
	}
	if err := q.h.Store.RemoveEndpoint(q.Context(), page.Endpoint.ID, sentVersion(q.number("version")), q.now); err != nil {
		return err
	}
	return q.done(partnerAddress(page.Partner.Name)+"/webhooks", text{"웹훅을 삭제했습니다.", "The webhook is removed."})
}

func (q *request) testWebhook() error {
	l, err := q.endpoint()
	if err != nil {
		return err
	}
	event, err := q.h.Store.SendTest(q.Context(), l.ID, q.now)
	if err != nil {
		return q.webhookFault(err)
	}
	return q.done(deliveryAddress(l.ID, event), text{
		"시험 이벤트를 보냅니다. 잠시 후 이 페이지를 새로 열면 결과가 보입니다.",
		"The test event is on its way. Open this page anew in a moment to see what came of it.",
	})
}

func (q *request) replayWebhook() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	page, err := q.webhookPage()
	if err != nil {
		return err
	}
	page.Error = "" // from and to are the form's
	form := replayForm{From: q.PostFormValue("from"), To: q.PostFormValue("to"), All: q.PostFormValue("all") != ""}
	r, errs := form.validate()
	if len(errs) > 0 {
		form.Errors = errs
		page.Replay = form
		return q.renderWebhook(http.StatusUnprocessableEntity, page)
	}
	r.EndpointID = page.Endpoint.ID
	done, err := q.h.Store.Replay(q.Context(), r, q.now)
	if err != nil {
		return err
	}
	return q.done(webhookAddress(r.EndpointID), replayed(done))
}

func replayed(done webhook.Replayed) text {
	n := grouped(done.Count)
	said := text{n + "건을 다시 보냅니다.", "Sent again: " + n + "."}
	switch last := done.Last.Time().In(gift.Seoul).Format(time.DateTime); {
	case done.Count == 0:
		return text{"그 시간에는 다시 보낼 것이 없습니다.", "There is nothing of that time to send again."}
	case done.More:
		said.ko += " 한 번에 보낼 수 있는 만큼입니다. " + last + "부터 다시 하십시오."
		said.en += " That is as many as go at a time: go on from " + last + "."
	}
	return said
}
