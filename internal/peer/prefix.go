package peer

import (
	"fmt"
	"net/netip"
)

// mappedBits is how much of an IPv4 address that is mapped into IPv6 says so.
const mappedBits = 96

// ParsePrefix reads a network or a single address. Those of IPv4 may be written as mapped into IPv6; addresses of callers never are.
func ParsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = bare(addr)
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return prefix, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= mappedBits {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappedBits)
	}
	return prefix.Masked(), nil
}
