package main

import (
	"net/http"
	"testing"

	"giftimbiz/internal/browsertest"
	"giftimbiz/internal/office"
)

// TestAnOperatorRunsTheHouseFromABrowser is the life of a house with only a browser, as somebody new would live it: each look
// starts with a fresh database.
func TestAnOperatorRunsTheHouseFromABrowser(t *testing.T) {
	browser := browsertest.Start(t)
	wide, narrow := browsertest.Wide(), browsertest.Narrow()
	onEachEngine(t, func(t *testing.T, database string) {
		looks := []browsertest.Look{wide.In("ko"), narrow.In("ko"), wide.In("en"), narrow.In("en"), wide.In("ko").WithoutScript()}
		for _, look := range looks {
			t.Run(look.Name, func(t *testing.T) {
				database := database
				if look.Name != "wide-ko" {
					database = another(t, database)
				}
				tell(t, browser, look, startServer(t, database))
			})
		}
	})
}

func tell(t *testing.T, browser *browsertest.Browser, look browsertest.Look, s *server) {
	o := &operator{Tab: browser.Open(t, s.url, look), s: s, english: look.Language == "en"}
	o.signIn()
	o.seeTheDashboard()
	o.switchLanguage()
	o.signOut()
}

// operator sits before a browser.
type operator struct {
	*browsertest.Tab
	s       *server
	english bool
}

// in chooses the words of the operator's language.
func (o *operator) in(korean, english string) string {
	if o.english {
		return english
	}
	return korean
}

// admin gives the operator an account; tests do not know the one that the demo made.
func (o *operator) admin() (email, password string) {
	o.s.t.Helper()
	email, password = "chief@gift.example", "a long password"
	hash, err := o.s.node.vault.HashCode(password)
	if err != nil {
		o.s.t.Fatal(err)
	}
	account := office.Operator{Email: email, Name: "Chief", Role: office.Admin, PasswordHash: hash}
	if err := o.s.node.db.SetOperator(o.s.t.Context(), account, o.s.clock.Now()); err != nil {
		o.s.t.Fatal(err)
	}
	return email, password
}

// signIn comes from the page that was asked for, and mistypes once.
func (o *operator) signIn() {
	email, password := o.admin()
	o.Go("/console")
	o.Check("sign-in")
	o.Shows("h1", o.in("로그인", "Sign in"))
	o.Fill("[name=email]", email)
	o.Fill("[name=password]", "something else")
	o.Refused(http.StatusUnprocessableEntity, "main form button")
	o.Shows("[role=alert]", o.in("맞지 않습니다", "not right"))
	o.Check("sign-in-refused")
	o.Fill("[name=password]", password)
	o.Press("main form button")
	o.Shows(".who", email)
}

// enter signs in without ado.
func (o *operator) enter() {
	email, password := o.admin()
	o.Go("/console/")
	o.Fill("[name=email]", email)
	o.Fill("[name=password]", password)
	o.Press("main form button")
	o.Shows(".who", email)
}

func (o *operator) seeTheDashboard() {
	o.Go("/console/")
	o.Shows("h1", o.in("현황", "Dashboard"))
	o.Check("dashboard")
}

// switchLanguage goes to the other language and back, on the same page.
func (o *operator) switchLanguage() {
	path, there, back := o.Path(), o.in("en", "ko"), o.in("ko", "en")
	o.Press("[name=language][value=" + there + "]")
	if o.Path() != path || !o.Has("html[lang="+there+"]") {
		o.s.t.Errorf("%s in the other language is %s", path, o.Path())
	}
	o.Press("[name=language][value=" + back + "]")
	if !o.Has("html[lang=" + back + "]") {
		o.s.t.Error("the language does not come back")
	}
}

// signOut leaves, and cannot go back to what was there.
func (o *operator) signOut() {
	o.Press("form[action='/console/sign-out'] button")
	o.Shows("h1", o.in("로그인", "Sign in"))
	o.Go("/console/")
	o.Shows("h1", o.in("로그인", "Sign in"))
}
