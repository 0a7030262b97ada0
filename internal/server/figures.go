package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// FiguresTo says who may read /metrics where everything else is. It tells what the house sells and earns, how much of everything it
// has and which version runs: nothing for partners or the public.
type FiguresTo int

// Who may read it.
const (
	FiguresToMachine FiguresTo = iota // who calls from this machine, and not for somebody else
	FiguresToNobody                   // they are elsewhere, or a proxy on this machine calls for the world
	FiguresToAll
)

// guard answers others as if there were no such path.
func (f FiguresTo) guard(figures http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f == FiguresToAll || f == FiguresToMachine && isLocal(r) {
			figures.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})
}

// isLocal tells whether a request comes from this machine, as far as it can be seen: not by a proxy, which often passes on the name
// that the world uses, nor by a browser here that a page from elsewhere has led to another name.
func isLocal(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	other, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && other.Addr().Unmap().IsLoopback() && namesThisMachine(r.Host)
}

// namesThisMachine tells whether a Host header names no other machine.
func namesThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// Monitoring is what is answered at an address of its own: /metrics, /healthz and /readyz. Put a Front before it.
func (n *Node) Monitoring() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", n.metrics.handler())
	return mux
}
