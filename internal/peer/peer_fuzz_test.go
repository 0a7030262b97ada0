package peer_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"giftimbiz/internal/peer"
)

// FuzzNobodyChoosesTheirAddress sends X-Forwarded-For with what a caller wrote into it before the trusted proxy added the true address.
func FuzzNobodyChoosesTheirAddress(f *testing.F) {
	f.Add("", "203.0.113.9")
	f.Add("198.51.100.7, 10.0.0.2", "2001:db8::1")
	f.Add("[2001:db8::2]:443,\t::ffff:10.1.1.1", "203.0.113.9")
	f.Add(",,,unknown, fe80::1%eth0", "::ffff:203.0.113.9")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	f.Fuzz(func(t *testing.T, written, last string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:4711", Header: http.Header{"X-Forwarded-For": {written}}}
		if got := peer.Address(r, trusted); got.Zone() != "" {
			t.Errorf("%q has a zone, which is a text of any length that a caller chose", got)
		}
		truth, err := netip.ParseAddr(last)
		if err != nil || truth.Zone() != "" || peer.Within(trusted, truth.Unmap()) {
			return
		}
		for name, headers := range map[string][]string{
			"in one line": {written + ", " + last}, "in a line of its own": {written, last},
			"with a port": {written, netip.AddrPortFrom(truth, 4711).String()},
		} {
			r.Header["X-Forwarded-For"] = headers
			if got := peer.Address(r, trusted); got != truth.Unmap() {
				t.Errorf("%s: %q came from %s, not from %s", name, headers, got, truth)
			}
		}
		r.RemoteAddr = netip.AddrPortFrom(truth, 4711).String() // no proxy of ours: whatever is written is a lie
		if got := peer.Address(r, trusted); got != truth.Unmap() {
			t.Errorf("%q was believed of %s: %s", headersOf(r), truth, got)
		}
	})
}

func headersOf(r *http.Request) string { return strings.Join(r.Header["X-Forwarded-For"], ",") }

// FuzzAPlaceIsItsOwnPlace compares what stands for an address as text and as an address.
func FuzzAPlaceIsItsOwnPlace(f *testing.F) {
	for _, text := range []string{"192.0.2.7", "2001:db8:1:2:3::", "fe80::1%eth0", "::ffff:192.0.2.7", "nonsense", "2001:db8::/64"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		place := peer.Place(text)
		if again := peer.Place(place); again != place {
			t.Errorf("the place of %q is %q, and of that %q", text, place, again)
		}
		if len(place) > max(len(text), len("2001:db8:1111:2222::/64")) {
			t.Errorf("the place of %q is longer: %q", text, place)
		}
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return
		}
		first := peer.PlaceOf(addr)
		if first.Zone() != "" || peer.PlaceOf(first) != first {
			t.Errorf("%s is at %s, which is at %s", addr, first, peer.PlaceOf(first))
		}
		if prefix, err := netip.ParsePrefix(place); err == nil && !prefix.Contains(addr.WithZone("")) {
			t.Errorf("%s is not in its place %s", addr, place)
		}
	})
}

// FuzzParsePrefix reads networks as an operator writes them.
func FuzzParsePrefix(f *testing.F) {
	for _, text := range []string{"10.0.0.0/8", "10.1.2.3/8", "203.0.113.9", "::/0", "fe80::1%eth0", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "10.0.0.0/33", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		prefix, err := peer.ParsePrefix(text)
		if err != nil {
			return
		}
		again, err := peer.ParsePrefix(prefix.String())
		if err != nil || again != prefix {
			t.Errorf("%q is %s, which is read as %s, %v", text, prefix, again, err)
		}
		if !peer.Within([]netip.Prefix{prefix}, prefix.Addr().Unmap()) {
			t.Errorf("%q does not hold its own first address", text)
		}
	})
}
