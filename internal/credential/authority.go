package credential

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/vault"
)

const (
	defaultAccessTTL  = time.Hour
	defaultRefreshTTL = 365 * 24 * time.Hour

	// Kinds of keyed hashes.
	keyKind     = "partner-key"
	tokenKind   = "partner-token"
	refreshKind = "refresh-token"

	rememberedTokens  = 8192 // per half of the cache; a token takes under 1 KiB
	rememberedSecrets = 4096
)

// Config is what an Authority needs.
type Config struct {
	Vault     *vault.Vault
	Clock     clock.Clock
	Directory *Directory // nil: nobody is known; enough for making keys

	AccessTTL  time.Duration // of access tokens; 0 = one hour
	RefreshTTL time.Duration // of refresh tokens; 0 = 365 days
}

// Authority issues and checks credentials. Its methods may be called from any goroutine.
type Authority struct {
	vault      *vault.Vault
	clock      clock.Clock
	directory  *Directory
	accessTTL  time.Duration
	refreshTTL time.Duration
	signingKey []byte
	parser     *jwt.Parser

	// Remembered are only texts that proved genuine: strangers cannot fill these.
	tokens        *cache[*token] // by the token's text
	partnerKeys   *cache[[]byte] // hashes by the secret's text
	partnerTokens *cache[[]byte]
}

// NewAuthority panics without a vault or a clock.
func NewAuthority(cfg Config) *Authority {
	if cfg.Vault == nil || cfg.Clock == nil {
		panic("credential: an Authority needs a vault and a clock")
	}
	a := &Authority{
		vault: cfg.Vault, clock: cfg.Clock, directory: cfg.Directory,
		accessTTL: cfg.AccessTTL, refreshTTL: cfg.RefreshTTL,
		signingKey: cfg.Vault.TokenKey(),
		// The library checks the signature; claims are ours, because each has its own place in the order of checks.
		parser:        jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation()),
		tokens:        newCache[*token](rememberedTokens),
		partnerKeys:   newCache[[]byte](rememberedSecrets),
		partnerTokens: newCache[[]byte](rememberedSecrets),
	}
	if a.directory == nil {
		a.directory = NewDirectory(nil)
	}
	if a.accessTTL == 0 {
		a.accessTTL = defaultAccessTTL
	}
	if a.refreshTTL == 0 {
		a.refreshTTL = defaultRefreshTTL
	}
	return a
}

// NewKeys makes a new generation of secrets for a partner, and what is to be stored of them. The secrets cannot be had
// again. The partner needs a name; it need not be stored yet.
func (a *Authority) NewKeys(partner gift.Partner) (Secrets, Keys) {
	now := a.clock.Now()
	k := Keys{ID: newGeneration(), PartnerID: partner.ID, CreatedAt: now}
	prefix := "gmk_live_"
	if partner.Sandbox {
		prefix = "gmk_test_"
	}
	s := Secrets{
		PartnerKey:   prefix + rand.Text(),
		PartnerToken: "gmt_" + rand.Text(),
		RefreshToken: sign(a.signingKey, refreshType, newClaims(partner.Name, k.ID, now, a.refreshTTL)),
	}
	k.KeyHash = a.vault.Lookup(keyKind, s.PartnerKey)
	k.TokenHash = a.vault.Lookup(tokenKind, s.PartnerToken)
	k.RefreshHash = a.vault.Lookup(refreshKind, s.RefreshToken)
	return s, k
}

// Issue makes an access token for a partner. It works until its time is over or until the generation of keys it is
// issued under no longer does (Identity.Generation).
func (a *Authority) Issue(partner gift.Partner, keyGeneration int64) string {
	return sign(a.signingKey, accessType, newClaims(partner.Name, keyGeneration, a.clock.Now(), a.accessTTL))
}

func newClaims(partner string, generation int64, now time.Time, ttl time.Duration) claims {
	return claims{
		Generation: generation,
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: partner,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
			ID: rand.Text(),
		},
	}
}

// newGeneration returns a random positive number. That two are equal is as likely as guessing one.
func newGeneration() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return max(int64(binary.BigEndian.Uint64(b[:])>>1), 1)
}

// AccessTTL returns how long an access token works.
func (a *Authority) AccessTTL() time.Duration { return a.accessTTL }

// Refresh makes the authority know at once what was stored of partners before the call; see Directory.Refresh.
func (a *Authority) Refresh(ctx context.Context) error { return a.directory.Refresh(ctx) }

// PartnerID returns the id of the partner of a name, 0 when there is none.
func (a *Authority) PartnerID(name string) int64 { return a.directory.PartnerID(name) }
