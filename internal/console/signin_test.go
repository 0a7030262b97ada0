package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/office"
)

func TestWhoIsNotSignedInIsAskedToAndComesBack(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.browser()
	a := b.get("/console/audit?action=x")
	if a.status != http.StatusSeeOther || a.location != "/console/sign-in?next=%2Fconsole%2Faudit%3Faction%3Dx" {
		t.Fatalf("%d, %s", a.status, a.location)
	}
	page := b.get(a.location)
	a = b.post("/console/sign-in", "email", "admin@example.com", "password", officePassword, "next", page.field("next"))
	if a.status != http.StatusSeeOther || a.location != "/console/audit?action=x" {
		t.Errorf("%d, %s", a.status, a.location)
	}
	if a := b.get("/console/sign-in"); a.status != http.StatusSeeOther || a.location != "/console/" {
		t.Errorf("signed in already: %d, %s", a.status, a.location)
	}
	if a := b.post("/console/sign-out"); a.status != http.StatusSeeOther || b.in() {
		t.Errorf("signed out: %d, and in: %v", a.status, b.in())
	}
}

func TestSigningInLeadsNowhereElse(t *testing.T) {
	h := newOfficeHouse(t)
	for _, next := range []string{
		"https://evil.example/console/", "//evil.example/console/", "/\\evil.example/console/", "/other", "javascript:alert(1)",
		"/console/../x\\",
	} {
		b := h.browser()
		a := b.post("/console/sign-in", "email", "admin@example.com", "password", officePassword, "next", next)
		if a.location != "/console/" {
			t.Errorf("%q leads to %q", next, a.location)
		}
	}
}

func TestAWrongPasswordAndAnUnknownAddressAreToldTheSame(t *testing.T) {
	h := newOfficeHouse(t)
	disabled := h.operator("disabled@example.com", office.Clerk)
	gone := disabled
	gone.Disabled = true
	if err := h.DB.ChangeOperator(t.Context(), "operator.disable", disabled, gone, nil, h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, try := range [][2]string{
		{"admin@example.com", "wrong"}, {"nobody@example.com", officePassword}, {"disabled@example.com", officePassword},
	} {
		b := h.browser()
		a := b.signIn(try[0], try[1])
		if a.status != http.StatusUnprocessableEntity || b.in() {
			t.Errorf("%s: %d", try[0], a.status)
		}
		bodies = append(bodies, strings.ReplaceAll(a.body, try[0], "…"))
	}
	if bodies[0] != bodies[1] || bodies[0] != bodies[2] {
		t.Errorf("the answers differ:\n%s\n%s\n%s", bodies[0], bodies[1], bodies[2])
	}
	if strings.Contains(bodies[0], "wrong") {
		t.Error("the password comes back")
	}
}

func TestWrongPasswordsHaveToWaitEverLonger(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.browser()
	for i := range 5 {
		if a := b.signIn("admin@example.com", fmt.Sprint("wrong ", i)); a.status != http.StatusUnprocessableEntity {
			t.Fatalf("try %d: %d", i, a.status)
		}
	}
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		wait *= time.Second
		h.pass(wait - time.Millisecond)
		a := b.signIn("admin@example.com", officePassword)
		if a.status != http.StatusTooManyRequests || !a.says("Try again in 1 s.") {
			t.Fatalf("before %v were over: %d", wait, a.status)
		}
		h.pass(time.Millisecond)
		if a := b.signIn("admin@example.com", "wrong"); a.status != http.StatusUnprocessableEntity {
			t.Fatalf("after %v: %d", wait, a.status)
		}
	}
	if a := b.signIn("another@example.com", "wrong"); a.status != http.StatusTooManyRequests {
		t.Errorf("another account from the same address: %d", a.status)
	}
	elsewhere := h.browser()
	elsewhere.address = "192.0.2.99"
	if a := elsewhere.signIn("admin@example.com", officePassword); a.status != http.StatusSeeOther {
		t.Errorf("the operator, from elsewhere: %d", a.status)
	}
	h.pass(5 * time.Minute)
	if a := b.signIn("admin@example.com", officePassword); a.status != http.StatusSeeOther {
		t.Errorf("the right one, after the wait: %d", a.status)
	}
	if a := h.browser().signIn("admin@example.com", "wrong"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong one after the right one: %d", a.status)
	}
}

