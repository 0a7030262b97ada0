package server

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"giftimbiz/internal/partnerapi"
)

// TestAPurchaseIsRefusedUnreadWhileTooManyWait has the engine say that it is full. A refused purchase was not made: the
// same key buys when there is room again.
func TestAPurchaseIsRefusedUnreadWhileTooManyWait(t *testing.T) {
	s := startHouse(t)
	var full atomic.Bool
	s.node.admission.full = full.Load
	c := s.as("demo")
	c.header.Set("Accept-Language", "en")
	full.Store(true)
	for _, endpoint := range []string{"giftimbiz/buyGifticoupon", "giftimbiz/buyStarcoupon"} {
		a := c.call(endpoint, chocoOrder())
		if a.status != http.StatusServiceUnavailable || a.code != "GPLF" || !strings.Contains(a.message, "nothing was bought") ||
			!strings.Contains("123", a.header.Get("Retry-After")) || a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: HTTP %d, %v, %s", endpoint, a.status, a.header, a.body)
		}
	}
	refused := c.order(t.Name())
	c.header.Set("Accept-Language", "ko")
	if korean := c.order(t.Name()); korean.message == refused.message || refused.status != http.StatusServiceUnavailable {
		t.Errorf("%s, %s", refused.body, korean.body)
	}
	if a := c.call("giftimbiz/listAll", url.Values{"site": {"gift"}}); a.code != partnerapi.Success {
		t.Errorf("a listing: %s", a.body)
	}
	full.Store(false)
	if a := c.order(t.Name()); a.code != partnerapi.Success || a.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("a refused purchase was made, or cannot be made again: %s", a.body)
	}
	s.counts(`giftimbiz_refused_total{why="purchases_waiting"} 4`)
}

// TestVersion2IsRefusedInItsOwnWords: purchases while too many wait, and all calls but those for events while too many are under way.
func TestVersion2IsRefusedInItsOwnWords(t *testing.T) {
	s := startHouse(t)
	var full atomic.Bool
	s.node.admission.full = full.Load
	send := func(method, path string) answer { return s.send(method, s.url+"/api/v2/"+path, http.Header{}, "") }
	busy := func(a answer) bool {
		return a.status == http.StatusServiceUnavailable && strings.Contains(string(a.body), `"type":"urn:giftimbiz:problem:busy"`) &&
			strings.Contains("123", a.header.Get("Retry-After")) && a.header.Get("X-Request-Id") != ""
	}
	full.Store(true)
	for _, path := range []string{"orders", "quotes"} {
		if a := send(http.MethodPost, path); !busy(a) {
			t.Errorf("POST %s: HTTP %d, %s", path, a.status, a.body)
		}
	}
	if a := send(http.MethodGet, "offers"); a.status != http.StatusUnauthorized {
		t.Errorf("a list: HTTP %d, %s", a.status, a.body)
	}
	s.node.admission.calls.places = 0
	if a := send(http.MethodGet, "offers"); !busy(a) {
		t.Errorf("a list in a crowd: HTTP %d, %s", a.status, a.body)
	}
	if a := send(http.MethodGet, "events"); a.status != http.StatusUnauthorized {
		t.Errorf("events: HTTP %d, %s", a.status, a.body)
	}
	s.counts(`giftimbiz_refused_total{why="purchases_waiting"} 2`)
	s.counts(`giftimbiz_requests_total{code="TOKEN01",endpoint="v2 GET offers"} 1`)
}

// TestACrowdOfOneKindLeavesRoomForTheOthers fills each room in turn with a request that does not end.
func TestACrowdOfOneKindLeavesRoomForTheOthers(t *testing.T) {
	s := startHouse(t)
	c := s.as("demo")
	a := s.node.admission
	a.purchases.places, a.calls.places = 1, 1
	buy := func() answer { return c.order(t.Name()) }
	list := func() answer { return c.call("giftimbiz/listAll", url.Values{"site": {"gift"}}) }
	picture := func() answer { return s.send(http.MethodGet, s.url+"/UPLOAD/none.png", http.Header{}, "") }
	for name, test := range map[string]struct {
		path, why string
		crowded   func() answer
		free      []func() answer
	}{
		"purchases": {"/api/v1/giftimbiz/buyGifticoupon", "purchases_under_way", buy, []func() answer{list, picture}},
		"calls":     {"/api/v1/giftimbiz/listAll", "calls_under_way", list, []func() answer{buy, picture}},
	} {
		t.Run(name, func(t *testing.T) {
			leave := s.occupy(test.path)
			got := test.crowded()
			if got.status != http.StatusServiceUnavailable || got.code != "GPLF" || got.header.Get("Retry-After") == "" {
				t.Errorf("HTTP %d, %v, %s", got.status, got.header, got.body)
			}
			for i, other := range test.free {
				if got := other(); got.status == http.StatusServiceUnavailable {
					t.Errorf("%d: HTTP %d, %s", i, got.status, got.body)
				}
			}
			for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
				if got := s.send(http.MethodGet, s.url+path, http.Header{}, ""); got.status != http.StatusOK {
					t.Errorf("%s: HTTP %d", path, got.status)
				}
			}
			s.counts(fmt.Sprintf(`giftimbiz_refused_total{why=%q} 1`, test.why))
			leave()
			if got := test.crowded(); got.status != http.StatusOK {
				t.Errorf("after that: HTTP %d, %s", got.status, got.body)
			}
		})
	}
}

