package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestNoCallerIsWaitedForTooLong: who sends a head or a body drop by drop, or says nothing more, is left. The times of the server are
// shortened for it.
func TestNoCallerIsWaitedForTooLong(t *testing.T) {
	slow := impatient(t, func(web *http.Server) {
		web.ReadHeaderTimeout, web.ReadTimeout = web.ReadHeaderTimeout/100, web.ReadTimeout/100
	})
	for what, sent := range map[string]string{
		"nothing at all":    "",
		"half a head":       "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"half a body":       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
		"a chunk not ended": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	} {
		if said := untilClosed(t, slow, sent); strings.Contains(said, "200 OK") {
			t.Errorf("%s is answered %q", what, said)
		}
	}
	silent := impatient(t, func(web *http.Server) { web.IdleTimeout /= 100 })
	if said := untilClosed(t, silent, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.Contains(said, "200 OK") {
		t.Errorf("a whole request, and then silence: %q", said)
	}
}

// impatient starts a server that reads what it is sent, and returns its address. Its times, as they are, are bounded.
func impatient(t *testing.T, shorten func(*http.Server)) string {
	t.Helper()
	web := NewHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			plain(w, http.StatusRequestTimeout, "slow")
			return
		}
		plain(w, http.StatusOK, "read")
	}), slog.New(slog.DiscardHandler))
	for what, bound := range map[string]time.Duration{
		"a head": web.ReadHeaderTimeout, "a request": web.ReadTimeout, "an answer": web.WriteTimeout, "silence": web.IdleTimeout,
	} {
		if bound <= 0 || bound > 2*time.Minute {
			t.Errorf("%s may take %v", what, bound)
		}
	}
	shorten(web)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	t.Cleanup(func() {
		_ = web.Close()
		<-ended
	})
	return listener.Addr().String()
}

// untilClosed sends something and returns what comes until the server closes the connection, which it must.
func untilClosed(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Errorf("%q: the connection is still open", text)
	}
	return string(said)
}
