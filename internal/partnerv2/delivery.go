package partnerv2

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
	"giftimbiz/internal/webhook"
)

// deliveryAnswer is an event on its way to a webhook.
type deliveryAnswer struct {
	EventID  string          `json:"event_id"`
	Type     gift.EventType  `json:"type"`
	State    string          `json:"state"`
	Attempts int64           `json:"attempts"`
	Status   int             `json:"status,omitempty"`  // of the last answer; absent: there was none
	Failure  string          `json:"failure,omitempty"` // why the last attempt failed
	DueAt    time.Time       `json:"due_at,omitzero"`   // of the next attempt, while it waits
	TriedAt  time.Time       `json:"tried_at,omitzero"` // when the last began
	Body     json.RawMessage `json:"body,omitempty"`    // what is sent, byte by byte
	Answer   string          `json:"answer,omitempty"`  // the beginning of the last answer's body
}

func (c *call) deliveryOf(d webhook.Delivery) deliveryAnswer {
	a := deliveryAnswer{
		EventID: webhook.MessageID(d.Event.ID), Type: d.Event.Type, State: d.State.String(), Attempts: d.Attempts,
		Status: d.Status, Failure: c.explain(d.Failure), TriedAt: seoul(d.TriedAt), Answer: d.Answer,
	}
	if d.State == webhook.Waiting {
		a.DueAt = seoul(d.DueAt)
	}
	return a
}

// explain says why a delivery failed, in the caller's language.
func (c *call) explain(failure string) string {
	ko, en := webhook.Explain(failure)
	if c.lang == locale.English {
		return en
	}
	return ko
}

// deliveries answers with what is and was on its way to a webhook, the newest event first. A page that ends before its limit
// goes on where it has a next.
func (c *call) deliveries() error {
	q := c.query()
	ask := webhook.Query{Limit: int64(q.limit()), State: q.deliveryState(), Type: q.eventType()}
	ask.From, ask.To = q.days()
	ask.Before = c.before(q)
	if err := q.close(); err != nil {
		return err
	}
	var err error
	if ask.EndpointID, err = c.endpointID(); err != nil {
		return err
	}
	found, err := c.Store.Deliveries(c.r.Context(), ask)
	if err != nil {
		return accountFault(err)
	}
	answer := page[deliveryAnswer]{Data: make([]deliveryAnswer, len(found.Deliveries))}
	for i, d := range found.Deliveries {
		answer.Data[i] = c.deliveryOf(d)
	}
	if found.Next != 0 {
		answer.Next = c.next(q, int64(found.Next))
	}
	return c.answer(http.StatusOK, answer)
}

// deliveryState returns the state asked for, 0 = any.
func (q *query) deliveryState() webhook.DeliveryState {
	if !q.has("state") {
		return 0
	}
	states := webhook.DeliveryStates()
	words := make([]string, len(states))
	for i, s := range states {
		words[i] = s.String()
	}
	return states[q.oneOf("state", words...)]
}

// eventType returns the type asked for, "" = any.
func (q *query) eventType() gift.EventType {
	if !q.has("type") {
		return ""
	}
	types := append(gift.EventTypes(), gift.TestSent)
	return types[q.oneOf("type", eventNames(types)...)]
}

// found reads the delivery that the path names.
func (c *call) found() (d webhook.Delivery, err error) {
	endpoint, err := c.endpointID()
	if err != nil {
		return d, err
	}
	event, err := webhook.ParseMessageID(c.r.PathValue("event"))
	if err != nil {
		return d, noSuchDelivery
	}
	d, err = c.Store.Delivery(c.r.Context(), endpoint, event)
	return d, deliveryFault(err)
}

// deliveryFault is accountFault where what was not found is a delivery.
func deliveryFault(err error) error {
	if errors.Is(err, office.ErrNotFound) {
		return noSuchDelivery
	}
	return accountFault(err)
}

func (c *call) delivery() error {
	if err := c.query().close(); err != nil {
		return err
	}
	d, err := c.found()
	if err != nil {
		return err
	}
	answer := c.deliveryOf(d)
	answer.Body = webhook.Body(&d.Event)
	return c.answer(http.StatusOK, answer)
}

// replayDelivery sends an event to a webhook again, whatever became of it before: at once if the webhook is on, else as soon as
// it is.
func (c *call) replayDelivery() error {
	if err := c.only(&struct{}{}); err != nil {
		return err
	}
	d, err := c.found()
	if err != nil {
		return err
	}
	_, err = c.Store.Replay(c.changing(), webhook.Replay{EndpointID: d.EndpointID, Event: d.Event.ID}, c.Clock.Now())
	if err != nil {
		return deliveryFault(err)
	}
	return c.accepted(d.Event.ID)
}
