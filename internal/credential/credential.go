// Package credential decides who is calling: partner keys, partner tokens, refresh tokens and access tokens, their
// issue, rotation and checks in the guide's order. Nothing secret is stored: the database holds keyed hashes.
package credential

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"giftimbiz/internal/gift"
)

// RotationGrace is how long rotated keys keep working unless told otherwise, and MaxGrace how long they can be told to.
const (
	RotationGrace = 24 * time.Hour
	MaxGrace      = 30 * 24 * time.Hour
)

// MaxGenerations is how many generations of a partner's keys work at a time at most; KeptGenerations how many are kept, those
// that ended included.
const (
	MaxGenerations  = 20
	KeptGenerations = 20
)

// What keeps keys from being rotated.
var (
	ErrTooMany = fmt.Errorf("has %d sets of keys that work; end them with a rotation without a grace period", MaxGenerations)
	ErrEnded   = errors.New("the keys do not work any more")
)

// Keys is one generation of a partner's secrets as it is stored. Rotation adds a generation and gives the older ones an
// end; until then all of them work.
type Keys struct {
	ID          int64 // random and positive, so that tokens can name it before it is stored
	PartnerID   int64 // 0 in what NewKeys returns for a partner that is not stored yet
	KeyHash     []byte
	TokenHash   []byte
	RefreshHash []byte
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: until it is rotated
}

// liveAt tells whether the generation works at now; at the very instant of ExpiresAt it no longer does.
func (k *Keys) liveAt(now time.Time) bool {
	return k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt)
}

// Secrets is what a partner is given, once.
type Secrets struct {
	PartnerKey   string // "gmk_live_…", "gmk_test_…" for sandbox partners
	PartnerToken string // "gmt_…"
	RefreshToken string // a JWT
}

// Record is a partner with all its keys, expired ones included.
type Record struct {
	gift.Partner
	Keys []Keys
}

// Source is the store of partners.
type Source interface {
	// PartnersChangedSince returns the partners that were changed after the change numbered seq, each with all of its
	// keys, and the number to ask with next time. Seq 0 asks for all. A partner may come again unchanged; none may be
	// left out. It is cheap when nothing changed.
	PartnersChangedSince(ctx context.Context, seq int64) (records []Record, upTo int64, err error)
}

// Header is a request header that may be absent, which is not the same as empty.
type Header struct {
	Present bool
	Value   string
}

// Presented is what a caller shows of itself.
type Presented struct {
	PartnerName  string // partner_id
	PartnerKey   string
	PartnerToken string
	Access       Header
	Refresh      Header
	Addr         netip.Addr // where the call comes from
}

// Identity is a caller whose credentials are right. It is shared and must not be changed.
type Identity struct {
	Partner    gift.Partner // as of the directory's last refresh
	Generation int64        // of the refresh token: the one to issue access tokens under
}

// Fault says why a caller was refused. Nothing secret is in it.
type Fault struct{ Kind FaultKind }

// FaultKind is a way in which credentials can be wrong, in the order in which they are checked (the guide's code table).
type FaultKind int

const (
	MissingCredential      FaultKind = iota + 1 // partner name, key or token missing or empty
	UnknownKey                                  // no partner has this key, or its time is over
	KeyOfAnother                                // the key belongs to another partner than the one named
	PartnerTokenWrong                           // the partner token does not belong to the key
	PartnerWithdrawn                            // the partner left for good
	PartnerSuspended                            // the partner may not call at present
	AddressRefused                              // the partner allows calls from other addresses only
	RefreshMissing                              // no refresh token sent
	RefreshEmpty                                // empty or "null"
	RefreshTooLong                              // over 8 KiB
	RefreshMalformed                            // no token at all: not three parts, or undecodable
	RefreshInvalid                              // wrong algorithm, type, signature, issuer, audience, or not valid yet
	RefreshExpired                              // its time is over
	RefreshNotRegistered                        // right, but not one of this partner's present ones: rotated or revoked
	AccessMissing                               // no access token sent
	AccessEmpty                                 // empty or "null"
	AccessTooLong                               // over 8 KiB
	AccessMalformed                             // not three parts, or undecodable
	AccessNotOurs                               // an algorithm or type that we do not issue
	AccessSignatureWrong                        // changed, or signed by somebody else
	AccessExpired                               // its time is over
	AccessOfUnknownPartner                      // the partner named in it does not exist
	AccessInvalid                               // wrong issuer or audience, not valid yet, or revoked by key rotation
	AccessOfAnother                             // right, but of another partner
)

var faultNames = map[FaultKind]string{
	MissingCredential: "credential missing", UnknownKey: "unknown partner key", KeyOfAnother: "key of another partner",
	PartnerTokenWrong: "wrong partner token", PartnerWithdrawn: "partner withdrawn",
	PartnerSuspended: "partner suspended", AddressRefused: "address not allowed",
	RefreshMissing: "refresh token missing", RefreshEmpty: "refresh token empty",
	RefreshTooLong: "refresh token too long", RefreshMalformed: "refresh token malformed",
	RefreshInvalid: "refresh token invalid", RefreshExpired: "refresh token expired",
	RefreshNotRegistered: "refresh token not registered",
	AccessMissing:        "access token missing", AccessEmpty: "access token empty",
	AccessTooLong: "access token too long", AccessMalformed: "access token malformed",
	AccessNotOurs: "access token of another kind", AccessSignatureWrong: "access token signature wrong",
	AccessExpired: "access token expired", AccessOfUnknownPartner: "access token of an unknown partner",
	AccessInvalid: "access token invalid", AccessOfAnother: "access token of another partner",
}

// String describes the kind for logs; answers have their own texts.
func (k FaultKind) String() string {
	if name, ok := faultNames[k]; ok {
		return name
	}
	return fmt.Sprintf("fault kind %d", int(k))
}

// MayBeGuess tells whether who sends such credentials may know nothing that is right of them. Others are right but of no use any more,
// or not yet all there.
func (k FaultKind) MayBeGuess() bool {
	switch k {
	case UnknownKey, KeyOfAnother, PartnerTokenWrong, RefreshTooLong, RefreshMalformed, RefreshInvalid,
		AccessTooLong, AccessMalformed, AccessNotOurs, AccessSignatureWrong, AccessOfUnknownPartner, AccessOfAnother:
		return true
	}
	return false
}
