package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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

func TestACallCarriesCredentialsParametersAndOptions(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		for name, want := range map[string]string{
			"Partnerkey": "key", "User-Agent": "giftimbiz-go", "Partnertoken": "token", "Refresh-Token": "refresh", "Access-Token": "access-1",
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
	_, err := h.client().Call(t.Context(), "gifticon/setUseStarCoupon", nil)
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
				c := client.New(client.Options{BaseURL: from.URL, Credentials: credentials, HTTP: httpClient}).WithoutPauses()
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
		if r.URL.Path == "/api/v2/token" {
			signIns.Add(1)
			close(arrived)
			<-goOn
			fmt.Fprint(w, `{"access_token": "access", "expires_in": 3600}`)
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
		"{}":                       "no result code",
		`{"result": null}`:         "no result code",
		`{"result": 7}`:            "no result code",
		`{"result": {"a": 1}}`:     "no result code",
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

func TestASignInSendsThePartnersKeysAsOAuthHasIt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v2/token" {
			fmt.Fprint(w, "{}")
			return
		}
		id, secret, ok := r.BasicAuth()
		if !ok || id != "gmk_+%2F" || secret != "gmt" || r.Method != http.MethodPost || r.FormValue("grant_type") != "client_credentials" {
			t.Errorf("%s %s: %q %q %v %v", r.Method, r.URL, id, secret, ok, r.Form)
		}
		fmt.Fprint(w, `{"access_token": "access", "token_type": "Bearer", "expires_in": 3600}`)
	}))
	defer server.Close()
	keys := client.Credentials{PartnerID: "demo", PartnerKey: "gmk_ /", PartnerToken: "gmt"}
	c := client.New(client.Options{BaseURL: server.URL, Credentials: keys})
	if _, err := c.Do(t.Context(), http.MethodGet, "/partner", nil, nil); err != nil {
		t.Error(err)
	}
}

func TestASignInWithoutATokenIsAnError(t *testing.T) {
	for _, test := range []struct {
		status     int
		body, want string
	}{
		{200, `{}`, "no access token"},
		{200, `{"access_token": 1}`, "something else than it should"},
		{200, `<html>`, "something else than it should"},
		{401, `{"error":"invalid_client","error_description":"wrong keys","code":"UP"}`, "sign in: invalid_client: wrong keys"},
		{400, `{"error":"unauthorized_client","error_description":"suspended","code":"TOKEN04"}`, "suspended"},
	} {
		var asked atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			answer(test.status, test.body)(w, r)
		}))
		c := client.New(client.Options{BaseURL: server.URL, Credentials: credentials, Retries: -1})
		_, err := c.Call(t.Context(), "giftimbiz/listAll", nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || asked.Load() != 1 {
			t.Errorf("%s: %v after %d requests", test.body, err, asked.Load())
		}
		if is := errors.Is(err, client.ErrCredentials); is != (test.status == 401) {
			t.Errorf("%s: of the credentials %v", test.body, is)
		}
		server.Close()
	}
}

func TestCredentialsAreNotLogged(t *testing.T) {
	var text bytes.Buffer
	keys := client.Credentials{PartnerID: "demo", PartnerKey: "SECRET", PartnerToken: "SECRET", RefreshToken: "SECRET"}
	slog.New(slog.NewJSONHandler(&text, nil)).Info("signing in", "as", keys, "rotated", client.RotatedKeys{Credentials: keys})
	slog.New(slog.NewTextHandler(&text, nil)).Info("signing in", "as", keys, "options", client.Options{Credentials: keys})
	options := client.Options{Credentials: keys}
	fmt.Fprintf(&text, "%v %+v %v %+v", keys, &keys, options, client.New(options))
	if strings.Contains(text.String(), "SECRET") || !strings.Contains(text.String(), "demo") {
		t.Error(text.String())
	}
}
