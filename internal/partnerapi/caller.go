package partnerapi

import (
	"net/http"
	"strings"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/peer"
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
	if over := c.countWrong(fault.Kind, p); over != nil {
		return over
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
		Addr:         peer.Address(c.r, c.TrustedProxies),
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
