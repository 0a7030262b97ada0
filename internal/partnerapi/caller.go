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
	who, fault := c.Authority.Check(p)
	return c.identified(who, fault, &p, "Refresh-Token")
}

// signInForToken is for callers that have no access token yet.
func (c *call) signInForToken() error {
	p := c.presented()
	if p.Refresh = headerOf(c.r, "X-Refresh-Token"); !p.Refresh.Present {
		p.Refresh = headerOf(c.r, "Refresh-Token")
	}
	who, fault := c.Authority.CheckRefreshOnly(p)
	return c.identified(who, fault, &p, "x-refresh-token")
}

// identified remembers who calls, or says what is wrong with the credentials. refreshHeader is what this endpoint's
// callers know the refresh token's header as.
func (c *call) identified(
	who *credential.Identity, fault *credential.Fault, p *credential.Presented, refreshHeader string,
) error {
	if fault == nil {
		c.who = who
		return nil
	}
	return refuse(callerFaults[fault.Kind], "header", refreshHeader, "names", strings.Join(missingOf(p), ", "))
}

// missingOf names the credentials that are absent or empty.
func missingOf(p *credential.Presented) (names []string) {
	for _, c := range []struct{ name, value string }{
		{"partner_id", p.PartnerName}, {"Partnerkey", p.PartnerKey}, {"Partnertoken", p.PartnerToken},
	} {
		if strings.TrimSpace(c.value) == "" {
			names = append(names, c.name)
		}
	}
	return names
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
		if addr = hopAddress(strings.TrimSpace(hops[i])); !c.trusts(addr) {
			return addr
		}
	}
	return addr
}

// hopAddress reads an address of X-Forwarded-For, which some proxies write with a port. What cannot be read is no address,
// which no allow-list admits: never the proxy's own.
func hopAddress(text string) netip.Addr {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return addr.Unmap()
	}
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap()
	}
	return netip.Addr{}
}

func (c *call) trusts(addr netip.Addr) bool {
	for _, proxy := range c.TrustedProxies {
		if proxy.Contains(addr) {
			return true
		}
	}
	return false
}
