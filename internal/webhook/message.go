package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/internal/gift"
)

// eventTime is RFC 3339, to the millisecond.
const eventTime = "2006-01-02T15:04:05.000Z07:00"

// MessageID is the event's name for partners. It is the same at each attempt: who saw it can leave the repetition out.
func MessageID(id gift.ID) string { return "evt_" + strconv.FormatInt(int64(id), 10) }

// Body is what a partner is sent of an event: the same bytes at each attempt, because they are made of nothing but what is
// stored.
func Body(e *gift.Event) []byte {
	b := make([]byte, 0, len(e.Data)+len(e.Type)+64)
	b = append(b, `{"type":"`...)
	b = append(b, e.Type...)
	b = append(b, `","timestamp":"`...)
	b = e.At().In(gift.Seoul).AppendFormat(b, eventTime)
	b = append(b, `","data":`...)
	b = append(b, e.Data...)
	return append(b, '}')
}

// signer signs with an endpoint's secrets by the rules of Standard Webhooks.
type signer struct {
	present       *standard.Webhook
	previous      *standard.Webhook // nil: there is none that still works
	previousUntil time.Time
}

// newSigner takes secrets in the clear; previous may be empty.
func newSigner(secret, previous string, previousUntil time.Time) (*signer, error) {
	s := &signer{previousUntil: previousUntil}
	var err error
	if s.present, err = keyed(secret); err == nil && previous != "" {
		s.previous, err = keyed(previous)
	}
	return s, err
}

func keyed(secret string) (*standard.Webhook, error) {
	key, err := ParseSecret(secret)
	if err != nil {
		return nil, err
	}
	return standard.NewWebhookRaw(key)
}

// sign sets the headers of an attempt at a time.
func (s *signer) sign(h http.Header, id gift.ID, at time.Time, body []byte) error {
	name := MessageID(id)
	keys := []*standard.Webhook{s.present}
	if s.previous != nil && at.Before(s.previousUntil) {
		keys = append(keys, s.previous)
	}
	signatures := make([]string, len(keys))
	for i, key := range keys {
		var err error
		if signatures[i], err = key.Sign(name, at, body); err != nil {
			return err
		}
	}
	h.Set(standard.HeaderWebhookID, name)
	h.Set(standard.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standard.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}
