package peer_test

import (
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
