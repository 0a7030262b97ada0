package server

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync/atomic"

	"giftimbiz/internal/peer"
)

// crowdCounts is how many counts a crowd has. Addresses that share one are taken for one: with so many it is rare that two of them
// are busy at a time, and a hash that nobody outside can foresee chooses who shares.
const crowdCounts = 4096

// crowd counts the requests under way by their address (of IPv6, each /64). It is of a fixed size and has no lock: every request
// passes it.
type crowd struct {
	trusted []netip.Prefix
	seed    maphash.Seed
	counts  [crowdCounts]atomic.Int64
}

func newCrowd(trusted []netip.Prefix) *crowd {
	return &crowd{trusted: trusted, seed: maphash.MakeSeed()}
}

// of returns the count of a request's address; nil for this machine's own, which is not counted, as it is not held to a rate either.
func (c *crowd) of(r *http.Request) *atomic.Int64 {
	addr := peer.Address(r, c.trusted)
	if addr.IsLoopback() {
		return nil
	}
	return c.at(addr)
}

func (c *crowd) at(addr netip.Addr) *atomic.Int64 {
	return &c.counts[maphash.Comparable(c.seed, peer.PlaceOf(addr))%crowdCounts]
}
