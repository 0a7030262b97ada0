package faults_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

// echo is a server that sends back what it is sent, and remembers it.
type echo struct {
	addr string

	mu  sync.Mutex
	got bytes.Buffer // guarded by mu
}

func newEcho(t *testing.T) *echo {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{addr: l.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			serving.Go(func() {
				defer func() { _ = conn.Close() }()           // it has ended
				_, _ = io.Copy(io.MultiWriter(e, conn), conn) // until either end leaves
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // nobody else closes it
		serving.Wait()
	})
	return e
}

// Write implements io.Writer.
func (e *echo) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got.Write(b)
}

func (e *echo) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got.String()
}

// through connects to an echo by a proxy. The proxy ends first.
func through(t *testing.T) (*echo, *faults.Proxy, net.Conn) {
	t.Helper()
	e := newEcho(t)
	p := faults.NewProxy(t, e.addr)
	return e, p, dial(t, p)
}

func dial(t *testing.T, p *faults.Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return bounded(t, conn)
}

// bounded has a connection end with the test, and what is awaited on it in time.
func bounded(t *testing.T, conn net.Conn) net.Conn {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() }) // it may be closed
	if err := conn.SetDeadline(time.Now().Add(programtest.Patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Fatalf("heard %q, %v; want %q", got, err, text)
	}
}

// hearsNothing waits a little: that nothing comes can be told in no other way.
func hearsNothing(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("heard %d bytes, %v", n, err)
	}
}

// isCut expects that the connection ends behind the text.
func isCut(t *testing.T, conn net.Conn, behind string) {
	t.Helper()
	got, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) || string(got) != behind {
		t.Errorf("heard %q, %v; want an end behind %q", got, err, behind)
	}
}

func TestAProxyPassesOnWhatIsSentAndWhereItEnds(t *testing.T) {
	_, p, conn := through(t)
	p.Set(faults.Conditions{Latency: time.Millisecond, Jitter: 5 * time.Millisecond})
	text := strings.Repeat("0123456789", 100_000)
	go func() {
		_, _ = io.WriteString(conn, text)    // reading tells
		_ = conn.(*net.TCPConn).CloseWrite() // reading tells
	}()
	if got, err := io.ReadAll(conn); err != nil || string(got) != text {
		t.Errorf("%d bytes of %d came back, %v", len(got), len(text), err)
	}
	programtest.Eventually(t, "the connection is forgotten", func() bool { return p.Links() == 0 })
}

func TestAProxyTakesItsTime(t *testing.T) {
	_, p, conn := through(t)
	for what, c := range map[string]faults.Conditions{
		"latency":   {Latency: 20 * time.Millisecond}, // there and back
		"bandwidth": {BytesPerSec: 100_000},
	} {
		p.Set(c)
		began := time.Now()
		text := strings.Repeat("x", 4000)
		say(t, conn, text)
		hear(t, conn, text)
		if took := time.Since(began); took < 40*time.Millisecond {
			t.Errorf("%s: it took %v", what, took)
		}
	}
}

func TestWhatIsSwallowedStaysSo(t *testing.T) {
	for what, way := range map[string]faults.Direction{"there": faults.Up, "back": faults.Down, "both": faults.Both} {
		t.Run(what, func(t *testing.T) {
			e, p, conn := through(t)
			say(t, conn, "a")
			hear(t, conn, "a")
			p.Set(faults.Conditions{Swallow: way})
			say(t, conn, "b")
			programtest.Eventually(t, "it vanishes before the conditions are better", p.Swallowed)
			hearsNothing(t, conn)
			p.Set(faults.Conditions{})
			say(t, conn, "c")
			want := "a"
			if way == faults.Down {
				want = "abc"
				programtest.Eventually(t, "what is not swallowed arrives", func() bool { return e.String() == want })
			}
			hearsNothing(t, conn)
			if got := e.String(); got != want {
				t.Errorf("%q arrived, want %q", got, want)
			}
			other := dial(t, p)
			say(t, other, "d")
			hear(t, other, "d")
		})
	}
}

func TestAProxyRefusesAndCuts(t *testing.T) {
	_, p, conn := through(t)
	say(t, conn, "a")
	hear(t, conn, "a")
	p.Set(faults.Conditions{Refuse: true})
	if refused, err := net.Dial("tcp", p.Addr()); err == nil { // it may be reset before it knows that it is there
		isCut(t, bounded(t, refused), "")
	}
	if n := p.CutAll(); n != 1 {
		t.Errorf("%d connections were cut", n)
	}
	isCut(t, conn, "")
	p.Set(faults.Conditions{})
	other := dial(t, p)
	say(t, other, "b")
	hear(t, other, "b")
	if !p.CutOne() {
		t.Error("there was none to cut")
	}
	isCut(t, other, "")
}

func TestATrapSpringsOnce(t *testing.T) {
	for what, c := range map[string]struct {
		trap    faults.Trap
		arrives string // of what is sent
		heard   string
		silent  bool
	}{
		"behind a pattern":     {trap: faults.Trap{Way: faults.Up, Pattern: []byte("COMMIT"), Then: faults.CutAfter}, arrives: "x COMMIT"},
		"before a pattern":     {trap: faults.Trap{Way: faults.Up, Pattern: []byte("COMMIT"), Then: faults.CutBefore}, arrives: "x COMMI"},
		"silence at a pattern": {trap: faults.Trap{Way: faults.Up, Pattern: []byte("COMMIT"), Then: faults.Silence}, arrives: "x COMMIT", silent: true},
		"behind some bytes":    {trap: faults.Trap{Way: faults.Up, Bytes: 3, Then: faults.CutAfter}, arrives: "x C"},
		"in an answer":         {trap: faults.Trap{Way: faults.Down, Bytes: 4, Then: faults.CutAfter}, arrives: "x COMMIT y", heard: "x CO"},
	} {
		t.Run(what, func(t *testing.T) {
			e, p, conn := through(t)
			sprung := p.Trap(c.trap)
			say(t, conn, "x COMMIT y")
			if c.silent {
				hearsNothing(t, conn)
			} else {
				isCut(t, conn, c.heard)
			}
			<-sprung
			programtest.Eventually(t, "what was let through arrives", func() bool { return len(e.String()) >= len(c.arrives) })
			if got := e.String(); got != c.arrives {
				t.Errorf("%q arrived, want %q", got, c.arrives)
			}
			other := dial(t, p)
			say(t, other, "x COMMIT y")
			hear(t, other, "x COMMIT y")
		})
	}
}

func TestATrapKnowsAPatternThatComesInPieces(t *testing.T) {
	e, p, conn := through(t)
	sprung := p.Trap(faults.Trap{Way: faults.Up, Pattern: []byte("COMMIT"), Then: faults.CutAfter})
	for _, piece := range []string{"COMMA COM", "M", "IT", " y"} {
		_, _ = io.WriteString(conn, piece) // the last may come too late
		programtest.Eventually(t, "the piece arrives", func() bool {
			got := e.String()
			return strings.HasSuffix(got, piece) || strings.HasSuffix(got, "COMMIT")
		})
	}
	<-sprung
	if got := e.String(); got != "COMMA COMMIT" {
		t.Errorf("%q arrived", got)
	}
}

func TestATrapMayBeTakenAway(t *testing.T) {
	_, p, conn := through(t)
	p.Trap(faults.Trap{Way: faults.Up, Pattern: []byte("a")})
	p.Disarm()
	say(t, conn, "a")
	hear(t, conn, "a")
}
