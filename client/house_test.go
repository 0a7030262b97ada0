package client_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"giftimbiz/client"
)

var credentials = client.Credentials{PartnerID: "demo", PartnerKey: "key", PartnerToken: "token", RefreshToken: "refresh"}

// house is a server that signs in with numbered tokens and answers everything else as a test says. It stands in for the real one where
// that cannot be brought to answer in such a way.
type house struct {
	*httptest.Server
	signIns atomic.Int64
	calls   atomic.Int64
	answer  http.HandlerFunc
	expires int64 // seconds
}

func newHouse(t testing.TB, answer http.HandlerFunc) *house {
	h := &house{answer: answer, expires: 3600}
	h.Server = httptest.NewUnstartedServer(h)
	h.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // answers are cut off on purpose
	h.Start()
	t.Cleanup(h.Close)
	return h
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/v2/token" {
		w.Header().Set("Connection", "close") // on a connection that was used before, net/http sends a call again by itself
		fmt.Fprintf(w, `{"access_token": "access-%d", "token_type": "Bearer", "expires_in": %d}`, h.signIns.Add(1), h.expires)
		return
	}
	h.calls.Add(1)
	h.answer(w, r)
}

func (h *house) client() *client.Client {
	return client.New(client.Options{BaseURL: h.URL + "/", Credentials: credentials, Language: "en"}).WithoutPauses()
}

func say(text string) http.HandlerFunc { return answer(http.StatusOK, text) }

func answer(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

// problem is what the server refuses with.
func problem(status int, name, more string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		w.Header().Set("X-Request-Id", "r-1")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"urn:giftimbiz:problem:%s","title":"T","status":%d,"detail":"D"%s}`, name, status, more)
	}
}

// oneAfterTheOther answers each call in its own way, and all further ones in the last.
func oneAfterTheOther(answers ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(n.Add(1)), len(answers))-1](w, r)
	}
}

// noted are texts that handlers note. Nothing else orders two that follow each other on connections of which one was cut.
type noted struct {
	mu  sync.Mutex
	all []string
}

// add notes a text, and returns how many there are.
func (n *noted) add(text string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, text)
	return len(n.all)
}

func (n *noted) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.all, " ")
}

// cut breaks the connection without an answer.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
