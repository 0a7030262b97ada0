package faults

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	chunkBytes = 4 << 10
	maxChunks  = 256 // on their way, in each direction: the other end waits when there are more
	drainFor   = 10 * time.Second
)

// link is a connection through a proxy: from near to far.
type link struct {
	proxy     *Proxy
	near, far *net.TCPConn
	lost      atomic.Int32 // the Direction in which something vanished: so does all that follows
	ended     sync.Once
	done      chan struct{} // closed when the link is cut
}

// reset cuts both ends, as a router does that has started anew. What was passed on and not read yet may be lost, too.
func (l *link) reset() {
	l.ended.Do(func() { close(l.done) })
	resetConn(l.near)
	resetConn(l.far)
}

// cutBehind cuts a link behind what was passed to one of its ends, which still reads that. The other end hears nothing more.
func (l *link) cutBehind(reached *net.TCPConn) {
	other := l.near
	if reached == other {
		other = l.far
	}
	l.ended.Do(func() { close(l.done) })
	resetConn(other)
	_ = reached.CloseWrite() // it may be gone
}

// drain lets an end read what it was sent, up to its end, as a reset would not.
func drain(reached *net.TCPConn) {
	_ = reached.SetReadDeadline(time.Now().Add(drainFor))
	_, _ = io.Copy(io.Discard, reached) // answers to nobody
	resetConn(reached)
}

func resetConn(c *net.TCPConn) {
	_ = c.SetLinger(0) // it may be closed already
	_ = c.Close()
}

// chunk is what was read at once.
type chunk struct {
	bytes []byte
	due   time.Time // when it is to arrive
}

// pass passes on what comes in one direction until that ends or the link is cut. Where bytes vanish, so does their end.
func (l *link) pass(way Direction, from, to *net.TCPConn) {
	chunks := make(chan chunk, maxChunks)
	go l.read(from, chunks)
	w := &oneWay{link: l, way: way, to: to}
	for c := range chunks {
		if !l.wait(time.Until(c.due)) || !w.deliver(c.bytes) {
			l.reset()
			break
		}
	}
	for range chunks { // whoever reads has ended, or does so now
		continue
	}
	if w.vanishes() {
		<-l.done
	}
	_ = to.CloseWrite() // it may be closed already
}

// read makes chunks of what comes, and closes the channel when nothing more can come.
func (l *link) read(from *net.TCPConn, chunks chan<- chunk) {
	defer close(chunks)
	var last time.Time
	for {
		buffer := make([]byte, chunkBytes)
		n, err := from.Read(buffer)
		if n > 0 {
			if last = l.proxy.now().due(last); !l.send(chunks, chunk{buffer[:n], last}) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *link) send(chunks chan<- chunk, c chunk) bool {
	select {
	case chunks <- c:
		return true
	case <-l.done:
		return false
	}
}

// due is when something arrives that was sent now, behind what arrives at last.
func (c Conditions) due(last time.Time) time.Time {
	due := time.Now().Add(c.Latency)
	if c.Jitter > 0 {
		due = due.Add(rand.N(c.Jitter))
	}
	if due.Before(last) {
		return last
	}
	return due
}

// wait waits, and tells whether the link is still there.
func (l *link) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-l.done:
		return false
	case <-timer.C:
		return true
	}
}

// oneWay is one direction of a link, owned by the goroutine that passes it on.
type oneWay struct {
	link *link
	way  Direction
	to   *net.TCPConn
	tail []byte // the last bytes that passed, where a pattern may have begun
}

func (w *oneWay) vanishes() bool { return Direction(w.link.lost.Load())&w.way != 0 }

// deliver passes bytes on, and tells whether more may follow.
func (w *oneWay) deliver(b []byte) bool {
	c := w.link.proxy.now()
	w.link.lost.Or(int32(c.Swallow))
	if w.vanishes() {
		return true
	}
	n, sprung := w.link.proxy.spring(w, b)
	if sprung != nil {
		defer sprung.tell()
		w.link.lost.Or(int32(Both)) // before it can be answered
	}
	if !w.write(b[:n], c.BytesPerSec) {
		return false
	}
	if sprung == nil || sprung.Then == Silence {
		return true
	}
	w.link.cutBehind(w.to)
	sprung.tell()
	drain(w.to)
	return false
}

// write writes no more than so many bytes a second; 0 = any number.
func (w *oneWay) write(b []byte, perSec int) bool {
	if perSec > 0 && !w.link.wait(time.Duration(len(b))*time.Second/time.Duration(perSec)) {
		return false
	}
	_, err := w.to.Write(b)
	return err == nil
}
