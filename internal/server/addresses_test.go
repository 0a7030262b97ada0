package server

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"giftimbiz/internal/partnerapi"
)

// behindProxy makes the test's own address a proxy, so that requests can come from anywhere.
func behindProxy(limits Limits) func(*Config) {
	return func(c *Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Limits = limits
	}
}

func TestWrongCredentialsAreCountedAndLockNobodyOut(t *testing.T) {
	s := startHouse(t, behindProxy(Limits{Failures: 5}))
	t.Run("of version 1", func(t *testing.T) { guessingLocksNobodyOut(t, s.in(t)) })
	t.Run("of version 2", func(t *testing.T) { wrongTokensAreCounted(t, s.in(t)) })
}

func TestCallersAreHeldToTheirRates(t *testing.T) {
	s := startHouse(t, behindProxy(Limits{Address: 2, PartnerV1: 2}))
	t.Run("an address", func(t *testing.T) { addressIsRefusedUnread(t, s.in(t)) })
	t.Run("a partner of version 1", func(t *testing.T) { version1Counts(t, s.in(t)) })
}

// from lets a partner call from an address.
func (c *caller) from(address string) *caller {
	other := *c
	other.header = c.header.Clone()
	other.header.Set("X-Forwarded-For", address)
	return &other
}

// guessingLocksNobodyOut has somebody send wrong keys in a live partner's name until it is told nothing more. The
// partner goes on buying: from its own address, and from the very one that the guesses come from.
func guessingLocksNobodyOut(t *testing.T, s *house) {
	partner := s.as("demo")
	const home, evil = "198.51.100.7", "203.0.113.66"
	guess := func(header, value string) answer {
		c := partner.from(evil)
		c.header.Set(header, value)
		return c.call("giftimbiz/listAll", url.Values{"site": {"gift"}})
	}
	var said []string
	for i := range 4 {
		said = append(said, guess("Partnerkey", fmt.Sprint("gmk_live_", i)).code)
	}
	said = append(said, guess("Partnertoken", "gmt_wrong").code)
	if got := strings.Join(said, " "); got != "UP UP UP UP TOKEN06" {
		t.Fatalf("the first guesses are told %s", got)
	}
	a := guess("Partnertoken", "gmt_wrong")
	if a.status != http.StatusTooManyRequests || a.code != "Q" || a.header.Get("Retry-After") != "12" ||
		a.header.Get("RateLimit-Policy") != `"failures";q=5;w=60` || a.header.Get("RateLimit") != `"failures";r=0;t=60` {
		t.Errorf("a guess too many: HTTP %d, %v, %s", a.status, a.header, a.body)
	}
	for i, address := range []string{home, evil} {
		if a := partner.from(address).order(fmt.Sprint(t.Name(), i)); a.code != partnerapi.Success {
			t.Errorf("the partner, from %s: HTTP %d, %s", address, a.status, a.body)
		}
	}
	other := s.as("devtest1").from(evil)
	other.header.Del("Access-Token") // a fault that is no guess
	if a := other.call("giftimbiz/listAll", url.Values{"site": {"gift"}}); a.code != "TOKEN01" {
		t.Errorf("another partner at that address: HTTP %d, %s", a.status, a.body)
	}
	s.counts(`giftimbiz_refused_total{why="wrong_credentials"} 1`)
}

// wrongTokensAreCounted sends tokens to version 2, and counts them for the address: they name nobody. IPv6 addresses of one network are one.
func wrongTokensAreCounted(t *testing.T, s *house) {
	ask := func(address string) answer {
		return s.send(http.MethodGet, s.url+"/api/v2/partner", http.Header{
			"Authorization": {"Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA"}, "X-Forwarded-For": {address},
		}, "")
	}
	for i := range 20 {
		if a := ask(fmt.Sprintf("2001:db8:1:2::%x", i)); a.status != http.StatusUnauthorized {
			t.Fatalf("%d: HTTP %d, %s", i, a.status, a.body)
		}
	}
	a := ask("2001:db8:1:2:ffff::1")
	if a.status != http.StatusTooManyRequests || !strings.Contains(string(a.body), "problem:rate-limited") || a.header.Get("Retry-After") != "3" {
		t.Errorf("HTTP %d, %v, %s", a.status, a.header, a.body)
	}
	if a := ask("2001:db8:1:3::1"); a.status != http.StatusUnauthorized {
		t.Errorf("from another network: HTTP %d, %s", a.status, a.body)
	}
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Forwarded-For": {"2001:db8:1:2::1"}}
	a = s.send(http.MethodPost, s.url+"/api/v2/token", form, "grant_type=client_credentials&client_id=x&client_secret=y")
	if a.status != http.StatusTooManyRequests {
		t.Errorf("a token for a guessed key: HTTP %d, %s", a.status, a.body)
	}
}

