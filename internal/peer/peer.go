// Package peer finds out where requests come from.
package peer

import (
	"net/http"
	"net/netip"
	"strings"
)

// Address returns where a request comes from: the connection's other end or, when that is a trusted proxy, the last address
// in X-Forwarded-For that is not one. It is the zero Addr when that cannot be told.
func Address(r *http.Request, trusted []netip.Prefix) netip.Addr {
	other, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := bare(other.Addr())
	if !Within(trusted, addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		if addr = hopAddress(strings.TrimSpace(hops[i])); !Within(trusted, addr) {
			return addr
		}
	}
	return addr
}

// hopAddress reads an address of X-Forwarded-For, which some proxies write with a port. What cannot be read is no address,
// which no allow-list admits: never the proxy's own.
func hopAddress(text string) netip.Addr {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return bare(addr)
	}
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return bare(withPort.Addr())
	}
	return netip.Addr{}
}

// bare returns an address as networks hold it: without a zone, for none has one, and whoever writes X-Forwarded-For could choose any text.
func bare(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// Within tells whether an address is in one of the networks.
func Within(list []netip.Prefix, addr netip.Addr) bool {
	for _, prefix := range list {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}
