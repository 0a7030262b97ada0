package partnerv2

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// bodyFault says what is wrong with a JSON text that was to be read into a struct.
func bodyFault(text []byte, into any, err error) error {
	var wrongType *json.UnmarshalTypeError
	var raw json.RawMessage
	const unknown = "json: unknown field "
	switch quoted, isUnknown := strings.CutPrefix(err.Error(), unknown); {
	case errors.As(err, &wrongType):
		return wrongTypeOf(pathAt(text, wrongType.Offset), wrongType.Type)
	case isUnknown:
		name, err := strconv.Unquote(quoted)
		if err != nil {
			return notAnObject
		}
		w := bodyWalk{d: json.NewDecoder(bytes.NewReader(text)), unknown: name}
		return wrongMember(w.find(reflect.TypeOf(into)), "없는 항목입니다.", "there is no such member.")
	}
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(text, &raw), &syntax) { // a Decoder does not tell where
		at := strconv.FormatInt(syntax.Offset, 10)
		if strings.HasPrefix(syntax.Error(), "unexpected end") {
			return wrongBody("JSON이 "+at+"번째 바이트에서 끝나 버립니다.", "The JSON breaks off after byte "+at+".")
		}
		return wrongBody("JSON의 "+at+"번째 바이트가 문법에 맞지 않습니다.", "The JSON is broken at byte "+at+".")
	}
	return notAnObject
}

// wrongTypeOf says what a member should have been.
func wrongTypeOf(member string, want reflect.Type) error {
	for want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	switch want.Kind() {
	case reflect.Int64, reflect.Int:
		return wrongMember(member, "정수여야 합니다.", "want an integer.")
	case reflect.String:
		return wrongMember(member, "문자열이어야 합니다.", "want a string.")
	case reflect.Bool:
		return wrongMember(member, "true 또는 false여야 합니다.", "want true or false.")
	case reflect.Slice:
		return wrongMember(member, "배열이어야 합니다.", "want an array.")
	}
	return wrongMember(member, "객체여야 합니다.", "want an object.")
}

// bodyWalk goes through a JSON text up to a fault that was found in it, to name the place: encoding/json names Go's types instead,
// and no elements of arrays.
type bodyWalk struct {
	d       *json.Decoder
	end     int64  // where the value ends, or begins if it has parts, that is of a wrong type, or where the name ends that is there twice
	unknown string // or the name of a member that does not exist
	broken  bool   // the text is no JSON from here on: there is no more of it

	members map[reflect.Type]map[string]reflect.Type // what membersOf said
}

// pathAt returns the path of what ends, or begins if it has parts, at or behind a place in a JSON text.
func pathAt(text []byte, end int64) string {
	w := bodyWalk{d: json.NewDecoder(bytes.NewReader(text)), end: end}
	return w.find(nil)
}

// find returns the path of the fault, such as items[0].offer_id, from what the text was read into.
func (w *bodyWalk) find(into reflect.Type) string {
	if path, found := w.value("", into); found {
		return brief(path)
	}
	return brief(w.unknown)
}

// token reads on; nil if the text is broken.
func (w *bodyWalk) token() json.Token {
	token, err := w.d.Token()
	w.broken = w.broken || err != nil
	return token
}

// more tells whether the present list or object goes on. A Decoder alone says so of a broken text for ever.
func (w *bodyWalk) more() bool { return !w.broken && w.d.More() }

// there tells whether the walk has come to the place it looks for.
func (w *bodyWalk) there() bool { return !w.broken && w.unknown == "" && w.d.InputOffset() >= w.end }

// value walks through the value that stands next. t is what it is read into, nil = nothing.
func (w *bodyWalk) value(path string, t reflect.Type) (fault string, found bool) {
	token := w.token()
	if w.there() {
		return path, true
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch token {
	case json.Delim('{'):
		fault, found = w.object(path, t)
	case json.Delim('['):
		fault, found = w.list(path, t)
	default:
		return "", false
	}
	if !found {
		w.token() // its end
	}
	return fault, found
}

func (w *bodyWalk) list(path string, t reflect.Type) (fault string, found bool) {
	if t != nil && t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	for i := 0; w.more() && !found; i++ {
		fault, found = w.value(under(path, "["+strconv.Itoa(i)+"]"), t)
	}
	return fault, found
}

func (w *bodyWalk) object(path string, t reflect.Type) (fault string, found bool) {
	members := w.membersOf(t)
	for w.more() && !found {
		name, ok := w.token().(string)
		if !ok {
			w.broken = true
			break
		}
		inner := strings.TrimPrefix(under(path, "."+name), ".")
		of := members[folded(name)]
		if w.there() || of == nil && name == w.unknown {
			return inner, true
		}
		fault, found = w.value(inner, of)
	}
	return fault, found
}

// under returns the path of a part. What is not shown of a path is not kept: a long name would be copied for each element under it.
func under(path, part string) string {
	if len(path) > maxName {
		return path
	}
	return path + part[:min(len(part), maxName+2)]
}

// folded is a member's name as encoding/json compares names, which takes ſ for s, too.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r { // the first of those that are the same
				return next
			}
			r = next
		}
	}, name)
}

// membersOf returns what members of an object are read into, by their folded names.
func (w *bodyWalk) membersOf(t reflect.Type) map[string]reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	if members := w.members[t]; members != nil {
		return members
	}
	members := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			members[folded(name)] = f.Type
		}
	}
	if w.members == nil {
		w.members = map[reflect.Type]map[string]reflect.Type{}
	}
	w.members[t] = members
	return members
}

const maxName = 100 // bytes of a name that somebody else chose, where it is shown

// brief shortens what is shown of a name.
func brief(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "") + "…"
}
