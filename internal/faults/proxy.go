package faults

import (
	"math"
	"net"
	"sync"
	"testing"
	"time"
)

// Direction is a way through a Proxy, or both of them.
type Direction int

// The ways through a Proxy.
const (
	Up   Direction = 1 << iota // from those who connect
	Down                       // to them
	Both = Up | Down
)

// Conditions are what connections through a Proxy meet. The zero value is a good network.
type Conditions struct {
	Latency     time.Duration // what is sent comes so much later, in each direction …
	Jitter      time.Duration // … and up to so much more; it stays in order
	BytesPerSec int           // of each connection, in each direction; 0 = any number
	// Swallow has what is sent vanish, while both ends think that they are connected: as a firewall does that forgot the
	// connection. A connection that has lost something stays so when the conditions are better again; it is for its ends to
	// notice.
	Swallow Direction
	Refuse  bool // new connections are reset at once
}

// Proxy passes TCP connections on to an address and breaks them as it is told. Its methods may be called from any goroutine.
type Proxy struct {
	to       string
	listener net.Listener
	running  sync.WaitGroup

	mu         sync.Mutex
	conditions Conditions         // guarded by mu
	traps      []*armed           // guarded by mu
	links      map[*link]struct{} // guarded by mu
	closed     bool               // guarded by mu
}

// NewProxy returns a proxy in front of an address, host:port. It ends, with all its connections, when the test does.
func NewProxy(t testing.TB, to string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{to: to, listener: l, links: map[*link]struct{}{}}
	p.running.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Addr is where the proxy listens, host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Set has all connections, present and future ones, meet other conditions from now on.
func (p *Proxy) Set(c Conditions) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conditions = c
}

// Links is how many connections there are.
func (p *Proxy) Links() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// CutAll resets all connections that there are and tells how many.
func (p *Proxy) CutAll() int { return p.cut(math.MaxInt) }

// CutOne resets one connection, chosen at random, and tells whether there was any.
func (p *Proxy) CutOne() bool { return p.cut(1) == 1 }

// cut resets so many connections at most.
func (p *Proxy) cut(most int) int {
	p.mu.Lock()
	var chosen []*link
	for l := range p.links { // in no order
		if len(chosen) == most {
			break
		}
		chosen = append(chosen, l)
		delete(p.links, l)
	}
	p.mu.Unlock()
	for _, l := range chosen {
		l.reset()
	}
	return len(chosen)
}

func (p *Proxy) now() Conditions {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conditions
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close() // nobody else closes it
	p.CutAll()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.running.Go(func() { p.serve(conn.(*net.TCPConn)) })
	}
}

// serve passes a connection on until it has ended.
func (p *Proxy) serve(near *net.TCPConn) {
	if p.now().Refuse {
		resetConn(near)
		return
	}
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		resetConn(near)
		return
	}
	l := &link{proxy: p, near: near, far: far.(*net.TCPConn), done: make(chan struct{})}
	if !p.add(l) {
		l.reset()
		return
	}
	defer p.remove(l)
	var ways sync.WaitGroup
	ways.Go(func() { l.pass(Up, l.near, l.far) })
	ways.Go(func() { l.pass(Down, l.far, l.near) })
	ways.Wait()
	_ = l.near.Close() // both have ended, or were reset
	_ = l.far.Close()
}

// add takes a link into the list, unless the proxy is closed or refuses by now: whoever has it refuse and then cuts all finds none that
// came about meanwhile.
func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.conditions.Refuse {
		return false
	}
	p.links[l] = struct{}{}
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}
