package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// live changes pages that are open. It sends no contents: only the number of the version (users.version) of what a customer sees. A
// page that shows another one fetches itself anew. So it does not matter whether a message is lost, or comes twice, or the shop was
// started anew meanwhile.
type live struct {
	mu      sync.Mutex
	open    map[int64]map[chan struct{}]bool // guarded by mu; by user
	count   int                              // guarded by mu
	closing chan struct{}
	once    sync.Once
}

const (
	mostLive        = 2000             // pages that listen
	mostLiveOfOne   = 20               // of one customer
	heartbeat       = 20 * time.Second // keeps proxies from taking the line for dead
	liveWriteWithin = 10 * time.Second
)

func newLive() *live {
	return &live{open: map[int64]map[chan struct{}]bool{}, closing: make(chan struct{})}
}

// tell has a customer's open pages look at their version.
func (l *live) tell(userID int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for wake := range l.open[userID] {
		select {
		case wake <- struct{}{}:
		default: // it will look anyway
		}
	}
}

// end has all streams end.
func (l *live) end() { l.once.Do(func() { close(l.closing) }) }

func (l *live) join(userID int64) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count >= mostLive || len(l.open[userID]) >= mostLiveOfOne {
		return nil
	}
	wake := make(chan struct{}, 1)
	if l.open[userID] == nil {
		l.open[userID] = map[chan struct{}]bool{}
	}
	l.open[userID][wake] = true
	l.count++
	return wake
}

func (l *live) leave(userID int64, wake chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open[userID], wake)
	if len(l.open[userID]) == 0 {
		delete(l.open, userID)
	}
	l.count--
}

// stream sends a customer's versions as Server-Sent Events: at once, and whenever there is a new one.
func (l *live) stream(w http.ResponseWriter, r *http.Request, userID int64, version func(context.Context) (int64, error)) {
	wake := l.join(userID)
	if wake == nil {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many open pages", http.StatusServiceUnavailable)
		return
	}
	defer l.leave(userID, wake)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	line := http.NewResponseController(w)
	if line.SetReadDeadline(time.Time{}) != nil { // nothing more is read; the server's own deadline would end the stream
		return
	}
	for message := "retry: 2000\n"; ; message = "" {
		n, err := version(r.Context())
		if err != nil || line.SetWriteDeadline(time.Now().Add(liveWriteWithin)) != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "%sdata: %d\n\n", message, n); err != nil || line.Flush() != nil {
			return
		}
		select {
		case <-wake:
		case <-beat.C:
		case <-l.closing:
			return
		case <-r.Context().Done():
			return
		}
	}
}
