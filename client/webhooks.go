package client

import (
	"context"
	"net/http"
	"time"
)

// WebhookState tells whether events are sent to a webhook.
type WebhookState string

// States of webhooks.
const (
	WebhookOn      WebhookState = "on"
	WebhookOff     WebhookState = "off"      // by the partner or the operator
	WebhookGivenUp WebhookState = "given_up" // after failures over days; UpdateWebhook switches it on again
)

// Webhook is an address to which events are sent.
type Webhook struct {
	ID          int64           `json:"id"`
	URL         string          `json:"url"`
	Events      []EventType     `json:"events"` // none = all
	State       WebhookState    `json:"state"`
	OffReason   string          `json:"off_reason,omitempty"`
	Waiting     int64           `json:"waiting"` // events that are still to be delivered
	CreatedAt   time.Time       `json:"created_at"`
	LastFailure *WebhookFailure `json:"last_failure,omitempty"`
	// Secret signs the events; see WebhookVerifier. It is shown by CreateWebhook and RotateWebhookSecret only, once.
	Secret string `json:"secret,omitempty"`
}

// WebhookFailure is how a delivery failed.
type WebhookFailure struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // of HTTP; 0 = there was no answer
	Text   string    `json:"text"`
}

// Webhooks lists the partner's webhooks.
func (c *Client) Webhooks(ctx context.Context, options ...Option) ([]Webhook, error) {
	return whole[Webhook](ctx, c, "/webhooks", params{}, options)
}

// CreateWebhook has events sent to an address: those of the given types, or all when none is given. The answer has the Secret.
func (c *Client) CreateWebhook(ctx context.Context, url string, events []EventType, options ...Option) (*Webhook, error) {
	in := struct {
		URL    string      `json:"url"`
		Events []EventType `json:"events,omitempty"`
	}{url, events}
	return post[Webhook](ctx, c, "/webhooks", in, false, options)
}

// Webhook returns a webhook.
func (c *Client) Webhook(ctx context.Context, id int64, options ...Option) (*Webhook, error) {
	return get[Webhook](ctx, c, numbered("/webhooks", id), nil, options)
}

// WebhookUpdate is what to change of a webhook. What is nil stays; Events without any are all.
type WebhookUpdate struct {
	URL     *string     `json:"url,omitempty"`
	Events  []EventType `json:"events,omitzero"`
	Enabled *bool       `json:"enabled,omitempty"`
}

// UpdateWebhook changes a webhook.
func (c *Client) UpdateWebhook(ctx context.Context, id int64, change WebhookUpdate, options ...Option) (*Webhook, error) {
	r, err := withBody(http.MethodPatch, numbered("/webhooks", id), change, options)
	if err != nil {
		return nil, err
	}
	r.repeatable = true
	return ask[Webhook](ctx, c, r)
}

// DeleteWebhook forgets a webhook and what was to be sent to it.
func (c *Client) DeleteWebhook(ctx context.Context, id int64, options ...Option) error {
	return c.act(ctx, newV2(http.MethodDelete, numbered("/webhooks", id), options))
}

// RotateWebhookSecret gives a webhook another Secret. For 24 hours events are signed with both. It is not sent again when its answer
// was lost: done twice, it would end the secret in use. Ask again only once the new secret is needed.
func (c *Client) RotateWebhookSecret(ctx context.Context, id int64, options ...Option) (*Webhook, error) {
	return post[Webhook](ctx, c, numbered("/webhooks", id)+"/rotate-secret", struct{}{}, false, options)
}

// TestWebhook sends the event test.sent to a webhook and returns the event's id.
func (c *Client) TestWebhook(ctx context.Context, id int64, options ...Option) (eventID string, err error) {
	type sent struct {
		EventID string `json:"event_id"`
	}
	answer, err := post[sent](ctx, c, numbered("/webhooks", id)+"/test", struct{}{}, false, options)
	if err != nil {
		return "", err
	}
	return answer.EventID, nil
}
