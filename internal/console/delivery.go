package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/webhook"
)

// deliveryStates are how states of deliveries are shown.
var deliveryStates = map[webhook.DeliveryState]stateName{
	webhook.Waiting:   {name: text{"대기", "Waiting"}, class: "warn"},
	webhook.Delivered: {name: text{"전달됨", "Delivered"}, class: "good"},
	webhook.Abandoned: {name: text{"포기", "Abandoned"}, class: "bad"},
}

func (q *request) failureName(stored string) string {
	ko, en := webhook.Explain(stored)
	return text{ko, en}.in(q.lang)
}

// deliveryRow is a delivery in a list.
type deliveryRow struct {
	webhook.Delivery
	ID                    string // of the event
	At                    time.Time
	Name                  string
	Order                 gift.OrderRef // "" = of none
	StateName, StateClass string
	Address               string
	Millis                int64
	Failed                string // why; "" = it did not
}

func (q *request) deliveryRow(d webhook.Delivery, sandbox bool) deliveryRow {
	n := deliveryStates[d.State]
	row := deliveryRow{
		Delivery: d, ID: webhook.MessageID(d.Event.ID), At: d.Event.At(), Name: eventNames[d.Event.Type].in(q.lang),
		StateName: n.name.in(q.lang), StateClass: n.class, Address: deliveryAddress(d.EndpointID, d.Event.ID),
		Millis: d.Took.Milliseconds(), Failed: q.failureName(d.Failure),
	}
	if d.Event.OrderID != 0 {
		row.Order = d.Event.OrderID.Ref(sandbox)
	}
	return row
}

func deliveryAddress(endpoint int64, event gift.ID) string {
	return webhookAddress(endpoint) + "/deliveries/" + strconv.FormatInt(int64(event), 10)
}

var deliveryColumns = []text{
	{"이벤트 ID", "Event ID"},
	{"일시", "Time"},
	{"이벤트", "Event"},
	{"주문번호", "Order"},
	{"상태", "State"},
	{"시도", "Attempts"},
	{"마지막 시도", "Last attempt"},
	{"다음 시도", "Next attempt"},
	{"응답", "Answer"},
	{"밀리초", "Milliseconds"},
	{"실패 사유", "Failure"},
}

func (q *request) exportDeliveries(f wantedFile, page webhookPage) error {
	query := page.Filter.query
	query.Before, query.Limit = 0, exportedAtOnce
	name := "deliveries-" + strconv.FormatInt(query.EndpointID, 10)
	return q.export(f, name, deliveryColumns, func(row func(...any) error) error {
		for more := true; more; more = query.Before != 0 {
			found, err := q.h.Store.Deliveries(q.Context(), query)
			if err != nil {
				return err
			}
			for _, d := range found.Deliveries {
				r, due := q.deliveryRow(d, page.Partner.Sandbox), time.Time{}
				if d.State == webhook.Waiting {
					due = d.DueAt
				}
				err := row(r.ID, seoulTime(r.At), string(d.Event.Type), string(r.Order), r.StateName, d.Attempts,
					seoulTime(d.TriedAt), seoulTime(due), d.Status, r.Millis, r.Failed)
				if err != nil {
					return err
				}
			}
			query.Before = found.Next
		}
		return nil
	})
}

// deliveryPage shows what was sent of an event to an endpoint, and what came back.
type deliveryPage struct {
	Partner  partnerRow
	Tab      string
	Endpoint endpointRow
	deliveryRow
	Head, Body string // of the request
	Tried      int64  // the form's version: the time of the last attempt, in milliseconds; 0 = none
}

// delivery reads the delivery that the address names.
func (q *request) delivery() (l webhook.Listed, d webhook.Delivery, err error) {
	if l, err = q.endpoint(); err != nil {
		return l, d, err
	}
	event, err := strconv.ParseInt(q.PathValue("event"), 10, 64)
	if err != nil {
		return l, d, office.ErrNotFound
	}
	d, err = q.h.Store.Delivery(q.Context(), l.ID, gift.ID(event))
	return l, d, err
}

func (q *request) showDelivery() error {
	l, d, err := q.delivery()
	if err != nil {
		return err
	}
	p, err := q.h.Store.Partner(q.Context(), l.Partner)
	if err != nil {
		return err
	}
	page := deliveryPage{
		Partner: q.partnerRow(p), Tab: "webhooks", Endpoint: q.endpointRow(l), deliveryRow: q.deliveryRow(d, p.Sandbox),
		Body: string(webhook.Body(&d.Event)),
	}
	stamp := "…"
	if !d.TriedAt.IsZero() {
		page.Tried, stamp = d.TriedAt.UnixMilli(), strconv.FormatInt(d.TriedAt.Unix(), 10)
	}
	page.Head = fmt.Sprintf("POST %s\nContent-Type: application/json\n%s: %s\n%s: %s\n%s: v1,…", page.Endpoint.Shown,
		strings.ToLower(webhook.IDHeader), page.ID, strings.ToLower(webhook.TimestampHeader), stamp,
		strings.ToLower(webhook.SignatureHeader))
	return q.render(http.StatusOK, "delivery", text{p.Title + " 웹훅 전송", p.Title + ": delivery"}, page)
}

// replayDelivery sends an event to an endpoint again, unless somebody did so since the form was read.
func (q *request) replayDelivery() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	l, d, err := q.delivery()
	if err != nil {
		return err
	}
	r := webhook.Replay{EndpointID: l.ID, Event: d.Event.ID}
	if tried := q.number("tried"); tried > 0 {
		r.TriedAt = time.UnixMilli(tried)
	}
	if _, err := q.h.Store.Replay(q.Context(), r, q.now); err != nil {
		return err
	}
	return q.done(deliveryAddress(l.ID, d.Event.ID), text{
		"다시 보냅니다. 잠시 후 이 페이지를 새로 열면 결과가 보입니다.",
		"It is sent again. Open this page anew in a moment to see what came of it.",
	})
}
