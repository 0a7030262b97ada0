package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Random makes up requests from a document: mostly nearly right ones, with what earlier answers named, and wrong ones of all
// kinds. It belongs to one goroutine.
type Random struct {
	*rand.Rand
	operations []operation
	found      map[string][]any // values by the name they had in answers

	// Known has values for names, which go before anything made up; a name with no values is left out of requests.
	Known map[string][]any
	// Rare are operations to ask for once where others are asked for twenty times: they end what others need. Others need what comes
	// of those that are asked for Often.
	Rare, Often []string
	// Header adds what every right request has, such as a token.
	Header func(r *http.Request)
}

type operation struct {
	method, path string
	*openapi3.Operation
	shared openapi3.Parameters // of the path
}

// keptValues bounds the values that are remembered of a name.
const keptValues = 64

// NewRandom makes requests of all operations.
func NewRandom(d *Document, seed uint64) *Random {
	r := &Random{Rand: rand.New(rand.NewPCG(seed, 0)), found: map[string][]any{}, Known: map[string][]any{}}
	for _, path := range slices.Sorted(maps.Keys(d.Paths.Map())) {
		item := d.Paths.Value(path)
		byMethod := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(byMethod)) {
			r.operations = append(r.operations, operation{method, path, byMethod[method], item.Parameters})
		}
	}
	return r
}

// Learn remembers what the answer to a request named, for later requests.
func (r *Random) Learn(request *http.Request, body []byte) {
	var value any
	if json.Unmarshal(body, &value) == nil {
		r.learn("", value)
		r.learnID(collection(request.URL.Path), value)
	}
}

// learnID remembers an id by the collection it is of: "id" alone is of anything.
func (r *Random) learnID(collection string, value any) {
	v, ok := value.(map[string]any)
	if !ok {
		return
	}
	if id := v["id"]; id != nil {
		r.keep(collection, id)
		r.keep(strings.TrimSuffix(strings.TrimSuffix(collection, "/id"), "s")+"_id", id) // as bodies name it
	}
	list, _ := v["data"].([]any)
	for _, element := range list {
		r.learnID(collection, element)
	}
}

// collection is what a path's last variable is of: "orders" of /api/v2/orders/{id}/cancel.
func collection(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) > 3 {
		return parts[3] + "/id"
	}
	return "id"
}

func (r *Random) learn(name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			r.learn(key, v[key])
			if key == "id" && name != "" { // the id in "order": {"id": …}
				r.learn(strings.TrimSuffix(name, "s")+"_id", v[key])
			}
		}
	case []any:
		for _, element := range v {
			r.learn(name, element)
		}
	case string, float64:
		if name != "" {
			r.keep(name, v)
		}
	}
}

func (r *Random) keep(name string, value any) {
	if list := r.found[name]; len(list) < keptValues {
		r.found[name] = append(list, value)
	} else {
		list[r.IntN(keptValues)] = value
	}
}

// Next makes up a request to a server, such as http://127.0.0.1:8080, and returns its body and operation id, too.
func (r *Random) Next(origin string) (req *http.Request, body []byte, id string) {
	op := r.operation()
	path, query, header := op.path, url.Values{}, http.Header{}
	for _, ref := range slices.Concat(op.shared, op.Parameters) {
		r.parameter(ref.Value, &path, query, header)
	}
	var contentType string
	if op.RequestBody != nil {
		contentType, body = r.body(op.RequestBody.Value)
	}
	target := origin + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequest(op.method, target, bytes.NewReader(body))
	if err != nil {
		panic(fmt.Sprintf("contract: a made-up request cannot be: %v", err)) // all parts are escaped
	}
	req.Header = header
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	if r.Header != nil && !r.chance(2) {
		r.Header(req)
	}
	if r.chance(30) {
		header.Set("Accept-Language", "en")
	}
	return req, body, op.OperationID
}

func (r *Random) operation() operation {
	often := r.chance(25)
	for {
		op := r.operations[r.IntN(len(r.operations))]
		rare := slices.Contains(r.Rare, op.OperationID) && !r.chance(5)
		if !rare && (!often || len(r.Often) == 0 || slices.Contains(r.Often, op.OperationID)) {
			return op
		}
	}
}

// chance is true so many times in a hundred.
func (r *Random) chance(percent int) bool { return r.IntN(100) < percent }

func (r *Random) parameter(p *openapi3.Parameter, path *string, query url.Values, header http.Header) {
	if known, ok := r.Known[p.Name]; ok && len(known) == 0 {
		return
	}
	value := r.text(r.value(p.Name, p.Schema, 0))
	if ids := r.found[collection(*path)]; p.Name == "id" && len(ids) > 0 && r.chance(70) {
		value = r.text(ids[r.IntN(len(ids))])
	}
	switch {
	case p.In == openapi3.ParameterInPath:
		if value == "" || value == "." || value == ".." {
			value = "0"
		}
		*path = strings.ReplaceAll(*path, "{"+p.Name+"}", url.PathEscape(value))
	case !p.Required && r.chance(50), p.Required && r.chance(3):
	case p.In == openapi3.ParameterInHeader && !p.Required && r.chance(60):
	case p.In == openapi3.ParameterInHeader:
		header.Set(p.Name, strings.Map(printable, value))
	case p.In == openapi3.ParameterInQuery:
		query.Set(p.Name, value)
		if r.chance(2) {
			query.Add(p.Name, r.text(r.value(p.Name, p.Schema, 0)))
		}
	}
}

