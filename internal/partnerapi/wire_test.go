package partnerapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/partnerapi/wiretest"
)

// read reads the parameters of a request as the API does.
func read(query, contentType, body string) (params, error) {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/giftimbiz/listAll", strings.NewReader(body))
	r.URL.RawQuery = query
	r.Header.Set("Content-Type", contentType)
	c := &call{api: &api{large: newLargeBodies(1, 1, nil)}, w: httptest.NewRecorder(), r: r}
	err := c.readParams()
	return c.in.params, err
}

// codeOf returns the code of an error, "" of none.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var f *failure
	if !errors.As(err, &f) {
		t.Fatalf("%v is no answer", err)
	}
	return f.code
}

func sorted(p params) params {
	slices.SortFunc(p, func(a, b param) int { return strings.Compare(a.name, b.name) })
	return p
}

const jsonLabel = "application/json"

func FuzzTheSameParametersInEveryFormAreTheSame(f *testing.F) {
	f.Add("site", "gift", "word", "초코 에몽")
	f.Add("md_idx", "1|2", "product", "남양)초콜릿&드링크=100% 외 1건")
	f.Add("a", "--x", "b", "{\"c\":1}")
	f.Add("a", "\r\n--boundary\r\n", "a", "또 a")
	f.Add("b", "\x00", "c", "\u2028")
	f.Add("price", "", "word", "ㅅㅌㅂㅅ")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		for _, name := range []string{name1, name2} {
			// A form body that begins like JSON or multipart is read as such: no parameter of the guide does.
			if name == "" || name == "absent" || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
				t.Skip("no parameter's name")
			}
		}
		if !utf8.ValidString(value1) || !utf8.ValidString(value2) { // together two halves could be valid
			t.Skip("JSON cannot say it")
		}
		values := url.Values{name1: {value1}, name2: {value2}}
		want, wantErr := read(values.Encode(), "", "")
		forms, err := wiretest.EveryForm(values)
		if err != nil {
			t.Fatal(err)
		}
		for form, sent := range forms {
			got, err := read(sent.Query, sent.ContentType, sent.Body)
			if codeOf(t, err) != codeOf(t, wantErr) {
				t.Fatalf("%s: %v, as a query %v", form, err, wantErr)
			}
			if diff := cmp.Diff(sorted(want), sorted(got), cmp.AllowUnexported(param{})); err == nil && diff != "" {
				t.Fatalf("%s (-query +form)\n%s", form, diff)
			}
		}
	})
}

