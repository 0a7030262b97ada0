package docs

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/locale"
)

type lender struct{ err error }

func (l lender) Lend(context.Context) (Keys, error) {
	return Keys{PartnerID: "sandbox-7", PartnerKey: "k", PartnerToken: "p", RefreshToken: "r", AccessToken: "a"}, l.err
}

// sharedDocs is for tests that change nothing: pages take a while to make.
var sharedDocs = sync.OnceValue(func() http.Handler { return newDocs() })

func newDocs(change ...func(*Config)) http.Handler {
	cfg := Config{
		PublicURL: testURL, Version: "v1.2.3", Clock: clock.NewManual(time.Unix(0, 0)), Logger: slog.New(slog.DiscardHandler),
		Place: func(r *http.Request) string { return r.RemoteAddr }, Sandboxes: lender{},
	}
	for _, f := range change {
		f(&cfg)
	}
	return New(cfg)
}

// get asks for an address with headers given in pairs.
func get(h http.Handler, address string, headers ...string) *httptest.ResponseRecorder {
	return ask(h, http.MethodGet, address, headers...)
}

func ask(h http.Handler, method, address string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, testURL+address, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestReadersAreSentToTheirLanguage(t *testing.T) {
	h := sharedDocs()
	for language, want := range map[string]string{"en-GB,en;q=0.9,ko;q=0.5": "/docs/en/", "ko": "/docs/ko/", "": "/docs/ko/", "fr": "/docs/ko/"} {
		for _, address := range []string{"/docs", "/docs/"} {
			w := get(h, address, "Accept-Language", language)
			if to := w.Header().Get("Location"); w.Code != http.StatusFound || to != want {
				t.Errorf("%s in %q leads to %s (%d), want %s", address, language, to, w.Code, want)
			}
		}
	}
	for address, want := range map[string]string{"/docs/en/overview": "/docs/en/", "/docs/ko": "/docs/ko/", "/docs/api": "/docs/api/v2"} {
		if to := get(h, address).Header().Get("Location"); to != want {
			t.Errorf("%s leads to %s, want %s", address, to, want)
		}
	}
}

// crawl fetches all pages that pages lead to, and returns them by their addresses without anchors.
func crawl(t *testing.T, h http.Handler) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	queue := []string{"/docs/en/", "/docs/ko/", "/llms.txt"}
	links := regexp.MustCompile(`(?:href|src)="(/[^"#]*|[a-z][a-z0-9-]*(?:\.md)?)(?:#[^"]*)?"|\((` + regexp.QuoteMeta(testURL) + `[^)#]*)`)
	for len(queue) > 0 {
		address := queue[0]
		queue = queue[1:]
		if _, seen := bodies[address]; seen {
			continue
		}
		w := get(h, address)
		if w.Code != http.StatusOK {
			t.Errorf("%s answers %d", address, w.Code)
		}
		bodies[address] = w.Body.String()
		if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/html") && !strings.HasPrefix(kind, "text/markdown") && address != "/llms.txt" {
			continue
		}
		for _, link := range links.FindAllStringSubmatch(bodies[address], -1) {
			to := link[1] + strings.TrimPrefix(link[2], testURL)
			if !strings.HasPrefix(to, "/") {
				to = address[:strings.LastIndex(address, "/")+1] + to
			}
			queue = append(queue, strings.ReplaceAll(to, "&amp;", "&"))
		}
	}
	return bodies
}

