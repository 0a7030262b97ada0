package credential

import (
	"crypto/subtle"
	"net/netip"
	"strings"
	"time"

	"giftimbiz/internal/gift"
)

const maxSecretSize = 256 // bytes; no key or partner token of ours is longer, so a longer one is not even hashed

// Check tells who is calling, or the first thing that is wrong with the credentials.
func (a *Authority) Check(p Presented) (*Identity, *Fault) {
	c := check{Authority: a, people: a.directory.current.Load(), now: a.clock.Now()}
	id, fault := c.refreshOnly(&p)
	if fault == 0 {
		fault = c.access(p.Access, id)
	}
	if fault != 0 {
		return nil, &Fault{Kind: fault}
	}
	return id, nil
}

// CheckRefreshOnly is Check without the access token, for a caller that wants one.
func (a *Authority) CheckRefreshOnly(p Presented) (*Identity, *Fault) {
	c := check{Authority: a, people: a.directory.current.Load(), now: a.clock.Now()}
	id, fault := c.refreshOnly(&p)
	if fault != 0 {
		return nil, &Fault{Kind: fault}
	}
	return id, nil
}

// CheckAccess tells whose access token it is that a caller shows by itself, as the partner's state and addresses allow.
func (a *Authority) CheckAccess(access Header, from netip.Addr) (*Identity, *Fault) {
	c := check{Authority: a, people: a.directory.current.Load(), now: a.clock.Now()}
	g, fault := c.accessHolder(access)
	if fault == 0 {
		fault = mayCall(g.member, &Presented{Addr: from})
	}
	if fault != 0 {
		return nil, &Fault{Kind: fault}
	}
	return g.identity, nil
}

// CheckClient tells whose partner key and partner token these are, and the generation of keys that they belong to, as the
// partner's state and addresses allow. Both must be given.
func (a *Authority) CheckClient(key, token string, from netip.Addr) (*Identity, *Fault) {
	c := check{Authority: a, people: a.directory.current.Load(), now: a.clock.Now()}
	g, fault := c.client(key, token)
	if fault == 0 {
		fault = mayCall(g.member, &Presented{Addr: from})
	}
	if fault != 0 {
		return nil, &Fault{Kind: fault}
	}
	return g.identity, nil
}

// check is one check: all of its steps see the same directory at the same time. A FaultKind of 0 is no fault.
type check struct {
	*Authority
	people *snapshot
	now    time.Time
}

func (c *check) refreshOnly(p *Presented) (*Identity, FaultKind) {
	m, fault := c.partner(p)
	if fault != 0 {
		return nil, fault
	}
	return c.refresh(p.Refresh, m)
}

// partner checks name, key and partner token, and whether the partner may call at all and from there.
func (c *check) partner(p *Presented) (*member, FaultKind) {
	name, key, token := strings.TrimSpace(p.PartnerName), strings.TrimSpace(p.PartnerKey), strings.TrimSpace(p.PartnerToken)
	if name == "" || key == "" || token == "" {
		return nil, MissingCredential
	}
	g := c.holder(key)
	if g == nil || !g.liveAt(c.now) {
		return nil, UnknownKey
	}
	m := g.member
	switch {
	case m.Name != name:
		return nil, KeyOfAnother
	case !c.fits(token, g):
		return nil, PartnerTokenWrong
	}
	return m, mayCall(m, p)
}

// client checks key and partner token.
func (c *check) client(key, token string) (*generation, FaultKind) {
	if key == "" || token == "" {
		return nil, MissingCredential
	}
	g := c.holder(key)
	switch {
	case g == nil || !g.liveAt(c.now):
		return nil, UnknownKey
	case !c.fits(token, g):
		return nil, PartnerTokenWrong
	}
	return g, 0
}

// holder returns the keys that a partner key belongs to, nil when there are none.
func (c *check) holder(key string) *generation {
	if len(key) > maxSecretSize {
		return nil
	}
	hash, known := c.partnerKeys.get(key)
	if !known {
		hash = c.vault.Lookup(keyKind, key)
	}
	g := c.people.byKey[string(hash)]
	if g != nil && !known {
		c.partnerKeys.put(key, hash)
	}
	return g
}

// fits tells whether a partner token is the one of these keys.
func (c *check) fits(token string, g *generation) bool {
	if len(token) > maxSecretSize {
		return false
	}
	hash, known := c.partnerTokens.get(token)
	if !known {
		hash = c.vault.Lookup(tokenKind, token)
	}
	ok := subtle.ConstantTimeCompare(hash, g.TokenHash) == 1
	if ok && !known {
		c.partnerTokens.put(token, hash)
	}
	return ok
}

// mayCall checks the partner's state and address. A blacklisted partner may call; it may not spend.
func mayCall(m *member, p *Presented) FaultKind {
	switch {
	case m.State == gift.Withdrawn:
		return PartnerWithdrawn
	case !m.State.MayCall():
		return PartnerSuspended
	case !m.Admits(p.Addr):
		return AddressRefused
	}
	return 0
}

func (c *check) refresh(h Header, m *member) (*Identity, FaultKind) {
	text := bare(h.Value)
	switch {
	case !h.Present:
		return nil, RefreshMissing
	case isEmpty(text):
		return nil, RefreshEmpty
	case len(text) > maxTokenSize:
		return nil, RefreshTooLong
	}
	t, fault := c.read(text, refreshType)
	switch {
	case fault == malformed:
		return nil, RefreshMalformed
	case fault != noFault || !t.validClaimsAt(c.now):
		return nil, RefreshInvalid
	case t.expiredAt(c.now):
		return nil, RefreshExpired
	}
	for _, g := range m.generations {
		if g.liveAt(c.now) && subtle.ConstantTimeCompare(t.hash, g.RefreshHash) == 1 {
			return g.identity, 0
		}
	}
	return nil, RefreshNotRegistered
}

func (c *check) access(h Header, caller *Identity) FaultKind {
	g, fault := c.accessHolder(h)
	if fault == 0 && g.member.Name != caller.Partner.Name {
		return AccessOfAnother
	}
	return fault
}

// accessHolder returns the keys that an access token was issued under.
func (c *check) accessHolder(h Header) (*generation, FaultKind) {
	text := bare(h.Value)
	switch {
	case !h.Present:
		return nil, AccessMissing
	case isEmpty(text):
		return nil, AccessEmpty
	case len(text) > maxTokenSize:
		return nil, AccessTooLong
	}
	t, fault := c.read(text, accessType)
	switch fault {
	case malformed:
		return nil, AccessMalformed
	case notOurs:
		return nil, AccessNotOurs
	case notVerified:
		return nil, AccessSignatureWrong
	case noFault:
	}
	m := c.people.byName[t.partner]
	switch {
	case t.expiredAt(c.now):
		return nil, AccessExpired
	case m == nil:
		return nil, AccessOfUnknownPartner
	}
	g := m.generation(t.generation, c.now)
	if !t.validClaimsAt(c.now) || g == nil {
		return nil, AccessInvalid
	}
	return g, 0
}

// bare forgives the word Bearer and spaces around a token.
func bare(value string) string {
	const word = "Bearer"
	value = strings.TrimSpace(value)
	if len(value) < len(word) || !strings.EqualFold(value[:len(word)], word) {
		return value
	}
	rest := value[len(word):]
	if rest != "" && rest[0] != ' ' {
		return value
	}
	return strings.TrimSpace(rest)
}

func isEmpty(text string) bool { return text == "" || strings.EqualFold(text, "null") }
