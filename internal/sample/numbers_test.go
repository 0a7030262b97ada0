package sample

import (
	"fmt"
	"strings"
	"testing"

	"giftimbiz/internal/gift"
)

func TestVoucherNumbersAreUniqueDigits(t *testing.T) {
	for _, seed := range []int64{1, -5, 1<<63 - 1} {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			s := makeRows(Options{Offers: 20_000, Seed: seed, Today: today})
			offers := byID(s.Offers, offerID)
			seen := make(map[string]bool, len(s.Units))
			for _, u := range s.Units {
				if offers[u.OfferID].Kind == gift.StarCoupon {
					if u.Number != "" {
						t.Fatalf("a star coupon with a number: %+v", u)
					}
					continue
				}
				if len(u.Number) < 12 || len(u.Number) > 16 || strings.Trim(u.Number, "0123456789") != "" || seen[u.Number] {
					t.Fatalf("number %q of unit %d is no number or comes twice", u.Number, u.ID)
				}
				seen[u.Number] = true
			}
		})
	}
}

func TestUnitsCountUpWithinTheirOffer(t *testing.T) {
	s := shared()
	units := map[int64]int64{}
	for _, u := range s.Units {
		units[u.OfferID]++
		if u.Position != units[u.OfferID] {
			t.Fatalf("unit %+v, want position %d", u, units[u.OfferID])
		}
	}
	for _, o := range s.Offers {
		if o.Stock != units[o.ID] {
			t.Errorf("offer %d: stock %d, %d units", o.ID, o.Stock, units[o.ID])
		}
	}
}

// TestTheStrideComesByEveryNumber holds what makes numbers unique: modulus and stride have no factor in common.
func TestTheStrideComesByEveryNumber(t *testing.T) {
	a, b := uint64(modulus), uint64(stride)
	for b != 0 {
		a, b = b, a%b
	}
	if a != 1 {
		t.Errorf("both can be divided by %d", a)
	}
}