func TestNoLinkOrAnchorIsDead(t *testing.T) {
	h := sharedDocs()
	bodies := crawl(t, h)
	if len(bodies) < 50 {
		t.Errorf("only %d pages found", len(bodies))
	}
	operations := map[string]bool{}
	for _, version := range Versions {
		s, _ := loadSpec(t, version, locale.English)
		for _, o := range s.operations {
			operations[o.Anchor()] = true
		}
	}
	anchors := regexp.MustCompile(`href="([^"#]*)#([^"]+)"`)
	for address, body := range bodies {
		if strings.HasPrefix(address, "/docs/assets/") {
			continue
		}
		for _, link := range anchors.FindAllStringSubmatch(body, -1) {
			to := link[1]
			switch {
			case to == "":
				to = address
			case !strings.HasPrefix(to, "/"):
				to = address[:strings.LastIndex(address, "/")+1] + to
			}
			if strings.HasPrefix(to, "/docs/api/") && to != address {
				if !operations[to+"#"+link[2]] {
					t.Errorf("%s leads to an operation that there is not: %s#%s", address, to, link[2])
				}
			} else if !strings.Contains(bodies[to], `id="`+link[2]+`"`) {
				t.Errorf("%s leads to an anchor that there is not: %s#%s", address, to, link[2])
			}
		}
	}
}

func TestBothLanguagesHaveTheSameHeadingsAndCode(t *testing.T) {
	codes := outcomesOf(t)
	shape := func(lang locale.Language, i int) (slug, headings, code string) {
		guides, err := readGuides(lang, testURL, true, codes)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range guides[i].Sections {
			headings += strings.Repeat("#", s.Level) + s.ID + "\n"
		}
		comments := regexp.MustCompile(`(?m)[ \t]*#[^\n]*$`)
		for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(guides[i].Markdown, -1) {
			code += comments.ReplaceAllString(strings.ReplaceAll(string(block[1]), " -H 'Accept-Language: en'", ""), "")
		}
		return guides[i].Slug, headings, code
	}
	for i := range slugs {
		slug, korean, koreanCode := shape(locale.Korean, i)
		_, english, englishCode := shape(locale.English, i)
		if korean != english {
			t.Errorf("%s has the headings\n%s\nin Korean and\n%s\nin English", slug, korean, english)
		}
		if koreanCode != englishCode {
			t.Errorf("%s shows\n%s\nin Korean and\n%s\nin English", slug, koreanCode, englishCode)
		}
	}
}

func TestDocumentsAreServedInTheReadersLanguage(t *testing.T) {
	h := sharedDocs()
	for _, version := range Versions {
		english := get(h, "/docs/openapi/"+version+".json", "Accept-Language", "en")
		korean := get(h, "/docs/openapi/"+version+".json?lang=ko", "Accept-Language", "en")
		if english.Body.String() == korean.Body.String() {
			t.Errorf("%s is the same in both languages", version)
		}
		var doc struct{ Servers []struct{ URL string } }
		if err := json.Unmarshal(english.Body.Bytes(), &doc); err != nil || doc.Servers[0].URL != testURL {
			t.Errorf("%s: %v, server %v", version, err, doc.Servers)
		}
		if kind := get(h, "/docs/openapi/"+version+".yaml").Header().Get("Content-Type"); kind != "application/yaml; charset=utf-8" {
			t.Errorf("%s.yaml is %s", version, kind)
		}
	}
}

func TestAnswersCanBeKeptByCaches(t *testing.T) {
	h := sharedDocs()
	w := get(h, "/docs/en/codes", "Accept-Encoding", "gzip")
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 20_000 {
		t.Errorf("%s, %d bytes", w.Header().Get("Content-Encoding"), w.Body.Len())
	}
	again := get(h, "/docs/en/codes", "If-None-Match", w.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("again: %d with %d bytes", again.Code, again.Body.Len())
	}
}

func TestPagesAllowNothingFromElsewhere(t *testing.T) {
	h := sharedDocs()
	for _, address := range []string{"/docs/en/", "/docs/api/v2", "/docs/search?q=a", "/docs/nothing", "/llms.txt"} {
		head := get(h, address).Header()
		if csp := head.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s has the policy %q", address, csp)
		}
	}
	for address, body := range crawl(t, h) {
		if strings.HasPrefix(body, "<!doctype html>") && regexp.MustCompile(`<script>|<style| style="| on[a-z]+="`).MatchString(body) {
			t.Errorf("%s has something inline", address)
		}
	}
}