// addressIsRefusedUnread has an address ask too often: it is told so in the words of whatever it asks for; others are served, and so is this machine.
func addressIsRefusedUnread(t *testing.T, s *house) {
	ask := func(method, path, address string) answer {
		return s.send(method, s.url+path, http.Header{"X-Forwarded-For": {address}}, "")
	}
	const busy, calm = "203.0.113.66", "198.51.100.7"
	for range 4 {
		if a := ask(http.MethodGet, "/UPLOAD/y.png", busy); a.status == http.StatusTooManyRequests {
			t.Fatalf("HTTP %d at once", a.status)
		}
	}
	for _, path := range []string{"GET /llms.txt", "GET /console/sign-in", "GET /r/", "GET /UPLOAD/x.png", "POST /api/v1/giftimbiz/listAll", "GET /api/v2/offers"} {
		method, path, _ := strings.Cut(path, " ")
		a := ask(method, path, busy)
		if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "1" || a.header.Get("X-Request-Id") == "" ||
			a.header.Get("RateLimit-Policy") != `"address";q=4;w=2` || a.header.Get("RateLimit") != `"address";r=0;t=2` {
			t.Errorf("%s: HTTP %d, %v, %s", path, a.status, a.header, a.body)
		}
		if strings.HasPrefix(path, "/api/v1") && a.code != "Q" || strings.HasPrefix(path, "/api/v2") && !strings.Contains(string(a.body), "rate-limited") {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	if a := ask(http.MethodGet, "/UPLOAD/y.png", calm); a.status == http.StatusTooManyRequests {
		t.Errorf("from another address: HTTP %d", a.status)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := ask(http.MethodGet, path, busy); a.status != http.StatusOK {
			t.Errorf("%s: HTTP %d", path, a.status)
		}
	}
	for range 20 {
		if a := ask(http.MethodGet, "/UPLOAD/y.png", "::1"); a.status == http.StatusTooManyRequests {
			t.Fatal("this machine is held to a rate")
		}
	}
	s.counts(`giftimbiz_refused_total{why="address_rate"} 6`)
}

// version1Counts holds a partner to its rate by HTTP 429 and Q, as the wire has it for outcomes of the transport.
func version1Counts(t *testing.T, s *house) {
	c, other := s.as("demo").from("::1"), s.as("devtest1").from("::1") // one call each
	list := func(c *caller) answer { return c.call("giftimbiz/listAll", url.Values{"site": {"gift"}}) }
	for i := range 3 {
		if a := list(c); a.code != partnerapi.Success || a.header.Get("RateLimit") != fmt.Sprintf(`"partner";r=%d;t=%d`, 2-i, (i+3)/2) {
			t.Fatalf("%d: HTTP %d, %v, %s", i, a.status, a.header, a.body)
		}
	}
	if a := list(c); a.status != http.StatusTooManyRequests || a.code != "Q" || a.header.Get("Retry-After") != "1" ||
		a.header.Get("RateLimit-Policy") != `"partner";q=4;w=2` {
		t.Errorf("HTTP %d, %v, %s", a.status, a.header, a.body)
	}
	if a := c.order(t.Name()); a.status != http.StatusTooManyRequests {
		t.Errorf("a purchase: HTTP %d, %s", a.status, a.body)
	}
	if a := list(other); a.code != partnerapi.Success {
		t.Errorf("another partner: HTTP %d, %s", a.status, a.body)
	}
}
