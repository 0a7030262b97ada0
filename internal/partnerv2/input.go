package partnerv2

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"giftimbiz/internal/gift"
)

const (
	maxBody     = 64 << 10 // bytes
	maxText     = 1 << 10  // bytes of a parameter
	maxLimit    = 200
	normalLimit = 50
)

// query reads the parameters of a request. The first fault is kept in err; close finds parameters that nobody asked for.
type query struct {
	values url.Values
	known  []string
	err    error
}

func (c *call) query() *query {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.err = wrongParameter("query", "읽을 수 없는 쿼리입니다.", "the query cannot be read.")
	}
	return q
}

func (q *query) fail(err error) {
	if q.err == nil {
		q.err = err
	}
}

// close returns the first fault; a parameter that does not exist is one, for a mistyped filter would be no filter.
func (q *query) close() error {
	if q.err != nil {
		return q.err
	}
	for name := range q.values {
		if !slices.Contains(q.known, name) {
			return wrongParameter(brief(name), "없는 파라미터입니다.", "there is no such parameter.")
		}
	}
	return nil
}

// has tells whether a parameter was given.
func (q *query) has(name string) bool { return q.text(name) != "" }

// text returns a parameter in Unicode's normal form, "" when it was not given.
func (q *query) text(name string) string {
	q.known = append(q.known, name)
	values := q.values[name]
	switch {
	case len(values) == 0:
		return ""
	case len(values) > 1:
		q.fail(wrongParameter(name, "한 번만 쓸 수 있습니다.", "it may be given once only."))
	case values[0] == "": // what somebody forgot to fill in is no wish for everything
		q.fail(wrongParameter(name, "값이 비어 있습니다. 쓰지 않으려면 빼십시오.", "it is empty. Leave it out if it is not meant."))
	case len(values[0]) > maxText:
		q.fail(wrongParameter(name, "1 KiB까지입니다.", "it may have 1 KiB at most."))
	case !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0):
		q.fail(wrongParameter(name, "UTF-8이 아닙니다.", "it is not UTF-8."))
	default:
		return norm.NFC.String(values[0])
	}
	return ""
}

// number returns an integer from least to most, or other when it was not given.
func (q *query) number(name string, least, most, other int64) int64 {
	text := q.text(name)
	if text == "" {
		return other
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		a, b := strconv.FormatInt(least, 10), strconv.FormatInt(most, 10)
		q.fail(wrongParameter(name, a+"부터 "+b+"까지의 정수여야 합니다.", "want an integer from "+a+" to "+b+"."))
		return other
	}
	return n
}

// limit returns how many rows a page may have.
func (q *query) limit() int { return int(q.number("limit", 1, maxLimit, normalLimit)) }

// oneOf returns the place of a word, 0 when none was given.
func (q *query) oneOf(name string, words ...string) int {
	text := q.text(name)
	if text == "" {
		return 0
	}
	i := slices.Index(words, text)
	if i < 0 {
		all := strings.Join(words, ", ")
		q.fail(wrongParameter(name, "다음 중 하나여야 합니다: "+all, "want one of: "+all+"."))
		return 0
	}
	return i
}

// kind returns what sort of offers is asked for, 0 = both.
func (q *query) kind() gift.Kind {
	if !q.has("kind") {
		return 0
	}
	return []gift.Kind{gift.Gifticon, gift.StarCoupon}[q.oneOf("kind", gift.Gifticon.Word(), gift.StarCoupon.Word())]
}

// id returns the number of a thing; 0 when none was given.
func (q *query) id(name string) int64 { return q.number(name, 1, math.MaxInt64, 0) }

// days returns the first and last day asked for, 0 = open.
func (q *query) days() (from, to gift.Day) {
	from, to = q.day("from"), q.day("to")
	if from != 0 && to != 0 && from > to {
		q.fail(wrongParameter("from", "to보다 늦습니다.", "it is later than to."))
	}
	return from, to
}

