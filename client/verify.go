package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of a webhook, as Standard Webhooks (https://www.standardwebhooks.com) names them.
const (
	WebhookIDHeader        = "Webhook-Id"
	WebhookTimestampHeader = "Webhook-Timestamp" // seconds since 1970
	WebhookSignatureHeader = "Webhook-Signature"
)

const (
	secretPrefix     = "whsec_"
	signaturePrefix  = "v1,"
	webhookTolerance = 5 * time.Minute
	leastSecret      = 24 // bytes
	mostSecrets      = 10
	mostSignatures   = 20 // that are looked at
)

// What keeps a webhook from being believed.
var (
	ErrWebhookUnsigned  = errors.New("the webhook has no signature, or none that can be read")
	ErrWebhookSignature = errors.New("the webhook is not signed with a secret that is known here")
	ErrWebhookTime      = errors.New("the webhook was signed more than 5 minutes ago, or the clocks differ by so much")
)

// WebhookVerifier finds out whether a webhook comes from the server. Its methods may be called from any goroutine.
type WebhookVerifier struct {
	keys [][]byte
	now  func() time.Time
}

// NewWebhookVerifier takes a webhook's secrets, whsec_…: the one in use, and while it is being rotated the one before, too, up to 10.
func NewWebhookVerifier(secrets ...string) (*WebhookVerifier, error) {
	if len(secrets) == 0 || len(secrets) > mostSecrets {
		return nil, fmt.Errorf("want 1 to %d secrets, not %d", mostSecrets, len(secrets))
	}
	v := &WebhookVerifier{now: time.Now}
	for i, secret := range secrets {
		encoded, ok := strings.CutPrefix(secret, secretPrefix)
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(key) < leastSecret {
			return nil, fmt.Errorf("secret %d is not whsec_ and the base64 of at least %d bytes", i+1, leastSecret)
		}
		v.keys = append(v.keys, key)
	}
	return v, nil
}

// String tells nothing, so that secrets do not get into logs.
func (v *WebhookVerifier) String() string { return "webhook verifier" }

// WithClock returns a verifier that goes by another clock: for tests with a server whose clock is not the real one, such as that of
// package clienttest.
func (v *WebhookVerifier) WithClock(now func() time.Time) *WebhookVerifier {
	return &WebhookVerifier{keys: v.keys, now: now}
}

// Verify returns nil when one of the secrets signed the body, as it was received to the byte, not more than 5 minutes ago. Else the
// error is one of ErrWebhookUnsigned, ErrWebhookSignature and ErrWebhookTime, and the webhook must not be believed.
func (v *WebhookVerifier) Verify(header http.Header, body []byte) error {
	id, timestamp := header.Get(WebhookIDHeader), header.Get(WebhookTimestampHeader)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	signatures := strings.Fields(header.Get(WebhookSignatureHeader))
	if id == "" || err != nil || len(signatures) == 0 {
		return ErrWebhookUnsigned
	}
	if !v.signed(signatures, id, timestamp, body) {
		return ErrWebhookSignature
	}
	if age := v.now().Sub(time.Unix(seconds, 0)); age > webhookTolerance || age < -webhookTolerance {
		return ErrWebhookTime
	}
	return nil
}

// signed compares in a time that does not depend on where signatures differ.
func (v *WebhookVerifier) signed(signatures []string, id, timestamp string, body []byte) bool {
	found := false
	for _, key := range v.keys {
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%s.", id, timestamp) // a hash takes all
		_, _ = mac.Write(body)
		want := mac.Sum(nil)
		for _, signature := range signatures[:min(len(signatures), mostSignatures)] {
			encoded, ours := strings.CutPrefix(signature, signaturePrefix)
			got, err := base64.StdEncoding.DecodeString(encoded)
			if ours && err == nil && hmac.Equal(got, want) {
				found = true
			}
		}
	}
	return found
}

// ParseEvent verifies a webhook and reads its event.
func (v *WebhookVerifier) ParseEvent(header http.Header, body []byte) (Event, error) {
	if err := v.Verify(header, body); err != nil {
		return Event{}, err
	}
	e, err := ParseEvent(body)
	e.ID = header.Get(WebhookIDHeader)
	return e, err
}

// ParseEvent reads the body of a webhook, which nobody has verified, such as one that was kept. Its ID stands in the header only.
func ParseEvent(body []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("read the event: %w", err)
	}
	if e.Type == "" {
		return Event{}, errors.New("read the event: it has no type")
	}
	return e, nil
}
