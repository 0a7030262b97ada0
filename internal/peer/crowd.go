package peer

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync/atomic"
)

// crowdCounts is how many counts a Crowd has. Addresses that share one are taken for one: with so many it is rare that two of them
// are busy at a time, and a hash that nobody outside can foresee chooses who shares.
const crowdCounts = 4096

// Crowd has a count for each address (of IPv6, for each /64), of its requests that are under way: whoever lets one in adds to it, and
// takes from it at its end. It is of a fixed size and has no lock: every request passes it.
type Crowd struct {
	trusted []netip.Prefix
	seed    maphash.Seed
	counts  [crowdCounts]atomic.Int64
}

// NewCrowd returns one without requests. Addresses are those that trusted proxies tell.
func NewCrowd(trusted []netip.Prefix) *Crowd {
	return &Crowd{trusted: trusted, seed: maphash.MakeSeed()}
}

// Of returns the count of a request's address; nil for this machine's own, which is not counted, as it is not held to a rate either.
func (c *Crowd) Of(r *http.Request) *atomic.Int64 {
	addr := Address(r, c.trusted)
	if addr.IsLoopback() {
		return nil
	}
	return c.At(addr)
}

// At returns the count of an address.
func (c *Crowd) At(addr netip.Addr) *atomic.Int64 {
	return &c.counts[maphash.Comparable(c.seed, PlaceOf(addr))%crowdCounts]
}
