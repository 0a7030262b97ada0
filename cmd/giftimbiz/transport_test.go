package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/purchase"
)

// TestOutcomesOfTheTransportAreAnswersToo asks for what is no call of an endpoint. Every answer is JSON with a result, a
// message and an id.
func TestOutcomesOfTheTransportAreAnswersToo(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	c := s.as("demo")
	const list = "/api/v1/giftimbiz/listAll"
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"another version":           {"POST", "/api/v2/giftimbiz/listAll", "", 404, "L"},
		"an unknown endpoint":       {"POST", "/api/v1/giftimbiz/everything", "", 404, "L"},
		"an endpoint's folder":      {"POST", "/api/v1/giftimbiz/", "", 404, "L"},
		"the root of the API":       {"POST", "/api", "", 404, "L"},
		"out of the API":            {"POST", "/api/../healthz", "", 404, "L"},
		"another case":              {"POST", "/api/v1/giftimbiz/LISTALL", "", 404, "L"},
		"GET":                       {"GET", list, "", 405, "L"},
		"HEAD":                      {"HEAD", list, "", 405, ""},
		"OPTIONS":                   {"OPTIONS", list, "", 405, "L"},
		"PUT":                       {"PUT", list, "", 405, "L"},
		"a body above 1 MiB":        {"POST", list, "a=" + strings.Repeat("x", 1<<20), 413, "Q"},
		"doubled slashes":           {"POST", "//api//v1/giftimbiz//listAll", "site=gift&partner_id=demo", 200, "0000"},
		"a slash at the end":        {"POST", list + "/", "site=gift&partner_id=demo", 200, "0000"},
		"the guide's stray space":   {"POST", "/api/v1/giftimbiz/%20giftDetail", "partner_id=demo&CODE=2576&DCODE=14560", 200, "0000"},
		"a query of many kilobytes": {"POST", list + "?site=gift&partner_id=demo&" + strings.Repeat("word=&", 30_000), "", 200, "0000"},
	} {
		t.Run(name, func(t *testing.T) {
			header := c.header.Clone()
			header.Set("X-Request-Id", "my-own-id")
			a := s.in(t).send(test.method, s.url+test.path, header, test.body)
			if a.status != test.status || test.code != "" && a.code() != test.code {
				t.Fatalf("HTTP %d %s", a.status, a.body)
			}
			if got := a.header.Get("X-Request-Id"); got != "my-own-id" {
				t.Errorf("X-Request-Id %q", got)
			}
			if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
				t.Errorf("Content-Type %q", got)
			}
			if a.status == 405 && a.header.Get("Allow") != "POST" {
				t.Errorf("Allow %q", a.header.Get("Allow"))
			}
		})
	}
}

func TestAnAnswersIDIsTheCallersOwnWhenItIsASaneOne(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	for _, path := range []string{"/api/v1/giftimbiz/listAll", "/healthz", "/nothing"} {
		for own, kept := range map[string]bool{"abc-123": true, "": false, strings.Repeat("x", 200): false, "<script>": false} {
			got := s.send(http.MethodGet, s.url+path, http.Header{"X-Request-Id": {own}}, "").header.Get("X-Request-Id")
			if got == "" || (got == own) != kept {
				t.Errorf("%s: sent %q, got %q", path, own, got)
			}
		}
	}
}

// brokenBuyer stands for an engine in trouble.
type brokenBuyer struct{ err error }

func (b brokenBuyer) Buy(context.Context, purchase.Request) (purchase.Outcome, error) {
	if b.err == nil {
		panic("a bug")
	}
	return purchase.Outcome{}, b.err
}

