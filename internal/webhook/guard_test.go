package webhook

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"giftimbiz/internal/peer"
)

func TestEventsGoToPublicAddressesOnly(t *testing.T) {
	guard := NewGuard(nil)
	for _, test := range []struct{ name, refused, admitted string }{
		{"this network", "0.0.0.0 0.1.2.3", ""},
		{"private", "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1", "11.0.0.1 172.15.0.1 172.32.0.1 192.169.0.1"},
		{"loopback", "127.0.0.1 127.255.255.254 ::1", "128.0.0.1"},
		{"link-local and metadata", "169.254.0.1 169.254.169.254 fe80::1 fe80::1%eth0", "169.253.0.1"},
		{"carriers' NAT", "100.64.0.1 100.127.255.255", "100.63.0.1 100.128.0.1"},
		{"ULA", "fc00::1 fd00:ec2::254", ""},
		{"site-local", "fec0::1", ""},
		{"multicast", "224.0.0.1 239.255.255.255 ff02::1", "223.255.255.255"},
		{"unspecified", ":: 0.0.0.0", ""},
		{"broadcast and reserved", "255.255.255.255 240.0.0.1", ""},
		{"documentation", "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1", "2001:db7::1"},
		{"benchmarks", "198.18.0.1 198.19.255.255 2001:2::1", "198.20.0.1"},
		{"protocols", "192.0.0.1 192.88.99.1 2001::1 2001:20::1 100::1 5f00::1", "2001:200::1"},
		{"IPv4-mapped", "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254", "::ffff:8.8.8.8"},
		{"IPv4-compatible", "::127.0.0.1 ::8.8.8.8", ""},
		{"NAT64", "64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::808:808", "64:ff9b::808:808"},
		{"6to4", "2002:7f00:1::1 2002:a00:1::1 2002:c0a8:101::1 2002:a9fe:a9fe::1", "2002:808:808::1"},
		{"public", "", "8.8.8.8 1.1.1.1 203.0.112.1 2606:4700:4700::1111 2a00:1450::1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, text := range strings.Fields(test.refused) {
				if guard.Admits(netip.MustParseAddr(text), true) {
					t.Errorf("%s is admitted", text)
				}
			}
			for _, text := range strings.Fields(test.admitted) {
				if !guard.Admits(netip.MustParseAddr(text), true) {
					t.Errorf("%s is refused", text)
				}
				if guard.Admits(netip.MustParseAddr(text), false) {
					t.Errorf("%s is admitted without encryption", text)
				}
			}
		})
	}
}

func TestTheOperatorAllowsNetworks(t *testing.T) {
	ten, err := peer.ParsePrefix("10.1.0.0/16")
	if err != nil {
		t.Fatal(err)
	}
	six, err := peer.ParsePrefix("fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	guard := NewGuard([]netip.Prefix{ten, six})
	for text, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd12::1": true, "fe80::1": false, "127.0.0.1": false,
	} {
		for _, encrypted := range []bool{true, false} {
			if got := guard.Admits(netip.MustParseAddr(text), encrypted); got != want {
				t.Errorf("%s, encrypted %v: %v", text, encrypted, got)
			}
		}
	}
}

func TestAnAddressIsCheckedAsFarAsItsTextTells(t *testing.T) {
	public, within := NewGuard(nil), NewGuard(prefixes("10.1.0.0/16"))
	for _, test := range []struct {
		guard   *Guard
		address string
		want    error
	}{
		{public, "https://shop.example/hooks?key=1", nil},
		{public, "https://8.8.8.8/", nil},
		{public, "https://[2606:4700:4700::1111]:8443/", nil},
		{public, "http://shop.example/", ErrNotHTTPS},
		{public, "https://10.1.2.3/", ErrAddress},
		{public, "https://127.0.0.1:8443/", ErrAddress},
		{public, "https://[::1]/", ErrAddress},
		{public, "https://[::ffff:169.254.169.254]/", ErrAddress},
		{public, "https://[fe80::1%25eth0]/", ErrAddress},
		{public, "ftp://shop.example/", ErrBadURL},
		{public, "https://user:secret@shop.example/", ErrBadURL},
		{public, "https://shop.example/#here", ErrBadURL},
		{public, "https://", ErrBadURL},
		{public, "https://:443/", ErrBadURL},
		{public, "shop.example", ErrBadURL},
		{public, "https://shop.example/" + strings.Repeat("x", MaxURL), ErrBadURL},
		{within, "http://10.1.2.3:8080/hooks", nil},
		{within, "http://inner.example/", nil}, // where it leads is seen on connecting
		{within, "http://10.2.0.1/", ErrAddress},
		{within, "http://8.8.8.8/", ErrAddress},
		{within, "https://8.8.8.8/", nil},
	} {
		if err := test.guard.Check(test.address); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.address, err, test.want)
		}
	}
}

func TestWhatIsConnectedToIsChecked(t *testing.T) {
	control := NewGuard(nil).control(true)
	for address, want := range map[string]error{
		"8.8.8.8:443": nil, "[2606:4700:4700::1111]:443": nil, "127.0.0.1:443": ErrAddress, "[::1]:443": ErrAddress,
		"[fe80::1%eth0]:443": ErrAddress, "localhost:443": ErrAddress, "": ErrAddress,
	} {
		if err := control("tcp", address, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
