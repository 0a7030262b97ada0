package peer

import "net/netip"

// placeBits is how much of an IPv6 address its customer was given; the rest is at will.
const placeBits = 64

// Place returns what stands for an address where tries are counted: of IPv6 its network, as a customer has at least a /64. What is no
// address stands for itself.
func Place(address string) string {
	if a, err := netip.ParseAddr(address); err == nil && a.Is6() && !a.Is4In6() {
		if p, err := a.WithZone("").Prefix(placeBits); err == nil {
			return p.String()
		}
	}
	return address
}