// TestANetworkOfIPv6IsOneAddress: whoever has one address of it has 2^64.
func TestANetworkOfIPv6IsOneAddress(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.browser()
	for i := range 5 {
		b.address = fmt.Sprintf("2001:db8::%x", i+1)
		b.signIn("admin@example.com", "wrong")
	}
	b.address = "2001:db8::ffff"
	if a := b.signIn("admin@example.com", officePassword); a.status != http.StatusTooManyRequests {
		t.Errorf("%d", a.status)
	}
	b.address = "2001:db8:0:1::1"
	if a := b.signIn("admin@example.com", officePassword); a.status != http.StatusSeeOther {
		t.Errorf("another network: %d", a.status)
	}
}

func TestACookieThatWasThereBeforeIsWorthNothing(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.browser()
	b.cookies["giftimbiz"] = "planted"
	if a := b.signIn("admin@example.com", officePassword); a.status != http.StatusSeeOther || b.cookies["giftimbiz"] == "planted" {
		t.Fatalf("%d, cookie %q", a.status, b.cookies["giftimbiz"])
	}
	planted := h.browser()
	planted.cookies["giftimbiz"] = "planted"
	if planted.in() {
		t.Error("the planted cookie is signed in")
	}
	former := h.browser()
	former.cookies["giftimbiz"] = b.cookies["giftimbiz"]
	if a := b.signIn("admin@example.com", officePassword); a.status != http.StatusSeeOther || former.in() || !b.in() {
		t.Errorf("%d: after signing in again, whether the former session is in: %v", a.status, former.in())
	}
}

func TestASessionEndsWhenNothingIsAskedOrAfterTwelveHours(t *testing.T) {
	h := newOfficeHouse(t)
	idle := h.signedIn("admin@example.com")
	busy := h.signedIn("admin@example.com")
	for range 23 {
		h.pass(30 * time.Minute)
		if !busy.in() {
			t.Fatal("ended while it was used")
		}
	}
	if idle.in() {
		t.Error("goes on although nothing was asked for hours")
	}
	h.pass(30 * time.Minute)
	if busy.in() {
		t.Error("goes on after twelve hours")
	}
}

// TestAnOpenPageAloneKeepsNobodySignedIn: the dashboard renews itself as long as it is open.
func TestAnOpenPageAloneKeepsNobodySignedIn(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	b.head.Set("HX-Request", "true")
	for range 3 {
		if a := b.get("/console/dashboard/now"); a.status != http.StatusOK || !strings.Contains(a.body, "figure") {
			t.Fatalf("%d", a.status)
		}
		h.pass(40 * time.Minute)
	}
	a := b.get("/console/dashboard/now")
	if a.status != http.StatusOK || a.head.Get("HX-Redirect") != "/console/sign-in" || a.body != "" {
		t.Errorf("%d, %v", a.status, a.head)
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	b.head.Set("Sec-Fetch-Site", "cross-site")
	a := b.post("/console/operators", "email", "new@example.com", "role", "admin")
	if a.status != http.StatusForbidden || !a.says("came from a page of another address") || a.head.Get("X-Frame-Options") == "" {
		t.Errorf("%d: %s", a.status, a.body)
	}
}

func TestTheTrailTellsOfSigningInAndNeverWhatWasTyped(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.browser()
	b.signIn("my-secret-password", "x")
	b.signIn("admin@example.com", "another secret")
	b.signIn("admin@example.com", officePassword)
	b.post("/console/sign-out")
	entries, err := h.DB.Audit(t.Context(), office.AuditFilter{}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Action+" "+e.Subject+" by "+e.Actor.Name+" "+e.Actor.Address)
		if strings.Contains(fmt.Sprint(e), "secret") {
			t.Errorf("%+v", e)
		}
	}
	want := []string{
		"session.end operator:1 by admin@example.com 192.0.2.1",
		"session.start operator:1 by admin@example.com 192.0.2.1",
		"session.refused operator:1 by not signed in 192.0.2.1",
		"session.refused operator:? by not signed in 192.0.2.1",
		"operator.create operator:1 by command line ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if strings.Contains(h.log.String(), "secret") {
		t.Errorf("the log: %s", h.log.String())
	}
}
