package partnerv2

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/webhook"
)

// webhookBody is what is sent of a webhook. What is absent stays as it is; of a new one, it is told of all events.
type webhookBody struct {
	URL     *string   `json:"url"`
	Events  *[]string `json:"events"` // none = all
	Enabled *bool     `json:"enabled"`
}

// edit checks the members that are there.
func (c *call) edit(body webhookBody) (d webhook.Edit, err error) {
	d.On = body.Enabled
	if body.URL != nil {
		if err := c.Webhooks.Check(*body.URL); err != nil {
			return d, urlRefused(err)
		}
		d.URL = body.URL
	}
	if body.Events != nil {
		types, err := webhook.Types(*body.Events)
		if err != nil {
			return d, unknownEvent()
		}
		d.Types = &types
	}
	return d, nil
}

// unknownEvent names the events there are.
func unknownEvent() problem {
	all := strings.Join(eventNames(gift.EventTypes()), ", ")
	return wrongMember("events", "다음만 쓸 수 있습니다: "+all, "want some of: "+all+".")
}

func eventNames(types []gift.EventType) []string {
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = string(t)
	}
	return words
}

// addWebhook adds a webhook, switched on. Its secret is in this answer and nowhere else.
func (c *call) addWebhook() error {
	var body struct {
		URL    *string   `json:"url"`
		Events *[]string `json:"events"`
	}
	if err := errors.Join(c.query().close(), c.neededBody(&body)); err != nil {
		return err
	}
	if body.URL == nil {
		return wrongMember("url", "필요합니다.", "it is missing.")
	}
	d, err := c.edit(webhookBody{URL: body.URL, Events: body.Events})
	if err != nil {
		return err
	}
	e := webhook.Endpoint{PartnerID: c.partner.ID, URL: *d.URL}
	if d.Types != nil {
		e.Types = *d.Types
	}
	secret := webhook.NewSecret()
	e, err = c.Store.AddEndpoint(c.changing(), e, c.seal(secret), c.Clock.Now())
	if err != nil {
		return accountFault(err)
	}
	c.w.Header().Set("Location", Root+"webhooks/"+strconv.FormatInt(e.ID, 10))
	answer := c.endpointOf(webhook.Listed{Endpoint: e})
	answer.Secret = secret
	return c.answer(http.StatusCreated, answer)
}

// seal encrypts a webhook's secret for its number.
func (c *call) seal(secret string) func(id int64) ([]byte, error) {
	return func(id int64) ([]byte, error) { return c.Secrets.SealSecret(webhook.SecretKind, id, secret) }
}

// changeWebhook changes what the body names. Changes that come at the same time are made one after the other.
func (c *call) changeWebhook() error {
	var body webhookBody
	if err := c.only(&body); err != nil {
		return err
	}
	d, err := c.edit(body)
	if err != nil {
		return err
	}
	return c.changeEndpoint(d.Action(), d.Apply, "")
}

// rotateSecret gives a webhook another secret, which is in this answer and nowhere else. Deliveries are signed with the one
// before as well, for webhook.RotationGrace.
func (c *call) rotateSecret() error {
	if err := c.only(&struct{}{}); err != nil {
		return err
	}
	secret := webhook.NewSecret()
	return c.changeEndpoint(webhook.RotateAction, webhook.Rotation(c.seal(secret), c.Clock.Now()), secret)
}

// changeEndpoint changes the webhook that the path names, and answers with it.
func (c *call) changeEndpoint(action string, change webhook.Change, secret string) error {
	id, err := c.endpointID()
	if err != nil {
		return err
	}
	if _, err := c.Store.ChangeEndpoint(c.changing(), action, id, 0, c.Clock.Now(), change); err != nil {
		return webhookFault(err)
	}
	return c.answerEndpoint(id, secret)
}

func (c *call) removeWebhook() error {
	if err := c.only(&struct{}{}); err != nil {
		return err
	}
	id, err := c.endpointID()
	if err != nil {
		return err
	}
	if err := c.Store.RemoveEndpoint(c.changing(), id, 0, c.Clock.Now()); err != nil {
		return webhookFault(err)
	}
	return c.noContent()
}

// testWebhook sends a webhook an event that tells nothing.
func (c *call) testWebhook() error {
	if err := c.only(&struct{}{}); err != nil {
		return err
	}
	id, err := c.endpointID()
	if err != nil {
		return err
	}
	event, err := c.Store.SendTest(c.changing(), id, c.Clock.Now())
	if err != nil {
		return webhookFault(err)
	}
	return c.accepted(event)
}

// accepted answers that an event is on its way.
func (c *call) accepted(event gift.ID) error {
	return c.answer(http.StatusAccepted, struct {
		EventID string `json:"event_id"`
	}{webhook.MessageID(event)})
}