func FuzzNoBodyDoesHarm(f *testing.F) {
	f.Add("a=1", jsonLabel, `{"a":1,"b":true,"c":null,"d":"\u110e\u1169"}`)
	f.Add("", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n")
	f.Add("", jsonLabel, "--x\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--x--\r\n")
	f.Add("%zz", "", "\xef\xbb\xbf{}")
	f.Add("", "", "--\n")
	f.Add("", jsonLabel, `[{"a":`)
	f.Fuzz(func(t *testing.T, query, contentType, body string) {
		p, err := read(query, contentType, body)
		if err != nil {
			if code := codeOf(t, err); code != "Q" {
				t.Errorf("code %s", code)
			}
			return
		}
		seen := map[string]bool{}
		for _, param := range p {
			if seen[param.name] || len(param.value) > 3*maxValue { // composing letters may lengthen them
				t.Errorf("%q is there twice or too long", param.name)
			}
			seen[param.name] = true
		}
		if len(p) > maxNames {
			t.Errorf("%d parameters", len(p))
		}
	})
}

func TestARequestHasLimits(t *testing.T) {
	names := func(n int) string {
		values := url.Values{}
		for i := range n {
			values.Set("p"+strings.Repeat("x", i), "1")
		}
		return values.Encode()
	}
	long := func(n int) string { return "a=" + strings.Repeat("b", n) }
	padded := func(n int) string { return long(4) + strings.Repeat("&", n-len(long(4))) }
	for name, test := range map[string]struct {
		query, body string
		code        string
		status      int
	}{
		"a value of 4 KiB":          {long(4 << 10), "", "", 0},
		"a value above 4 KiB":       {long(4<<10 + 1), "", "Q", 200},
		"a long value in a body":    {"", long(4<<10 + 1), "Q", 200},
		"64 parameters":             {names(64), "", "", 0},
		"65 parameters":             {names(65), "", "Q", 200},
		"a body of 1 MiB":           {"", padded(1 << 20), "", 0},
		"a body above 1 MiB":        {"", padded(1<<20 + 1), "Q", 413},
		"a query above 1 MiB":       {padded(1<<20 + 1), "", "Q", 413},
		"not UTF-8":                 {"a=%ff", "", "Q", 200},
		"not UTF-8 in JSON":         {"", "{\"a\":\"\xff\"}", "Q", 200},
		"a broken escape":           {"a=%zz", "", "Q", 200},
		"twice the same":            {"a=1&a=1", "a=1", "", 0},
		"twice, differently":        {"a=1", "a=2", "Q", 200},
		"twice in JSON":             {"", `{"a":1,"a":2}`, "Q", 200},
		"JSON with a list":          {"", `{"a":[1]}`, "Q", 200},
		"JSON with a fraction":      {"", `{"a":1.5}`, "Q", 200},
		"JSON with an exponent":     {"", `{"a":1e3}`, "Q", 200},
		"a JSON list":               {"", `[1]`, "Q", 200},
		"JSON and more":             {"", `{"a":1}{"b":2}`, "Q", 200},
		"half a JSON object":        {"", `{"a":1`, "Q", 200},
		"a multipart without end":   {"", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", "Q", 200},
		"a multipart without names": {"", "--x\r\n\r\n1\r\n--x--\r\n", "Q", 200},
		"an empty multipart":        {"", "--x--", "", 0},
		"an empty object":           {"", "{}", "", 0},
		"a byte order mark":         {"", "\xef\xbb\xbf{\"a\":1}", "", 0},
	} {
		p, err := read(test.query, "", test.body)
		if code := codeOf(t, err); code != test.code {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var f *failure
		if errors.As(err, &f) && f.httpStatus() != test.status {
			t.Errorf("%s: HTTP %d", name, f.httpStatus())
		}
		if err == nil && strings.Contains(name, "above") {
			t.Errorf("%s: %d parameters", name, len(p))
		}
	}
}

func TestLargeBodiesTakeTurns(t *testing.T) {
	a := &api{large: newLargeBodies(3, 2, nil)}
	request := func(address netip.Addr, size int) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("a=1"+strings.Repeat("&", size)))
		r.RemoteAddr = netip.AddrPortFrom(address, 1).String()
		return r
	}
	send := func(address netip.Addr, size int) error {
		return (&call{api: a, w: httptest.NewRecorder(), r: request(address, size)}).readParams()
	}
	refused := func(err error) {
		t.Helper()
		var f *failure
		if !errors.As(err, &f) || f.httpStatus() != http.StatusServiceUnavailable || f.retryAfter == "" {
			t.Errorf("one large body too many: %v", err)
		}
	}
	one, another := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.2")
	for a.large.crowd.At(one) == a.large.crowd.At(another) { // they share a count by chance
		another = another.Next()
	}
	for range 4 {
		if err := send(one, smallBody*2); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, ok := a.large.begin(request(one, 0)); !ok {
			t.Fatal("an address has no two places")
		}
	}
	refused(send(one, smallBody*2))
	if err := errors.Join(send(another, smallBody*2), send(one, 10)); err != nil {
		t.Errorf("of another address, and a small one: %v", err)
	}
	if _, ok := a.large.begin(request(another, 0)); !ok {
		t.Fatal("one address has all places")
	}
	refused(send(another, smallBody*2))
}

func FuzzWrittenTextIsReadBack(f *testing.F) {
	f.Add("남양)초콜릿 & <b> \"따옴표\" \\ \n\t\x00\x1f\u2028")
	f.Add("\xff\xfe half \xea\xb0")
	f.Fuzz(func(t *testing.T, text string) {
		var o object
		o.open("", '{')
		o.text("a", text)
		o.close('}')
		var got map[string]string
		if err := json.Unmarshal(o.b, &got); err != nil {
			t.Fatalf("%v: %s", err, o.b)
		}
		if want := strings.ToValidUTF8(text, "\uFFFD"); got["a"] != want && len(got["a"]) < len(want) {
			t.Errorf("%q became %q", text, got["a"])
		}
	})
}
