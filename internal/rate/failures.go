package rate

import (
	"net/netip"
	"time"
)

// placesShare is how many times as many wrong credentials an address may send as it may send in one partner's name.
const placesShare = 4

// Failures counts wrong credentials: by the address they come from, and by the partner they name there. Never by a partner alone: whoever
// guesses in a partner's name would lock it out. For the same reason it is asked only of credentials that are wrong: right ones pass
// from an address that has sent many wrong ones, which a partner may share with whoever sent them. Nothing is lost by that, as keys and
// tokens have 128 random bits: guesses are not held up to keep them from becoming right, but so that they cost little, say nothing more
// and fill no log. A nil Failures counts nothing.
type Failures struct {
	partners *Limiter[claim]
	places   *Limiter[netip.Addr]
	refused  func()
}

// claim is a partner's name used at an address.
type claim struct {
	partner int64
	place   netip.Addr
}

// NewFailures allows so many wrong credentials a minute in one partner's name from an address, as many at once; nil for 0. refused
// is called for each that is over it.
func NewFailures(perMinute int, refused func()) *Failures {
	if perMinute <= 0 {
		return nil
	}
	perMinute = min(perMinute, Most/placesShare)
	return &Failures{
		refused:  refused,
		partners: New[claim](Policy{Name: "failures", Per: perMinute, Window: time.Minute, Burst: perMinute}),
		places: New[netip.Addr](Policy{
			Name: "failures", Per: placesShare * perMinute, Window: time.Minute, Burst: placesShare * perMinute,
		}),
	}
}

// Refusal says that wrong credentials came too often, in the words of the headers.
type Refusal struct{ Policy, State, RetryAfter string }

// Count counts wrong credentials from a place (peer.PlaceOf) in a partner's name, 0 = in nobody's that is known. It returns nil while
// they are answered as what they are.
func (f *Failures) Count(partner int64, place netip.Addr, now time.Time) *Refusal {
	if f == nil {
		return nil
	}
	if a := f.places.Take(place, now); !a.OK {
		return refuse(f, f.places, a)
	}
	if partner == 0 {
		return nil
	}
	if a := f.partners.Take(claim{partner, place}, now); !a.OK {
		return refuse(f, f.partners, a)
	}
	return nil
}

func refuse[K comparable](f *Failures, l *Limiter[K], a Allowance) *Refusal {
	f.refused()
	policy, state := l.Headers(a)
	return &Refusal{Policy: policy, State: state, RetryAfter: a.RetryAfter()}
}