func (q *query) day(name string) gift.Day {
	text := q.text(name)
	if text == "" {
		return 0
	}
	t, err := time.ParseInLocation(time.DateOnly, text, gift.Seoul)
	if err != nil || t.Year() < 2000 || t.Year() > 2100 {
		q.fail(wrongParameter(name, "2026-01-31 같은 날짜여야 합니다.", "want a day such as 2026-01-31."))
		return 0
	}
	return gift.DayOf(t)
}

// What is said of bodies.
var (
	mediaType = problem{
		kind: "media-type", status: http.StatusUnsupportedMediaType, code: "Q",
		ko: "Content-Type: application/json으로 보내십시오.", en: "Send it as Content-Type: application/json.",
	}
	bodyTooLarge = problem{
		kind: "body-too-large", status: http.StatusRequestEntityTooLarge, code: "Q",
		ko: "본문은 64 KiB까지입니다.", en: "A body may have 64 KiB at most.",
	}
)

// wrongBody is a body that cannot be read.
func wrongBody(ko, en string) problem {
	return problem{kind: "body-invalid", status: http.StatusBadRequest, code: "Q", ko: ko, en: en}
}

// wrongMember is a member of a body that cannot be what it is.
func wrongMember(name, ko, en string) problem {
	return wrongBody(name+": "+ko, name+": "+en).with("parameter", name)
}

// neededBody reads the request's JSON object into a struct of which some member must be given.
func (c *call) neededBody(into any) error {
	text, err := c.bodyText()
	if err == nil && len(text) == 0 {
		err = bodyMissing
	}
	if err != nil {
		return err
	}
	return c.decode(text, into)
}

// body reads the request's JSON object into a struct. No body at all is an empty object.
func (c *call) body(into any) error {
	text, err := c.bodyText()
	if err != nil || len(text) == 0 {
		return err
	}
	return c.decode(text, into)
}

func (c *call) bodyText() ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, bodyTooLarge
	case err != nil:
		return nil, wrongBody("본문을 끝까지 받지 못했습니다.", "The body did not arrive whole.")
	}
	return text, nil
}

func (c *call) decode(text []byte, into any) error {
	if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return mediaType
	}
	if !utf8.Valid(text) {
		return wrongBody("본문이 UTF-8이 아닙니다.", "The body is not UTF-8.")
	}
	if err := ambiguous(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if object := bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")); !object { // null would be no members at all
		return notAnObject
	}
	if err := d.Decode(into); err != nil {
		return bodyFault(text, into, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return wrongBody("JSON 객체 뒤에 다른 것이 있습니다.", "There is something behind the JSON object.")
	}
	return nil
}

// deepest bounds how deep bodies are looked into; none that means anything has half as many levels.
const deepest = 10

// ambiguous finds what encoding/json is silent about: null, which it takes for a member that is not there, and a member that is
// there twice, of which it takes the last, or parts of both.
func ambiguous(text []byte) error {
	type level struct {
		names map[string]bool // nil in a list
		value bool            // a name was read, and its value comes next
	}
	var levels []level
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			return nil // the end, or what is no JSON, which Decode finds
		}
		var in *level
		if len(levels) > 0 {
			in = &levels[len(levels)-1]
		}
		if name, ok := token.(string); ok && in != nil && in.names != nil && !in.value {
			key := folded(name)
			if in.names[key] {
				return wrongMember(pathAt(text, d.InputOffset()), "한 번만 쓸 수 있습니다.", "it may be given once only.")
			}
			in.names[key], in.value = true, true
			continue
		}
		if in != nil {
			in.value = false
		}
		if len(levels) == deepest {
			return nil // nothing is read into that much, so that Decode finds a fault before this
		}
		switch token {
		case nil:
			if in == nil {
				return notAnObject
			}
			return wrongMember(pathAt(text, d.InputOffset()), "null은 쓸 수 없습니다. 쓰지 않을 항목은 빼십시오.",
				"null means nothing here. Leave out what is not meant.")
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
	}
}

var (
	bodyMissing = wrongBody("JSON 본문이 필요합니다.", "A JSON body is needed.")
	notAnObject = wrongBody("본문은 JSON 객체여야 합니다.", "The body must be a JSON object.")
)
