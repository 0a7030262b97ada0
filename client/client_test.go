package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/client"
)

var credentials = client.Credentials{PartnerID: "demo", PartnerKey: "key", PartnerToken: "token", RefreshToken: "refresh"}

// house is a server that signs in with numbered tokens and answers everything else as a test says.
type house struct {
	*httptest.Server
	signIns atomic.Int64
	calls   atomic.Int64
	answer  http.HandlerFunc
	expires int64 // seconds
}

func newHouse(t *testing.T, answer http.HandlerFunc) *house {
	h := &house{answer: answer, expires: 3600}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/v1/common/getAccessToken" {
		fmt.Fprintf(w, `{"result": 0, "token": "access-%d", "expires_in": %d}`, h.signIns.Add(1), h.expires)
		return
	}
	h.calls.Add(1)
	h.answer(w, r)
}

func (h *house) client() *client.Client {
	return client.New(client.Options{BaseURL: h.URL + "/", Credentials: credentials, Language: "en"})
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func TestACallCarriesCredentialsParametersAndOptions(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		for name, want := range map[string]string{
			"Partnerkey": "key", "Partnertoken": "token", "Refresh-Token": "refresh", "Access-Token": "access-1",
			"Idempotency-Key": "once", "Accept-Language": "en",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if r.URL.Path != "/api/v1/giftimbiz/listAll" || r.FormValue("partner_id") != "demo" || r.FormValue("word") != "초코 & 우유" {
			t.Errorf("%s %v", r.URL.Path, r.Form)
		}
		fmt.Fprint(w, `{"result": "0000", "list": []}`)
	})
	c := h.client()
	for range 3 {
		answer, err := c.Call(t.Context(), "giftimbiz/listAll", url.Values{"word": {"초코 & 우유"}}, client.IdempotencyKey("once"))
		if err != nil || !strings.Contains(string(answer), "list") {
			t.Fatalf("%s, %v", answer, err)
		}
	}
	if n := h.signIns.Load(); n != 1 {
		t.Errorf("signed in %d times", n)
	}
}

