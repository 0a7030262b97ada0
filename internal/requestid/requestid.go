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
	if given := w.Header()[Header]; len(given) > 0 {
		return given[0]
	}
	var c Context
	c.Name(w, r)
	return c.id[0]
}

// Context is a context with the id of the request that it is part of.
type Context struct {
	context.Context
	id [1]string // as the answer's headers have it
}

// With returns a context that says that it is part of the request with an id.
func With(ctx context.Context, id string) context.Context { return &Context{ctx, [1]string{id}} }

// Name makes c the context of a request as it comes, and puts its id into the answer's headers.
func (c *Context) Name(w http.ResponseWriter, r *http.Request) {
	c.Context, c.id[0] = r.Context(), of(r)
	w.Header()[Header] = c.id[:]
}

type key struct{}

// Value implements context.Context.
func (c *Context) Value(name any) any {
	if _, ours := name.(key); ours {
		return c
	}
	return c.Context.Value(name)
}

// Of returns the id of the request that a context is part of; "" when it is part of none.
func Of(ctx context.Context) string {
	if c, ok := ctx.Value(key{}).(*Context); ok {
		return c.id[0]
	}
	return ""
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
