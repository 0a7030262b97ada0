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

// PlaceOf is Place for an address that was read: an IPv4 address itself, of an IPv6 address the first of its network. The zero Addr stands
// for itself.
func PlaceOf(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	if !addr.Is6() {
		return addr
	}
	p, err := addr.WithZone("").Prefix(placeBits)
	if err != nil {
		return addr
	}
	return p.Addr()
}
