package server

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// secondVersion is a partner that calls API v2 with a token that it got by its keys.
type secondVersion struct {
	h      *house
	header http.Header
}

// signInV2 gets a token; false = the keys do not work.
func (h *house) signInV2(key, token string) (c *secondVersion, ok bool) {
	h.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {key}, "client_secret": {token}}
	a := h.send(http.MethodPost, h.url+"/api/v2/token", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
	var got struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(a.body, &got); err != nil {
		h.t.Fatalf("%s: %v", a.body, err)
	}
	return &secondVersion{h, http.Header{"Authorization": {"Bearer " + got.Access}}}, a.status == http.StatusOK
}

// call asks with a JSON body, reads the answer into a value unless that is nil, and fails the test at any other status.
func (c *secondVersion) call(status int, method, path, body string, into any) answer {
	c.h.t.Helper()
	header := c.header.Clone()
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	a := c.h.send(method, c.h.url+"/api/v2/"+path, header, body)
	if a.status != status {
		c.h.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			c.h.t.Fatalf("%s %s: %s: %v", method, path, a.body, err)
		}
	}
	return a
}

// lockedText is a log that is read while it is written.
type lockedText struct {
	mu sync.Mutex
	b  strings.Builder // guarded by mu
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestAPartnerLooksAfterItselfByTheAPI: its balance, keys, statement and webhooks, on a running server.
func TestAPartnerLooksAfterItselfByTheAPI(t *testing.T) {
	got := make(chan string, 9)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- r.Header.Get("webhook-id") + " " + string(body)
	}))
	defer sink.Close()
	var log lockedText
	h := startHouse(t, func(cfg *Config) {
		cfg.WebhookAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	was, err := h.made.Partner("demo")
	if err != nil {
		t.Fatal(err)
	}
	c, ok := h.signInV2(was.PartnerKey, was.PartnerToken)
	if !ok {
		t.Fatal("the demo's keys do not work")
	}
	c.call(http.StatusOK, http.MethodPatch, "balance", `{"low_balance_threshold":5000}`, nil)
	var balance struct{ Balance int64 }
	c.call(http.StatusOK, http.MethodGet, "balance", "", &balance)
	file := c.call(http.StatusOK, http.MethodGet, "statement?format=csv", "", nil)
	if balance.Balance == 0 || !strings.HasPrefix(string(file.body), "\ufeffid,type,") || strings.Count(string(file.body), "\n") < 2 {
		t.Errorf("%+v, %s", balance, file.body)
	}

	var hook struct {
		ID     int64
		Secret string
	}
	added := c.call(http.StatusCreated, http.MethodPost, "webhooks", `{"url":"`+sink.URL+`"}`, &hook)
	var test struct {
		EventID string `json:"event_id"`
	}
	path := strings.TrimPrefix(added.header.Get("Location"), "/api/v2/")
	c.call(http.StatusAccepted, http.MethodPost, path+"/test", "", &test)
	if m := <-got; !strings.HasPrefix(m, test.EventID+` {"type":"test.sent"`) {
		t.Errorf("the sink got %s", m)
	}
	c.call(http.StatusNoContent, http.MethodDelete, path, "", nil)

	var made struct{ PartnerKey, PartnerToken string }
	c.call(http.StatusOK, http.MethodPost, "keys/rotate", `{"grace_hours":0}`, &made)
	c.call(http.StatusUnauthorized, http.MethodGet, "balance", "", nil)
	if _, ok := h.signInV2(was.PartnerKey, was.PartnerToken); ok {
		t.Error("the keys before still work")
	}
	if c, ok = h.signInV2(made.PartnerKey, made.PartnerToken); !ok {
		t.Fatal("the new keys do not work at once")
	}
	c.call(http.StatusOK, http.MethodGet, "keys", "", nil)
	for _, secret := range []string{made.PartnerKey, made.PartnerToken, hook.Secret, "deadline"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}
