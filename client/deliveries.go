package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// DeliveryState is what became of an event at a webhook.
type DeliveryState string

// States of deliveries.
const (
	DeliveryWaiting   DeliveryState = "waiting" // it is to be tried, or tried again
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryAbandoned DeliveryState = "abandoned" // after it was tried for days; ReplayDelivery tries again
)

// Delivery is an event on its way to a webhook.
type Delivery struct {
	EventID  string        `json:"event_id"`
	Type     EventType     `json:"type"`
	State    DeliveryState `json:"state"`
	Attempts int64         `json:"attempts"`
	Status   int           `json:"status,omitempty"`  // of HTTP, of the last attempt; 0 = there was no answer
	Failure  string        `json:"failure,omitempty"` // why the last attempt failed
	DueAt    time.Time     `json:"due_at,omitzero"`   // of the next attempt
	TriedAt  time.Time     `json:"tried_at,omitzero"` // of the last attempt

	// Of Client.Delivery only:
	Body   *Event `json:"body,omitempty"`   // the event, without its ID, as it is sent
	Answer string `json:"answer,omitempty"` // the beginning of what the webhook answered
}

// DeliveryQuery selects deliveries. What is empty selects all.
type DeliveryQuery struct {
	State    DeliveryState
	Type     EventType
	From, To Day
	Limit    int64  // of a page: 1 to 200; default 50
	Cursor   string // the Next of the page before
}

func (q DeliveryQuery) params() params {
	p := params{}
	p.text("state", string(q.State))
	p.text("type", string(q.Type))
	p.text("from", string(q.From))
	p.text("to", string(q.To))
	p.number("limit", q.Limit)
	p.text("cursor", q.Cursor)
	return p
}

// Deliveries lists what was, or is to be, sent to a webhook.
func (c *Client) Deliveries(ctx context.Context, webhookID int64, q DeliveryQuery, options ...Option) (*Page[Delivery], error) {
	return list[Delivery](ctx, c, numbered("/webhooks", webhookID)+"/deliveries", q.params(), options)
}

// AllDeliveries goes through what was, or is to be, sent to a webhook, page by page, as long as the caller goes on.
func (c *Client) AllDeliveries(
	ctx context.Context, webhookID int64, q DeliveryQuery, options ...Option,
) iter.Seq2[Delivery, error] {
	return pages(q.Cursor, func(cursor string) (*Page[Delivery], error) {
		q.Cursor = cursor
		return c.Deliveries(ctx, webhookID, q, options...)
	})
}

// Delivery returns what became of an event at a webhook, with the event itself and the webhook's answer.
func (c *Client) Delivery(ctx context.Context, webhookID int64, eventID string, options ...Option) (*Delivery, error) {
	return get[Delivery](ctx, c, deliveryPath(webhookID, eventID), nil, options)
}

// ReplayDelivery sends an event to a webhook again, soon.
func (c *Client) ReplayDelivery(ctx context.Context, webhookID int64, eventID string, options ...Option) error {
	return c.act(ctx, newV2(http.MethodPost, deliveryPath(webhookID, eventID)+"/replay", options))
}

func deliveryPath(webhookID int64, eventID string) string {
	return numbered("/webhooks", webhookID) + "/deliveries/" + url.PathEscape(eventID)
}
