package webhook

import (
	"errors"
	"strconv"
	"strings"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/internal/gift"
)

// Headers of a delivery, as Standard Webhooks names them.
const (
	IDHeader        = standard.HeaderWebhookID
	TimestampHeader = standard.HeaderWebhookTimestamp // seconds since 1970
	SignatureHeader = standard.HeaderWebhookSignature
)

// Sign returns what stands in SignatureHeader of a message that is sent at a time, for those who send by themselves.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := keyed(secret)
	if err != nil {
		return "", err
	}
	return key.Sign(id, at, body)
}

// ErrBadID says that a text is no event's name.
var ErrBadID = errors.New("not an event's name such as evt_377702342656000000")

// ParseMessageID reads what MessageID returned.
func ParseMessageID(text string) (gift.ID, error) {
	digits, ok := strings.CutPrefix(text, "evt_")
	n, err := strconv.ParseInt(digits, 10, 64)
	if id := gift.ID(n); ok && err == nil && n >= 0 && MessageID(id) == text {
		return id, nil
	}
	return 0, ErrBadID
}
