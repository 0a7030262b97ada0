package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"giftimbiz/internal/storage"
)

const (
	staleAfter   = storage.PartnersGoodFor              // stock or partners not compared with the database for so long are not ready
	unwritten    = 2*storage.RenewEvery + 5*time.Second // nor is a node whose database took nothing for so long
	readyTimeout = 800 * time.Millisecond               // balancers wait about a second for an answer
	askAgain     = 250 * time.Millisecond               // however often /readyz is asked, the database is not asked more often
)

// moment is a time that many read. It keeps the machine's own count of time, so that a clock that is set does not make it look old.
type moment struct{ at atomic.Pointer[time.Time] }

func (m *moment) set(at time.Time) { m.at.Store(&at) }

// age is how long ago it was; since ever when it was not set.
func (m *moment) age(now time.Time) time.Duration {
	at := m.at.Load()
	if at == nil {
		return now.Sub(time.Time{})
	}
	return now.Sub(*at)
}

// renew keeps the node's number, which writes: that the database can still be written to is known from it.
func (n *Node) renew(ctx context.Context) error {
	began := n.Clock.Now()
	err := n.DB.Renew(ctx)
	n.unwritable.Store(nil)
	if err == nil || errors.Is(err, storage.ErrLeaseLost) {
		n.wrote.set(began)
	} else if why := storage.WhyUnavailable(err); why != "" && why != storage.NotAnswering { // which may be one lost connection
		n.unwritable.Store(&why)
	}
	return err
}

// stopping is what /readyz says while the node drains.
const stopping = "stopping"

// readyz tells a load balancer whether this node should be sent requests, and people why not.
func (n *Node) readyz(w http.ResponseWriter, r *http.Request) {
	why := n.known()
	if why != stopping { // the database may know why the node does not
		why = joined(why, n.pinged.gone(r.Context(), n))
	}
	if why != "" {
		plain(w, http.StatusServiceUnavailable, why)
		return
	}
	plain(w, http.StatusOK, "ready")
}

func joined(one, other string) string {
	if one == "" || other == "" {
		return one + other
	}
	return one + "; " + other
}

// known returns why the node should be sent no requests, as far as it knows by itself; "" = it should.
func (n *Node) known() string {
	now := n.Clock.Now()
	stock, partners, wrote := now.Sub(n.catalog.Stats().LoadedAt), n.partnersRead.age(now), n.wrote.age(now)
	refused := n.unwritable.Load()
	switch {
	case n.draining.Load():
		return stopping
	case stock > staleAfter:
		return "the stock was last read " + ago(stock)
	case partners > staleAfter:
		return "the partners were last read " + ago(partners)
	case refused != nil:
		return "nothing can be written: " + *refused
	case wrote > unwritten:
		return "nothing could be written since " + ago(wrote) + "; is the disk full, or the database a standby?"
	}
	return ""
}

func ago(d time.Duration) string { return d.Round(time.Second).String() + " ago" }

// pinged asks the database, for many who want to know at once: one of them asks, and the others are told what is known.
type pinged struct {
	asking sync.Mutex // held by who asks
	last   atomic.Pointer[pong]
}

// pong is what came of asking the database.
type pong struct {
	at  time.Time
	why string // why it refuses to answer; "" = it does not refuse
}

// gone tells why the database refuses to answer; "" = it does not refuse. One that is slow, or all of whose connections are
// busy, is not gone: if it stays so, stock and partners become stale.
func (p *pinged) gone(ctx context.Context, n *Node) string {
	last := p.last.Load()
	if last.isRecent(n.Clock.Now()) {
		return last.why
	}
	if !p.asking.TryLock() {
		if last == nil {
			return "" // the node has just read all it needs
		}
		return last.why
	}
	defer p.asking.Unlock()
	if last = p.last.Load(); last.isRecent(n.Clock.Now()) { // somebody else has asked since
		return last.why
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	next := &pong{}
	if err := n.DB.Ping(ctx); err != nil && ctx.Err() == nil {
		next.why = cmp.Or(storage.WhyUnavailable(err), storage.NotAnswering)
	}
	next.at = n.Clock.Now()
	p.last.Store(next)
	return next.why
}

// isRecent tells whether the database was asked just now. A clock that was set back makes nothing recent.
func (p *pong) isRecent(now time.Time) bool {
	if p == nil {
		return false
	}
	since := now.Sub(p.at)
	return since >= 0 && since < askAgain
}
