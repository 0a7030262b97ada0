package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// checkListen refuses what cannot be an address to listen on, before anything is opened.
func checkListen(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		if _, err := strconv.ParseUint(address, 10, 16); err == nil {
			return usageError{fmt.Errorf("%s %s: did you mean :%s?", flag, address, address)}
		}
		return usageError{fmt.Errorf("%s %q: want host:port, such as 127.0.0.1:8080", flag, address)}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return usageError{fmt.Errorf("%s %q: want a port from 0 to 65535", flag, address)}
	}
	return nil
}

// parsePublicURL returns the base of all absolute links, without a trailing slash.
func parsePublicURL(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		err = errors.New("it cannot be read")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		err = errors.New("scheme or host is missing")
	case u.User != nil:
		err = errors.New("a user's name does not belong into it")
	case strings.Trim(u.Path, "/") != "", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		err = errors.New("nothing may stand after the host")
	default:
		return u.Scheme + "://" + u.Host, nil
	}
	return "", usageError{fmt.Errorf("--public-url: %w; want https://host or http://host", err)}
}

// localURL is how programs on this machine reach a server that listens there.
func localURL(listening string) string {
	host, port, err := net.SplitHostPort(listening)
	if err != nil || !isUnspecified(host) {
		return "http://" + listening
	}
	return "http://localhost:" + port
}

// likelyURL is how phones in the same network most likely reach the server: by the machine's first address that is not
// its own business only.
func likelyURL(listening string) string {
	host, port, err := net.SplitHostPort(listening)
	if err != nil || !isUnspecified(host) {
		return "http://" + listening
	}
	addrs, _ := net.InterfaceAddrs() // a guess is all there is
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && prefix.Addr().Is4() && prefix.Addr().IsGlobalUnicast() {
			return "http://" + net.JoinHostPort(prefix.Addr().String(), port)
		}
	}
	return localURL(listening)
}

func isUnspecified(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "" || err == nil && addr.IsUnspecified()
}
