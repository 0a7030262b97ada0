package console_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"giftimbiz/internal/console"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
)

// officeHouse is a console on a real database, with a clock that stands still.
type officeHouse struct {
	*storagetest.House
	vault   *vault.Vault
	console http.Handler
	file    string // of its database
	log     bytes.Buffer
}

const officePassword = "a password of admins"

func newOfficeHouse(t *testing.T) *officeHouse {
	t.Helper()
	house, file := openHouse(t)
	h := &officeHouse{House: house, vault: newVault(t), file: file}
	h.console = openConsole(house, h.vault, func(cfg *console.Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&h.log, nil))
		cfg.Address = func(r *http.Request) string { return r.Header.Get("Test-Address") }
	})
	h.operator("admin@example.com", office.Admin)
	return h
}

// operator adds an operator with officePassword.
func (h *officeHouse) operator(email string, role office.Role) office.Operator {
	h.T.Helper()
	hash, err := h.vault.HashCode(officePassword)
	if err != nil {
		h.T.Fatal(err)
	}
	id, err := h.DB.AddOperator(h.T.Context(), office.Operator{Email: email, Role: role, PasswordHash: hash}, h.Clock.Now())
	if err != nil {
		h.T.Fatal(err)
	}
	o, err := h.DB.Operator(h.T.Context(), id)
	if err != nil {
		h.T.Fatal(err)
	}
	return o
}

// officeBrowser keeps cookies, and follows no redirects.
type officeBrowser struct {
	h       *officeHouse
	address string
	cookies map[string]string
	head    http.Header // sent along
}

func (h *officeHouse) browser() *officeBrowser {
	return &officeBrowser{h: h, address: "192.0.2.1", cookies: map[string]string{"giftimbiz-language": "en"}, head: http.Header{}}
}

// signedIn returns a browser in which an operator has signed in.
func (h *officeHouse) signedIn(email string) *officeBrowser {
	h.T.Helper()
	b := h.browser()
	if a := b.signIn(email, officePassword); a.status != http.StatusSeeOther {
		h.T.Fatalf("sign in as %s: %d", email, a.status)
	}
	return b
}

func (b *officeBrowser) signIn(email, password string) officeAnswer {
	return b.post("/console/sign-in", "email", email, "password", password)
}

// officeAnswer is what came back.
type officeAnswer struct {
	status   int
	location string
	head     http.Header
	body     string
}

// says tells whether a text stands on the page.
func (a officeAnswer) says(text string) bool {
	return strings.Contains(html.UnescapeString(a.body), text)
}

// field returns the value of a form's field: the last of that name, for the first may be the frame's.
func (a officeAnswer) field(name string) string {
	found := regexp.MustCompile(`name="`+regexp.QuoteMeta(name)+`" value="([^"]*)"`).FindAllStringSubmatch(a.body, -1)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[len(found)-1][1])
}

func (b *officeBrowser) get(address string) officeAnswer {
	return b.send(httptest.NewRequest(http.MethodGet, "http://console.test"+address, nil))
}

func (b *officeBrowser) post(address string, fields ...string) officeAnswer {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "http://console.test"+address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

func (b *officeBrowser) send(r *http.Request) officeAnswer {
	b.h.T.Helper()
	for name, values := range b.head {
		r.Header[name] = values
	}
	r.Header.Set("Test-Address", b.address)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.h.console.ServeHTTP(w, r.WithContext(context.WithoutCancel(b.h.T.Context())))
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.T.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return officeAnswer{res.StatusCode, res.Header.Get("Location"), res.Header, string(body)}
}

// in tells whether the browser is signed in.
func (b *officeBrowser) in() bool { return b.get("/console/account").status == http.StatusOK }

// secondFactor turns the second step on and returns its secret.
func (b *officeBrowser) secondFactor() string {
	b.h.T.Helper()
	page := b.get("/console/account/second-factor")
	secret := strings.ReplaceAll(regexp.MustCompile(`class="secret">([A-Z2-7 ]+)<`).FindStringSubmatch(page.body)[1], " ", "")
	a := b.post("/console/account/second-factor", "offer", page.field("offer"), "code", b.code(secret), "password", officePassword)
	if a.status != http.StatusSeeOther {
		b.h.T.Fatalf("turn the second step on: %d", a.status)
	}
	return secret
}

func (b *officeBrowser) code(secret string) string {
	b.h.T.Helper()
	code, err := totp.GenerateCode(secret, b.h.Clock.Now())
	if err != nil {
		b.h.T.Fatal(err)
	}
	return code
}

// wrongCode is none of the secret's, nor of those a step before and after.
func (b *officeBrowser) wrongCode(secret string) string {
	b.h.T.Helper()
	var right []string
	for _, off := range []time.Duration{-time.Minute, -time.Minute / 2, 0, time.Minute / 2, time.Minute} {
		code, err := totp.GenerateCode(secret, b.h.Clock.Now().Add(off))
		if err != nil {
			b.h.T.Fatal(err)
		}
		right = append(right, code)
	}
	for n := 0; ; n++ {
		if code := fmt.Sprintf("%06d", n); !slices.Contains(right, code) {
			return code
		}
	}
}

// step gives the password and returns the token of the second step.
func (b *officeBrowser) step(email string) string {
	b.h.T.Helper()
	step := b.signIn(email, officePassword).field("step")
	if step == "" {
		b.h.T.Fatal("no second step")
	}
	return step
}

func (h *officeHouse) pass(d time.Duration) { h.Clock.Advance(d) }
