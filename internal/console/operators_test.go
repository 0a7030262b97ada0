package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"giftimbiz/internal/office"
)

func operatorAddress(o office.Operator) string { return fmt.Sprint("/console/operators/", o.ID) }

// shownPassword is the one that stands on a page.
func shownPassword(a officeAnswer) string {
	found := regexp.MustCompile(`id="password">([A-Z2-7]+)<`).FindStringSubmatch(a.body)
	if found == nil {
		return ""
	}
	return found[1]
}

func TestANewOperatorSignsInWithThePasswordThatIsShownOnce(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	a := b.post("/console/operators", "email", " Kim@Example.com", "name", "김", "role", "finance")
	password := shownPassword(a)
	if a.status != http.StatusOK || len(password) != 26 {
		t.Fatalf("%d, %q", a.status, password)
	}
	if list := b.get("/console/operators"); !list.says("kim@example.com") || strings.Contains(list.body, password) {
		t.Error("the list")
	}
	kim := h.browser()
	if a := kim.signIn("kim@example.com", password); a.status != http.StatusSeeOther {
		t.Errorf("%d", a.status)
	}
	if a := kim.get("/console/operators"); a.status != http.StatusForbidden {
		t.Errorf("finance manages operators: %d", a.status)
	}
	if kim.get("/console/").says("Operators") {
		t.Error("the menu leads where finance may not go")
	}
}

