package requestid_test

import (
	"net/http/httptest"
	"regexp"
	"testing"

	"giftimbiz/internal/requestid"
)

var sane = regexp.MustCompile(`^[0-9A-Za-z._-]{1,128}$`)

// FuzzGive takes ids that callers chose: whatever they send, an id is short, breaks no line of a log, and a sane one is kept.
func FuzzGive(f *testing.F) {
	f.Add("0af7651916cd43dd-8448.eb_2")
	f.Add("two\nlines")
	f.Add("")
	f.Fuzz(func(t *testing.T, own string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[requestid.Header] = []string{own}
		w := httptest.NewRecorder()
		got := requestid.Give(w, r)
		if !sane.MatchString(got) || w.Header().Get(requestid.Header) != got {
			t.Errorf("%q became %q; the answer has %q", own, got, w.Header())
		}
		if sane.MatchString(own) && got != own {
			t.Errorf("%q became %q", own, got)
		}
	})
}
