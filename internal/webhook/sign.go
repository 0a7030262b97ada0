package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
)

// Headers of a delivery, as Standard Webhooks names them.
const (
	IDHeader        = "Webhook-Id"
	TimestampHeader = "Webhook-Timestamp" // seconds since 1970
	SignatureHeader = "Webhook-Signature"
)

const (
	secretPrefix = "whsec_"
	secretSize   = 32 // bytes of randomness
	minSecret    = 24 // what Standard Webhooks asks for
	maxSecret    = 64
)

// ErrBadSecret says that a text is no secret of Standard Webhooks.
var ErrBadSecret = errors.New("not a secret such as whsec_…")

// NewSecret makes a secret that deliveries to one endpoint are signed with.
func NewSecret() string {
	var b [secretSize]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

// Sign returns what stands in SignatureHeader for a message that is sent at a time: "v1," and a keyed hash. Of several secrets,
// the signatures stand side by side, with a space between.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	text, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return "", ErrBadSecret
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Body is what is sent of an event, the same bytes each time.
func Body(e gift.Event) []byte {
	text, err := json.Marshal(struct {
		Type gift.EventType  `json:"type"`
		At   time.Time       `json:"timestamp"`
		Data json.RawMessage `json:"data"`
	}{e.Type, e.At().In(gift.Seoul), e.Data})
	if err != nil {
		panic("webhook: a stored event is no JSON: " + err.Error())
	}
	return text
}
