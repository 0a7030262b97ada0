package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// unlucky is a network between a program and the server: the answer to the first purchase is lost, and before the second
// comes to the server, the access token is refused.
type unlucky struct {
	on        http.Handler
	purchases atomic.Int32
	otherKey  bool // the first purchase is sent with another key than the rest, as by a program that lost its own
}

func (u *unlucky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/api/v2/orders" {
		u.on.ServeHTTP(w, r)
		return
	}
	switch u.purchases.Add(1) {
	case 1:
		if u.otherKey {
			r.Header.Set("Idempotency-Key", "lost-"+r.Header.Get("Idempotency-Key"))
		}
		u.on.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler) // cuts the connection
	case 2:
		r.Header.Set("Authorization", "Bearer a.b.c")
	}
	u.on.ServeHTTP(w, r)
}

// TestTheGuidesProgramsNeverCallABoughtOrderRefused runs the programs of the guide on purchases where the answer is lost, the token
// is refused at the next attempt, and the key, too, was another at first.
func TestTheGuidesProgramsNeverCallABoughtOrderRefused(t *testing.T) {
	s := startForSnippets(t)
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, sn := range programsOf(t)["retry-v2"] {
		for name, otherKey := range map[string]bool{"token refused": false, "token refused, key lost": true} {
			t.Run(sn.lang+" "+name, func(t *testing.T) {
				s := &snippetServer{s.in(t), s.env}
				needs(t, sn.lang)
				network := &unlucky{on: httputil.NewSingleHostReverseProxy(to), otherKey: otherKey}
				between := httptest.NewServer(network)
				t.Cleanup(between.Close)
				before := s.ordersOfSandbox()
				cmd := sn.command(t)
				cmd.Env = append(s.environ(), "BASE_URL="+between.URL)
				out, err := cmd.CombinedOutput()
				after := s.ordersOfSandbox()
				if err != nil || len(after) != len(before)+1 || !bytes.Contains(out, []byte(after[0])) {
					t.Errorf("%v, %d orders more: %s", err, len(after)-len(before), out)
				}
				if sent := network.purchases.Load(); sent < 3 {
					t.Errorf("the purchase was sent %d times", sent)
				}
			})
		}
	}
}

// ordersOfSandbox returns the numbers of the snippets' partner's orders, newest first.
func (s *snippetServer) ordersOfSandbox() (ids []string) {
	s.t.Helper()
	sent := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	r := http.Request{Header: sent}
	r.SetBasicAuth(s.env["PARTNERKEY"], s.env["PARTNERTOKEN"])
	var token struct {
		Bearer string `json:"access_token"`
	}
	var page struct{ Data []struct{ ID string } }
	read := func(a answer, into any) {
		if err := json.Unmarshal(a.body, into); err != nil || a.status != http.StatusOK {
			s.t.Fatalf("%d %s %v", a.status, a.body, err)
		}
	}
	read(s.send(http.MethodPost, s.url+"/api/v2/token", sent, "grant_type=client_credentials"), &token)
	read(s.send(http.MethodGet, s.url+"/api/v2/orders", http.Header{"Authorization": {"Bearer " + token.Bearer}}, ""), &page)
	for _, o := range page.Data {
		ids = append(ids, o.ID)
	}
	return ids
}
