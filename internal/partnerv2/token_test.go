package partnerv2_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func basicAuth(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

func TestATokenIsIssuedForKeysInTheFormOrByBasic(t *testing.T) {
	s := openShowroom(t)
	key, token := s.secrets.PartnerKey, s.secrets.PartnerToken
	grant := func(pairs ...string) url.Values {
		form := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return form
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"form":                       s.form(grant("client_id", key, "client_secret", token)),
		"form, unknown parameters":   s.form(grant("client_id", key, "client_secret", token, "scope", "all")),
		"basic":                      s.form(grant(), "Authorization", basicAuth(key, token)),
		"basic, client_id too":       s.form(grant("client_id", key), "Authorization", basicAuth(key, token)),
		"basic, encoded underscores": s.form(grant(), "Authorization", "basic "+base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(key, "_", "%5F")+":"+token))),
	} {
		var issued struct {
			Token   string `json:"access_token"`
			Type    string `json:"token_type"`
			Seconds int    `json:"expires_in"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &issued); err != nil || w.Code != http.StatusOK || issued.Type != "Bearer" ||
			issued.Seconds != 3600 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Pragma") != "no-cache" {
			t.Fatalf("%s: HTTP %d, %v, %s, %v", name, w.Code, w.Header(), w.Body, err)
		}
		if got := s.get("partner", "Authorization", "Bearer "+issued.Token); got.Code != http.StatusOK {
			t.Errorf("%s: with the token: HTTP %d, %s", name, got.Code, got.Body)
		}
	}
	if a := s.answered[0]; a.Endpoint != "v2 POST token" || a.Code != office.Success || a.Partner != s.partner || a.Writes {
		t.Errorf("noted: %+v", a)
	}
}

func TestTokensAreRefusedInTheWordsOfOAuth(t *testing.T) {
	s := openShowroom(t)
	key, token := s.secrets.PartnerKey, s.secrets.PartnerToken
	right := url.Values{"grant_type": {"client_credentials"}, "client_id": {key}, "client_secret": {token}}
	with := func(name string, values ...string) url.Values {
		form := url.Values{}
		for n, v := range right {
			form[n] = v
		}
		if form[name] = values; values == nil {
			form.Del(name)
		}
		return form
	}
	for _, test := range []struct {
		name        string
		w           *httptest.ResponseRecorder
		status      int
		fault, code string
	}{
		{"no grant type", s.form(with("grant_type")), 400, "invalid_request", "Q"},
		{"another grant type", s.form(with("grant_type", "password")), 400, "unsupported_grant_type", "Q"},
		{"no client", s.form(with("client_id")), 401, "invalid_client", "Q"},
		{"no secret", s.form(with("client_secret")), 401, "invalid_client", "Q"},
		{"unknown client", s.form(with("client_id", "gmk_live_X")), 401, "invalid_client", "UP"},
		{"wrong secret", s.form(with("client_secret", "gmt_X")), 401, "invalid_client", "TOKEN06"},
		{"twice", s.form(with("client_id", key, key)), 400, "invalid_request", "Q"},
		{"both ways", s.form(right, "Authorization", basicAuth(key, token)), 400, "invalid_request", "Q"},
		{"of two clients", s.form(url.Values{"grant_type": right["grant_type"], "client_id": {"x"}}, "Authorization", basicAuth(key, token)), 400, "invalid_request", "Q"},
		{"broken basic", s.form(url.Values{"grant_type": right["grant_type"]}, "Authorization", "Basic !"), 401, "invalid_client", "Q"},
		{"basic without a colon", s.form(url.Values{"grant_type": right["grant_type"]}, "Authorization", "Basic eA=="), 401, "invalid_client", "Q"},
		{"JSON", s.form(right, "Content-Type", "application/json"), 400, "invalid_request", "Q"},
		{"too large", s.form(with("scope", strings.Repeat("x", 70_000))), 400, "invalid_request", "Q"},
	} {
		checkTokenFault(t, test.name, test.w, test.status, test.fault, test.code)
	}
	inURL := httptest.NewRequest(http.MethodPost, "/api/v2/token?"+right.Encode(), http.NoBody)
	inURL.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	checkTokenFault(t, "in the address", s.send(0, inURL), 400, "invalid_request", "Q")
	if w := s.get("token"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodPost {
		t.Errorf("GET: HTTP %d, %v", w.Code, w.Header())
	}
}

func TestWhoMayNotCallGetsNoToken(t *testing.T) {
	for code, change := range map[string]func(*gift.Partner){
		"TOKEN04": func(p *gift.Partner) { p.State = gift.Suspended },
		"T7":      func(p *gift.Partner) { p.State = gift.Withdrawn },
		"M4":      func(p *gift.Partner) { p.AllowList = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")} },
	} {
		s := openShowroom(t)
		_, err := s.DB.ChangePartner(t.Context(), demoPartner.Name, 0, s.Clock.Now(), func(p *gift.Partner) error {
			change(p)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.refresh(0)
		w := s.form(url.Values{
			"grant_type": {"client_credentials"}, "client_id": {s.secrets.PartnerKey}, "client_secret": {s.secrets.PartnerToken},
		})
		checkTokenFault(t, code, w, 400, "unauthorized_client", code)
		if a := s.last(); a.Code != code || a.Partner != 0 || a.Message() == "" {
			t.Errorf("noted: %+v", a)
		}
	}
}

// checkTokenFault checks an answer of RFC 6749 §5.2, whose description may have some of ASCII only.
func checkTokenFault(t *testing.T, name string, w *httptest.ResponseRecorder, status int, fault, code string) {
	t.Helper()
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Code        string `json:"code"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != status || said.Error != fault || said.Code != code {
		t.Errorf("%s: HTTP %d, %s, %v; want %d, %s, %s", name, w.Code, w.Body, err, status, fault, code)
	}
	if strings.ContainsFunc(said.Description, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) || said.Description == "" {
		t.Errorf("%s: %q", name, said.Description)
	}
	if challenge := w.Header().Get("WWW-Authenticate"); (status == http.StatusUnauthorized) != (challenge == `Basic realm="giftimbiz"`) {
		t.Errorf("%s: challenge %q", name, challenge)
	}
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%s: %v", name, w.Header())
	}
}
