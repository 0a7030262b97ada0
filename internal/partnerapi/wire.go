package partnerapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of a request.
const (
	maxBody   = 1 << 20  // bytes
	smallBody = 16 << 10 // bytes; larger bodies take turns
	maxNames  = 64       // parameters
	maxValue  = 4 << 10  // bytes of one value
)

// params are the parameters of a request, wherever in it they stood. Each name is there once.
type params []param

type param struct{ name, value string }

// get returns a value without the spaces around it; "" when the parameter is absent or empty.
func (p params) get(name string) string {
	for i := range p {
		if p[i].name == name {
			return strings.TrimSpace(p[i].value)
		}
	}
	return ""
}

// add takes one parameter in. The same name again is fine only with the same value.
func (p *params) add(name, value string) error {
	if !utf8.ValidString(value) || !utf8.ValidString(name) {
		return refuse(notUTF8, "name", shownName(name))
	}
	if len(value) > maxValue {
		return refuse(valueTooLong, "name", shownName(name))
	}
	value = norm.NFC.String(value)
	for _, known := range *p {
		if known.name != name {
			continue
		}
		if known.value != value {
			return refuse(namedTwice, "name", shownName(name))
		}
		return nil
	}
	if len(*p) == maxNames {
		return refuse(tooManyNames)
	}
	*p = append(*p, param{name, value})
	return nil
}

// shownName makes a parameter's name fit for a message. What looks like none may be anything, a secret too.
func shownName(name string) string {
	plain := func(r rune) bool {
		return r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if len(name) > 40 || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return "?"
	}
	return name
}

// shown makes a caller's own text fit for a message.
func shown(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 40 {
		name = string(runes[:40]) + "…"
	}
	return name
}

// readParams collects the parameters of the query and of the body, whatever form it has (wire §1).
func (c *call) readParams() error {
	r, p := c.r, &c.in.params
	if len(r.URL.RawQuery) > maxBody {
		return &failure{reply: bodyTooLong, status: http.StatusRequestEntityTooLarge}
	}
	if err := p.addForm(r.URL.RawQuery); err != nil {
		return err
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if n := r.ContentLength; n >= 0 && n < smallBody {
		c.scratch = slices.Grow(c.scratch, int(n))[:n]
		if _, err := io.ReadFull(r.Body, c.scratch); err != nil {
			return unreadable(err)
		}
		return p.addBody(c.scratch, r.Header.Get("Content-Type"))
	}
	text, err := c.readLong()
	if err != nil {
		return err
	}
	return p.addBody(text, r.Header.Get("Content-Type"))
}

// readLong reads a body that is long, or of whose length nothing is known before.
func (c *call) readLong() ([]byte, error) {
	body := http.MaxBytesReader(c.w, c.r.Body, maxBody)
	var text bytes.Buffer
	_, err := text.ReadFrom(io.LimitReader(body, smallBody))
	if err == nil && text.Len() == smallBody {
		end, ok := c.large.begin(c.r)
		if !ok {
			return nil, tooBusy(tooManyBodies, nil)
		}
		defer end()
		_, err = text.ReadFrom(body)
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return text.Bytes(), nil
}

func unreadable(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return &failure{reply: bodyTooLong, status: http.StatusRequestEntityTooLarge}
	}
	return refuse(bodyUnreadable)
}

// addBody looks at the body itself before its label: many clients label JSON what is not.
func (p *params) addBody(body []byte, label string) error {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case len(body) == 0:
		return nil
	case body[0] == '{', body[0] == '[':
		return p.addJSON(body)
	case bytes.HasPrefix(body, []byte("--")):
		return p.addMultipart(body, label)
	default:
		return p.addForm(strings.TrimRight(string(body), "\r\n"))
	}
}

func (p *params) addForm(text string) error {
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return refuse(badEscape, "name", "?")
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return refuse(badEscape, "name", shownName(name))
		}
		if err := p.add(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (p *params) addMultipart(body []byte, label string) error {
	boundary := boundaryOf(body, label)
	if string(bytes.TrimSpace(body)) == "--"+boundary+"--" {
		return nil // a form without fields
	}
	if boundary == "" {
		return refuse(badMultipart)
	}
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return refuse(badMultipart)
		}
		name := fieldName(part)
		if name == "" {
			return refuse(badMultipart)
		}
		value, err := io.ReadAll(part) // no longer than the body
		if err != nil {
			return refuse(badMultipart)
		}
		if err := p.add(name, string(value)); err != nil {
			return err
		}
	}
}

// fieldName returns the name of a form's field. curl, PHP's too, calls a field an "attachment" instead of "form-data" when
// the request is labelled as something else than multipart.
func fieldName(part *multipart.Part) string {
	_, options, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return options["name"]
}

// boundaryOf returns the label's boundary when the body begins with it, else what the body's first line says.
func boundaryOf(body []byte, label string) string {
	if _, options, err := mime.ParseMediaType(label); err == nil {
		named := options["boundary"]
		if named != "" && bytes.HasPrefix(body, []byte("--"+named)) {
			return named
		}
	}
	line, rest, _ := bytes.Cut(body, []byte("\n"))
	text := strings.TrimRight(string(line[2:]), " \t\r")
	if len(bytes.TrimSpace(rest)) == 0 {
		text = strings.TrimSuffix(text, "--")
	}
	return text
}

// addJSON takes a flat object: strings, integers and booleans; null is absent.
func (p *params) addJSON(body []byte) error {
	if !utf8.Valid(body) { // the decoder would mend it silently
		return refuse(notUTF8, "name", "JSON")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return refuse(badJSON)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return refuse(badJSON)
		}
		if err := p.addMember(d, name.(string)); err != nil { // names are strings, or there is an error
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return refuse(badJSON)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return refuse(badJSON)
	}
	return nil
}

func (p *params) addMember(d *json.Decoder, name string) error {
	value, err := d.Token()
	if err != nil {
		return refuse(badJSON)
	}
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return p.add(name, v)
	case bool:
		if v {
			return p.add(name, "true")
		}
		return p.add(name, "false")
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return refuse(notFlat, "name", shownName(name))
		}
		return p.add(name, v.String())
	default:
		return refuse(notFlat, "name", shownName(name))
	}
}