// TestOneAddressLeavesRoomForTheOthers lets an address begin as many calls as it may have under way, and end none of them.
func TestOneAddressLeavesRoomForTheOthers(t *testing.T) {
	s := startHouse(t, behindProxy(Limits{}))
	partner, calls := s.as("demo"), s.node.admission.calls
	calls.places = 4
	const slow = "203.0.113.66"
	neighbour := netip.MustParseAddr("198.51.100.1")
	for calls.crowd.At(neighbour) == calls.crowd.At(netip.MustParseAddr(slow)) { // they share a count by chance
		neighbour = neighbour.Next()
	}
	list := func(address string) answer {
		return partner.from(address).call("giftimbiz/listAll", url.Values{"site": {"gift"}})
	}
	defer s.occupyFrom(slow, "/api/v1/giftimbiz/listAll")()
	leave := s.occupyFrom(slow, "/api/v1/giftimbiz/listAll")
	if a := list(slow); a.status != http.StatusTooManyRequests || a.code != "Q" || a.header.Get("Retry-After") != "1" {
		t.Errorf("a third call: HTTP %d, %v, %s", a.status, a.header, a.body)
	}
	if a := list(neighbour.String()); a.code != partnerapi.Success {
		t.Errorf("another address: HTTP %d, %s", a.status, a.body)
	}
	s.counts(`giftimbiz_refused_total{why="address_under_way"} 1`)
	leave()
	if a := list(slow); a.code != partnerapi.Success {
		t.Errorf("after that: HTTP %d, %s", a.status, a.body)
	}
}

// occupy is occupyFrom this machine.
func (s *house) occupy(path string) (leave func()) {
	s.t.Helper()
	return s.occupyFrom("127.0.0.1", path)
}

// occupyFrom sends a request's head and the beginning of its body, and waits until the server reads it. leave ends it.
func (s *house) occupyFrom(address, path string) (leave func()) {
	s.t.Helper()
	before := s.node.admission.underWay()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %s\r\nContent-Length: 100\r\n\r\nsite=", path, address); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "the request is under way", func() bool { return s.node.admission.underWay() == before+1 })
	return func() {
		_ = conn.Close() // so that it ends
		eventually(s.t, "the request is over", func() bool { return s.node.admission.underWay() == before })
	}
}

func (s *house) counts(line string) {
	s.t.Helper()
	if text := string(s.send(http.MethodGet, s.url+"/metrics", http.Header{}, "").body); !strings.Contains(text, line+"\n") {
		s.t.Errorf("no %s", line)
	}
}

func TestPagesAreRefusedInBothLanguages(t *testing.T) {
	a := newAdmission(newMetrics(), func() bool { return false }, nil)
	a.pages.places = 0
	w := httptest.NewRecorder()
	a.page(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/r/x", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" ||
		!strings.Contains(w.Body.String(), "요청이 너무 많습니다") || !strings.Contains(w.Body.String(), "Too many") {
		t.Errorf("HTTP %d, %v, %s", w.Code, w.Header(), w.Body)
	}
	if a.underWay() != 0 {
		t.Errorf("%d requests are under way", a.underWay())
	}
}

func TestBuysKnowsPurchasesByTheirPath(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/v1/giftimbiz/buyGifticoupon": true, "//api//v1/giftimbiz/buyStarcoupon": true,
		"/api/v1/giftimbiz/buyGifticonList": false, "/api/v1/giftimbiz/buyStarcouponList": false, "/": false,
	} {
		if got := partnerapi.Buys(path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

// chocoOrder is a right purchase of the guide's first record.
func chocoOrder() url.Values {
	return url.Values{"md_idx": {"18411"}, "cash": {"940"}, "product": {"남양)초콜릿드링크초코에몽190ML"}}
}

// order buys that under a key of the test's own.
func (c *caller) order(key string) answer {
	c.header.Set("Idempotency-Key", key)
	return c.call("giftimbiz/buyGifticoupon", chocoOrder())
}
