package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"giftimbiz/internal/child"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/server"
	"giftimbiz/internal/storage"
)

// TestAServerAnswersWhileItStarts holds the preparation of the database.
func TestAServerAnswersWhileItStarts(t *testing.T) {
	port, err := child.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
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
		ready: func(context.Context, *server.Node) error {
			close(ready)
			return nil
		},
	}
	go func() { ended <- service.run(ctx) }()
	s := &testServer{t: t}
	get := func(method, path string) answer {
		return s.send(method, "http://"+address+path, http.Header{}, "")
	}
	programtest.Eventually(t, "it listens", func() bool {
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
	// Where this process was kept waiting meanwhile, what the node knows may be old for a moment.
	programtest.Eventually(t, "it is ready", func() bool { return get("GET", "/readyz").status == http.StatusOK })
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it did not stop in order: %v", err)
	}
}

func TestRequestsThatDoNotEndAreCutOff(t *testing.T) {
	inside := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done() // as of a caller whose connection is gone
	}))
	answered := make(chan error, 1)
	go func() {
		resp, err := http.Get(server.URL)
		if err == nil {
			_ = resp.Body.Close() // there should be none
		}
		answered <- err
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the time is over
	if err := shutdown(ctx, server.Config); !errors.Is(err, context.Canceled) {
		t.Errorf("the cut is not told: %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
}
