package peer_test

import (
	"net/netip"
	"testing"

	"giftimbiz/internal/peer"
)

func TestAPlaceIsAnAddressOrACustomersNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "::ffff:192.0.2.7": "::ffff:192.0.2.7", "": "", "invalid IP": "invalid IP",
	} {
		if got := peer.Place(address); got != want {
			t.Errorf("%q is at %q, want %q", address, got, want)
		}
	}
}

func TestAnAddressStandsForItsCustomersNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::", "::ffff:192.0.2.7": "192.0.2.7",
	} {
		if got := peer.PlaceOf(netip.MustParseAddr(address)); got.String() != want {
			t.Errorf("%s is at %s, want %s", address, got, want)
		}
	}
	if got := peer.PlaceOf(netip.Addr{}); got.IsValid() {
		t.Errorf("no address is at %s", got)
	}
}
