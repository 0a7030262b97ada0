package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"giftimbiz/internal/rate"
	"giftimbiz/internal/server"
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
	} {
		if l.value < 0 || l.value > rate.Most {
			return usageError{fmt.Errorf("--%s %d: want 0 to %d", l.flag, l.value, rate.Most)}
		}
	}
	return nil
}
