package server

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
)

func TestEveryAnswerCarriesAnIDTheCallersOwnWhenItIsSane(t *testing.T) {
	s := startHouse(t)
	door := NewFront(slog.New(slog.DiscardHandler))
	early := httptest.NewServer(door)
	defer early.Close()
	door2 := NewFront(slog.New(slog.DiscardHandler))
	door2.Open(s.node.Routes())
	open := httptest.NewServer(door2)
	defer open.Close()
	for _, base := range []string{early.URL, open.URL} {
		for _, path := range []string{"/healthz", "/readyz", "/metrics", "/", "/r/x", "/UPLOAD/x.png", "/none", "/api/v1/none"} {
			for sent, kept := range map[string]bool{"my-own.id_1": true, "": false, "a b": false, strings.Repeat("x", 200): false} {
				got := s.send(http.MethodGet, base+path, http.Header{"X-Request-Id": {sent}}, "").header["X-Request-Id"]
				if len(got) != 1 || got[0] == "" || (got[0] == sent) != kept {
					t.Errorf("%s: %q was answered with %q", path, sent, got)
				}
			}
		}
	}
}

func TestAPanicIsAnsweredAndLogged(t *testing.T) {
	var log bytes.Buffer
	door := NewFront(slog.New(slog.NewJSONHandler(&log, nil)))
	mux := http.NewServeMux()
	mux.HandleFunc("/r/{token}", func(http.ResponseWriter, *http.Request) { panic("a hole") })
	mux.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half an answer")
		panic("a hole")
	})
	door.Open(mux)
	web := httptest.NewUnstartedServer(door)
	web.Config = NewHTTP(door, slog.New(slog.NewJSONHandler(&log, nil)))
	web.Start()

	resp, err := http.Get(web.URL + "/r/secret")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // only its head matters
	id := resp.Header.Get("X-Request-Id")
	if resp.StatusCode != http.StatusInternalServerError || id == "" {
		t.Errorf("HTTP %d, id %q", resp.StatusCode, id)
	}
	if resp, err = http.Get(web.URL + "/half"); err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close() // the error of reading is looked at
	}
	if err == nil {
		t.Error("half an answer looks like a whole one")
	}
	web.Close() // everything is logged
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	var first struct{ Msg, Route, Request, Panic, Stack string }
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatalf("%v: %s", err, lines[0])
	}
	if first.Msg != "panic" || first.Route != "/r/{token}" || first.Request != id || first.Panic != "a hole" || first.Stack == "" {
		t.Errorf("logged: %+v", first)
	}
	if strings.Contains(log.String(), "secret") || len(lines) != 2 {
		t.Errorf("%d lines, or a path that is a key: %s", len(lines), log.String())
	}
}

// TestAPathThatDoesNotExistIsToldInItsVersionsForm, whatever the method and however its slashes stand.
func TestAPathThatDoesNotExistIsToldInItsVersionsForm(t *testing.T) {
	s := startHouse(t)
	for path, problem := range map[string]bool{
		"/api/v2": true, "/api/v2/": true, "/api/v2/nope": true, "/api/v2/offer": true, "/api/v2/offers/1/prices": true,
		"/api/v2/offers/": true, "/api/v2//offers": true, "/api/v2/x/../offers": true, "/api/v2/gifticons": true,
		"/api/v2/giftimbiz/listAll": false, "/api/v2/common/getAccessToken": false, "/api/v2/gifticon/getQRImg": false,
		"/api/v2/common": false, "/api/v3/offers": false, "/api/v1/offers": false, "/api/": false, "/api": false,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			a := s.send(method, s.url+path, http.Header{}, "")
			var said struct{ Type, Code, Result string }
			if err := json.Unmarshal(a.body, &said); err != nil || a.status != http.StatusNotFound {
				t.Errorf("%s %s: HTTP %d, %s", method, path, a.status, a.body)
			}
			isProblem := said.Type == "urn:giftimbiz:problem:not-found" && said.Code == "L" && said.Result == "" &&
				strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json")
			if isProblem != problem || !problem && said.Result != "L" {
				t.Errorf("%s %s: %s", method, path, a.body)
			}
		}
	}
}

func TestANodeThatCannotReadPartnersOrStockIsNotReady(t *testing.T) {
	s := startHouse(t)
	s.node.loops.stop() // nothing is read but what the test reads
	ready := func() (int, string) {
		a := s.send(http.MethodGet, s.url+"/readyz", http.Header{}, "")
		return a.status, string(a.body)
	}
	if status, text := ready(); status != http.StatusOK {
		t.Fatalf("HTTP %d: %s", status, text)
	}
	s.clock.Advance(staleAfter + time.Second)
	if status, text := ready(); status != http.StatusServiceUnavailable || !strings.Contains(text, "stock was last read 11s ago") {
		t.Errorf("HTTP %d: %s", status, text)
	}
	if _, err := s.node.catalog.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text := ready(); status != http.StatusServiceUnavailable || !strings.Contains(text, "partners were last read 11s ago") {
		t.Errorf("HTTP %d: %s", status, text)
	}
	if err := s.node.readPartners(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text := ready(); status != http.StatusOK {
		t.Errorf("HTTP %d: %s", status, text)
	}
}

// TestANodeThatHasNotReadThePartnersForTooLongAnswersNone: somebody's keys may have been ended meanwhile. It goes by how long the
// process has run, whatever the time of day.
func TestANodeThatHasNotReadThePartnersForTooLongAnswersNone(t *testing.T) {
	s := startHouse(t)
	c := s.as("demo")
	s.node.loops.stop() // nothing is read but what the test reads
	list := func() (v1, v2 answer) {
		v2 = s.send(http.MethodGet, s.url+"/api/v2/categories", http.Header{"Authorization": {"Bearer " + c.header.Get("Access-Token")}}, "")
		return c.call("giftimbiz/cateGift", url.Values{}), v2
	}
	s.clock.Advance(time.Hour / 2)
	if v1, v2 := list(); v1.code != "0000" || v2.status != http.StatusOK {
		t.Fatalf("%s; %s", v1.body, v2.body)
	}
	s.node.partnersAt.Store(int64(clock.Uptime() - storage.PartnersGoodFor - time.Millisecond))
	v1, v2 := list()
	if v1.status != http.StatusServiceUnavailable || v1.code != "GPLF" || v2.status != http.StatusServiceUnavailable || v2.header.Get("Retry-After") == "" {
		t.Errorf("%d %s; %d %s", v1.status, v1.body, v2.status, v2.body)
	}
	if err := s.node.readPartners(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v1, v2 := list(); v1.code != "0000" || v2.status != http.StatusOK {
		t.Errorf("%s; %s", v1.body, v2.body)
	}
}