// TestTroubleOfTheServerIsToldWithWhatToDo makes the engine fail in each of its ways.
func TestTroubleOfTheServerIsToldWithWhatToDo(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	for name, test := range map[string]struct {
		err       error
		status    int
		says      string
		withRetry bool
	}{
		"a full queue":       {purchase.ErrBusy, 503, "nothing was bought", true},
		"a stop":             {purchase.ErrStopped, 503, "nothing was bought", true},
		"no journal":         {purchase.ErrNotJournalled, 503, "nothing was bought", true},
		"no time to write":   {errors.Join(purchase.ErrNotJournalled, context.DeadlineExceeded), 503, "nothing was bought", true},
		"an unknown outcome": {purchase.ErrUnknown, 503, "same Idempotency-Key", true},
		"a panic":            {nil, 500, "X-Request-Id", false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := s.node.APIConfig()
			cfg.Buyer = brokenBuyer{test.err}
			web := httptest.NewServer(partnerapi.New(cfg))
			defer web.Close()
			elsewhere := s.in(t)
			elsewhere.url = web.URL
			c := elsewhere.as("demo")
			c.header.Set("Accept-Language", "en")
			a := order()(elsewhere, c).wants("GPLF")
			if a.status != test.status || !strings.Contains(a.text("msg"), test.says) || (a.header.Get("Retry-After") != "") != test.withRetry {
				t.Errorf("HTTP %d, Retry-After %q, %s", a.status, a.header.Get("Retry-After"), a.body)
			}
		})
	}
}

// TestMessagesComeInTheReadersLanguage compares a refusal in Korean and English.
func TestMessagesComeInTheReadersLanguage(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	for language, want := range map[string]string{
		"":               "orderby 값은 다음 중 하나여야 합니다: hit, priceH, priceL, disH, disL",
		"ko-KR,en;q=0.9": "orderby 값은 다음 중 하나여야 합니다: hit, priceH, priceL, disH, disL",
		"en-US,ko;q=0.9": "orderby must be one of: hit, priceH, priceL, disH, disL",
		"fr":             "orderby 값은 다음 중 하나여야 합니다: hit, priceH, priceL, disH, disL",
	} {
		c := s.as("demo")
		c.header.Set("Accept-Language", language)
		if got := c.call("giftimbiz/listAll", "site", "gift", "orderby", "best").wants("Q").text("msg"); got != want {
			t.Errorf("%q: %s", language, got)
		}
	}
}

// TestACallersAddressIsBelievedFromTrustedProxiesOnly has a partner that admits one address only.
func TestACallersAddressIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	direct := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	proxied := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", func(cfg *config) {
		cfg.TrustedProxies = []string{"127.0.0.0/8", "10.0.0.0/8"}
	})
	for _, s := range []*testServer{direct, proxied} {
		s.setPartner("demo", func(p *gift.Partner) { p.AllowList = []netip.Prefix{netip.MustParsePrefix("203.0.113.9/32")} })
	}
	for name, test := range map[string]struct {
		s         *testServer
		forwarded string
		admitted  bool
	}{
		"no proxy is trusted":               {direct, "203.0.113.9", false},
		"the caller's own":                  {proxied, "203.0.113.9", true},
		"with a port":                       {proxied, "203.0.113.9:4711", true},
		"mapped into IPv6":                  {proxied, "::ffff:203.0.113.9", true},
		"through two proxies":               {proxied, "203.0.113.9, 10.1.2.3", true},
		"a lie before the true one":         {proxied, "203.0.113.9, 198.51.100.7", false},
		"another":                           {proxied, "198.51.100.7", false},
		"what is no address":                {proxied, "203.0.113.9, unknown", false},
		"none: the proxy itself is calling": {proxied, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := test.s.made.Partner("demo")
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{
				"Partnerkey": {p.PartnerKey}, "Partnertoken": {p.PartnerToken}, "X-Refresh-Token": {p.RefreshToken},
				"X-Forwarded-For": {test.forwarded},
			}
			a := test.s.in(t).send(http.MethodPost, test.s.url+"/api/v1/common/getAccessToken?partner_id=demo", header, "")
			if want := map[bool]string{true: "0", false: "M4"}[test.admitted]; a.code() != want {
				t.Errorf("%s, want %s", a.body, want)
			}
		})
	}
}

// TestNoAnswerEchoesASecret sends each credential wrongly and in places where it does not belong.
func TestNoAnswerEchoesASecret(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	const secret = "s3cretS3cretS3cret"
	for _, name := range []string{"Partnerkey", "Partnertoken", "Refresh-Token", "Access-Token", "X-Refresh-Token", "Idempotency-Key"} {
		c := s.as("demo")
		c.header.Set(name, secret+" \t"+secret)
		for _, a := range []answer{listing(c), order()(s, c), c.call("common/getAccessToken")} {
			if bytes.Contains(a.body, []byte(secret)) {
				t.Errorf("%s: %s", name, a.body)
			}
		}
	}
	c := s.as("demo")
	for _, body := range []string{secret + "!=1", `{"` + secret + `!":[]}`, "managecode=" + secret + "&managecode=2", "%" + secret} {
		if a := c.post("gifticon/setUseStarCoupon", "", body); bytes.Contains(a.body, []byte(secret)) {
			t.Errorf("%s: %s", body, a.body)
		}
	}
}