func TestWrongFormsOfOperatorsSayWhatIsWrong(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	for name, test := range map[string]struct {
		fields []string
		says   string
	}{
		"no address":       {[]string{"email", "kim", "role", "viewer"}, "It must be an e-mail address"},
		"a name before it": {[]string{"email", "Kim <kim@example.com>", "role", "viewer"}, "It must be an e-mail address"},
		"known":            {[]string{"email", "ADMIN@example.com", "role", "viewer"}, "There is such an operator already"},
		"no role":          {[]string{"email", "kim@example.com", "role", "owner"}, "Choose a role"},
		"short password":   {[]string{"email", "kim@example.com", "role", "viewer", "password", "short"}, "10 characters or more"},
		"long password":    {[]string{"email", "kim@example.com", "role", "viewer", "password", strings.Repeat("x", 2000)}, "too long"},
		"long name":        {[]string{"email", "kim@example.com", "role", "viewer", "name", strings.Repeat("가", 61)}, "At most 60"},
	} {
		a := b.post("/console/operators", test.fields...)
		if a.status != http.StatusUnprocessableEntity || !a.says(test.says) {
			t.Errorf("%s: %d", name, a.status)
		}
		if test.fields[1] != "" && !a.says(strings.ToLower(test.fields[1])) {
			t.Errorf("%s: what was typed is gone", name)
		}
	}
	if list, err := h.DB.Operators(t.Context(), h.Clock.Now(), "", 10); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestARoleHoldsFromTheNextRequestOn(t *testing.T) {
	h := newOfficeHouse(t)
	kim := h.operator("kim@example.com", office.Admin)
	admin, b := h.signedIn("admin@example.com"), h.signedIn("kim@example.com")
	version := admin.get(operatorAddress(kim)).field("version")
	if a := admin.post(operatorAddress(kim), "version", version, "name", "Kim", "role", "viewer"); a.status != http.StatusSeeOther {
		t.Fatalf("%d", a.status)
	}
	if b.in() {
		t.Error("signed in with the former role")
	}
	a := admin.post(operatorAddress(kim), "version", version, "name", "Lee", "role", "admin")
	if a.status != http.StatusConflict || !a.says("Somebody else changed this") {
		t.Errorf("an old form: %d", a.status)
	}
	if o, err := h.DB.Operator(t.Context(), kim.ID); err != nil || o.Name != "Kim" || o.Role != office.Viewer {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestADisabledOperatorIsOutAtOnce(t *testing.T) {
	h := newOfficeHouse(t)
	kim := h.operator("kim@example.com", office.Clerk)
	admin, b := h.signedIn("admin@example.com"), h.signedIn("kim@example.com")
	state := func(do string) int {
		version := admin.get(operatorAddress(kim)).field("version")
		return admin.post(operatorAddress(kim)+"/state", "version", version, "do", do).status
	}
	if status := state("disable"); status != http.StatusSeeOther || b.in() {
		t.Errorf("%d, in: %v", status, b.in())
	}
	if a := b.signIn("kim@example.com", officePassword); a.status != http.StatusUnprocessableEntity {
		t.Errorf("signs in: %d", a.status)
	}
	if status := state("enable"); status != http.StatusSeeOther || b.in() {
		t.Errorf("enabled: %d; in without signing in: %v", status, b.in())
	}
	if a := b.signIn("kim@example.com", officePassword); a.status != http.StatusSeeOther {
		t.Errorf("enabled again: %d", a.status)
	}
	if status := state("sign-out"); status != http.StatusSeeOther || b.in() {
		t.Errorf("signed out by the admin: %d, in: %v", status, b.in())
	}
	if status := state("dance"); status != http.StatusBadRequest {
		t.Errorf("%d", status)
	}
}

func TestTheLastAdminCannotLeave(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	self, err := h.DB.OperatorByEmail(t.Context(), "admin@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]officeAnswer{
		"disable": b.post(operatorAddress(self)+"/state", "version", "1", "do", "disable"),
		"demote":  b.post(operatorAddress(self), "version", "1", "role", "viewer"),
	} {
		if a.status != http.StatusConflict || !a.says("last active admin") || !b.in() {
			t.Errorf("%s: %d", name, a.status)
		}
	}
}

func TestAResetPasswordReplacesTheOldOne(t *testing.T) {
	h := newOfficeHouse(t)
	kim := h.operator("kim@example.com", office.Clerk)
	admin, b := h.signedIn("admin@example.com"), h.signedIn("kim@example.com")
	a := admin.post(operatorAddress(kim)+"/password", "version", "1")
	password := shownPassword(a)
	if a.status != http.StatusOK || password == "" || b.in() {
		t.Fatalf("%d, %q, in: %v", a.status, password, b.in())
	}
	if a := admin.post(operatorAddress(kim)+"/password", "version", "1"); a.status != http.StatusConflict {
		t.Errorf("the same form again: %d", a.status)
	}
	if a := b.signIn("kim@example.com", officePassword); a.status != http.StatusUnprocessableEntity {
		t.Errorf("the old password: %d", a.status)
	}
	if a := b.signIn("kim@example.com", password); a.status != http.StatusSeeOther {
		t.Errorf("the new password: %d", a.status)
	}
}

func TestOwnPasswordIsChangedWithTheOldOne(t *testing.T) {
	h := newOfficeHouse(t)
	b, other := h.signedIn("admin@example.com"), h.signedIn("admin@example.com")
	before := b.cookies["giftimbiz"]
	const next = "another password"
	for name, test := range map[string]struct{ old, next, again, says string }{
		"a wrong old one":   {"wrong", next, next, "The password is not right"},
		"another the 2nd":   {officePassword, next, "else", "This is not the new password"},
		"a short one":       {officePassword, "short", "short", "10 characters or more"},
		"the email address": {officePassword, "Admin@example.com", "Admin@example.com", "must not be the e-mail"},
	} {
		a := b.post("/console/account/password", "old", test.old, "new", test.next, "again", test.again)
		if a.status != http.StatusUnprocessableEntity || !a.says(test.says) || !other.in() {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	a := b.post("/console/account/password", "old", officePassword, "new", next, "again", next)
	if a.status != http.StatusSeeOther || !b.in() || other.in() || b.cookies["giftimbiz"] == before {
		t.Fatalf("%d; in: %v, the other: %v", a.status, b.in(), other.in())
	}
	former := h.browser()
	former.cookies["giftimbiz"] = before
	if former.in() {
		t.Error("the cookie from before the change goes on")
	}
	if a := h.browser().signIn("admin@example.com", next); a.status != http.StatusSeeOther {
		t.Errorf("the new password: %d", a.status)
	}
}

// TestAnOpenBrowserCannotBeUsedToGuessThePassword: the account's forms are throttled like signing in.
func TestAnOpenBrowserCannotBeUsedToGuessThePassword(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	b.secondFactor()
	for range 5 {
		b.post("/console/account/second-factor/off", "password", "wrong")
	}
	if a := b.post("/console/account/second-factor/off", "password", officePassword); !a.says("wrong too often") {
		t.Errorf("%d", a.status)
	}
}

func TestOwnSessionsAreEndedOneByOneOrTogether(t *testing.T) {
	h := newOfficeHouse(t)
	h.operator("kim@example.com", office.Clerk)
	b, second, third, kim := h.signedIn("admin@example.com"), h.signedIn("admin@example.com"), h.signedIn("admin@example.com"),
		h.signedIn("kim@example.com")
	ends := regexp.MustCompile(`name="session" value="([0-9a-f]{64})"`)
	own := ends.FindAllStringSubmatch(b.get("/console/account").body, -1)
	if len(own) != 2 {
		t.Fatalf("%d other browsers are shown", len(own))
	}
	a := kim.post("/console/account/sessions/end", "session", own[0][1])
	if a.status != http.StatusNotFound || !second.in() || !third.in() {
		t.Errorf("by another operator: %d", a.status)
	}
	a = b.post("/console/account/sessions/end", "session", own[0][1])
	if a.status != http.StatusSeeOther || second.in() == third.in() {
		t.Errorf("one: %d; %v, %v", a.status, second.in(), third.in())
	}
	a = b.post("/console/account/sessions/end", "session", "others")
	if a.status != http.StatusSeeOther || second.in() || third.in() {
		t.Errorf("all: %d", a.status)
	}
	if !b.in() || !kim.in() {
		t.Error("this browser, or another operator's, is signed out too")
	}
}

func TestOnlyAdminsManage(t *testing.T) {
	h := newOfficeHouse(t)
	self := h.operator("kim@example.com", office.Viewer)
	for _, role := range []office.Role{office.Viewer, office.Clerk, office.Finance} {
		was, err := h.DB.Operator(t.Context(), self.ID)
		if err != nil {
			t.Fatal(err)
		}
		o := was
		o.Role = role
		if err := h.DB.ChangeOperator(t.Context(), "operator.change", was, o, nil, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		b := h.signedIn("kim@example.com")
		for _, address := range []string{"/console/operators", operatorAddress(self), "/console/settings"} {
			if a := b.get(address); a.status != http.StatusForbidden {
				t.Errorf("%s opens %s: %d", role, address, a.status)
			}
		}
		for _, address := range []string{
			"/console/operators", operatorAddress(self), operatorAddress(self) + "/password", operatorAddress(self) + "/state",
			"/console/settings",
		} {
			a := b.post(address, "email", "x@example.com", "role", "admin", "version", "1", "do", "disable")
			if a.status != http.StatusForbidden {
				t.Errorf("%s posts to %s: %d", role, address, a.status)
			}
		}
		if a := b.get("/console/audit"); a.status != http.StatusOK {
			t.Errorf("%s opens the trail: %d", role, a.status)
		}
	}
}

// TestAnAdminsOwnWayInIsChangedWithThePasswordOnly: who finds an admin's browser open must not make it their own.
func TestAnAdminsOwnWayInIsChangedWithThePasswordOnly(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	b.secondFactor()
	own := "/console/operators/1"
	page := b.get(own)
	if page.status != http.StatusOK || page.says("second-factor-off") {
		t.Errorf("%d, with a button that turns the second step off", page.status)
	}
	version := page.field("version")
	for _, a := range []officeAnswer{
		b.post(own+"/password", "version", version, "password", "another password"),
		b.post(own+"/state", "version", version, "do", "second-factor-off"),
	} {
		if a.status != http.StatusConflict || !a.says("in your account") {
			t.Errorf("forged: %d", a.status)
		}
	}
	if o, err := h.DB.Operator(t.Context(), 1); err != nil || fmt.Sprint(o.Version) != version || len(o.TOTP) == 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestTheFileOfOperatorsSaysWhatThePageSays(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	b.cookies["giftimbiz-language"] = "ko"
	if a := b.get("/console/operators?format=csv"); !a.says("admin@example.com,,관리자,사용 중,꺼짐,") {
		t.Error(a.body)
	}
}
