package server

import (
	"net/http"
	"net/netip"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/peer"
	"giftimbiz/internal/rate"
)

// Limits are the rates that callers of a node are held to. 0 = any number.
type Limits struct {
	Partner   int // requests a second of version 2 of the API that a partner may make, twice as many at once
	PartnerV1 int // the same of version 1
	Address   int // requests a second of any kind that may come from an address, twice as many at once
	Failures  int // wrong credentials a minute from an address in one partner's name, four times as many in all
}

// addressLimit holds each address (of IPv6, each /64) to a rate of requests, whatever they ask for. What comes from this machine itself
// is not held: it is the operator's, or a proxy that was not declared, behind which all the world would share one count.
type addressLimit struct {
	limit   *rate.Limiter[netip.Addr]
	trusted []netip.Prefix
	clock   clock.Clock
	refused *refusals
}

// newAddressLimit allows an address so many requests a second for long, twice as many at once; nil for 0.
func newAddressLimit(perSecond int, trusted []netip.Prefix, clk clock.Clock, refused *refusals) *addressLimit {
	if perSecond <= 0 {
		return nil
	}
	policy := rate.Policy{Name: "address", Per: perSecond, Window: time.Second, Burst: 2 * perSecond}
	return &addressLimit{rate.New[netip.Addr](policy), trusted, clk, refused}
}

// guard lets requests through to next unless their address asks too often; then nothing of them but the head was read.
func (l *addressLimit) guard(next http.Handler, refuse http.HandlerFunc) http.Handler {
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := l.take(r); !a.OK {
			l.refused.add()
			h := w.Header()
			policy, state := l.limit.Headers(a)
			h.Set("RateLimit-Policy", policy)
			h.Set("RateLimit", state)
			h.Set("Retry-After", a.RetryAfter())
			refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (l *addressLimit) take(r *http.Request) rate.Allowance {
	addr := peer.Address(r, l.trusted)
	if addr.IsLoopback() {
		return rate.Allowance{OK: true}
	}
	return l.limit.Take(peer.PlaceOf(addr), l.clock.Now())
}

func tooOftenPage(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusTooManyRequests,
		"이 주소에서 요청이 너무 자주 왔습니다. 잠시 후 다시 시도하십시오.\nToo many requests from your address. Try again in a moment.")
}
