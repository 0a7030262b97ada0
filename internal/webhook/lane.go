package webhook

import (
	"bytes"
	"time"

	"giftimbiz/internal/gift"
)

const (
	mostPerEndpoint = 32 // requests to one endpoint at once
	slowFrom        = time.Second

	fetchedAtOnce = 128
	fetchBelow    = 64  // more is read when less is ready
	mostKnown     = 512 // deliveries of an endpoint that this node has in its hands

	patientUpTo   = 5 // failures in a row after which an endpoint is asked less often
	shortestPause = 250 * time.Millisecond
	longestPause  = 5 * time.Second
)

// lane is an endpoint whose lease this node holds. It belongs to the sender's loop.
type lane struct {
	endpoint Endpoint
	sign     *signer // nil: its secret cannot be read

	ready  []Delivery       // read, not yet sent
	known  map[gift.ID]bool // ready, on their way, or come back and not yet stored
	stored []gift.ID        // of known, stored while a read was under way that may still show them as they were
	reads  bool             // a read is under way
	flying int              // on their way
	hungry bool             // something may be due that was not read yet
	used   bool             // something happened since the lease was last renewed
	stale  bool             // people changed the endpoint since it was read
	closed bool             // nothing more is sent; it is given back when nothing is on its way
	lost   bool             // the lease is somebody else's, or may be
	round  int              // of the renewal that the lease was last got by

	proven bool      // it has taken something
	width  int       // requests at once that it bears
	streak int       // failures in a row
	slow   bool      // its last answer took long
	resume time.Time // nothing is sent before; zero: it is not failing
}

func newLane(e Endpoint, sign *signer, round int) *lane {
	l := &lane{known: map[gift.ID]bool{}, width: 1, hungry: true, used: true}
	if !e.FailingSince.IsZero() {
		l.streak = patientUpTo
	}
	l.renewed(e, sign, round)
	return l
}

// renewed takes over how the endpoint is now.
func (l *lane) renewed(e Endpoint, sign *signer, round int) {
	l.endpoint, l.sign, l.round, l.stale = e, sign, round, false
}

// sameSecrets tells whether what is signed with is still the same.
func (l *lane) sameSecrets(e Endpoint) bool {
	return bytes.Equal(l.endpoint.Secret, e.Secret) && bytes.Equal(l.endpoint.Previous, e.Previous) &&
		l.endpoint.PreviousUntil.Equal(e.PreviousUntil)
}

// close ends sending.
func (l *lane) close() {
	for _, d := range l.ready {
		delete(l.known, d.Event.ID)
	}
	l.ready, l.closed = nil, true
}

// suspect tells whether its requests may last until they are given up. Such endpoints together get only a part of what can
// be on its way, so that they delay no other.
func (l *lane) suspect() bool { return !l.proven || l.slow || l.streak > 0 }

// resting tells whether it failed so often that it is let alone for a moment. A clock that was set back does not make the
// moment longer.
func (l *lane) resting(now time.Time) bool {
	return now.Before(l.resume) && l.resume.Sub(now) <= longestPause
}

// maySend tells whether a request can begin.
func (l *lane) maySend(now time.Time) bool {
	return len(l.ready) > 0 && !l.closed && !l.stale && l.flying < l.width && !l.resting(now)
}

// wants tells whether more should be read. One that is suspect is read for only when it could be sent something: reading for
// many such would keep the others waiting.
func (l *lane) wants(now time.Time) bool {
	if !l.hungry || l.closed || l.stale || l.resting(now) || len(l.known) >= mostKnown {
		return false
	}
	if l.suspect() {
		return len(l.ready) == 0 && l.flying < l.width
	}
	return len(l.ready) < fetchBelow
}

// forget takes leave of a delivery whose result is stored.
func (l *lane) forget(id gift.ID) {
	if l.reads {
		l.stored = append(l.stored, id)
		return
	}
	delete(l.known, id)
}

// hasRead ends a read.
func (l *lane) hasRead() {
	l.reads = false
	for _, id := range l.stored {
		delete(l.known, id)
	}
	l.stored = l.stored[:0]
}

// add takes what was read, but for what it has in its hands already.
func (l *lane) add(list []Delivery, limit int) {
	l.hungry = l.hungry || len(list) == limit
	for _, d := range list {
		if !l.known[d.Event.ID] {
			l.known[d.Event.ID], l.used = true, true
			l.ready = append(l.ready, d)
		}
	}
}

// learn takes an answer into account: who takes events fast is sent more at once, who fails less, and less often.
func (l *lane) learn(a answer) {
	l.used, l.slow = true, a.took >= slowFrom
	if a.failure == "" {
		l.proven, l.streak, l.resume = true, 0, time.Time{}
		if !l.slow {
			l.width = min(l.width+1, mostPerEndpoint)
		}
		return
	}
	l.streak++
	l.width = max(l.width/2, 1)
	if l.streak > patientUpTo {
		pause := shortestPause << min(l.streak-patientUpTo-1, 5)
		l.width, l.resume = 1, a.at.Add(a.took+min(pause, longestPause))
	}
}

// idle tells whether the lease can be given back.
func (l *lane) idle() bool { return len(l.known) == 0 && !l.used && !l.hungry }
