package sample

import (
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
)

var today = gift.DateOf(2025, time.September, 15)

// shared is a set of the usual size, drawn once, since drawing is slow under the race detector. Tests only read it.
var shared = sync.OnceValue(func() *Set { return Make(Options{Seed: 1, Today: today}) })

func TestTheSameOptionsMakeTheSameSet(t *testing.T) {
	again := reflect.ValueOf(Make(Options{Seed: 1, Today: today})).Elem()
	first := reflect.ValueOf(shared()).Elem()
	for i := range first.NumField() {
		name := first.Type().Field(i).Name
		if first.Field(i).Len() == 0 {
			t.Errorf("no %s", name)
		}
		if !reflect.DeepEqual(first.Field(i).Interface(), again.Field(i).Interface()) {
			t.Errorf("%s differ", name)
		}
	}
}

func TestAnotherSeedMakesOtherStock(t *testing.T) {
	one, other := shared(), makeRows(Options{Seed: 2, Today: today})
	for name, same := range map[string]bool{
		"offers":  reflect.DeepEqual(one.Offers, other.Offers),
		"units":   reflect.DeepEqual(one.Units, other.Units),
		"sellers": reflect.DeepEqual(one.Sellers, other.Sellers),
		"sales":   reflect.DeepEqual(one.Sales, other.Sales),
	} {
		if same {
			t.Errorf("seeds 1 and 2 make the same %s", name)
		}
	}
}

// TestAnotherDayMovesTheStockAlong holds that only days depend on the day.
func TestAnotherDayMovesTheStockAlong(t *testing.T) {
	later := makeRows(Options{Seed: 1, Today: today + 400})
	guide := map[int64]bool{}
	for _, o := range guideGiftOffers() {
		guide[o.ID] = true
	}
	for i, want := range shared().Offers {
		if !guide[want.ID] {
			want.LastDay += 400
		}
		if got := later.Offers[i]; got != want {
			t.Errorf("offer %+v, want %+v", got, want)
		}
	}
}

func TestHowMuchThereIs(t *testing.T) {
	s := shared()
	for _, test := range []struct {
		name      string
		got, want int
	}{
		{"gift offers", countOffers(s, gift.Gifticon), 2000 + len(guideGiftOffers())},
		{"star offers", countOffers(s, gift.StarCoupon), len(couponIdeas()) + len(guideStarOffers(today))},
		{"campaigns", len(s.Campaigns), countOffers(s, gift.StarCoupon)},
		{"categories", len(s.Categories), 10 + 12},
		{"brands", len(s.Brands), 70},
		{"shops", len(s.Shops), 60},
		{"sellers", len(s.Sellers), 60},
		{"partners", len(Partners()), 2},
	} {
		if test.got != test.want {
			t.Errorf("%d %s, want %d", test.got, test.name, test.want)
		}
	}
}

func TestAnyNumberOfOffersIsMade(t *testing.T) {
	for offers, want := range map[int]int{1: 1, 3: 3, 300: 300, 30_000: 30_000, 0: DefaultOffers} {
		s := makeRows(Options{Offers: offers, Seed: 1, Today: today})
		if got := countOffers(s, gift.Gifticon) - len(guideGiftOffers()); got != want {
			t.Errorf("%d offers made when asked for %d", got, offers)
		}
	}
}

func countOffers(s *Set, kind gift.Kind) (n int) {
	for _, o := range s.Offers {
		if o.Kind == kind {
			n++
		}
	}
	return n
}

// TestAPartnerMayBuyAndAnotherMayTry: the guide names the second, whose purchases are not real.
func TestAPartnerMayBuyAndAnotherMayTry(t *testing.T) {
	sandbox := map[string]bool{}
	for _, p := range Partners() {
		sandbox[p.Name] = p.Sandbox
		if p.State != gift.Active || p.Balance != 10_000_000 {
			t.Errorf("partner %+v", p)
		}
	}
	if want := map[string]bool{"demo": false, "devtest1": true}; !reflect.DeepEqual(sandbox, want) {
		t.Errorf("partners, and whether they are for tests: %v, want %v", sandbox, want)
	}
}

func BenchmarkMake(b *testing.B) {
	for _, n := range []int{DefaultOffers, 100_000} {
		b.Run("offers="+strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				Make(Options{Offers: n, Seed: 1, Today: today})
			}
		})
	}
}
