package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/storage"
)

func TestEveryAnswerCarriesAnIDTheCallersOwnWhenItIsSane(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	door := newFront(slog.New(slog.DiscardHandler))
	early := httptest.NewServer(door)
	defer early.Close()
	door2 := newFront(slog.New(slog.DiscardHandler))
	door2.open(s.node.routes())
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
	door := newFront(slog.New(slog.NewJSONHandler(&log, nil)))
	mux := http.NewServeMux()
	mux.HandleFunc("/r/{token}", func(http.ResponseWriter, *http.Request) { panic("a hole") })
	mux.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half an answer")
		panic("a hole")
	})
	door.open(mux)
	server := httptest.NewUnstartedServer(door)
	server.Config = newServer(door, slog.New(slog.NewJSONHandler(&log, nil)))
	server.Start()

	resp, err := http.Get(server.URL + "/r/secret")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // only its head matters
	id := resp.Header.Get("X-Request-Id")
	if resp.StatusCode != http.StatusInternalServerError || id == "" {
		t.Errorf("HTTP %d, id %q", resp.StatusCode, id)
	}
	if resp, err = http.Get(server.URL + "/half"); err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close() // the error of reading is looked at
	}
	if err == nil {
		t.Error("half an answer looks like a whole one")
	}
	server.Close() // everything is logged
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

// TestAServerAnswersWhileItStarts holds the preparation of the database.
func TestAServerAnswersWhileItStarts(t *testing.T) {
	address := freeAddress(t)
	cfg := &config{
		Listen: address, Data: t.TempDir(), Database: "sqlite:" + t.TempDir() + "/giftimbiz.db", LogLevel: "error", LogFormat: "text",
	}
	goOn, ready := make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	service := &service{
		cfg: cfg, clock: clock.System{},
		fill: func(context.Context, *storage.DB) error {
			<-goOn
			return nil
		},
		ready: func(context.Context, *node) error {
			close(ready)
			return nil
		},
	}
	go func() { ended <- service.run(ctx) }()
	s := &server{t: t}
	get := func(method, path string) answer {
		return s.send(method, "http://"+address+path, http.Header{}, "")
	}
	eventually(t, "it listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close() // only that it came about matters
		}
		return err == nil
	})
	if a := get("GET", "/healthz"); a.status != http.StatusOK {
		t.Errorf("/healthz: HTTP %d", a.status)
	}
	for _, path := range []string{"/readyz", "/", "/r/x"} {
		if a := get("GET", path); a.status != http.StatusServiceUnavailable || string(a.body) != "starting\n" {
			t.Errorf("%s: HTTP %d, %s", path, a.status, a.body)
		}
	}
	if a := get("POST", "/api/v1/giftimbiz/listAll"); a.status != http.StatusServiceUnavailable || a.code() != "GPLF" ||
		a.header.Get("Retry-After") == "" || a.text("msg") == "" {
		t.Errorf("the API: HTTP %d, %s", a.status, a.body)
	}
	close(goOn)
	<-ready
	if a := get("GET", "/readyz"); a.status != http.StatusOK {
		t.Errorf("/readyz: HTTP %d, %s", a.status, a.body)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it did not stop in order: %v", err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // to be taken by the server
	return l.Addr().String()
}

func TestANodeThatCannotReadPartnersOrStockIsNotReady(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
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
