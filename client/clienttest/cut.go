package clienttest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
)

// cutter breaks the connection of one request.
type cutter struct {
	mu    sync.Mutex
	armed *cut // guarded by mu; nil = nothing is to be cut
}

// cut is how much of an answer gets through.
type cut struct {
	after int
	done  atomic.Bool
}

func (c *cutter) arm(after int) func() bool {
	order := &cut{after: after}
	c.mu.Lock()
	c.armed = order
	c.mu.Unlock()
	return order.done.Load
}

func (c *cutter) take() *cut {
	c.mu.Lock()
	defer c.mu.Unlock()
	order := c.armed
	c.armed = nil
	return order
}

// listen answers by a handler on an address of its own.
func (c *cutter) listen(handler http.Handler) *httptest.Server {
	web := httptest.NewUnstartedServer(c.watch(handler))
	web.Listener = &cutListener{web.Listener}
	web.Config.ConnContext = connContext
	web.Start()
	return web
}

// watch has the next request's connection cut. Nothing of an answer is written before its handler runs.
func (c *cutter) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connKey{}).(*cutConn); ok {
			conn.left.Store(nil) // of the request before
			if order := c.armedFor(r); order != nil {
				conn.written = 0
				conn.left.Store(order)
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (c *cutter) armedFor(r *http.Request) *cut {
	if strings.HasSuffix(r.URL.Path, "/token") || strings.HasSuffix(r.URL.Path, "/getAccessToken") {
		return nil
	}
	return c.take()
}

type connKey struct{}

func connContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

type cutListener struct{ net.Listener }

// Accept returns connections that can be cut.
func (l *cutListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &cutConn{Conn: conn}, nil
}

// cutConn is a connection that breaks.
type cutConn struct {
	net.Conn
	left    atomic.Pointer[cut]
	written int // of the answer to be cut; one goroutine at a time writes
}

var errCut = errors.New("the test cuts the answer off")

// Write breaks the connection where the test wants it.
func (c *cutConn) Write(b []byte) (int, error) {
	order := c.left.Load()
	if order == nil {
		return c.Conn.Write(b)
	}
	n := min(len(b), order.after-c.written)
	if n == len(b) {
		c.written += n
		return c.Conn.Write(b)
	}
	order.done.Store(true)
	n, _ = c.Conn.Write(b[:max(n, 0)]) // it breaks anyway
	c.written += n
	_ = c.Conn.Close() // likewise
	return n, errCut
}