func TestAnotherResultIsAnErrorWithTheAnswer(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "r-1")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"result": "GPLF", "msg": "later"}`)
	})
	_, err := h.client().Call(t.Context(), "giftimbiz/buyGifticoupon", nil)
	var e *client.Error
	if !errors.As(err, &e) || e.Code != "GPLF" || e.Message != "later" || e.Status != 503 || e.RequestID != "r-1" || len(e.Body) == 0 {
		t.Errorf("%#v", err)
	}
	if n := h.calls.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestCredentialsDoNotFollowARedirect(t *testing.T) {
	for name, httpClient := range map[string]*http.Client{
		"default client":        nil,
		"a client that follows": {CheckRedirect: func(*http.Request, []*http.Request) error { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				t.Error("the request followed")
			}))
			defer thief.Close()
			for _, status := range []int{301, 302, 303, 307, 308} {
				from := httptest.NewServer(http.RedirectHandler(thief.URL, status))
				c := client.New(client.Options{BaseURL: from.URL, Credentials: credentials, HTTP: httpClient})
				_, err := c.Call(t.Context(), "giftimbiz/listAll", nil)
				if err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) || !strings.Contains(err.Error(), thief.URL) {
					t.Errorf("HTTP %d: %v", status, err)
				}
				from.Close()
			}
			if httpClient != nil && httpClient.CheckRedirect(nil, nil) != nil {
				t.Error("the caller's own client was changed")
			}
		})
	}
}

func TestATokenThatTheServerNoLongerTakesIsRenewedOnce(t *testing.T) {
	for _, code := range []string{"T1", "T2", "T3", "T4", "T6", "TOKEN08", "Z"} {
		h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Access-Token") == "access-1" {
				fmt.Fprintf(w, `{"result": %q, "msg": "dead"}`, code)
				return
			}
			fmt.Fprint(w, `{"result": "0000"}`)
		})
		c := h.client()
		for range 2 {
			if _, err := c.Call(t.Context(), "giftimbiz/listAll", nil); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		}
		if s, n := h.signIns.Load(), h.calls.Load(); s != 2 || n != 3 {
			t.Errorf("%s: signed in %d times for %d calls", code, s, n)
		}
	}
}

func TestATokenThatIsRefusedAgainIsNotRenewedForEver(t *testing.T) {
	for code, calls := range map[string]int64{"T3": 2, "TOKEN05": 1, "TOKEN04": 1, "PD": 1, "T5": 1} {
		h := newHouse(t, say(fmt.Sprintf(`{"result": %q, "msg": "no"}`, code)))
		_, err := h.client().Call(t.Context(), "giftimbiz/listAll", nil)
		if client.Code(err) != code || h.calls.Load() != calls {
			t.Errorf("%s: %v after %d calls, want %d", code, err, h.calls.Load(), calls)
		}
	}
}

func TestATokenIsRenewedBeforeItExpires(t *testing.T) {
	h := newHouse(t, say(`{"result": "0000"}`))
	h.expires = 0
	c := h.client()
	for range 3 {
		if _, err := c.Call(t.Context(), "giftimbiz/listAll", nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.signIns.Load(); n != 3 {
		t.Errorf("signed in %d times with tokens that expire at once", n)
	}
}

// TestCallersShareARenewalAndLeaveWhenTheyLike holds the sign-in until one caller has left and many others wait.
func TestCallersShareARenewalAndLeaveWhenTheyLike(t *testing.T) {
	arrived, goOn := make(chan struct{}), make(chan struct{})
	var signIns atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "getAccessToken") {
			signIns.Add(1)
			close(arrived)
			<-goOn
			fmt.Fprint(w, `{"result": 0, "token": "access", "expires_in": 3600}`)
			return
		}
		fmt.Fprint(w, `{"result": "0000"}`)
	}))
	defer server.Close()
	c := client.New(client.Options{BaseURL: server.URL, Credentials: credentials})

	ctx, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.Call(ctx, "giftimbiz/listAll", nil)
		first <- err
	}()
	<-arrived
	var others sync.WaitGroup
	for range 20 {
		others.Go(func() {
			if _, err := c.Call(t.Context(), "giftimbiz/listAll", nil); err != nil {
				t.Error(err)
			}
		})
	}
	leave()
	select {
	case err := <-first:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("who left was told %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("who left still waits")
	}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Call(late, "giftimbiz/listAll", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("who came with an ended context was told %v", err)
	}
	close(goOn)
	others.Wait()
	if n := signIns.Load(); n != 1 {
		t.Errorf("signed in %d times", n)
	}
}

func TestAnAnswerThatIsNotTheServersIsToldWithItsStatus(t *testing.T) {
	for body, want := range map[string]string{
		"<html>Bad Gateway</html>": "something other than a JSON object",
		"":                         "something other than a JSON object",
		"[]":                       "something other than a JSON object",
		"{}":                       "without a result code",
		`{"result": null}`:         "without a result code",
		`{"result": 7}`:            "without a result code",
		`{"result": {"a": 1}}`:     "without a result code",
	} {
		h := newHouse(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, body)
		})
		_, err := h.client().Call(t.Context(), "giftimbiz/listAll", nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "502 Bad Gateway") {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestASignInWithoutATokenIsAnError(t *testing.T) {
	for body, want := range map[string]string{
		`{"result": 0}`:                           "no access token",
		`{"result": 0, "token": 1}`:               "read the access token",
		`{"result": "TOKEN07", "msg": "expired"}`: "TOKEN07: expired",
	} {
		server := httptest.NewServer(say(body))
		c := client.New(client.Options{BaseURL: server.URL, Credentials: credentials})
		_, err := c.Call(t.Context(), "giftimbiz/listAll", nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
		server.Close()
	}
}
