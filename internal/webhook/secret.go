package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
)

const secretPrefix = "whsec_"

// How many random bytes a secret has: Standard Webhooks asks for 24 to 64.
const (
	leastSecret = 24
	newSecret   = 32
	mostSecret  = 64
)

// ErrBadSecret says that a text is no secret of Standard Webhooks.
var ErrBadSecret = errors.New("not whsec_ and base64 of 24 to 64 bytes")

// NewSecret makes a secret as partners are shown it: "whsec_" and base64 of random bytes.
func NewSecret() string {
	key := make([]byte, newSecret)
	_, _ = rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// ParseSecret returns the bytes that NewSecret made a text of.
func ParseSecret(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < leastSecret || len(key) > mostSecret {
		return nil, ErrBadSecret
	}
	return key, nil
}
