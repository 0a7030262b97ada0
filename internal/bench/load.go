// Package bench measures the server beside yardsticks that are run in turn with it, on the same machine in the same
// minutes: a bare HTTP handler that sends the same bytes, and pgbench making the same purchase.
package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// request is one prepared HTTP request and what a right answer to it is.
type request struct {
	raw   []byte
	check func(body []byte) error
}

// source gives each connection its next request; it is called by that connection's goroutine only.
type source func(conn int) func() request

// result is what one run of the load generator saw.
type result struct {
	requests  int
	took      time.Duration
	latencies []time.Duration // sorted
}

func (r result) rate() float64 { return float64(r.requests) / r.took.Seconds() }

// trial is the result as the report shows it.
func (r result) trial(job string, connections int, cpu time.Duration) Trial {
	t := Trial{
		Job: job, Connections: connections, Rate: r.rate(),
		P50: milliseconds(r.quantile(0.50)), P99: milliseconds(r.quantile(0.99)), P999: milliseconds(r.quantile(0.999)),
	}
	if r.requests > 0 {
		t.CPU = float64(cpu.Microseconds()) / float64(r.requests)
	}
	return t
}

// quantile returns the latency that q of the requests did not exceed.
func (r result) quantile(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(int(q*float64(len(r.latencies))), len(r.latencies)-1)]
}

// drive sends requests over keep-alive connections, each waiting for its answer before it sends the next, until the
// time is over. A wrong answer ends the run with an error.
func drive(addr string, connections int, during time.Duration, src source) (result, error) {
	began := time.Now()
	deadline := began.Add(during)
	all := make([][]time.Duration, connections)
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() { all[i], errs[i] = driveOne(addr, deadline, src(i)) })
	}
	wg.Wait()
	r := result{took: time.Since(began), latencies: slices.Concat(all...)}
	r.requests = len(r.latencies)
	slices.Sort(r.latencies)
	return r, errors.Join(errs...)
}

func driveOne(addr string, deadline time.Time, next func() request) ([]time.Duration, error) {
	c, err := dial(addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.conn.Close() }() // nothing is lost
	var latencies []time.Duration
	for {
		began := time.Now()
		if began.After(deadline) {
			return latencies, nil
		}
		req := next()
		body, err := c.do(req.raw)
		if err != nil {
			return latencies, err
		}
		latencies = append(latencies, time.Since(began))
		if err := req.check(body); err != nil {
			return latencies, err
		}
	}
}

// connection is a lean HTTP/1.1 client: it leaves the machine to the server that is measured.
type connection struct {
	conn net.Conn
	r    *bufio.Reader
	body []byte // reused by every answer
}

const answerTimeout = 30 * time.Second

func dial(addr string) (*connection, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, r: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// do sends a request and returns the body of a 200 answer, valid until the next call.
func (c *connection) do(raw []byte) ([]byte, error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(raw); err != nil {
		return nil, err
	}
	status, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 200"))
	text := string(status)
	length, err := c.headers()
	if err != nil {
		return nil, err
	}
	c.body = slices.Grow(c.body[:0], length)[:length]
	if _, err := io.ReadFull(c.r, c.body); err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("answered %.40q %.200q", text, c.body)
	}
	return c.body, nil
}

// headers reads up to the blank line and returns the body's length.
func (c *connection) headers() (length int, err error) {
	length = -1
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("an answer without Content-Length")
	}
	return length, nil
}
