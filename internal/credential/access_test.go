package credential_test

import (
	"net/netip"
	"testing"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

// TestAnAccessTokenAloneSaysWhoCalls as long as its keys work, and refuses what the partner may not.
func TestAnAccessTokenAloneSaysWhoCalls(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(h *house, p *credential.Presented)
		want  credential.FaultKind // 0 = admitted
	}{
		{"right", func(*house, *credential.Presented) {}, 0},
		{"with the word Bearer", func(_ *house, p *credential.Presented) { p.Access.Value = "Bearer " + p.Access.Value }, 0},
		{"blacklisted", func(h *house, _ *credential.Presented) {
			h.change("demo", func(r *credential.Record) { r.State = gift.Blacklisted })
		}, 0},
		{"missing", func(_ *house, p *credential.Presented) { p.Access = credential.Header{} }, credential.AccessMissing},
		{"a refresh token", func(_ *house, p *credential.Presented) { p.Access = p.Refresh }, credential.AccessNotOurs},
		{"expired", func(h *house, _ *credential.Presented) { h.clock.Advance(h.AccessTTL()) }, credential.AccessExpired},
		{"rotated", func(h *house, _ *credential.Presented) { h.rotate("demo", 0) }, credential.AccessInvalid},
		{"suspended", func(h *house, _ *credential.Presented) {
			h.change("demo", func(r *credential.Record) { r.State = gift.Suspended })
		}, credential.PartnerSuspended},
		{"from elsewhere", func(h *house, _ *credential.Presented) {
			h.change("demo", func(r *credential.Record) { r.AllowList = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
		}, credential.AddressRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			p := h.open("demo")
			h.clock.Advance(time.Minute)
			test.spoil(h, &p)
			id, fault := h.CheckAccess(p.Access, p.Addr)
			switch {
			case test.want == 0 && (fault != nil || id.Partner.Name != "demo"):
				t.Errorf("%v, %v", id, fault)
			case test.want != 0 && (fault == nil || fault.Kind != test.want):
				t.Errorf("%v, want %v", fault, test.want)
			}
		})
	}
}

// TestAPartnerKeyAndItsTokenAloneSayWhoCalls and which of the partner's keys they are.
func TestAPartnerKeyAndItsTokenAloneSayWhoCalls(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(h *house, p *credential.Presented)
		want  credential.FaultKind // 0 = admitted
	}{
		{"right", func(*house, *credential.Presented) {}, 0},
		{"rotated, within the grace", func(h *house, _ *credential.Presented) { h.rotate("demo", time.Hour) }, 0},
		{"no key", func(_ *house, p *credential.Presented) { p.PartnerKey = "" }, credential.MissingCredential},
		{"no token", func(_ *house, p *credential.Presented) { p.PartnerToken = "" }, credential.MissingCredential},
		{"another's key", func(h *house, p *credential.Presented) { p.PartnerKey = h.open("other").PartnerKey }, credential.PartnerTokenWrong},
		{"another's token", func(h *house, p *credential.Presented) { p.PartnerToken = h.open("other").PartnerToken }, credential.PartnerTokenWrong},
		{"made up", func(_ *house, p *credential.Presented) { p.PartnerKey += "x" }, credential.UnknownKey},
		{"rotated", func(h *house, _ *credential.Presented) { h.rotate("demo", 0) }, credential.UnknownKey},
		{"withdrawn", func(h *house, _ *credential.Presented) {
			h.change("demo", func(r *credential.Record) { r.State = gift.Withdrawn })
		}, credential.PartnerWithdrawn},
		{"suspended", func(h *house, _ *credential.Presented) {
			h.change("demo", func(r *credential.Record) { r.State = gift.Suspended })
		}, credential.PartnerSuspended},
		{"from elsewhere", func(h *house, _ *credential.Presented) {
			h.change("demo", func(r *credential.Record) { r.AllowList = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
		}, credential.AddressRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			p := h.open("demo")
			test.spoil(h, &p)
			id, fault := h.CheckClient(p.PartnerKey, p.PartnerToken, p.Addr)
			if test.want != 0 {
				if fault == nil || fault.Kind != test.want {
					t.Errorf("%v, want %v", fault, test.want)
				}
				return
			}
			if fault != nil || id.Partner.Name != "demo" {
				t.Fatalf("%v, %v", id, fault)
			}
			access := credential.Header{Present: true, Value: h.Issue(id.Partner, id.Generation)}
			if who, fault := h.CheckAccess(access, p.Addr); fault != nil || who != id {
				t.Errorf("the access token issued for them: %v, %v", who, fault)
			}
		})
	}
}
