// Package requestid names requests, so that an answer and the lines about it in a log can be brought together.
package requestid

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
)

// Header is where a request's id stands, in requests and answers.
const Header = "X-Request-Id"

// maxSize bounds an id that a caller chose, in bytes.
const maxSize = 128

// Give returns the id of a request and puts it into the answer's headers, once: the caller's own when it is a sane one,
// else a new one.
func Give(w http.ResponseWriter, r *http.Request) string {
	h := w.Header()
	if given := h[Header]; len(given) > 0 {
		return given[0]
	}
	id := of(r)
	h[Header] = []string{id}
	return id
}

// key is where a context has the id of the request that it is part of.
type key struct{}

// With returns a context of what belongs to a request.
func With(ctx context.Context, id string) context.Context { return context.WithValue(ctx, key{}, id) }

// Of returns the id of the request that a context is part of, "" when it is of none.
func Of(ctx context.Context) string {
	id, _ := ctx.Value(key{}).(string)
	return id
}

func of(r *http.Request) string {
	if own := r.Header[Header]; len(own) > 0 && isSane(own[0]) {
		return own[0]
	}
	var b [12]byte
	for i := 0; i < len(b); i += 4 {
		n := rand.Uint32() // an id to find a line in a log by; it guards nothing
		b[i], b[i+1], b[i+2], b[i+3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
	}
	return hex.EncodeToString(b[:])
}

func isSane(id string) bool {
	if id == "" || len(id) > maxSize {
		return false
	}
	for i := range len(id) {
		c := id[i]
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
