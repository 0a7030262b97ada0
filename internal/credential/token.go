package credential

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	accessType  = "at+jwt"
	refreshType = "rt+jwt"
	issuer      = "giftimbiz"
	audience    = "giftimbiz/api/v1"

	maxTokenSize = 8 << 10 // bytes
)

// claims is what both kinds of token say. The generation is a text: other programs' numbers are too short for it.
type claims struct {
	jwt.RegisteredClaims
	Generation int64 `json:"gen,string,omitempty"`
}

// sign makes a token. It cannot fail: HMAC accepts any key and the claims are plain values.
func sign(key []byte, kind string, c claims) string {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	token.Header["typ"] = kind
	signed, err := token.SignedString(key)
	if err != nil {
		panic("credential: sign a token: " + err.Error())
	}
	return signed
}

// token is a text that was found to be signed by us, whatever it says.
type token struct {
	kind       string // accessType, refreshType, or another
	partner    string // its name
	generation int64
	ours       bool // issuer and audience are right and it ends some time
	notBefore  time.Time
	expires    time.Time
	hash       []byte // of the whole text; refresh tokens only
}

func (t *token) expiredAt(now time.Time) bool {
	return !t.expires.IsZero() && !now.Before(t.expires)
}

func (t *token) validClaimsAt(now time.Time) bool { return t.ours && !now.Before(t.notBefore) }

// tokenFault is how far a text is from being a token of ours.
type tokenFault int

const (
	noFault     tokenFault = iota
	malformed              // not three parts, or a part that does not decode
	notOurs                // an algorithm or a type that we do not issue
	notVerified            // the signature is wrong
)

// read returns the token of the wanted kind that the text is. Tokens once found genuine are remembered, so that the
// next request pays for a look-up only; what changes with time is left to the caller.
func (a *Authority) read(text, kind string) (*token, tokenFault) {
	if t, ok := a.tokens.get(text); ok {
		if t.kind != kind {
			return nil, notOurs
		}
		return t, noFault
	}
	t, fault := a.verify(text, kind)
	if fault == noFault {
		a.tokens.put(text, t)
	}
	return t, fault
}

// verify decodes the text itself first, because the library's errors do not tell an unknown algorithm from a part that
// does not decode, then leaves the signature to the library.
func (a *Authority) verify(text, kind string) (*token, tokenFault) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, malformed
	}
	var header map[string]any
	var c claims
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !decodePart(parts[0], &header) || !decodePart(parts[1], &c) {
		return nil, malformed
	}
	if header["alg"] != jwt.SigningMethodHS256.Alg() || header["typ"] != kind {
		return nil, notOurs
	}
	_, err = a.parser.ParseWithClaims(text, &claims{}, func(*jwt.Token) (any, error) { return a.signingKey, nil })
	if err != nil || base64.RawURLEncoding.EncodeToString(signature) != parts[2] { // the last character has spare bits
		return nil, notVerified
	}
	return a.newToken(text, kind, &c), noFault
}

// decodePart reads a JSON object in base64; "null" is none.
func decodePart(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, into) == nil
}

func (a *Authority) newToken(text, kind string, c *claims) *token {
	t := &token{
		kind: kind, partner: c.Subject, generation: c.Generation,
		ours: c.Issuer == issuer && slices.Contains(c.Audience, audience) && c.ExpiresAt != nil,
	}
	if c.ExpiresAt != nil {
		t.expires = c.ExpiresAt.Time
	}
	if c.NotBefore != nil {
		t.notBefore = c.NotBefore.Time
	}
	if kind == refreshType {
		t.hash = a.vault.Lookup(refreshKind, text)
	}
	return t
}
