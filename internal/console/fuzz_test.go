package console

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzOwnAddress takes where to go after signing in: wherever a link says, a browser stays in the console.
func FuzzOwnAddress(f *testing.F) {
	for _, next := range []string{
		"/console/orders?q=1#x", "//evil.example/console/", "/console/../", "/console/%2e%2e/", "/console//evil.example", "https://evil.example/console/",
		"/console/\t/evil", "/console/\\evil", "/console/..;/x", "javascript:/console/", "/console/?next=//evil", "", "/console/%5cevil",
	} {
		f.Add(next)
	}
	here, err := url.Parse("https://gift.example" + Root + "/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := ownAddress(next)
		// As browsers do: they pass over line breaks and tabs, and take backslashes for slashes.
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(got)
		to, err := here.Parse(seen)
		if err != nil || to.Host != here.Host || to.Scheme != here.Scheme || !strings.HasPrefix(to.Path, Root+"/") {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
	})
}

// FuzzForms reads what browsers send: forms and filters are text that a database takes, or are refused with a status; and a link
// that changes one filter leaves the others as they are.
func FuzzForms(f *testing.F) {
	for _, sent := range []string{
		"q=%EC%B4%88&from=2026-11-26&to=2026-11-27&after=5&kind=star", "a=%00", "a=%ff&%ff=1", "a=%zz", "a;b", "after=9223372036854775808", "&&==", "after=1&after=2",
	} {
		f.Add(sent, sent)
	}
	f.Fuzz(func(t *testing.T, query, form string) {
		r := httptest.NewRequest(http.MethodPost, Root+"/orders", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.URL.RawQuery = query
		q := &request{Request: r, w: httptest.NewRecorder()}
		var refused failure
		if err := errors.Join(q.checkAddress(), q.parseForm()); err != nil {
			if !errors.As(err, &refused) || refused.status < 400 || refused.status >= 500 {
				t.Fatalf("%v is no answer", err)
			}
			return
		}
		for name, values := range q.Form {
			for _, value := range values {
				if !isText(name) || !isText(value) {
					t.Errorf("%q=%q came through", name, value)
				}
			}
		}
		if day, ok := q.dayOf("from"); ok && day >= 0 && day.String() != q.FormValue("from") {
			t.Errorf("%q is read as %s", q.FormValue("from"), day)
		}
		if kind, err := q.choiceOf("kind", "gifticon", "star"); err == nil && kind != "" && kind != "gifticon" && kind != "star" {
			t.Errorf("the kind %q", kind)
		}
		before := r.URL.Query()
		next, err := url.Parse(q.with("after", "7"))
		if err != nil || next.Host != "" || next.Query().Get("after") != "7" {
			t.Fatalf("of %q comes %v, %v", query, next, err)
		}
		before.Set("after", "7")
		if next.Query().Encode() != before.Encode() {
			t.Errorf("of %q comes %q", query, next.RawQuery)
		}
	})
}
