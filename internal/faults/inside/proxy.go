package inside

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
)

// Messages of PostgreSQL's protocol, version 3, by their first bytes.
const (
	query         = 'Q'
	parse         = 'P'
	bind          = 'B'
	execute       = 'E'
	syncAll       = 'S'
	readyForQuery = 'Z'
)

// lostRace is what a COMMIT that is Refused becomes: the server itself says so, and the transaction is over.
const lostRace = `DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '40001'; END $$`

// Proxy stands between a node and PostgreSQL and understands what passes. Where a statement fails, the connection is cut: before
// the statement is sent on, or when the server has answered it.
type Proxy struct {
	faults   *Faults
	server   string
	listener net.Listener
	work     sync.WaitGroup

	mu    sync.Mutex
	dead  bool                  // guarded by mu
	conns map[net.Conn]struct{} // guarded by mu: to nodes
}

// NewProxy returns a proxy to the server of a database URL, and the URL of the same database through it.
func NewProxy(database string, faults *Faults) (p *Proxy, through string, err error) {
	u, err := url.Parse(database)
	if err != nil {
		return nil, "", err
	}
	p = &Proxy{faults: faults, server: u.Host, conns: map[net.Conn]struct{}{}}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, "", err
	}
	u.Host = p.listener.Addr().String()
	p.work.Go(p.accept)
	return p, u.String(), nil
}

// Kill cuts all connections and takes no more: what a node did not get through by now it never will, as if it had died.
func (p *Proxy) Kill() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.dead = true
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.work.Wait()
	return err
}

// keep notes a connection until it ends, and tells whether the proxy takes it.
func (p *Proxy) keep(conn net.Conn) (kept bool, end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = struct{}{}
	return !p.dead, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, conn)
	}
}

// Close takes no more connections and waits for those there are to end.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.work.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		node, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(node) })
	}
}

func (p *Proxy) serve(node net.Conn) {
	defer func() { _ = node.Close() }()
	kept, end := p.keep(node)
	defer end()
	if !kept {
		return
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	l := &link{faults: p.faults, node: node, server: server, texts: map[string]string{}, answered: make(chan struct{})}
	p.work.Go(l.answers)
	l.statements()
	_ = server.Close() // the answers end with it
}

// link is one connection.
type link struct {
	faults       *Faults
	node, server net.Conn
	texts        map[string]string // of prepared statements; owned by statements
	bound        string            // the text of the statement that was bound last
	swallow      atomic.Bool       // answers are not passed on any more
	answered     chan struct{}     // closed when the server is ready, after swallow was set
}

// statements passes on what the node sends, until a statement fails or the connection ends.
func (l *link) statements() {
	in, out := bufio.NewReader(l.node), bufio.NewWriter(l.server)
	if err := pass(in, out, 0); err != nil { // the first message has no type
		return
	}
	for {
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		kind, body, err := read(in)
		if err != nil {
			return
		}
		if text, ok := l.statement(kind, body); ok {
			if how, fails := l.faults.next(text); fails && how != Refused {
				l.fail(out, how, kind, body)
				return
			} else if fails {
				body = append([]byte(lostRace), 0)
			}
		}
		if write(out, kind, body) != nil {
			return
		}
	}
}

// statement returns the text of the statement that a message has the server run, if it does.
func (l *link) statement(kind byte, body []byte) (text string, ok bool) {
	switch kind {
	case query:
		return word(body, 0), true
	case parse:
		l.texts[word(body, 0)] = word(body, 1)
	case bind:
		l.bound = l.texts[word(body, 1)]
	case execute:
		return l.bound, true
	}
	return "", false
}

// fail has the server run the statement, or not, before the connection is cut.
func (l *link) fail(out *bufio.Writer, how How, kind byte, body []byte) {
	if how == NotStored {
		return
	}
	l.swallow.Store(true)
	err := write(out, kind, body)
	if err == nil && kind == execute {
		err = write(out, syncAll, nil)
	}
	if errors.Join(err, out.Flush()) == nil {
		<-l.answered
	}
}

// answers passes on what the server says.
func (l *link) answers() {
	defer func() { _ = l.node.Close() }() // the node hears nothing any more
	in, out := bufio.NewReader(l.server), bufio.NewWriter(l.node)
	defer close(l.answered)
	for {
		kind, body, err := read(in)
		if err != nil {
			return
		}
		if l.swallow.Load() {
			if kind == readyForQuery {
				return
			}
			continue
		}
		if write(out, kind, body) != nil || in.Buffered() == 0 && out.Flush() != nil {
			return
		}
	}
}

func word(body []byte, n int) string {
	words := bytes.SplitN(body, []byte{0}, n+2)
	if n >= len(words) {
		return ""
	}
	return string(words[n])
}

func read(in *bufio.Reader) (kind byte, body []byte, err error) {
	if kind, err = in.ReadByte(); err != nil {
		return 0, nil, err
	}
	body, err = readBody(in)
	return kind, body, err
}

// readBody reads the length of a message, which counts itself, and what follows it.
func readBody(in *bufio.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > 64<<20 {
		return nil, errors.New("no message of PostgreSQL's protocol")
	}
	body := make([]byte, n-4)
	_, err := io.ReadFull(in, body)
	return body, err
}

func pass(in *bufio.Reader, out *bufio.Writer, kind byte) error {
	body, err := readBody(in)
	if err != nil {
		return err
	}
	return write(out, kind, body)
}

// write sends a message; kind 0 = one without a type.
func write(out *bufio.Writer, kind byte, body []byte) error {
	head := make([]byte, 0, 5)
	if kind != 0 {
		head = append(head, kind)
	}
	head = binary.BigEndian.AppendUint32(head, uint32(len(body)+4))
	_, err := out.Write(head)
	_, err2 := out.Write(body)
	return errors.Join(err, err2)
}
