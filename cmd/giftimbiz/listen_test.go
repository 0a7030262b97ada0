package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/client"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/programtest"
)

// heard keeps what a command prints, for tests that wait for it.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// waitFor waits until a text matches, and returns the match.
func (h *heard) waitFor(t *testing.T, pattern string) []string {
	t.Helper()
	expression, found := regexp.MustCompile(pattern), []string(nil)
	defer func() {
		if found == nil {
			t.Logf("there is\n%s", h)
		}
	}()
	programtest.Eventually(t, pattern, func() bool {
		found = expression.FindStringSubmatch(h.String())
		return found != nil
	})
	return found
}

// listening is a giftimbiz listen under way.
type listening struct {
	out, said *heard
	stop      context.CancelFunc
	ended     chan error
}

// end waits until it ends, and returns how.
func (l *listening) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-l.ended:
		return err
	case <-time.After(programtest.Patience):
		t.Fatal("it does not end")
		return nil
	}
}

// listen runs giftimbiz listen at a server.
func listen(t *testing.T, made *demo.Credentials, url string, more ...string) *listening {
	t.Helper()
	here := *made
	here.BaseURL = url
	text, err := json.Marshal(here)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context()) // which ends before the server does
	l := &listening{out: &heard{}, said: &heard{}, stop: stop, ended: make(chan error, 1)}
	cmd := rootCommand()
	cmd.SetOut(l.out)
	cmd.SetErr(l.said)
	cmd.SetArgs(append([]string{"listen", "--credentials", file}, more...))
	go func() { l.ended <- cmd.ExecuteContext(ctx) }()
	t.Cleanup(stop)
	return l
}

// TestListenShowsWhatHappensAndPassesItOn buys as a sandbox partner, and checks what arrives with the standard's own library.
func TestListenShowsWhatHappensAndPassesItOn(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		type post struct {
			head http.Header
			body []byte
		}
		posts := make(chan post, 10)
		sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // a short one fails the signature
			posts <- post{r.Header, body}
		}))
		defer sink.Close()
		s := startServer(t, database)
		c := s.as("devtest1")
		buy := func() string {
			return c.call("giftimbiz/buyGifticoupon", "md_idx", chocoID, "cash", chocoPrice, "product", chocoName).wants("0000").text("tid")
		}
		before := buy()
		s.clock.Advance(time.Minute)
		l := listen(t, s.made, s.url, "--forward-to", sink.URL+"/hooks")
		secret := l.said.waitFor(t, `signed with (whsec_\S+)`)[1]
		l.said.waitFor(t, "Listening to the events of devtest1")
		tid := buy()
		s.clock.Advance(2 * time.Second)
		line := l.out.waitFor(t, `(?m)^2025-09-15 12:01:00  order\.completed +  (\S+)  (\{.*\})$`)
		if line[1] != tid || !strings.Contains(line[2], `"amount":940`) || strings.Contains(l.out.String(), before) {
			t.Errorf("%s bought, after %s: %s", tid, before, l.out)
		}
		got := <-posts
		hook, err := standard.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := hook.Verify(got.body, got.head); err != nil || !strings.Contains(string(got.body), tid) {
			t.Errorf("%s with %v: %v", got.body, got.head, err)
		}
		l.said.waitFor(t, `evt_\d+: HTTP 200 OK in \d+ ms`)
		l.stop()
		if err := l.end(t); err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestListenIsForSandboxPartners(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	l := listen(t, s.made, s.url, "--partner", "demo")
	if err := l.end(t); !errors.Is(err, client.ErrSandboxOnly) {
		t.Error(err)
	}
}

// TestListenComesBackToAServerThatWasAway without a gap.
func TestListenComesBackToAServerThatWasAway(t *testing.T) {
	var asked atomic.Int64
	afters := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v2/events" {
			fmt.Fprint(w, `{"access_token":"t","expires_in":3600}`)
			return
		}
		switch n := asked.Add(1); n {
		case 1:
			fmt.Fprint(w, `{"events":[],"next":"evt_5"}`)
		case 2, 3:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		case 4:
			afters <- r.FormValue("after")
			fmt.Fprint(w, `{"events":[{"id":"evt_6","type":"balance.low","timestamp":"2025-09-15T12:00:00.000+09:00","data":{}}],"next":"evt_6"}`)
		default:
			afters <- r.FormValue("after")
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	out, said := &heard{}, &heard{}
	l := &eventReader{
		client: client.New(client.Options{BaseURL: server.URL, Retries: -1}), server: server.URL, name: "devtest1", out: out, say: said,
		pause: time.Millisecond,
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.run(ctx) }()
	if first, second := <-afters, <-afters; first != "evt_5" || second != "evt_6" {
		t.Errorf("asked for what comes after %s, then %s", first, second)
	}
	out.waitFor(t, `balance\.low +  -  \{\}`)
	said.waitFor(t, `(?s)trying again in 1ms.*trying again in 2ms.*Listening`)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestAServerThatStopsKeepsNobodyWaiting for events.
func TestAServerThatStopsKeepsNobodyWaiting(t *testing.T) {
	data := t.TempDir()
	demo := programtest.Start(t, "demo", "--data", data, "--offers", "300")
	who, err := chosenListener(programtest.Credentials(t, data), "")
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(client.Options{BaseURL: demo.URL, Credentials: who.Credentials})
	page, err := c.Events(t.Context(), client.LatestEvent, 0)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	began := time.Now()
	go func() {
		_, err := c.Events(t.Context(), page.Next, listenWait)
		answered <- err
	}()
	if err := demo.Terminate(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	<-answered // with nothing, or refused when the server was gone first
	if took := time.Since(began); took >= listenWait {
		t.Errorf("it ended after %v, when the poll did", took)
	}
}
