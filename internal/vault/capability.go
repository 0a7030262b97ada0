package vault

import (
	"crypto/hmac"
	"encoding/base64"
	"slices"
)

const (
	capabilityMAC     = 16   // bytes of the hash kept: 2^128 guesses
	maxCapabilityText = 1024 // longer texts are not even decoded
)

var capabilityText = base64.RawURLEncoding.Strict() // one text per capability, not four

// Capability returns a text for URLs that carries data and cannot be guessed or made elsewhere. It does not hide the
// data. The same kind and data always give the same text.
func (v *Vault) Capability(kind string, data []byte) string {
	mac := keyedHash(v.capabilityKey, kind, data)[:capabilityMAC]
	return capabilityText.EncodeToString(slices.Concat(data, mac))
}

// OpenCapability returns the data of a text that Capability made for the same kind.
func (v *Vault) OpenCapability(kind, token string) ([]byte, bool) {
	if len(token) > maxCapabilityText {
		return nil, false
	}
	raw, err := capabilityText.DecodeString(token)
	skipped := len(token) != capabilityText.EncodedLen(len(raw)) // the decoder passes over line breaks
	if err != nil || skipped || len(raw) < capabilityMAC {
		return nil, false
	}
	data, mac := raw[:len(raw)-capabilityMAC], raw[len(raw)-capabilityMAC:]
	if !hmac.Equal(mac, keyedHash(v.capabilityKey, kind, data)[:capabilityMAC]) {
		return nil, false
	}
	return slices.Clip(data), true
}
