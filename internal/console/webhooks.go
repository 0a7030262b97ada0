package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/webhook"
)

type webhookStore interface {
	Endpoints(ctx context.Context, partnerID int64) ([]webhook.Listed, error)
	Endpoint(ctx context.Context, id int64) (webhook.Listed, error)
	// AddEndpoint returns webhook.ErrTooMany when the partner has as many as it may have.
	AddEndpoint(
		ctx context.Context, e webhook.Endpoint, seal func(id int64) ([]byte, error), now time.Time,
	) (webhook.Endpoint, error)
	// ChangeEndpoint and RemoveEndpoint return office.ErrChanged when the endpoint does not have the version any more.
	ChangeEndpoint(
		ctx context.Context, action string, id, version int64, now time.Time, change webhook.Change,
	) (webhook.Endpoint, error)
	RemoveEndpoint(ctx context.Context, id, version int64, now time.Time) error
	SendTest(ctx context.Context, id int64, now time.Time) (gift.ID, error)

	Deliveries(ctx context.Context, q webhook.Query) (webhook.Page, error)
	Delivery(ctx context.Context, endpoint int64, event gift.ID) (webhook.Delivery, error)
	Replay(ctx context.Context, r webhook.Replay, now time.Time) (webhook.Replayed, error)
}

const webhooksAddress = Root + "/webhooks"

func webhookRoutes() []route {
	const (
		ofPartner = partnersAddress + "/{name}/webhooks"
		one       = webhooksAddress + "/{id}"
		delivery  = one + "/deliveries/{event}"
	)
	return []route{
		{pattern: "GET " + ofPartner, needs: office.See, serve: (*request).showWebhooks},
		{pattern: "POST " + ofPartner, needs: office.EditPartners, serve: (*request).addWebhook},
		{pattern: "GET " + one, needs: office.See, serve: (*request).showWebhook},
		{pattern: "GET " + one + "/{form}", needs: office.See, serve: (*request).backToWebhook},
		{pattern: "POST " + one + "/edit", needs: office.EditPartners, serve: (*request).editWebhook},
		{pattern: "POST " + one + "/state", needs: office.EditPartners, serve: (*request).turnWebhook},
		{pattern: "POST " + one + "/secret", needs: office.EditPartners, serve: (*request).rotateWebhook},
		{pattern: "POST " + one + "/remove", needs: office.EditPartners, serve: (*request).removeWebhook},
		{pattern: "POST " + one + "/test", needs: office.EditPartners, serve: (*request).testWebhook},
		{pattern: "POST " + one + "/replay", needs: office.EditPartners, serve: (*request).replayWebhook},
		{pattern: "GET " + delivery, needs: office.See, serve: (*request).showDelivery},
		{pattern: "POST " + delivery, needs: office.EditPartners, serve: (*request).replayDelivery},
	}
}

func webhookAddress(id int64) string { return webhooksAddress + "/" + strconv.FormatInt(id, 10) }

// eventNames says what event types are, in the order of gift.EventTypes.
var eventNames = map[gift.EventType]text{
	gift.OrderCompleted:         {"구매 완료", "A purchase was made"},
	gift.OrderRefunded:          {"환불", "Items were refunded"},
	gift.CouponRedeemed:         {"쿠폰 사용", "A coupon was used"},
	gift.CouponRedemptionUndone: {"쿠폰 사용 취소", "A coupon's use was undone"},
	gift.VoucherExpiring:        {"만료 30·7·1일 전", "30, 7 and 1 days before expiry"},
	gift.VoucherExpired:         {"만료", "Items expired"},
	gift.VoucherWithdrawn:       {"판매된 쿠폰 회수", "A sold item was withdrawn"},
	gift.OfferSoldOut:           {"품절", "An offer sold out"},
	gift.OfferRepriced:          {"가격 변경", "Prices changed"},
	gift.BalanceLow:             {"잔액 부족", "The balance is low"},
	gift.TestSent:               {"시험", "Test"},
}

// endpointStates are how states are shown.
var endpointStates = map[webhook.State]stateName{
	webhook.On:      {word: "on", name: text{"켜짐", "On"}, class: "good"},
	webhook.Off:     {word: "off", name: text{"꺼짐", "Off"}, class: "warn"},
	webhook.GivenUp: {word: "given up", name: text{"자동으로 꺼짐", "Given up"}, class: "bad"},
}

var offReasons = map[string]text{
	webhook.Gone:    {"더 이상 받지 않는다고 응답했습니다(410).", "It answered that it takes nothing more (410)."},
	webhook.Failing: {"5일 동안 아무것도 받지 않았습니다.", "It took nothing for 5 days."},
}

// endpointRow is an endpoint on a page.
type endpointRow struct {
	webhook.Listed
	Address               string
	Shown                 string // where it is told; for those who may not change it, without what may be a secret
	StateName, StateClass string
	Why                   string // it was given up
	Waits                 string // how many deliveries
	Withheld              bool   // deliveries wait, and nothing is sent
	Prior                 bool   // the secret before still works
	Failed                string // why the last failure was one
}

