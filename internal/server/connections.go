package server

import (
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"giftimbiz/internal/peer"
)

// Connections bounds how many connections are open, in all and from one address (of IPv6, one /64): each may hold a megabyte of a request
// that never ends. What is above is closed before anything of it is read. Trusted proxies and this machine have as many as all may have.
type Connections struct {
	most, perAddress int
	trusted          []netip.Prefix
	refused          prometheus.Counter

	mu   sync.Mutex
	open int                // guarded by mu
	from map[netip.Addr]int // guarded by mu: the addresses that have some
}

// NewConnections allows so many connections in all and from one address; 0 = any number.
func NewConnections(most, perAddress int, trusted []netip.Prefix) *Connections {
	return &Connections{
		most: most, perAddress: perAddress, trusted: trusted, from: map[netip.Addr]int{},
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "giftimbiz_connections_refused_total", Help: "Connections closed at once because there were too many.",
		}),
	}
}

// Watch is for http.Server.ConnState. A connection that is closed here reports that it is, like any other.
func (c *Connections) Watch(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if !c.enter(addressOf(conn)) {
			c.refused.Inc()
			_ = conn.Close() // nobody is told of a fault here
		}
	case http.StateClosed, http.StateHijacked:
		c.leave(addressOf(conn))
	case http.StateActive, http.StateIdle:
	}
}

// addressOf returns where a connection comes from; the zero Addr for what is no network's.
func addressOf(conn net.Conn) netip.Addr {
	other, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return other.Addr().Unmap()
}

// enter counts a connection and tells whether it may stay.
func (c *Connections) enter(addr netip.Addr) bool {
	place := peer.PlaceOf(addr)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open++
	c.from[place]++
	if c.most > 0 && c.open > c.most {
		return false
	}
	return c.perAddress <= 0 || c.from[place] <= c.perAddress || addr.IsLoopback() || peer.Within(c.trusted, addr)
}

func (c *Connections) leave(addr netip.Addr) {
	place := peer.PlaceOf(addr)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if c.from[place]--; c.from[place] == 0 {
		delete(c.from, place)
	}
}

// Open returns how many connections are open.
func (c *Connections) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}

// register shows the figures.
func (c *Connections) register(r *prometheus.Registry) {
	r.MustRegister(c.refused, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "giftimbiz_connections", Help: "Connections that are open.",
	}, func() float64 { return float64(c.Open()) }))
}
