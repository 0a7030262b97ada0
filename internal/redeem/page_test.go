package redeem

import (
	"bytes"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
)

var update = flag.Bool("update", false, "write the golden files anew")

func fetch(h http.Handler, method, target string, body url.Values, heads ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(heads); i += 2 {
		r.Header.Set(heads[i], heads[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func pageOf(links *Links) string { return links.PageURL(order, 1) }

func TestPages(t *testing.T) {
	post := func(code string) url.Values { return url.Values{"code": {code}} }
	cases := []struct {
		name   string // of the golden file
		change func(*gift.BoughtItem)
		two    bool       // the shop has a second seller
		form   url.Values // nil = GET
		lang   string
		status int
	}{
		{name: "usable", status: 200},
		{name: "usable-english", lang: "en-GB,en;q=0.9,ko;q=0.5", status: 200},
		{name: "usable-french-is-korean", lang: "fr", status: 200},
		{name: "sandbox", change: func(i *gift.BoughtItem) { i.Sandbox = true }, status: 200},
		{name: "two-sellers", two: true, status: 200},
		{name: "used", change: func(i *gift.BoughtItem) { i.UsedAt = noon.Add(-time.Hour) }, status: 200},
		{name: "expired", change: func(i *gift.BoughtItem) { i.Offer.LastDay = gift.DayOf(noon) - 1 }, status: 200},
		{name: "cancelled", change: func(i *gift.BoughtItem) { i.CancelledAt = noon }, lang: "en", status: 200},
		{name: "no-seller", change: func(i *gift.BoughtItem) { i.Shop.ID = 99 }, status: 200},
		{name: "done", form: post(code), status: 200},
		{name: "done-sandbox-english", change: func(i *gift.BoughtItem) { i.Sandbox = true }, form: post(" " + code + " "), lang: "en", status: 200},
		{name: "wrong-code", form: post("000000"), status: 422},
		{name: "no-code", form: post(""), status: 422},
		{name: "two-sellers-none-chosen", two: true, form: post(code), lang: "en", status: 422},
		{
			name: "two-sellers-wrong-code", two: true,
			form: url.Values{"seller": {strconv.Itoa(int(seller))}, "code": {"000000"}}, status: 422,
		},
		{name: "post-on-used", change: func(i *gift.BoughtItem) { i.UsedAt = noon.Add(-time.Hour) }, form: post(code), status: 409},
		{
			name:   "escaped",
			change: func(i *gift.BoughtItem) { i.Campaign.Product = `<script>alert("1")</script>` }, status: 200,
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			item := starCoupon()
			if tc.change != nil {
				tc.change(&item)
			}
			h, c, links := newTestHandler(t, item)
			if tc.two {
				c.store.sellers = append(c.store.sellers, Seller{ID: 33, ShopID: 37, Name: "이부점장", CodeHash: "x"})
			}
			method := http.MethodGet
			if tc.form != nil {
				method = http.MethodPost
			}
			w := fetch(h, method, pageOf(links), tc.form, "Accept-Language", tc.lang)
			if w.Code != tc.status {
				t.Errorf("status %d, want %d", w.Code, tc.status)
			}
			golden(t, tc.name+".html", w.Body.String())
		})
	}
}

// token is what another key makes another of.
var token = regexp.MustCompile(`action="(/r/(?:undo/)?)[\w-]{30,}"`)

func golden(t *testing.T, name, got string) {
	t.Helper()
	got = token.ReplaceAllString(got, `action="${1}TOKEN"`)
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", file, diff)
	}
}

func TestALockedSellerIsToldHowLong(t *testing.T) {
	h, _, links := newTestHandler(t, starCoupon())
	var w *httptest.ResponseRecorder
	for range MaxWrong {
		w = fetch(h, http.MethodPost, pageOf(links), url.Values{"code": {"000000"}})
	}
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "600" || !strings.Contains(w.Body.String(), "10분") {
		t.Errorf("status %d, Retry-After %q\n%s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
}

func TestThePageIsKeptFromCachesFramesAndOtherSites(t *testing.T) {
	h, _, links := newTestHandler(t, starCoupon())
	for _, w := range []*httptest.ResponseRecorder{
		fetch(h, http.MethodGet, pageOf(links), nil),
		fetch(h, http.MethodPost, pageOf(links), url.Values{"code": {"000000"}}),
		fetch(h, http.MethodGet, "/r/unknown", nil),
		fetch(h, http.MethodGet, links.QRPath(order, 1), nil),
	} {
		want := map[string]string{
			"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer",
			"X-Content-Type-Options": "nosniff",
		}
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %q, want %q", name, got, value)
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "style-src 'self'"} {
			if !strings.Contains(csp, part) || strings.Contains(csp, "unsafe") {
				t.Errorf("Content-Security-Policy %q lacks %s", csp, part)
			}
		}
	}
}

func TestOnlyThePageItselfMayUseACoupon(t *testing.T) {
	cases := []struct {
		name  string
		heads []string
		want  int
	}{
		{"from the page", []string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, 200},
		{"from another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"from another site without its name", []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, 403},
		{"from a sister site", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://shop.example"}, 403},
		{"old browser, another site", []string{"Origin", "https://evil.example"}, 403},
		{"old browser, the page under no-referrer", []string{"Origin", "null"}, 200},
		{"old browser behind a proxy that changes the host", []string{"Origin", "https://gift.example"}, 200},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			h, c, links := newTestHandler(t, starCoupon())
			target := strings.TrimPrefix(pageOf(links), "https://gift.example")
			w := fetch(h, http.MethodPost, "http://10.0.0.1:8080"+target, url.Values{"code": {code}}, tc.heads...)
			if w.Code != tc.want || (len(c.store.uses) == 1) != (tc.want == 200) {
				t.Errorf("status %d, %d uses, want %d", w.Code, len(c.store.uses), tc.want)
			}
		})
	}
}

func TestUnknownAddressesShowNothing(t *testing.T) {
	gifticon := starCoupon()
	gifticon.Line, gifticon.Offer.Kind = 2, gift.Gifticon
	h, _, links := newTestHandler(t, starCoupon(), gifticon)
	voucherToken := strings.TrimSuffix(strings.TrimPrefix(links.BarcodePath(order, 1), barcodePath), pngSuffix)
	for name, target := range map[string]string{
		"made up":                     "/r/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"capability of another kind":  pagePath + voucherToken,
		"order that is not there":     links.PageURL(order+1, 1),
		"gifticon":                    links.PageURL(order, 2),
		"picture with a forged token": qrPath + "AAAA.png",
		"picture of another kind":     qrPath + voucherToken + pngSuffix,
		"picture of another format":   strings.TrimSuffix(links.QRPath(order, 1), pngSuffix) + ".gif",
		"bar code of a star coupon":   links.BarcodePath(order, 1),
		"other style sheet":           assetsPath + "page.html",
	} {
		if w := fetch(h, http.MethodGet, target, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	w := fetch(h, http.MethodGet, "/r/AAAA", nil)
	golden(t, "not-found.html", w.Body.String())
}

func TestAFaultOfTheStoreIsShownAsBusyAndKeepsTheAddressOutOfTheLog(t *testing.T) {
	c := newCounterAt(starCoupon())
	c.store.readErr = os.ErrDeadlineExceeded
	links := NewLinks(c.keys, "https://gift.example")
	var log bytes.Buffer
	h := NewHandler(Config{
		Store: c.store, Counter: c.Counter, Links: links, Numbers: c.keys, Clock: c.clock,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	w := fetch(h, http.MethodGet, pageOf(links), nil)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if line := log.String(); !strings.Contains(line, "i/o timeout") || strings.Contains(line, path.Base(pageOf(links))) {
		t.Errorf("logged: %s", line)
	}
	golden(t, "unavailable.html", w.Body.String())
}

func TestTheStyleSheetIsServed(t *testing.T) {
	h, _, _ := newTestHandler(t)
	w := fetch(h, http.MethodGet, assetsPath+"redeem.css", nil)
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("status %d, type %q", w.Code, w.Header().Get("Content-Type"))
	}
}

func TestAnOversizedFormIsRefused(t *testing.T) {
	h, _, links := newTestHandler(t, starCoupon())
	w := fetch(h, http.MethodPost, pageOf(links), url.Values{"code": {strings.Repeat("1", maxForm)}})
	if w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
}
