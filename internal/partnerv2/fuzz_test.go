package partnerv2

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
)

// sent is a call with a request, before anything of it is read.
func sent(query, contentType, body string) *call {
	r := httptest.NewRequest(http.MethodPost, Root+"orders", strings.NewReader(body))
	r.URL.RawQuery = query
	r.Header.Set("Content-Type", contentType)
	return &call{w: httptest.NewRecorder(), r: r}
}

// faultOf returns the problem that an error is: whatever callers send, it is theirs, and what is said of it is short.
func faultOf(t *testing.T, err error) problem {
	t.Helper()
	var p problem
	if !errors.As(err, &p) || p.status < 400 || p.status >= 500 {
		t.Fatalf("%v is no answer", err)
	}
	name, _ := p.more["parameter"].(string)
	if len(name) > maxName+len("…") || len(p.en) > 4*maxName || len(p.ko) > 4*maxName {
		t.Errorf("too much is said: %+v", p)
	}
	return p
}

// FuzzBodyOfAnOrder reads JSON: what is read means the same when it is written again, and is within the bounds of an order.
func FuzzBodyOfAnOrder(f *testing.F) {
	for _, body := range []string{
		`{"reference":"a-1","items":[{"offer_id":1,"quantity":2}],"total":9000}`, `{"reference":"a","quote_id":"quo_0PB8"}`, `null`, `{}`, `[]`,
		`{"items":[{"offer_id":1,"Offer_ID":2}]}`, `{"total":1e2}`, `{"total":null}`, `{"items":[{"offer_id":99999999999999999999}]}`,
		`{"reference":"a"}{}`, "{\"reference\":\"\xff\"}", `{"x` + strings.Repeat("[", 100), "\ufeff{}", `{"reference":"\ud800"}`,
		strings.Repeat(`{"items":[`, 30), `{"` + strings.Repeat("x", 300) + `":1}`, `{"items":[{"offer_id":1,"quantity":1,"coupon_id":5}],"total":0}`,
		`{"items":[{"offer_id":1},{"offer_id":1,"quantity":2,"quantity"3}]}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var body orderBody
		if err := sent("", "application/json; charset=utf-8", text).neededBody(&body); err != nil {
			faultOf(t, err)
			return
		}
		written, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		var again orderBody
		if err := json.Unmarshal(written, &again); err != nil || again.Reference != body.Reference || again.QuoteID != body.QuoteID ||
			!slices.Equal(again.Items, body.Items) {
			t.Fatalf("%s is read as %+v, %v", written, again, err)
		}
		if err := body.check(); err != nil {
			faultOf(t, err)
			return
		}
		lines, err := body.lines()
		if err != nil {
			faultOf(t, err)
			return
		}
		if units := len(unitsOf(lines)); units < 1 || units > maxUnits || len(body.Reference) > maxReference {
			t.Errorf("%d units, reference %q", units, body.Reference)
		}
	})
}

// TestABodyMayBeBrokenAnywhere reads bodies with faults of their own, and each of them with a byte more, less or changed: whatever is said
// of a text must not rest on the rest of it being JSON.
func TestABodyMayBeBrokenAnywhere(t *testing.T) {
	read := func(text string) {
		var body orderBody
		if err := sent("", "application/json", text).neededBody(&body); err != nil {
			faultOf(t, err)
		}
	}
	for _, text := range []string{
		`{"reference":"a-1","items":[{"offer_id":1,"quantity":2},{"offer_id":3}],"total":9000}`,
		`{"items":[{"offer_id":1},{"quantity":2,"quantity":3}]}`,
		`{"items":[[{"quantity":null}],"x"]}`,
		`{"items":[{"offer_id":[{"a":1}]}],"a":{"b":[1,{"c":"\u0041"}]},"total":"1"}`,
	} {
		for at := range len(text) {
			before, after := text[:at], text[at+1:]
			read(before)
			read(before + after)
			for _, c := range []string{`"`, `:`, `,`, `{`, `}`, `[`, `]`, `\`, `0`, `n`, ` `} {
				read(before + c + after)
				read(before + c + text[at:])
			}
		}
	}
}

