package requestid_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"giftimbiz/internal/requestid"
)

func TestACallersOwnIDIsKeptWhenItIsSane(t *testing.T) {
	for own, sane := range map[string]bool{
		"a": true, "0af7651916cd43dd-8448.eb_2": true, strings.Repeat("x", 128): true,
		"": false, strings.Repeat("x", 129): false, "two words": false, "line\nbreak": false, "주문": false, "<b>": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[requestid.Header] = []string{own}
		got := requestid.Give(httptest.NewRecorder(), r)
		if kept := got == own; kept != sane {
			t.Errorf("of %q became %q", own, got)
		}
		if len(got) == 0 {
			t.Errorf("%q left the request without an id", own)
		}
	}
}

func TestRequestsWithoutAnIDGetDifferentOnes(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if a, b := requestid.Give(httptest.NewRecorder(), r), requestid.Give(httptest.NewRecorder(), r); a == b || len(a) != 24 {
		t.Errorf("%q and %q", a, b)
	}
}

func TestAnAnswerGetsOneID(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	first := requestid.Give(w, r)
	if again := requestid.Give(w, r); again != first || w.Header().Get(requestid.Header) != first {
		t.Errorf("%q, then %q; the answer has %q", first, again, w.Header().Get(requestid.Header))
	}
}
