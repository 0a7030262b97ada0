package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// ErrAddress says that an endpoint leads to where no event is sent.
var ErrAddress = errors.New("events are not sent to this address")

// Guard tells to which addresses events may be sent. Partners choose where to be told: without it they could have the server
// ask machines that only it can reach.
type Guard struct {
	allowed []netip.Prefix
}

// NewGuard admits all public addresses, and the networks that the operator allows.
func NewGuard(allowed []netip.Prefix) *Guard { return &Guard{allowed: slices.Clone(allowed)} }

// Check tells whether an endpoint can have an address: ErrBadURL, ErrNotHTTPS, or ErrAddress. http is for the networks that the
// operator allows. Where a name leads is checked on connecting, each time.
func (g *Guard) Check(address string) error {
	u, err := checkURL(address, len(g.allowed) > 0)
	if err != nil {
		return err
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && !g.Admits(addr, u.Scheme == "https") {
		return fmt.Errorf("%w: %s", ErrAddress, addr)
	}
	return nil
}

// Admits tells whether events may be sent to an address, encrypted or not.
func (g *Guard) Admits(addr netip.Addr, encrypted bool) bool {
	addr = addr.Unmap()
	within := func(p netip.Prefix) bool { return p.Contains(addr) }
	return slices.ContainsFunc(g.allowed, within) || encrypted && public(addr)
}

// control is called with each address before it is connected to: after every look-up of the name, whatever it answers.
func (g *Guard) control(encrypted bool) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !g.Admits(to.Addr(), encrypted) {
			return fmt.Errorf("%w: %s", ErrAddress, address)
		}
		return nil
	}
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// By the registries of special-purpose addresses of IANA. Of IPv6, public addresses begin with 2000::/3.
var (
	notPublic = prefixes(
		"0.0.0.0/8",         // this network
		"10.0.0.0/8",        // private
		"100.64.0.0/10",     // carriers' NAT
		"127.0.0.0/8",       // loopback
		"169.254.0.0/16",    // link-local, clouds' metadata
		"172.16.0.0/12",     // private
		"192.0.0.0/24",      // protocols
		"192.0.2.0/24",      // documentation
		"192.88.99.0/24",    // 6to4 relays
		"192.168.0.0/16",    // private
		"198.18.0.0/15",     // benchmarks
		"198.51.100.0/24",   // documentation
		"203.0.113.0/24",    // documentation
		"224.0.0.0/4",       // multicast
		"240.0.0.0/4",       // reserved, broadcast
		"2001::/23",         // protocols: Teredo, benchmarks, ORCHID
		"2001:db8::/32",     // documentation
		"3fff::/20",         // documentation
		"2620:4f:8000::/48", // AS112
	)
	publicIPv6 = netip.MustParsePrefix("2000::/3")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
)

// public tells whether an address is of the public Internet. One that holds an IPv4 address is what that is.
func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if addr.Zone() != "" || slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return false
	}
	if addr.Is4() {
		return true
	}
	raw := addr.As16()
	switch {
	case nat64.Contains(addr):
		return public(netip.AddrFrom4([4]byte(raw[12:16])))
	case sixToFour.Contains(addr):
		return public(netip.AddrFrom4([4]byte(raw[2:6])))
	}
	return publicIPv6.Contains(addr)
}
