package whole_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/whole"
)

// patience bounds what would wait for ever if a part of an answer were held back and forgotten.
const patience = time.Minute

// counting is a listener of which is known how many writes its connections made.
type counting struct {
	net.Listener
	writes atomic.Int64
}

type counted struct {
	*net.TCPConn // whose writes of several parts are one
	l            *counting
}

func (l *counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &counted{c.(*net.TCPConn), l}, nil
}

func (c *counted) Write(p []byte) (int, error) {
	c.l.writes.Add(1)
	return c.TCPConn.Write(p)
}

// start serves by a handler, and returns its address and the writes it makes by itself, which those of two parts are not.
func start(t *testing.T, handler http.HandlerFunc) (address string, writes *atomic.Int64) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &counting{Listener: inner}
	web := &http.Server{Handler: handler, ConnContext: whole.Remember}
	served := make(chan error, 1)
	go func() { served <- web.Serve(whole.Listener(l)) }()
	t.Cleanup(func() {
		if err := web.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return inner.Addr().String(), &l.writes
}

// caller asks on one connection.
type caller struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func call(t *testing.T, address string) caller {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the server may have closed it
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return caller{t, conn, bufio.NewReader(conn)}
}

// ask sends a request and reads the whole answer.
func (c caller) ask(method, path string) (*http.Response, []byte, error) {
	c.t.Helper()
	r, err := http.NewRequest(method, "http://test"+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := r.Write(c); err != nil {
		return nil, nil, err
	}
	resp, err := http.ReadResponse(c.in, r)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // the error of reading is looked at
	return resp, body, err
}

// sized answers /N with N bytes, having said so, and /quiet/N without.
func sized(w http.ResponseWriter, r *http.Request) {
	path, quiet := strings.CutPrefix(r.URL.Path, "/quiet")
	size, err := strconv.Atoi(strings.TrimPrefix(path, "/"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
	w.Header().Set("Content-Length", strconv.Itoa(size))
	if !quiet {
		whole.Expect(r, http.StatusOK, size)
	}
	_, _ = w.Write(body) // the caller notices
}

// TestAnswersOfAllSizesArriveWhole asks on one connection for all sizes about the bounds of all buffers: none may wait for a part that
// does not come.
func TestAnswersOfAllSizesArriveWhole(t *testing.T) {
	address, _ := start(t, sized)
	c := call(t, address)
	want := bytes.Repeat([]byte("0123456789"), 7000)
	sizes := []int{16_000, 32_768, 65_536, 70_000}
	for size := range 8500 {
		sizes = append(sizes, size)
	}
	for n, size := range sizes {
		path := "/" + strconv.Itoa(size)
		if n%7 == 0 {
			path = "/quiet" + path
		}
		_, body, err := c.ask(http.MethodPost, path)
		if err != nil || !bytes.Equal(body, want[:size]) {
			t.Fatalf("%s: %d bytes, %v", path, len(body), err)
		}
		if n%100 == 0 {
			resp, body, err := c.ask(http.MethodHead, path)
			if err != nil || len(body) != 0 || resp.ContentLength != int64(size) {
				t.Fatalf("HEAD %s: %d bytes of %v, %v", path, len(body), resp, err)
			}
		}
	}
}

// TestAnAnswerThatWasToldIsOneWrite: two parts that go out together are none of the connection's own writes.
func TestAnAnswerThatWasToldIsOneWrite(t *testing.T) {
	address, writes := start(t, sized)
	c := call(t, address)
	for _, test := range []struct {
		path string
		want int64
	}{{"/quiet/100", 1}, {"/100", 1}, {"/quiet/7000", 2}, {"/7000", 0}, {"/quiet/20000", 2}, {"/20000", 0}} {
		before := writes.Load()
		if _, _, err := c.ask(http.MethodPost, test.path); err != nil {
			t.Fatalf("%s: %v", test.path, err)
		}
		if got := writes.Load() - before; got != test.want {
			t.Errorf("%s: %d writes, want %d", test.path, got, test.want)
		}
	}
}

// TestAnAnswerWithoutABodyWaitsForNone also when its handler says how large the body would be.
func TestAnAnswerWithoutABodyWaitsForNone(t *testing.T) {
	address, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			t.Error(err)
		}
		whole.Expect(r, status, 9000)
		w.WriteHeader(status)
	})
	c := call(t, address)
	for _, status := range []int{http.StatusNoContent, http.StatusNotModified} {
		if resp, _, err := c.ask(http.MethodGet, "/"+strconv.Itoa(status)); err != nil || resp.StatusCode != status {
			t.Errorf("%d: %v, %v", status, resp, err)
		}
	}
}

// TestAnswersComeInTheOrderOfTheirRequests sends some at once, each of which asks for leave to send its body.
func TestAnswersComeInTheOrderOfTheirRequests(t *testing.T) {
	address, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		sized(w, r)
	})
	c := call(t, address)
	sizes := []int{7000, 100, 5000, 9000}
	var all strings.Builder
	for _, size := range sizes {
		all.WriteString("POST /" + strconv.Itoa(size) + " HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody")
	}
	if _, err := io.WriteString(c, all.String()); err != nil {
		t.Fatal(err)
	}
	for _, size := range sizes {
		for _, status := range []int{http.StatusContinue, http.StatusOK} {
			resp, err := http.ReadResponse(c.in, nil)
			if err != nil || resp.StatusCode != status {
				t.Fatalf("%d bytes: %v, %v", size, resp, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || status == http.StatusOK && len(body) != size {
				t.Fatalf("%d bytes of %d: %v", len(body), size, err)
			}
		}
	}
}

// TestABrokenPromiseIsABrokenConnection: who says more than he writes leaves no caller waiting.
func TestABrokenPromiseIsABrokenConnection(t *testing.T) {
	address, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9000")
		whole.Expect(r, http.StatusOK, 9000)
		switch r.URL.Path {
		case "/half":
			_, _ = w.Write(make([]byte, 4500)) // the caller notices
		case "/panic":
			_, _ = w.Write(make([]byte, 4500)) // the caller notices
			panic(http.ErrAbortHandler)
		}
	})
	for _, path := range []string{"/nothing", "/half", "/panic"} {
		_, body, err := call(t, address).ask(http.MethodPost, path)
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %d bytes, %v", path, len(body), err)
		}
	}
}

// TestWhoLeavesTakesNothingAlong: a caller that does not read its answer breaks no other connection.
func TestWhoLeavesTakesNothingAlong(t *testing.T) {
	address, _ := start(t, sized)
	for range 50 {
		c := call(t, address)
		if _, err := io.WriteString(c, "POST /60000 HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		_ = c.Close() // with an answer unread
		if _, body, err := call(t, address).ask(http.MethodPost, "/7000"); err != nil || len(body) != 7000 {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
	}
}