func (q *request) endpointRow(l webhook.Listed) endpointRow {
	n := endpointStates[l.State]
	row := endpointRow{
		Listed: l, Address: webhookAddress(l.ID), Shown: webhook.WithoutQuery(l.URL), StateName: n.name.in(q.lang),
		StateClass: n.class, Why: offReasons[l.OffReason].in(q.lang), Waits: grouped(l.Waiting), Withheld: l.Waiting > 0 && l.State != webhook.On,
		Prior: len(l.Previous) > 0 && q.now.Before(l.PreviousUntil), Failed: q.failureName(l.LastFailure.Text),
	}
	if q.operator.Role.May(office.EditPartners) {
		row.Shown = l.URL
	}
	if l.LastFailure.Status != 0 {
		row.Failed += " (HTTP " + strconv.Itoa(l.LastFailure.Status) + ")"
	}
	if l.Waiting >= webhook.CountedUpTo {
		row.Waits += "+"
	}
	return row
}

// webhooksPage lists a partner's endpoints.
type webhooksPage struct {
	Partner partnerRow
	Tab     string
	Gone    bool
	Full    bool
	Rows    []endpointRow
	Add     webhookForm
}

// webhookForm says where a partner is told, and of what.
type webhookForm struct {
	URL     string
	Events  []option
	Version int64
	Errors  fieldErrors
}

func (q *request) webhookForm(e webhook.Endpoint) webhookForm {
	f := webhookForm{URL: e.URL, Version: e.Version}
	for _, t := range gift.EventTypes() {
		f.Events = append(f.Events, option{string(t), eventNames[t].in(q.lang), slices.Contains(e.Types, t)})
	}
	return f
}

// sentWebhook reads the form that was sent.
func (q *request) sentWebhook() (f webhookForm, e webhook.Endpoint) {
	e = webhook.Endpoint{URL: strings.TrimSpace(q.PostFormValue("url")), Version: q.number("version")}
	errs := fieldErrors{}
	var err error
	if e.Types, err = webhook.Types(q.PostForm["event"]); err != nil {
		errs["event"] = text{"없는 이벤트입니다.", "There is no such event."}
	}
	switch err := q.h.Webhooks.Check(e.URL); {
	case errors.Is(err, webhook.ErrNotHTTPS):
		errs["url"] = text{"https 주소여야 합니다.", "It must be an https address."}
	case errors.Is(err, webhook.ErrAddress):
		errs["url"] = text{"내부망 등 보낼 수 없는 주소입니다.", "Nothing is sent to this address, such as an internal one."}
	case err != nil:
		n := strconv.Itoa(webhook.MaxURL)
		errs["url"] = text{
			"https://shop.example/hooks 같은 주소를 " + n + "자까지 쓰십시오(사용자 이름이나 #은 쓸 수 없습니다).",
			"Write an address such as https://shop.example/hooks, of at most " + n + " characters, without a user's name or #.",
		}
	}
	f = q.webhookForm(e)
	f.Errors = errs
	return f, e
}

func (q *request) showWebhooks() error {
	page, err := q.webhooksPage()
	if err != nil {
		return err
	}
	return q.renderWebhooks(http.StatusOK, page)
}

func (q *request) renderWebhooks(status int, page webhooksPage) error {
	title := page.Partner.Title
	return q.render(status, "webhooks", text{title + " 웹훅", title + ": webhooks"}, page)
}

func (q *request) webhooksPage() (page webhooksPage, err error) {
	p, err := q.h.Store.Partner(q.Context(), q.PathValue("name"))
	if err != nil {
		return page, err
	}
	list, err := q.h.Store.Endpoints(q.Context(), p.ID)
	if err != nil {
		return page, err
	}
	page = webhooksPage{
		Partner: q.partnerRow(p), Tab: "webhooks", Gone: p.State == gift.Withdrawn, Full: len(list) >= webhook.MaxEndpoints,
		Add: q.webhookForm(webhook.Endpoint{}),
	}
	for _, l := range list {
		page.Rows = append(page.Rows, q.endpointRow(l))
	}
	return page, nil
}

func (q *request) addWebhook() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	page, err := q.webhooksPage()
	if err != nil {
		return err
	}
	var e webhook.Endpoint
	if page.Add, e = q.sentWebhook(); len(page.Add.Errors) > 0 {
		return q.renderWebhooks(http.StatusUnprocessableEntity, page)
	}
	secret := webhook.NewSecret()
	e.PartnerID = page.Partner.ID
	e, err = q.h.Store.AddEndpoint(q.Context(), e, func(id int64) ([]byte, error) {
		return q.h.Passwords.SealSecret(webhook.SecretKind, id, secret)
	}, q.now)
	if err != nil {
		return q.webhookFault(err)
	}
	return q.showSecret(text{"웹훅을 추가했습니다", "The webhook is added"}, e, secret)
}

// webhookFault says why an endpoint was not changed.
func (q *request) webhookFault(err error) error {
	switch {
	case errors.Is(err, webhook.ErrTooMany):
		n := strconv.Itoa(webhook.MaxEndpoints)
		return failure{http.StatusConflict, text{
			"웹훅은 매체사마다 " + n + "개까지입니다. 쓰지 않는 것을 먼저 삭제하십시오.",
			"A partner has at most " + n + " webhooks. Remove one that is not used first.",
		}}
	case errors.Is(err, webhook.ErrOff):
		return failure{http.StatusConflict, text{
			"꺼진 웹훅에는 보낼 수 없습니다. 먼저 켜십시오.", "Nothing is sent to a webhook that is off. Switch it on first.",
		}}
	}
	return q.changeFault(err)
}

// secretPage shows a new secret, which is in this answer and nowhere else.
type secretPage struct {
	Endpoint webhook.Endpoint
	Secret   string
	Address  string
}

func (q *request) showSecret(title text, e webhook.Endpoint, secret string) error {
	return q.render(http.StatusOK, "webhooksecret", title, secretPage{e, secret, webhookAddress(e.ID)})
}
