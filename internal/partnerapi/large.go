package partnerapi

import (
	"net/http"
	"net/netip"

	"giftimbiz/internal/peer"
)

// How many large bodies are held at a time – with what is made of them, some 200 MiB at most – and how many of them may be of one address.
// They are read before anybody knows who calls.
const (
	maxLargeBodies      = 64
	maxLargeBodiesOfOne = maxLargeBodies / 4
)

// largeBodies are the places for large bodies.
type largeBodies struct {
	places chan struct{}
	crowd  *peer.Crowd
	each   int64 // places that one address may have
}

func newLargeBodies(places int, each int64, trusted []netip.Prefix) *largeBodies {
	return &largeBodies{places: make(chan struct{}, places), crowd: peer.NewCrowd(trusted), each: each}
}

// begin takes a place for a request, until end is called, and tells whether there was one.
func (l *largeBodies) begin(r *http.Request) (end func(), ok bool) {
	leave := func() {}
	if here := l.crowd.Of(r); here != nil {
		leave = func() { here.Add(-1) }
		if here.Add(1) > l.each {
			leave()
			return nil, false
		}
	}
	select {
	case l.places <- struct{}{}:
		return func() { <-l.places; leave() }, true
	default:
		leave()
		return nil, false
	}
}
