package server

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// visitor is a connection from somewhere.
type visitor struct {
	net.Conn
	from   string
	closed bool
}

func (v *visitor) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(v.from))
}

func (v *visitor) Close() error {
	v.closed = true
	return nil
}

func TestAnAddressHasOnlySoManyConnections(t *testing.T) {
	c := NewConnections(100, 2, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	comes := func(from string) *visitor {
		v := &visitor{from: from}
		c.Watch(v, http.StateNew)
		if v.closed {
			c.Watch(v, http.StateClosed)
		} else {
			c.Watch(v, http.StateActive)
		}
		return v
	}
	for _, address := range []string{"203.0.113.66:1", "[2001:db8:1:2::1]:1"} {
		first := comes(address)
		second := comes(address)
		third := comes(address)
		if first.closed || second.closed || !third.closed {
			t.Errorf("%s: closed %t, %t, %t", address, first.closed, second.closed, third.closed)
		}
		c.Watch(first, http.StateClosed)
		if again := comes(address); again.closed {
			t.Errorf("%s finds no place that was left", address)
		}
	}
	if v := comes("[2001:db8:1:2:ffff::1]:1"); !v.closed {
		t.Error("another address of the same network has a place of its own")
	}
	for range 5 {
		for _, address := range []string{"127.0.0.1:1", "[::1]:1", "10.1.2.3:1"} {
			if v := comes(address); v.closed {
				t.Errorf("%s is held to it", address)
			}
		}
	}
	if n, refused := c.Open(), figure(t, c.refused); n != 2+2+15 || refused != 3 {
		t.Errorf("%d are open, %v were refused", n, refused)
	}
}

// TestConnectionsThatAreTooManyAreClosedUnread opens them to a server, and again when others have gone.
func TestConnectionsThatAreTooManyAreClosedUnread(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := NewConnections(2, 0, nil)
	web := NewHTTP(http.HandlerFunc(alive), slog.New(slog.DiscardHandler))
	web.ConnState = c.Watch
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	t.Cleanup(func() {
		_ = web.Close()
		<-ended
	})
	ask := func() (net.Conn, string) {
		conn, err := net.DialTimeout("tcp", listener.Addr().String(), patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") // it may be closed by now
		line, _ := bufio.NewReader(conn).ReadString('\n')
		return conn, line
	}
	first, said := ask()
	_, also := ask()
	if said != "HTTP/1.1 200 OK\r\n" || also != said {
		t.Fatalf("%q, %q", said, also)
	}
	if _, said := ask(); said != "" {
		t.Errorf("one too many is answered %q", said)
	}
	_ = first.Close()
	eventually(t, "a place is free", func() bool { return c.Open() == 1 })
	if _, said := ask(); said != "HTTP/1.1 200 OK\r\n" {
		t.Errorf("in the free place: %q", said)
	}
}