// TestTheFaultOfALargeBodyIsFoundWithoutCopyingIt for each of its parts: what is allocated is bounded by a multiple of the body.
func TestTheFaultOfALargeBodyIsFoundWithoutCopyingIt(t *testing.T) {
	name := strings.Repeat("n", maxBody/2)
	for what, text := range map[string]string{
		"objects":                  `{"items":[` + strings.Repeat("{},", maxBody/4) + `{}],"unknown":1}`,
		"elements":                 `{"items":[` + strings.Repeat("1,", maxBody/3) + `null]}`,
		"elements of a long name":  `{"` + name + `":[` + strings.Repeat("1,", maxBody/5) + `null]}`,
		"levels":                   `{"items":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `,"unknown":1}`,
		"levels of objects":        `{"a":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000) + `,"b":1}`,
		"levels below a long name": `{"` + name + `":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `,"b":1}`,
	} {
		if len(text) > maxBody {
			t.Fatalf("%s: %d bytes", what, len(text))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var body orderBody
		err := sent("", "application/json", text).neededBody(&body)
		runtime.ReadMemStats(&after)
		if faultOf(t, err); after.TotalAlloc-before.TotalAlloc > 200*maxBody {
			t.Errorf("%s: %d KiB for a body of %d", what, (after.TotalAlloc-before.TotalAlloc)>>10, len(text)>>10)
		}
	}
}

// FuzzAmbiguous compares what is found to be ambiguous with what encoding/json makes of an object of numbers: a body that is let
// through has each name once.
func FuzzAmbiguous(f *testing.F) {
	f.Add("offer_id", "quantity")
	f.Add("total", "TOTAL")
	f.Add("a", "a\u0000")
	f.Add("\u017fite", "site")
	f.Add("K", "\u212a")
	f.Fuzz(func(t *testing.T, one, two string) {
		first, _ := json.Marshal(one)  // texts can be written
		second, _ := json.Marshal(two) // texts can be written
		var names map[string]int
		text := `{` + string(first) + `:1,` + string(second) + `:2}`
		if err := json.Unmarshal([]byte(text), &names); err != nil {
			t.Fatal(err)
		}
		if err := ambiguous([]byte(text)); err != nil {
			faultOf(t, err)
		} else if len(names) != 2 {
			t.Errorf("%s is let through and read as %v", text, names)
		}
		var kept struct {
			Value int `json:"site"`
		}
		if err := json.Unmarshal([]byte(text), &kept); err != nil || !strings.EqualFold(one, "site") || !strings.EqualFold(two, "site") {
			return
		}
		if ambiguous([]byte(text)) == nil {
			t.Errorf("%s names one member twice", text)
		}
	})
}

// FuzzParameters reads queries: whatever stands there, what comes out is within its bounds or refused, and nobody's filter is passed
// over in silence.
func FuzzParameters(f *testing.F) {
	for _, query := range []string{
		"limit=50&kind=gifticon&q=%EC%B4%88%EC%BD%94&from=2026-01-01&to=2026-01-31", "limit=201", "limit=1&limit=2", "q=", "q=%00", "q=%ff", "x=1",
		"%zz", "a;b", "from=2026-02-30", "from=2026-02-02&to=2026-02-01", "id=9223372036854775808", "q=" + strings.Repeat("%E1%84%80", 400), "limit=+5",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := sent(text, "", "").query()
		word, limit, kind, id := q.text("q"), q.limit(), q.kind(), q.id("id")
		from, to := q.days()
		if err := q.close(); err != nil {
			faultOf(t, err)
			return
		}
		if limit < 1 || limit > maxLimit || id < 0 || kind < 0 || kind > max(gift.Gifticon, gift.StarCoupon) || from != 0 && to != 0 && from > to {
			t.Errorf("limit %d, id %d, kind %d, from %s to %s", limit, id, kind, from, to)
		}
		if !norm.NFC.IsNormalString(word) || len(word) > 3*maxText {
			t.Errorf("%q is not as it should be", word)
		}
		given, err := url.ParseQuery(text)
		if err != nil {
			t.Fatalf("%q was let through: %v", text, err)
		}
		for name, values := range given {
			if !slices.Contains([]string{"q", "limit", "kind", "id", "from", "to"}, name) || len(values) != 1 || values[0] == "" {
				t.Errorf("%s=%q was passed over", name, values)
			}
		}
	})
}

// FuzzReadCursor reads cursors and sync tokens: only what was written for the same list is one, in the one way in which it was written.
func FuzzReadCursor(f *testing.F) {
	f.Add(cursor{[]int64{1 << 40}}.write("/orders"), "/orders")
	f.Add(cursor{[]int64{1, -1}}.write("/vouchers\x00kind\x00gifticon"), "/vouchers\x00kind\x00gifticon")
	f.Add(writeSync(catalog.Since{Seq: 9, Day: 20_000, Later: 20_010}), "")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte{syncVersion, 0x80, 0x00, 0, 0}), "")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, text, filters string) {
		for numbers := range 3 {
			if cur, ok := readCursor(text, filters, numbers); ok && (len(cur.numbers) != numbers || cur.write(filters) != text) {
				t.Errorf("%q is read as %v, which is written as %q", text, cur.numbers, cur.write(filters))
			}
		}
		if since, ok := readSync(text); ok && writeSync(since) != text {
			t.Errorf("%q is read as %+v, which is written as %q", text, since, writeSync(since))
		}
	})
}

// FuzzWrittenCursorsAreRead writes cursors: they are read as they were, and by no other list.
func FuzzWrittenCursorsAreRead(f *testing.F) {
	f.Add(int64(1), int64(-1), "/orders", "/vouchers")
	f.Add(int64(-1<<63), int64(1<<63-1), "", "\x00")
	f.Fuzz(func(t *testing.T, a, b int64, filters, others string) {
		written := cursor{[]int64{a, b}}.write(filters)
		cur, ok := readCursor(written, filters, 2)
		if !ok || !slices.Equal(cur.numbers, []int64{a, b}) || len(written) > 44 {
			t.Errorf("%d and %d are written as %q and read as %v", a, b, written, cur.numbers)
		}
		if _, ok := readCursor(written, others, 2); ok && others != filters {
			t.Errorf("a cursor of %q is one of %q", filters, others)
		}
	})
}

// FuzzNames reads names of orders, vouchers and quotes: only what one is called is a name, and of the caller's own kind.
func FuzzNames(f *testing.F) {
	const id = gift.ID(1_000_000_000_001)
	for _, name := range []string{
		string(id.Ref(false)), string(id.Ref(true)), voucherName(id.Ref(false), 1), voucherName(id.Ref(true), 100), quoteName(id), "quo_", ".1",
		voucherName(id.Ref(false), 1) + ".1", string(id.Ref(false)) + ".01", string(id.Ref(false)) + ".+1",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, sandbox := range []bool{false, true} {
			c := &call{partner: gift.Partner{Sandbox: sandbox}}
			if id, ok := c.parseOrder(name); ok && string(id.Ref(sandbox)) != name {
				t.Errorf("%q is read as %d", name, id)
			}
			if at, ok := c.parseVoucher(name); ok && voucherName(at.OrderID.Ref(sandbox), at.Line) != name {
				t.Errorf("%q is read as %v", name, at)
			}
		}
		if id, ok := parseQuote(name); ok && quoteName(id) != name {
			t.Errorf("%q is read as %d", name, id)
		}
		if validReference(name) && (url.PathEscape(name) != name && !strings.Contains(name, ":") || len(name) > maxReference) {
			t.Errorf("the reference %q cannot stand in an address", name)
		}
	})
}

// FuzzBasic reads credentials of HTTP Basic as RFC 6749 has them written.
func FuzzBasic(f *testing.F) {
	f.Add("gmk_live_1", "gmt_1", "Basic ")
	f.Add("a:b%", "päss wörd+", "basic  ")
	f.Add("", "", "Bearer ")
	f.Fuzz(func(t *testing.T, id, secret, scheme string) {
		plain := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
		gotID, gotSecret, has, ok := basic("Basic " + base64.StdEncoding.EncodeToString([]byte(plain)))
		if !has || !ok || gotID != id || gotSecret != secret {
			t.Errorf("%q and %q are read as %q and %q, %v, %v", id, secret, gotID, gotSecret, has, ok)
		}
		if _, _, has, ok := basic(scheme + secret); ok && !has {
			t.Errorf("%q is right and absent", scheme+secret)
		}
	})
}