// printable drops what no client can send in a header.
func printable(c rune) rune {
	if c < ' ' || c > '~' {
		return -1
	}
	return c
}

func (r *Random) text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case nil:
		return ""
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("contract: %v", err)) // values are of JSON
	}
	return string(text)
}

// body makes a body of one of the media types.
func (r *Random) body(b *openapi3.RequestBody) (contentType string, body []byte) {
	types := slices.Sorted(maps.Keys(b.Content))
	contentType = types[r.IntN(len(types))]
	value := r.value("", b.Content[contentType].Schema, 0)
	if r.chance(2) {
		contentType = "text/plain"
	}
	if fields, ok := value.(map[string]any); ok && strings.Contains(contentType, "form") {
		form := url.Values{}
		for name, v := range fields {
			form.Set(name, r.text(v))
		}
		return contentType, []byte(form.Encode())
	}
	body = []byte(r.text(value))
	if len(body) > 0 && r.chance(3) {
		body = body[:r.IntN(len(body))]
	}
	return contentType, body
}

// value makes up a value of a name and schema.
func (r *Random) value(name string, ref *openapi3.SchemaRef, depth int) any {
	if known := r.Known[name]; len(known) > 0 {
		return known[r.IntN(len(known))]
	}
	if ref == nil || ref.Value == nil || depth > 6 {
		return r.junk()
	}
	s := ref.Value
	found := r.found[name]
	switch {
	case r.chance(8):
		return r.junk()
	case len(found) > 0 && len(s.Enum) == 0 && r.chance(60):
		return found[r.IntN(len(found))]
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[r.IntN(len(s.Enum))]
	case s.Example != nil && r.chance(40):
		return s.Example
	case len(s.Examples) > 0 && r.chance(40):
		return s.Examples[r.IntN(len(s.Examples))]
	}
	for _, choice := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		if len(choice) > 0 {
			return r.value(name, choice[r.IntN(len(choice))], depth+1)
		}
	}
	return r.typed(name, s, depth)
}

func (r *Random) typed(name string, s *openapi3.Schema, depth int) any {
	switch {
	case s.Type.Includes("object") || len(s.Properties) > 0 || len(s.AllOf) > 0:
		return r.object(s, depth)
	case s.Type.Includes("array"):
		list := []any{}
		for len(list) == 0 || len(list) < 4 && r.chance(30) {
			list = append(list, r.value(strings.TrimSuffix(name, "s"), s.Items, depth+1))
		}
		return list
	case s.Type.Includes("integer") || s.Type.Includes("number"):
		return r.number(s)
	case s.Type.Includes("boolean"):
		return r.chance(50)
	}
	switch s.Format {
	case "date":
		return fmt.Sprintf("2025-%02d-%02d", 1+r.IntN(13), 1+r.IntN(31))
	case "date-time":
		return fmt.Sprintf("2025-%02d-%02dT%02d:00:00+09:00", 9+r.IntN(4), 1+r.IntN(30), r.IntN(25))
	}
	return r.word()
}

func (r *Random) object(s *openapi3.Schema, depth int) map[string]any {
	value := map[string]any{}
	for _, part := range s.AllOf {
		maps.Copy(value, r.object(part.Value, depth))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		required := slices.Contains(s.Required, name)
		if known, ok := r.Known[name]; ok && len(known) == 0 || !required && r.chance(50) || required && r.chance(3) {
			continue
		}
		value[name] = r.value(name, s.Properties[name], depth+1)
	}
	if r.chance(2) {
		value[r.word()] = r.junk()
	}
	return value
}

func (r *Random) number(s *openapi3.Schema) any {
	least, most := 0.0, 1000.0
	if s.Min != nil {
		least = *s.Min
	}
	if s.Max != nil {
		most = *s.Max
	}
	switch r.IntN(8) {
	case 0:
		return least
	case 1:
		return most
	case 2:
		return least - 1
	case 3:
		return most + 1
	}
	return int64(least) + r.Int64N(max(min(int64(most-least), 1000), 1))
}

var words = []string{"초코", "ㅅㅌㅂㅅ", "커피", "gift", "a", "A-1", "서울", "서울특별시", "강남구", "demo", "1", "0", "%", "'; --", "<b>", "\"", "{}", "..", "/"}

func (r *Random) word() string {
	if r.chance(50) {
		return words[r.IntN(len(words))]
	}
	return fmt.Sprintf("w%d", r.IntN(1000))
}

// junk is what nobody should send.
func (r *Random) junk() any {
	junk := []any{
		nil, "", -1, 0, 9223372036854775807, 1e300, 1.5, true,
		[]any{},
		map[string]any{},
		"null", "\x00", "\xff\xfe", "９９", "-1", "1e9", " ",
		strings.Repeat("가", 2000), strings.Repeat("9", 400), "2025-13-45", "evt_zzz", "quo_0000000000000", "../../etc/passwd",
		[]any{nil, []any{1}},
	}
	return junk[r.IntN(len(junk))]
}
