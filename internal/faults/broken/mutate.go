// Package broken breaks HTTP requests at random, to see what a server makes of them.
package broken

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// nasty are pieces that parsers, templates, shells, queries and files have been broken by.
var nasty = []string{
	"%00", "%", "%ff%fe", "../../../../etc/passwd", "..%2f..%2f", "'", "\"", "' OR '1'='1", "; DROP TABLE orders;--", "<script>alert(1)</script>",
	"{{.}}", "${7*7}", "\\u0000", "\u202e", "한글", "ㄱ", "\xff\xfe", "\x00", "\r\n", "\r\nX-Injected: 1\r\n", "null", "true", "[]", "{}", "[[[[[[[[", "-1", "0",
	"9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e309", "NaN", "0x7f", "1_000", "٣", "&&&&", "a=b&a=c", ";", "#", "?", "//", "*", "=cmd|' /C calc'!A0",
}

// Mutate returns a copy of an HTTP request with one to four things changed in it, and its length told right again nine times in
// ten. others are where foreign parts come from.
func Mutate(r *rand.Rand, request []byte, others [][]byte) []byte {
	b := bytes.Clone(request)
	for range 1 + r.IntN(4) {
		b = mutateOnce(r, b, others)
	}
	if r.IntN(10) > 0 {
		b = withLength(withLine(b, request))
	}
	return b
}

// withLine makes the first line one that HTTP knows: the method and version of the request that it was, and no blanks between.
func withLine(b, was []byte) []byte {
	line, rest, ok := bytes.Cut(b, []byte("\r\n"))
	if !ok {
		return b
	}
	method, _, _ := bytes.Cut(was, []byte(" "))
	line = bytes.TrimSuffix(line, []byte(" HTTP/1.1"))
	if _, target, found := bytes.Cut(line, []byte(" ")); found {
		line = target
	}
	out := append(bytes.Clone(method), ' ')
	if len(line) == 0 || line[0] != '/' {
		out = append(out, '/')
	}
	for _, c := range line {
		if c <= ' ' || c >= 0x7f {
			out = fmt.Appendf(out, "%%%02X", c)
		} else {
			out = append(out, c)
		}
	}
	return append(append(out, " HTTP/1.1\r\n"...), rest...)
}

func mutateOnce(r *rand.Rand, b []byte, others [][]byte) []byte {
	if len(b) == 0 {
		return append(b, nasty[r.IntN(len(nasty))]...)
	}
	at := somewhere(r, b)
	end := min(len(b), at+1+r.IntN(16))
	switch r.IntN(8) {
	case 0: // another byte
		b[at] = byte(r.IntN(256))
	case 1: // a bit
		b[at] ^= 1 << r.IntN(8)
	case 2: // nothing
		b = append(b[:at:at], b[end:]...)
	case 3: // twice, or many times
		times := 1 + r.IntN(2)*r.IntN(200)
		b = splice(b, at, at, bytes.Repeat(b[at:end], times))
	case 4, 5: // something nasty, instead or beside
		b = splice(b, at, end*r.IntN(2), []byte(nasty[r.IntN(len(nasty))]))
	case 6: // a part of another request
		other := others[r.IntN(len(others))]
		from := r.IntN(len(other))
		b = splice(b, at, end, other[from:min(len(other), from+1+r.IntN(64))])
	default: // a number
		b = anotherNumber(r, b, at)
	}
	return b
}

// somewhere is a place in a request: mostly in its first line or its body, for what is broken in the head gets nowhere.
func somewhere(r *rand.Rand, b []byte) int {
	first := bytes.IndexByte(b, '\n')
	body := bytes.Index(b, []byte("\r\n\r\n"))
	switch r.IntN(5) {
	case 0, 1:
		if query := bytes.IndexByte(b[:first+1], '?'); query >= 0 && r.IntN(4) > 0 {
			return query + r.IntN(first-query)
		}
		if first > 4 {
			return 4 + r.IntN(first-4)
		}
	case 2, 3:
		if body >= 0 && body+4 < len(b) {
			return body + 4 + r.IntN(len(b)-body-4)
		}
	}
	return r.IntN(len(b))
}

// splice puts a part in the place of b[at:end]; where end is before at, nothing is taken away.
func splice(b []byte, at, end int, part []byte) []byte {
	end = max(at, end)
	return append(append(append(make([]byte, 0, len(b)+len(part)), b[:at]...), part...), b[end:]...)
}

// anotherNumber changes the next number after a place.
func anotherNumber(r *rand.Rand, b []byte, at int) []byte {
	from := bytes.IndexAny(b[at:], "0123456789")
	if from < 0 {
		return b
	}
	from += at
	end := from
	for end < len(b) && b[end] >= '0' && b[end] <= '9' {
		end++
	}
	numbers := []string{"0", "-1", "1", "99999999999999999999", "2147483648", "9223372036854775807", "0.5", "1e9", ""}
	return splice(b, from, end, []byte(numbers[r.IntN(len(numbers))]))
}

// withLength makes Content-Length what the body is long. What has no such header, or no body, stays as it is.
func withLength(b []byte) []byte {
	head, body, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	if !whole {
		return b
	}
	const name = "\r\nContent-Length: "
	i := strings.Index(string(head), name)
	if i < 0 {
		return b
	}
	end := len(head)
	if n := bytes.Index(head[i+len(name):], []byte("\r\n")); n >= 0 {
		end = i + len(name) + n
	}
	return splice(b, i+len(name), end, []byte(strconv.Itoa(len(body))))
}
