package partnerv2

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/webhook"
)

// webhookStore keeps where partners are told what happens. An endpoint that does not exist is office.ErrNotFound.
type webhookStore interface {
	Endpoints(ctx context.Context, partnerID int64) ([]webhook.Listed, error)
	Endpoint(ctx context.Context, id int64) (webhook.Listed, error)
	// EndpointOwner returns the number of the partner whose endpoint it is, for ever.
	EndpointOwner(ctx context.Context, id int64) (partnerID int64, err error)
	// AddEndpoint returns webhook.ErrTooMany when the partner has as many as it may have.
	AddEndpoint(
		ctx context.Context, e webhook.Endpoint, seal func(id int64) ([]byte, error), now time.Time,
	) (webhook.Endpoint, error)
	// ChangeEndpoint and RemoveEndpoint take a version of 0 for any: edit sees the endpoint as it is then.
	ChangeEndpoint(
		ctx context.Context, action string, id, version int64, now time.Time, edit webhook.Change,
	) (webhook.Endpoint, error)
	RemoveEndpoint(ctx context.Context, id, version int64, now time.Time) error
	// SendTest returns webhook.ErrOff for an endpoint that is told nothing.
	SendTest(ctx context.Context, id int64, now time.Time) (gift.ID, error)

	Deliveries(ctx context.Context, q webhook.Query) (webhook.Page, error)
	Delivery(ctx context.Context, endpoint int64, event gift.ID) (webhook.Delivery, error)
	Replay(ctx context.Context, r webhook.Replay, now time.Time) (webhook.Replayed, error)
}

// Sealer encrypts secrets; see vault.Vault.
type Sealer interface {
	SealSecret(kind string, id int64, plain string) ([]byte, error)
}

func webhookRoutes() []route {
	const (
		one      = "webhooks/{id}"
		delivery = one + "/deliveries/{event}"
	)
	return []route{
		{method: http.MethodGet, pattern: "webhooks", serve: (*call).webhooks},
		{method: http.MethodPost, pattern: "webhooks", serve: (*call).addWebhook},
		{method: http.MethodGet, pattern: one, serve: (*call).webhook},
		{method: http.MethodPatch, pattern: one, serve: (*call).changeWebhook},
		{method: http.MethodDelete, pattern: one, serve: (*call).removeWebhook},
		{method: http.MethodPost, pattern: one + "/rotate-secret", serve: (*call).rotateSecret},
		{method: http.MethodPost, pattern: one + "/test", serve: (*call).testWebhook},
		{method: http.MethodGet, pattern: one + "/deliveries", serve: (*call).deliveries},
		{method: http.MethodGet, pattern: delivery, serve: (*call).delivery},
		{method: http.MethodPost, pattern: delivery + "/replay", serve: (*call).replayDelivery},
	}
}

// endpointAnswer is a webhook.
type endpointAnswer struct {
	ID          int64            `json:"id"`
	URL         string           `json:"url"`
	Events      []gift.EventType `json:"events"` // none = all
	State       string           `json:"state"`
	OffReason   string           `json:"off_reason,omitempty"` // why it was given up
	Waiting     int64            `json:"waiting"`              // deliveries; webhook.CountedUpTo = so many or more
	CreatedAt   time.Time        `json:"created_at"`
	LastFailure *failureAnswer   `json:"last_failure,omitempty"`
	Secret      string           `json:"secret,omitempty"` // when it is new; never again
}

type failureAnswer struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // of the answer; 0 = there was none
	Text   string    `json:"text"`
}

// endpointWords are how states are called.
var endpointWords = map[webhook.State]string{webhook.On: "on", webhook.Off: "off", webhook.GivenUp: "given_up"}

func (c *call) endpointOf(l webhook.Listed) endpointAnswer {
	a := endpointAnswer{
		ID: l.ID, URL: l.URL, Events: l.Types, State: endpointWords[l.State], OffReason: l.OffReason, Waiting: l.Waiting,
		CreatedAt: seoul(l.CreatedAt),
	}
	if a.Events == nil {
		a.Events = []gift.EventType{}
	}
	if f := l.LastFailure; !f.At.IsZero() {
		a.LastFailure = &failureAnswer{At: seoul(f.At), Status: f.Status, Text: c.explain(f.Text)}
	}
	return a
}

// webhooks answers with all of the partner's webhooks: there are webhook.MaxEndpoints at most.
func (c *call) webhooks() error {
	if err := c.query().close(); err != nil {
		return err
	}
	list, err := c.Store.Endpoints(c.r.Context(), c.partner.ID)
	if err != nil {
		return accountFault(err)
	}
	answer := page[endpointAnswer]{Data: make([]endpointAnswer, len(list))}
	for i, l := range list {
		answer.Data[i] = c.endpointOf(l)
	}
	return c.answer(http.StatusOK, answer)
}

func (c *call) webhook() error {
	if err := c.query().close(); err != nil {
		return err
	}
	id, err := c.endpointID()
	if err != nil {
		return err
	}
	return c.answerEndpoint(id, "")
}

// answerEndpoint answers with a webhook of the partner as it is stored now, and with its secret if that is new.
func (c *call) answerEndpoint(id int64, secret string) error {
	l, err := c.Store.Endpoint(c.r.Context(), id)
	if err != nil {
		return webhookFault(err)
	}
	answer := c.endpointOf(l)
	answer.Secret = secret
	return c.answer(http.StatusOK, answer)
}

// endpointID reads which webhook the path names. It must be the partner's.
func (c *call) endpointID() (int64, error) {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, noSuchWebhook
	}
	owner, err := c.Store.EndpointOwner(c.r.Context(), id)
	if err == nil && owner != c.partner.ID {
		err = noSuchWebhook
	}
	return id, webhookFault(err)
}

// webhookFault is accountFault where what was not found is a webhook.
func webhookFault(err error) error {
	if errors.Is(err, office.ErrNotFound) {
		return noSuchWebhook
	}
	return accountFault(err)
}
