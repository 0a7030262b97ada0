package faults_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

const slowCallers = 200

// TestCallersAreCutOffInTheMiddleOfAnswers anywhere in what the node says to them, over a network that is not good either. Who
// asks again is told the same.
func TestCallersAreCutOffInTheMiddleOfAnswers(t *testing.T) {
	eachShopOrOne(t, "SQLite", func(s *shop) {
		node := s.serve()
		proxy := faults.NewProxy(s.t, strings.TrimPrefix(node.URL, "http://"))
		proxy.Set(faults.Conditions{Latency: time.Millisecond, Jitter: 5 * time.Millisecond})
		stop := s.buying(networkBuyers, "http://"+proxy.Addr())
		row := faults.Row{Fault: "callers are cut off in answers", Rounds: faults.Rounds(30, 300)}
		for range row.Rounds {
			s.sprung(proxy.Trap(faults.Trap{Way: faults.Down, Bytes: 1 + rand.N(2000), Then: faults.CutAfter}))
		}
		row.Recovery = s.recovered(time.Now(), 0)
		stop()
		s.settle(node, row)
	})
}

// TestOthersGoOnBuyingBesideSlowCallers: whoever sends or reads slowly, or nothing at all, takes no more than its connection, and
// that for a while only.
func TestOthersGoOnBuyingBesideSlowCallers(t *testing.T) {
	for what, c := range map[string]struct {
		call     func(*testing.T, *programtest.Program) []net.Conn
		onlyAll  string
		goneSoon bool // the node closes their connections
	}{
		"headers by single bytes":  {call: drip, onlyAll: "heads have ten seconds", goneSoon: true},
		"bodies that stop":         {call: stopInBody, onlyAll: "bodies have half a minute", goneSoon: true},
		"answers are read slowly":  {call: readSlowly},
		"idle connections":         {call: stayIdle},
		"connections without word": {call: sayNothing, onlyAll: "it is much like headers by single bytes", goneSoon: true},
	} {
		t.Run(what, func(t *testing.T) {
			if c.onlyAll != "" {
				faults.OnlyAll(t, c.onlyAll)
			}
			t.Parallel() // it waits most of the time
			s := open(t, t.TempDir(), "sqlite:"+t.TempDir()+"/giftimbiz.db")
			node := s.serve()
			slow := c.call(t, node)
			began := time.Now()
			stop := s.buying(networkBuyers, node.URL)
			s.sold(int64(faults.Rounds(100, 1000)))
			t.Logf("it took %v beside %d of them", time.Since(began), len(slow))
			s.ready(node)
			stop()
			if c.goneSoon {
				areClosed(t, slow)
			}
			for _, conn := range slow {
				_ = conn.Close() // the node may have closed it
			}
			s.settle(node, faults.Row{Fault: fmt.Sprintf("%d callers: %s", len(slow), what), Rounds: 1})
		})
	}
}

// areClosed expects that the node closes connections by itself, with or without a word.
func areClosed(t *testing.T, conns []net.Conn) {
	t.Helper()
	for _, conn := range conns {
		if err := conn.SetReadDeadline(time.Now().Add(programtest.Patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
			t.Fatal("the node keeps a slow caller's connection")
		}
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// drip sends a head that has no end, byte by byte.
func drip(t *testing.T, node *programtest.Program) []net.Conn {
	t.Helper()
	conns := connections(t, node.URL, slowCallers)
	var dripping sync.WaitGroup
	done := make(chan struct{})
	for _, conn := range conns {
		dripping.Go(func() {
			for _, b := range []byte("POST /api/v1/giftimbiz/listAll HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 1000)) {
				if _, err := conn.Write([]byte{b}); err != nil {
					return // it was closed
				}
				select {
				case <-time.After(100 * time.Millisecond):
				case <-done:
					return
				}
			}
		})
	}
	t.Cleanup(func() {
		close(done)
		dripping.Wait()
	})
	return conns
}

// stopInBody sends a purchase whose last byte never comes.
func stopInBody(t *testing.T, node *programtest.Program) []net.Conn {
	t.Helper()
	conns := connections(t, node.URL, slowCallers)
	for _, conn := range conns {
		say(t, conn, "POST /api/v1/giftimbiz/buyGifticoupon HTTP/1.1\r\nHost: a\r\n"+
			"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nmd_idx=18411")
	}
	return conns
}

// readSlowly asks for large answers and reads a byte now and then.
func readSlowly(t *testing.T, node *programtest.Program) []net.Conn {
	t.Helper()
	proxy := faults.NewProxy(t, strings.TrimPrefix(node.URL, "http://"))
	proxy.Set(faults.Conditions{BytesPerSec: 2000})
	conns := connections(t, "http://"+proxy.Addr(), slowCallers)
	for _, conn := range conns {
		say(t, conn, "GET /docs/openapi/v2.json HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	return conns
}

// stayIdle asks for something and then says nothing more on a connection that may be used again.
func stayIdle(t *testing.T, node *programtest.Program) []net.Conn {
	t.Helper()
	conns := connections(t, node.URL, 3*slowCallers)
	for _, conn := range conns {
		say(t, conn, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
		heard := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(conn, heard); err != nil || !strings.HasSuffix(string(heard), fmt.Sprint(http.StatusOK)) {
			t.Fatalf("%q, %v", heard, err)
		}
	}
	return conns
}

func sayNothing(t *testing.T, node *programtest.Program) []net.Conn {
	t.Helper()
	return connections(t, node.URL, slowCallers)
}