func TestAListOfNothingIsAnEmptyList(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	c := s.as("demo")
	everything := c.call("giftimbiz/listAll", "site", "gift").fields["total_count"]
	for name, test := range map[string]struct {
		endpoint string
		params   []any
		total    any
	}{
		"past the last page":   {"giftimbiz/listAll", []any{"site", "gift", "page", "9999999999"}, everything},
		"an unknown category":  {"giftimbiz/listAll", []any{"site", "gift", "CODE", 999}, float64(0)},
		"category 0":           {"giftimbiz/listAll", []any{"site", "gift", "CODE", 0}, float64(0)},
		"an unknown brand":     {"giftimbiz/listAll", []any{"site", "gift", "BCODE", 999999}, float64(0)},
		"nothing so cheap":     {"giftimbiz/listAll", []any{"site", "gift", "price", 0}, float64(0)},
		"a word nobody has":    {"giftimbiz/listAll", []any{"site", "gift", "word", "뷁뷁"}, float64(0)},
		"a region without one": {"giftimbiz/starListAll", []any{"site", "gift", "si", "울릉군"}, nil},
		"a gu without one":     {"giftimbiz/starListAll", []any{"site", "gift", "gu", "울릉군"}, float64(0)},
		"an unknown maker":     {"giftimbiz/starListAll", []any{"site", "gift", "makestarid", "nobody"}, float64(0)},
	} {
		a := c.call(test.endpoint, test.params...)
		if test.total == nil {
			a.wants("L")
			continue
		}
		a.wants("0000")
		if len(a.rows("list")) != 0 || a.text("isNext") != "false" || a.fields["total_count"] != test.total {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

// TestNumbersAreDigits tries the spellings of a number.
func TestNumbersAreDigits(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	c := s.as("demo")
	for value, want := range map[string]string{
		"1": "0000", "0001": "0000", " 1 ": "0000", "1000": "0000", "": "0000",
		"0": "Q", "1001": "Q", "+1": "Q", "-1": "Q", "1,000": "Q", "1e2": "Q", "1.0": "Q", "１": "Q", "1_0": "Q", "0x1": "Q",
		"99999999999999999999": "Q", "한": "Q",
	} {
		for _, endpoint := range []string{"listAll", "starListAll", "buyGifticonList", "buyStarcouponList"} {
			if a := c.call("giftimbiz/"+endpoint, "site", "gift", "limit", value); a.code() != want {
				t.Errorf("%s, limit %q: %s", endpoint, value, a.body)
			}
		}
	}
}

// TestTheFiguresShowWhatHappened reads /metrics after a purchase and a refusal.
func TestTheFiguresShowWhatHappened(t *testing.T) {
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	c := s.as("demo")
	order()(s, c).wants("0000")
	c.header.Set("Idempotency-Key", "refused")
	for range 2 { // the second time from what was kept
		order("cash", 1)(s, c).wants("PL")
	}
	text := string(s.send(http.MethodGet, s.url+"/metrics", http.Header{}, "").body)
	for _, want := range []string{
		`giftimbiz_requests_total{code="0000",endpoint="giftimbiz/buyGifticoupon"} 1`,
		`giftimbiz_requests_total{code="PL",endpoint="giftimbiz/buyGifticoupon"} 2`,
		`giftimbiz_requests_total{code="0000",endpoint="common/getAccessToken"} 1`,
		"giftimbiz_purchase_batch_size_count 3", "giftimbiz_purchase_commit_seconds_count 3",
		"giftimbiz_purchase_queue_depth 0", "giftimbiz_requests_in_flight 0", "giftimbiz_catalog_age_seconds 0",
		"giftimbiz_catalog_offers ", "giftimbiz_catalog_units ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "giftimbiz_catalog_offers 0\n") {
		t.Error("no offers are counted")
	}
}
