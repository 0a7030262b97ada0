package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// answer is what the server answered, valid until the next request on the same connection.
type answer struct {
	status     int
	retryAfter int // seconds; 0 = not said
	head       int // bytes before the body, but for the ends of lines
	body       []byte
}

// connection is a lean HTTP/1.1 client: it leaves the machine to the server that is measured.
type connection struct {
	conn     net.Conn
	r        *bufio.Reader
	body     []byte    // reused by every answer
	deadline time.Time // when an answer is given up
}

// An answer is waited for between one and two of answerTimeout: setting a deadline costs a request something, so it is
// not set anew for each.
const answerTimeout = 30 * time.Second

func dial(addr string) (*connection, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, r: bufio.NewReaderSize(conn, 64<<10)}, nil
}

func (c *connection) close() { _ = c.conn.Close() } // nothing is lost

// do sends a request and returns the body of a 200 answer, valid until the next call.
func (c *connection) do(raw []byte) ([]byte, error) {
	a, err := c.ask(raw, time.Now())
	if err == nil && a.status != http.StatusOK {
		err = a.unexpected()
	}
	return a.body, err
}

// fetch is do for requests that must succeed.
func (c *connection) fetch(raw []byte) ([]byte, error) {
	body, err := c.do(raw)
	if err == nil && !bytes.Contains(body, success) {
		err = fmt.Errorf("answered %.200s", body)
	}
	return body, err
}

// ask sends a request now and reads the answer.
func (c *connection) ask(raw []byte, now time.Time) (a answer, err error) {
	if now.Add(answerTimeout).After(c.deadline) {
		c.deadline = now.Add(2 * answerTimeout)
		if err := c.conn.SetDeadline(c.deadline); err != nil {
			return a, err
		}
	}
	if _, err := c.conn.Write(raw); err != nil {
		return a, err
	}
	length, err := c.head(&a)
	if err != nil {
		return a, err
	}
	c.body = slices.Grow(c.body[:0], length)[:length]
	a.body = c.body
	_, err = io.ReadFull(c.r, c.body)
	return a, err
}

var (
	statusPrefix  = []byte("HTTP/1.1 ")
	contentLength = []byte("Content-Length: ")
	retryAfter    = []byte("Retry-After: ")
)

// head reads up to the blank line and returns the body's length. The Go server writes headers in one way, and only that
// way is read.
func (c *connection) head(a *answer) (length int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	a.head = len(line)
	status, ok := bytes.CutPrefix(line, statusPrefix)
	if a.status = number(status[:min(3, len(status))]); !ok || a.status < 0 {
		return 0, fmt.Errorf("answered %.80q", line)
	}
	length = -1
	for {
		if line, err = c.line(); err != nil {
			return 0, err
		}
		if a.head += len(line); len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, contentLength); ok {
			length = number(value)
		}
		if value, ok := bytes.CutPrefix(line, retryAfter); ok {
			a.retryAfter = max(0, number(value))
		}
	}
	if length < 0 {
		return 0, errors.New("an answer without Content-Length")
	}
	return length, nil
}

// line reads one line without its end.
func (c *connection) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// number reads a decimal number without allocating; -1 = it is none.
func number(digits []byte) int {
	if len(digits) == 0 || len(digits) > 9 {
		return -1
	}
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' {
			return -1
		}
		n = 10*n + int(d-'0')
	}
	return n
}