func TestUnknownPagesAreNotFound(t *testing.T) {
	h := sharedDocs()
	for _, address := range []string{"/docs/en/nothing", "/docs/fr/", "/docs/assets/", "/docs/openapi/v3.yaml"} {
		if w := get(h, address); w.Code != http.StatusNotFound {
			t.Errorf("%s answers %d", address, w.Code)
		}
	}
}

func TestKeysAreLentToPagesOfThisServerOnly(t *testing.T) {
	lend := func(h http.Handler, headers ...string) (int, string) {
		w := ask(h, http.MethodPost, "/docs/sandbox", headers...)
		return w.Code, w.Body.String()
	}
	h := newDocs()
	status, body := lend(h, "Sec-Fetch-Site", "same-origin")
	want := `{"partner_id":"sandbox-7","partnerkey":"k","partnertoken":"p","refresh_token":"r","access_token":"a"}`
	if status != http.StatusOK || body != want {
		t.Errorf("%d %s", status, body)
	}
	if status, body := lend(h, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); status != http.StatusForbidden {
		t.Errorf("another site: %d %s", status, body)
	}
	if status, _ := lend(newDocs(func(c *Config) { c.Sandboxes = nil })); status != http.StatusNotFound {
		t.Errorf("switched off: %d", status)
	}
	if status, _ := lend(newDocs(func(c *Config) { c.Sandboxes = lender{ErrNoneLeft} })); status != http.StatusServiceUnavailable {
		t.Errorf("none left: %d", status)
	}
	if status, body := lend(newDocs(func(c *Config) { c.Sandboxes = lender{io.ErrUnexpectedEOF} })); status != http.StatusInternalServerError || strings.Contains(body, "EOF") {
		t.Errorf("failed: %d %s", status, body)
	}
}

func TestOneAddressBorrowsAFewTimesOnly(t *testing.T) {
	now := clock.NewManual(time.Unix(0, 0))
	l := newLimiter(now)
	for range loansPerPlace {
		if l.wait("192.0.2.1") != 0 {
			t.Fatal("refused too soon")
		}
	}
	now.Advance(4 * time.Minute)
	if wait := l.wait("192.0.2.1"); wait != 6*time.Minute || l.wait("192.0.2.2") != 0 {
		t.Errorf("the limit is not by address, or lasts another %s", wait)
	}
	now.Advance(6 * time.Minute)
	if l.wait("192.0.2.1") != 0 {
		t.Error("the limit does not end")
	}
}

func TestTheSearchFindsGuidesAndOperations(t *testing.T) {
	h := sharedDocs()
	for _, test := range []struct{ query, want string }{
		{"lang=en&q=idempotency", `href="/docs/en/never-twice`},
		{"lang=en&q=createOrder", `href="/docs/api/v2?lang=en#/Orders/createOrder"`},
		{"lang=en&q=buyGifticoupon", `href="/docs/api/v1?lang=en#/Gifticons/buyGifticoupon"`},
		{"lang=en&q=QUOTE+60", `href="/docs/en/vouchers#quotes"`},
		{"lang=ko&q=유효", `href="/docs/ko/vouchers#expiry"`},
		{"lang=ko&q=샌드박", `href="/docs/ko/sandbox"`},
		{"lang=en&q=TOKEN07", `href="/docs/en/codes#caller"`},
		{"lang=en&q=" + strings.Repeat("x", 500), "Nothing found"},
		{"lang=en&q=%3Cscript%3E", "Nothing found"},
		{"lang=en&q=", "Type what to look for"},
	} {
		w := get(h, "/docs/search?"+test.query)
		if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, test.want) || strings.Contains(body, "<script>") {
			t.Errorf("%s: %d without %s", test.query, w.Code, test.want)
		}
	}
}

func TestAnExcerptIsWholeCharacters(t *testing.T) {
	kelvin := "\u212a" // K, three bytes; in lower case one
	if got := excerpt("Send k원 to", kelvin); string(got) != "Send <mark>k</mark>원 to" {
		t.Errorf("%q", got)
	}
}
