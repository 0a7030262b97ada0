package console_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestAWrongFilterIsTold: a list that leaves a filter out without a word is taken for what was asked for.
func TestAWrongFilterIsTold(t *testing.T) {
	h := trading(t)
	b := h.signedIn("admin@example.com")
	for _, address := range []string{
		"orders?kind=3", "orders?state=lost", "partners?state=gone", "partners?below=much", "partners?below=0", "audit?operator=kim",
		"ledger/accounts?kind=cash", "ledger/journal?kind=gift", "orders?partner=nobody",
	} {
		for _, format := range []string{"", "&format=csv"} {
			a := b.get("/console/" + address + format)
			if a.status != http.StatusUnprocessableEntity || a.says("Demo Ltd") || a.head.Get("Content-Disposition") != "" {
				t.Errorf("%s%s: %d", address, format, a.status)
			}
		}
	}
	for _, address := range []string{
		"orders?kind=star&state=used", "partners?state=active&below=100000", "audit?operator=1&subject=+operator:admin@example.com+",
		"ledger/accounts?kind=prepaid", "ledger/journal?kind=deposit",
	} {
		if a := b.get("/console/" + address); a.status != http.StatusOK || a.says("Nothing matches") {
			t.Errorf("%s: %d", address, a.status)
		}
	}
}

// TestWhatIsNoTextIsRefused: PostgreSQL takes neither zeros nor what is no UTF-8, and answers with an error.
func TestWhatIsNoTextIsRefused(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	for address, want := range map[string]int{
		"partners?search=%00": http.StatusBadRequest, "orders?q=%ff": http.StatusBadRequest, "audit?%ff=1": http.StatusBadRequest,
		"orders?state=%zz": http.StatusBadRequest, "orders?kind=star;state=used": http.StatusBadRequest,
		"partners/%00": http.StatusNotFound, "partners/%ff": http.StatusNotFound, "partners?search=%ea%b0%80": http.StatusOK,
	} {
		if a := b.get("/console/" + address); a.status != want {
			t.Errorf("%s: %d, want %d", address, a.status, want)
		}
	}
	if a := b.post("/console/operators", "email", "a\xffb@example.com", "role", "viewer"); a.status != http.StatusBadRequest {
		t.Errorf("a form: %d", a.status)
	}
	if a := h.browser().signIn(strings.Repeat("x", 5000)+"@example.com", "a password"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("an address longer than any index takes: %d", a.status)
	}
}

func TestAFailureLeadsBack(t *testing.T) {
	h := newOfficeHouse(t)
	b := h.signedIn("admin@example.com")
	for referer, back := range map[string]string{
		"http://console.test/console/operators?after=a": `href="/console/operators?after=a"`,
		"http://console.test/other":                     "", "http://evil.example/console/operators": "", "": "",
		"http://console.test/console/orders/nothing": "", // that is where it fails
	} {
		b.head.Set("Referer", referer)
		a := b.get("/console/orders/nothing")
		if got := strings.Contains(a.body, "Back to the page before"); a.status != http.StatusNotFound || got != (back != "") ||
			!strings.Contains(a.body, back) {
			t.Errorf("from %q: %d, a way back: %v", referer, a.status, got)
		}
	}
}

// TestWhereFormsAreSentLeadsToTheirPage: a browser asks there when it reloads, or after the language was changed.
func TestWhereFormsAreSentLeadsToTheirPage(t *testing.T) {
	h := trading(t)
	b := h.signedIn("admin@example.com")
	for address, page := range map[string]string{
		"partners/demo/topup": "partners/demo", "partners/demo/adjustments/1": "partners/demo", "operators/1/password": "operators/1",
		"account/password": "account", "account/sessions/end": "account", "sign-in/code": "sign-in",
	} {
		if a := b.get("/console/" + address); a.status != http.StatusSeeOther || a.location != "/console/"+page {
			t.Errorf("%s: %d to %q", address, a.status, a.location)
		}
	}
}
