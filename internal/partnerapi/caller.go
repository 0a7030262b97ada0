package partnerapi

import (
	"net/http"
	"net/netip"
	"strings"

	"giftimbiz/internal/credential"
)

// signIn finds out who calls (wire §7).
func (c *call) signIn() error {
	p := c.presented()
	p.Refresh = headerOf(c.r, "Refresh-Token")
	p.Access = headerOf(c.r, "Access-Token")
	return c.identified(c.Authority.Check(p))
}

// signInForToken is for callers that have no access token yet.
func (c *call) signInForToken() error {
	p := c.presented()
	if p.Refresh = headerOf(c.r, "X-Refresh-Token"); !p.Refresh.Present {
		p.Refresh = headerOf(c.r, "Refresh-Token")
	}
	return c.identified(c.Authority.CheckRefreshOnly(p))
}

func (c *call) identified(who *credential.Identity, fault *credential.Fault) error {
	if fault != nil {
		return refuseCaller(fault)
	}
	c.who = who
	return nil
}

func (c *call) presented() credential.Presented {
	return credential.Presented{
		PartnerName:  c.in.get("partner_id"),
		PartnerKey:   headerOf(c.r, "Partnerkey").Value,
		PartnerToken: headerOf(c.r, "Partnertoken").Value,
		Addr:         c.address(),
	}
}

// headerOf reads a header by its canonical name.
func headerOf(r *http.Request, name string) credential.Header {
	values := r.Header[name]
	if len(values) == 0 {
		return credential.Header{}
	}
	return credential.Header{Present: true, Value: values[0]}
}

// address returns where the call comes from: the connection's other end or, when that is a trusted proxy, the last
// address in X-Forwarded-For that is not one.
func (c *call) address() netip.Addr {
	peer, err := netip.ParseAddrPort(c.r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	if !c.trusts(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(c.r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return addr
		}
		if addr = hop.Unmap(); !c.trusts(addr) {
			return addr
		}
	}
	return addr
}

func (c *call) trusts(addr netip.Addr) bool {
	for _, proxy := range c.TrustedProxies {
		if proxy.Contains(addr) {
			return true
		}
	}
	return false
}
