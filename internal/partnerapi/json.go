package partnerapi

import (
	"strconv"
	"unicode/utf8"
)

// object appends JSON to b. Korean text and & < > stay as they are.
type object struct{ b []byte }

// open begins an object or a list, named or (name "") not.
func (o *object) open(name string, bracket byte) {
	o.next(name)
	o.b = append(o.b, bracket)
}

// close ends what open began.
func (o *object) close(bracket byte) { o.b = append(o.b, bracket) }

// next puts the comma after an earlier member, and a name.
func (o *object) next(name string) {
	if n := len(o.b); n > 0 && o.b[n-1] != '{' && o.b[n-1] != '[' {
		o.b = append(o.b, ',')
	}
	if name != "" {
		o.b = append(o.b, '"')
		o.b = append(o.b, name...)
		o.b = append(o.b, '"', ':')
	}
}

// text appends a string.
func (o *object) text(name, value string) {
	o.next(name)
	o.b = appendQuoted(o.b, value)
}

// number appends a number.
func (o *object) number(name string, value int64) {
	o.next(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

// digits appends a number as a string, as the guide's lists have them.
func (o *object) digits(name string, value int64) {
	o.next(name)
	o.b = append(o.b, '"')
	o.b = strconv.AppendInt(o.b, value, 10)
	o.b = append(o.b, '"')
}

// raw appends members that are JSON already.
func (o *object) raw(json []byte) {
	o.next("")
	o.b = append(o.b, json...)
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends a JSON string. What is not UTF-8 becomes U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = appendEscape(b, c)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, '\\', 'n')
	case c == '\r':
		return append(b, '\\', 'r')
	case c == '\t':
		return append(b, '\\', 't')
	case c < 0x20:
		return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	default:
		return append(b, "\uFFFD"...)
	}
}
