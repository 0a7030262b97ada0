package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/spf13/pflag"

	"giftimbiz/internal/rate"
	"giftimbiz/internal/server"
	"giftimbiz/internal/whole"
)

// addDoor adds the flags of servers that say who is let in, and how often.
func (c *config) addDoor(f *pflag.FlagSet) {
	f.IntVar(&c.RateLimit, "rate-limit", c.RateLimit,
		"requests a second that each partner may make of API v2 on this node, twice as many at once; 0 = any number")
	f.IntVar(&c.RateLimitV1, "rate-limit-v1", c.RateLimitV1,
		"the same of API v1, whose guide knows no limit; 0 = any number")
	f.IntVar(&c.AddressLimit, "address-limit", c.AddressLimit,
		"requests a second from one address, but this machine's own, twice as many at once; 0 = any number")
	f.IntVar(&c.FailureLimit, "failure-limit", c.FailureLimit,
		"wrong credentials a minute from one address in a partner's name that are told what is wrong; 0 = any number")
	f.IntVar(&c.Connections, "connections", c.Connections, "connections that may be open; 0 = any number")
	f.IntVar(&c.AddressConnections, "address-connections", c.AddressConnections,
		"connections that one address may have open, but this machine and trusted proxies; 0 = any number")
	f.StringVar(&c.TLSCert, "tls-cert", c.TLSCert, "serve https by this certificate chain (PEM); read again when it is exchanged")
	f.StringVar(&c.TLSKey, "tls-key", c.TLSKey, "the certificate's private key (PEM)")
}

// tls tells whether the server encrypts by itself.
func (c *config) tls() bool { return c.TLSCert != "" }

// secured makes the address of a server that encrypts by itself one of https.
func (c *config) secured(address string) string {
	if rest, plain := strings.CutPrefix(address, "http://"); plain && c.tls() {
		return "https://" + rest
	}
	return address
}

// door is what a server listens with besides its port.
type door struct {
	certificate *server.Certificate // nil: no TLS of its own
	connections *server.Connections
}

// door reads the certificate, if there is to be one, and counts connections.
func (c *config) door(log *slog.Logger) (d door, err error) {
	trusted, err := c.trustedProxies()
	if err != nil {
		return d, err
	}
	d.connections = server.NewConnections(c.Connections, c.AddressConnections, trusted)
	if c.tls() {
		if d.certificate, err = server.ReadCertificate(c.TLSCert, c.TLSKey, log); err != nil {
			return d, fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
	}
	return d, nil
}

// serve answers connections until the server is closed.
func (d door) serve(web *http.Server, listener net.Listener) error {
	web.ConnState = d.connections.Watch
	if d.certificate == nil {
		web.ConnContext = whole.Remember
		return web.Serve(whole.Listener(listener))
	}
	web.TLSConfig = d.certificate.TLS()
	return web.ServeTLS(listener, "", "")
}

// limits returns the rates that callers are held to.
func (c *config) limits() server.Limits {
	return server.Limits{Partner: c.RateLimit, PartnerV1: c.RateLimitV1, Address: c.AddressLimit, Failures: c.FailureLimit}
}

// checkDoor refuses settings of the door that cannot be meant.
func (c *config) checkDoor() error {
	for _, l := range []struct {
		flag  string
		value int
	}{
		{"rate-limit", c.RateLimit},
		{"rate-limit-v1", c.RateLimitV1},
		{"address-limit", c.AddressLimit},
		{"failure-limit", c.FailureLimit},
		{"connections", c.Connections},
		{"address-connections", c.AddressConnections},
	} {
		if l.value < 0 || l.value > rate.Most {
			return usageError{fmt.Errorf("--%s %d: want 0 to %d", l.flag, l.value, rate.Most)}
		}
	}
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return usageError{errors.New("--tls-cert and --tls-key: want both or neither")}
	case c.tls() && strings.HasPrefix(c.PublicURL, "http://"):
		return usageError{fmt.Errorf("--public-url %s: with --tls-cert it is https", c.PublicURL)}
	}
	return nil
}
