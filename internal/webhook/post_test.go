package webhook

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func send(t *testing.T, guard *Guard, address string) answer {
	t.Helper()
	p := newPoster(clock.System{}, guard)
	t.Cleanup(p.close)
	return p.post(t.Context(), address, []byte(`{}`), func(http.Header, time.Time) error { return nil })
}

func TestAnswersAreTakenFailOrEnd(t *testing.T) {
	mux := http.NewServeMux()
	answerWith := func(path string, status int, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Accept-Encoding") != "" {
				t.Errorf("%s %v", r.Method, r.Header)
			}
			w.Header().Set("Location", "/taken")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body) // the test looks at what arrives
		})
	}
	answerWith("/taken", 200, "ok")
	answerWith("/empty", 204, "")
	answerWith("/moved", 302, "there")
	answerWith("/moved-for-good", 308, "")
	answerWith("/gone", 410, "no more")
	answerWith("/broken", 500, "a\x00b\xffc")
	answerWith("/long", 200, strings.Repeat("가", 10_000))
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/hangs-up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", strings.Repeat("x", 64<<10)) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	for _, test := range []struct {
		path, failure, text string
		status              int
	}{
		{"/taken", "", "ok", 200},
		{"/empty", "", "", 204},
		{"/moved", FailedRedirect, "there", 302},
		{"/moved-for-good", FailedRedirect, "", 308},
		{"/gone", FailedStatus, "no more", 410},
		{"/broken", FailedStatus, "a\uFFFDb\uFFFDc", 500},
		{"/long", "", strings.Repeat("가", 341), 200},
		{"/endless", "", strings.Repeat("\uFFFD", 1024), 200},
		{"/hangs-up", FailedConnect, "", 0},
		{"/headers", FailedConnect, "", 0},
	} {
		t.Run(test.path, func(t *testing.T) {
			a := send(t, NewGuard(loopback), s.URL+test.path)
			if a.status != test.status || a.failure != test.failure || a.text != test.text {
				t.Errorf("%d %q %q", a.status, a.failure, a.text)
			}
		})
	}
}

func TestFailuresToConnectHaveNames(t *testing.T) {
	silent := log.New(io.Discard, "", 0)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	encrypted := httptest.NewUnstartedServer(http.NotFoundHandler()) // its certificate is signed by nobody we know
	encrypted.Config.ErrorLog = silent
	encrypted.StartTLS()
	t.Cleanup(encrypted.Close)
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.Config.ErrorLog = silent
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11} //nolint:gosec // what is refused
	old.StartTLS()
	t.Cleanup(old.Close)
	for _, test := range []struct{ name, address, failure string }{
		{"nobody listens", "http://127.0.0.1:1/", FailedConnect}, // no program is given that port by chance
		{"a certificate of nobody", encrypted.URL, FailedTLS},
		{"an old version", old.URL, FailedTLS},
		{"no encryption where it should be", strings.Replace(plain.URL, "http:", "https:", 1), FailedTLS},
		{"no such name", "https://nowhere.invalid/", FailedName},
		{"another scheme", "ftp://127.0.0.1/", FailedAddress},
		{"no address", "https://[::1/", FailedAddress},
	} {
		t.Run(test.name, func(t *testing.T) {
			if a := send(t, NewGuard(loopback), test.address); a.failure != test.failure || a.status != 0 {
				t.Errorf("%d %q", a.status, a.failure)
			}
		})
	}
}

// TestNamesAreCheckedWhereTheyLead: the guard sees what was looked up, at each connection.
func TestNamesAreCheckedWhereTheyLead(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		s.URL, "https://127.0.0.1:" + u.Port(), "http://localhost:" + u.Port(), "https://localhost:" + u.Port(),
		"http://[::ffff:127.0.0.1]:" + u.Port(), "http://2130706433:" + u.Port(), "http://0:" + u.Port(),
	} {
		if a := send(t, NewGuard(nil), address); a.failure != FailedAddress && a.failure != FailedName {
			t.Errorf("%s: %d %q", address, a.status, a.failure)
		}
	}
	if asked != 0 {
		t.Errorf("%d requests arrived", asked)
	}
}

// TestNoProxyIsAsked: it would connect to what the guard refuses.
func TestNoProxyIsAsked(t *testing.T) {
	asked := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	if a := send(t, NewGuard(loopback), "http://nowhere.invalid/"); a.failure != FailedName || asked != 0 {
		t.Errorf("%q, the proxy was asked %d times", a.failure, asked)
	}
}

// TestNoAnswerIsWaitedForTooLong whether nothing comes, or a little again and again.
func TestNoAnswerIsWaitedForTooLong(t *testing.T) {
	done := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/silent", func(http.ResponseWriter, *http.Request) { <-done })
	mux.HandleFunc("/drips", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "a") // the test looks at what arrives
		_ = http.NewResponseController(w).Flush()
		<-done
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) })
	p := newPoster(clock.System{}, NewGuard(loopback))
	t.Cleanup(p.close)
	p.timeout = 100 * time.Millisecond
	for _, path := range []string{"/silent", "/drips"} {
		a := p.post(t.Context(), s.URL+path, nil, func(http.Header, time.Time) error { return nil })
		if a.failure != FailedTimeout {
			t.Errorf("%s: %d %q", path, a.status, a.failure)
		}
	}
}
