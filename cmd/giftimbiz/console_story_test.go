package main

import (
	"net/http"
	"testing"

	"giftimbiz/internal/browsertest"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
)

// TestAnOperatorRunsTheHouseFromABrowser is the life of a house with only a browser, as somebody new would live it: in both
// languages at a desk and on a telephone, each language and each width on both engines, in light on the one and in dark on the
// other; and once without scripts. Each begins with a database of its own.
func TestAnOperatorRunsTheHouseFromABrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	wide, narrow := browsertest.Wide(), browsertest.Narrow()
	t.Run("sqlite", func(t *testing.T) {
		for _, look := range []browsertest.Look{wide.In("ko"), wide.In("en").WithoutScript()} {
			t.Run(look.Name, func(t *testing.T) {
				tell(t, browser, look, startEmpty(t, "sqlite:"+t.TempDir()+"/giftimbiz.db"))
			})
		}
	})
	t.Run("postgres", func(t *testing.T) {
		tell(t, browser, narrow.In("en").InDark(), startEmpty(t, programtest.Postgres(t)))
	})
}

func tell(t *testing.T, browser *browsertest.Browser, look browsertest.Look, s *testServer) {
	o := &operator{Tab: browser.Open(t, s.url, look), browser: browser, look: look, s: s, english: look.Language == "en"}
	o.signIn()
	o.seeTheDashboard()
	o.switchLanguage()
	o.loadTemplates()
	o.loadVouchers()
	o.openPartner()
	o.topUp()
	o.letPartnerBuy()
	o.findOrder()
	o.revealNumber()
	o.refund()
	o.readStatement()
	o.seeTheLedgerBalance()
	o.exportSettlement()
	o.readAudit()
	o.signOut()
}

// operator sits before a browser.
type operator struct {
	*browsertest.Tab
	browser *browsertest.Browser
	look    browsertest.Look
	s       *testServer
	english bool

	bought bought
}

// in chooses the words of the operator's language.
func (o *operator) in(korean, english string) string {
	if o.english {
		return english
	}
	return korean
}

const storyPassword = "a long password"

// chief is who tells the story.
const chief = "chief@gift.example"

// account gives an operator an account; tests do not know the one that the demo made.
func (o *operator) account(email string) {
	o.s.t.Helper()
	hash, err := o.s.node.Vault.HashCode(storyPassword)
	if err != nil {
		o.s.t.Fatal(err)
	}
	account := office.Operator{Email: email, Name: "Chief", Role: office.Admin, PasswordHash: hash}
	if err := o.s.node.DB.SetOperator(o.s.t.Context(), account, o.s.clock.Now()); err != nil {
		o.s.t.Fatal(err)
	}
}

// signIn comes from the page that was asked for, and mistypes once.
func (o *operator) signIn() {
	o.account(chief)
	o.Go("/console")
	o.Check("sign-in")
	o.Hover("main form button")
	o.Check("sign-in-pointed-at")
	o.Shows("h1", o.in("로그인", "Sign in"))
	o.Fill("[name=email]", chief)
	o.Fill("[name=password]", "something else")
	o.Refused(http.StatusUnprocessableEntity, "main form button")
	o.Shows("[role=alert]", o.in("맞지 않습니다", "not right"))
	o.Check("sign-in-refused")
	o.Fill("[name=password]", storyPassword)
	o.Press("main form button")
	o.Shows(".who", chief)
}

// enter signs somebody in without ado.
func (o *operator) enter(email string) {
	o.account(email)
	o.Go("/console/")
	o.Fill("[name=email]", email)
	o.Fill("[name=password]", storyPassword)
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
