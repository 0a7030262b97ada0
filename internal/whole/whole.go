// Package whole sends an answer in one write where net/http needs two: it writes what is larger than its buffer of 4 KiB in parts, and each
// part is a system call, a packet, and a caller woken up for half an answer.
//
// Whoever answers tells the size of the body before writing it. The connection then holds the first part back, as long as that is no larger
// than the body, and sends it with the next one. What it is not told of passes as it comes.
package whole

import (
	"context"
	"net"
	"net/http"
	"sync"
)

const (
	// worthwhile is the size from which on an answer may take more than one write.
	worthwhile = 2 << 10
	// mostHeld is how much is held back of an answer: the first of net/http's parts. What does not fit in its buffer any more it writes
	// without copying, so that there are two parts of most answers.
	mostHeld = 4 << 10
)

type listener struct{ net.Listener }

// Listener returns one whose connections can hold back. They must not be encrypted above it: a record is nothing to wait for.
func Listener(l net.Listener) net.Listener { return listener{l} }

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

type key struct{}

// Remember is for http.Server.ConnContext: Expect finds the connection by it.
func Remember(ctx context.Context, c net.Conn) context.Context {
	if own, ok := c.(*conn); ok {
		return context.WithValue(ctx, key{}, own)
	}
	return ctx
}

// Expect says that the answer to a request, with some status, will have a body of so many bytes, as its Content-Length says. It is called
// before anything of the answer is written, by whoever then writes all of it without waiting for anything, or breaks the connection.
func Expect(r *http.Request, status, size int) {
	bare := status < http.StatusOK || status == http.StatusNoContent || status == http.StatusNotModified || r.Method == http.MethodHead
	if bare || size < worthwhile {
		return
	}
	if c, ok := r.Context().Value(key{}).(*conn); ok {
		c.body, c.seen = size, 0
	}
}

// conn is a connection of one server: whoever answers on it and what writes to it take turns.
type conn struct {
	net.Conn
	body  int     // bytes of the body that is to come; 0 = nobody said
	seen  int     // bytes written of the answer, its head among them
	held  *buffer // nil = none of them are held back
	parts [2][]byte
	both  net.Buffers // of parts; made anew, they would be allocated for each answer
}

type buffer struct {
	bytes [mostHeld]byte
	n     int
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// Write implements net.Conn. An answer begins with a head: as long as no more was written than its body has, more is to come.
func (c *conn) Write(p []byte) (int, error) {
	if c.body == 0 {
		return c.Conn.Write(p)
	}
	if c.seen += len(p); c.seen > c.body {
		c.body = 0
	} else if c.hold(p) {
		return len(p), nil
	}
	if c.held == nil {
		return c.Conn.Write(p)
	}
	return c.writeBoth(p)
}

// CloseWrite is for net/http, which ends so what it has not read to the end.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// hold keeps a part of an answer for later, if there is room.
func (c *conn) hold(p []byte) bool {
	if c.held == nil {
		if len(p) > mostHeld {
			return false
		}
		c.held = buffers.Get().(*buffer)
		c.held.n = 0
	}
	if c.held.n+len(p) > mostHeld {
		return false
	}
	c.held.n += copy(c.held.bytes[c.held.n:], p)
	return true
}

// writeBoth writes what is held, and p, and returns how much of p was written.
func (c *conn) writeBoth(p []byte) (int, error) {
	held := c.held
	c.parts = [2][]byte{held.bytes[:held.n], p}
	c.both = c.parts[:]
	n, err := c.both.WriteTo(c.Conn)
	c.parts, c.both, c.held = [2][]byte{}, nil, nil
	n -= int64(held.n)
	buffers.Put(held)
	return int(max(n, 0)), err
}
