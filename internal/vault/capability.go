package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
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
	s := v.signers.Get().(*signer)
	defer v.signers.Put(s)
	return capabilityText.EncodeToString(s.sign(kind, data))
}

// signer makes capabilities one after the other. Histories have one or two in each row, and to begin a keyed hash anew would
// be half of what it costs.
type signer struct {
	mac    hash.Hash
	buffer []byte
}

func newSigner(key []byte) *signer { return &signer{mac: hmac.New(sha256.New, key)} }

// sign returns data with its hash, good until the next call. It hashes what keyedHash does.
func (s *signer) sign(kind string, data []byte) []byte {
	s.buffer = append(append(append(s.buffer[:0], kind...), 0), data...)
	s.mac.Reset()
	s.mac.Write(s.buffer) // a hash's Write never fails
	s.buffer = s.mac.Sum(append(s.buffer[:0], data...))
	return s.buffer[:len(data)+capabilityMAC]
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
