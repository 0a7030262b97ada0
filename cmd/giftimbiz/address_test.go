package main

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestOnlySchemeAndHostMakeAPublicURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://gift.example": "https://gift.example", "https://gift.example/": "https://gift.example",
		"http://192.0.2.7:8080": "http://192.0.2.7:8080", "https://[2001:db8::1]:8443//": "https://[2001:db8::1]:8443",
		"gift.example": "", "ftp://gift.example": "", "https://": "", "https:///x": "", "://": "", "https://gift.example/shop": "",
		"https://gift.example?a=b": "", "https://gift.example?": "", "https://gift.example#top": "", "https://me@gift.example": "",
		"https://me:secret@gift.example": "", "https://gift.example:port": "",
	} {
		got, err := parsePublicURL(text)
		var usage usageError
		if got != want || (err == nil) != (want != "") || (err != nil && !errors.As(err, &usage)) {
			t.Errorf("%q became %q, %v", text, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("a password is in the message: %v", err)
		}
	}
}

func TestAnAddressToListenOnIsCheckedBeforeAnythingIsOpened(t *testing.T) {
	for address, hint := range map[string]string{
		"127.0.0.1:8080": "", ":8080": "", "[::1]:0": "", "localhost:8080": "",
		"8080": "did you mean :8080?", "localhost": "want host:port", "": "want host:port", "localhost:http": "a port from 0 to 65535",
		":70000": "a port from 0 to 65535", "::1:8080": "want host:port",
	} {
		err := checkListen("--listen", address)
		if (err == nil) != (hint == "") || (err != nil && !strings.Contains(err.Error(), hint)) {
			t.Errorf("%q: %v, want %q", address, err, hint)
		}
	}
}

func TestLinksLeadToAnAddressThatCanBeReached(t *testing.T) {
	for listening, local := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "192.0.2.7:80": "http://192.0.2.7:80", "[::1]:80": "http://[::1]:80",
		"[::]:8080": "http://localhost:8080", "0.0.0.0:8080": "http://localhost:8080", ":8080": "http://localhost:8080",
	} {
		if got := localURL(listening); got != local {
			t.Errorf("%s is reached from here by %s, want %s", listening, got, local)
		}
		likely, err := url.Parse(likelyURL(listening))
		if err != nil || isUnspecified(likely.Hostname()) || likely.Port() == "" {
			t.Errorf("%s is reached from elsewhere by %s: %v", listening, likely, err)
		}
	}
}

func TestTheOperatorIsWarnedOfLinksThatAreNotMeantForTheWorld(t *testing.T) {
	for _, test := range []struct {
		url     string
		guessed bool
		want    string
	}{
		{"http://127.0.0.1:8080", true, "is not set"},
		{"http://gift.example", false, "is not https"},
		{"https://gift.example", false, ""},
	} {
		if got := linkWarning(test.url, test.guessed); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
