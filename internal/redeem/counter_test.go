package redeem

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
)

func attempt() Attempt {
	return Attempt{PartnerID: partner, UnitID: coupon, SellerID: seller, Code: code, Via: "api"}
}

func reasonOf(r *gift.Refusal) gift.Reason {
	if r == nil {
		return 0
	}
	return r.Reason
}

func TestARightCodeUsesTheCouponOnce(t *testing.T) {
	c := newCounterAt(starCoupon())
	item, refusal, err := c.Redeem(t.Context(), attempt())
	if err != nil || refusal != nil || item == nil || !item.UsedAt.Equal(noon) || item.UsedBy != seller {
		t.Fatalf("first use: item %+v, refusal %v, error %v", item, refusal, err)
	}
	want := []Use{{OrderID: order, Line: 1, PartnerID: partner, SellerID: seller, ShopID: 37, Via: "api", At: noon}}
	if diff := cmp.Diff(want, c.store.uses); diff != "" {
		t.Error("recorded use (-want +got)\n" + diff)
	}

	c.clock.Advance(time.Hour)
	_, refusal, err = c.Redeem(t.Context(), attempt())
	wantRefusal := &gift.Refusal{Reason: gift.AlreadyUsed, Item: -1, When: "2025-09-15 12:00:00", Where: "너랑나랑분식"}
	if diff := cmp.Diff(wantRefusal, refusal); diff != "" || err != nil {
		t.Errorf("second use: error %v (-want +got)\n%s", err, diff)
	}
}

func TestRefusals(t *testing.T) {
	cases := []struct {
		name   string
		change func(*gift.BoughtItem, *Attempt)
		want   gift.Reason
	}{
		{"wrong code", func(_ *gift.BoughtItem, a *Attempt) { a.Code = "000000" }, gift.WrongCode},
		{"seller of another shop with its right code", func(_ *gift.BoughtItem, a *Attempt) { a.SellerID = stranger }, gift.WrongCode},
		{"unknown seller", func(_ *gift.BoughtItem, a *Attempt) { a.SellerID = 999 }, gift.WrongCode},
		{"another partner's coupon", func(_ *gift.BoughtItem, a *Attempt) { a.PartnerID = 8 }, gift.WrongCode},
		{"unknown coupon", func(_ *gift.BoughtItem, a *Attempt) { a.UnitID = 999 }, gift.WrongCode},
		{"a gifticon", func(i *gift.BoughtItem, _ *Attempt) { i.Offer.Kind = gift.Gifticon }, gift.WrongCode},
		{"cancelled", func(i *gift.BoughtItem, _ *Attempt) { i.CancelledAt = noon.Add(-time.Minute) }, gift.Cancelled},
		{"cancelled, wrong code", func(i *gift.BoughtItem, a *Attempt) {
			i.CancelledAt, a.Code = noon.Add(-time.Minute), "000000"
		}, gift.Cancelled},
		{"day after the last", func(i *gift.BoughtItem, _ *Attempt) { i.Offer.LastDay = gift.DayOf(noon) - 1 }, gift.Lapsed},
		{"over by the clock of its partner", func(i *gift.BoughtItem, _ *Attempt) {
			i.Sandbox, i.ClockAhead = true, (i.Offer.LastDay + 1).Start().Sub(noon)
		}, gift.Lapsed},
		{"the last day by the clock of its partner", func(i *gift.BoughtItem, _ *Attempt) {
			i.Sandbox, i.ClockAhead = true, i.Offer.LastDay.Start().Sub(noon)
		}, 0},
		{"on the last day", func(i *gift.BoughtItem, _ *Attempt) { i.Offer.LastDay = gift.DayOf(noon) }, 0},
		{"page: any partner's", func(_ *gift.BoughtItem, a *Attempt) { a.PartnerID, a.OrderID = 0, order }, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			item, a := starCoupon(), attempt()
			tc.change(&item, &a)
			c := newCounterAt(item)
			_, refusal, err := c.Redeem(t.Context(), a)
			if err != nil || reasonOf(refusal) != tc.want {
				t.Errorf("refusal %+v, error %v, want reason %d", refusal, err, tc.want)
			}
			if (len(c.store.uses) == 1) != (tc.want == 0) {
				t.Errorf("%d uses recorded", len(c.store.uses))
			}
		})
	}
}

func TestWhatIsNotYoursIsRefusedLikeAWrongCode(t *testing.T) {
	c := newCounterAt(starCoupon())
	var answers []*gift.Refusal
	for _, change := range []func(*Attempt){
		func(a *Attempt) { a.Code = "000000" },
		func(a *Attempt) { a.SellerID = stranger },
		func(a *Attempt) { a.PartnerID = 8 },
	} {
		a := attempt()
		change(&a)
		before := c.keys.checked.Load()
		_, refusal, err := c.Redeem(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if c.keys.checked.Load() != before+1 {
			t.Error("the time taken tells the cases apart: not one code was checked")
		}
		answers = append(answers, refusal)
	}
	if diff := cmp.Diff(answers[0], answers[1]) + cmp.Diff(answers[0], answers[2]); diff != "" {
		t.Error("the answers differ\n" + diff)
	}
}

func TestFiveWrongCodesLockTheSellerForTenMinutes(t *testing.T) {
	c := newCounterAt(starCoupon())
	wrong := attempt()
	wrong.Code = "000000"
	redeem := func(a Attempt, want gift.Reason, minutes int64) {
		t.Helper()
		_, refusal, err := c.Redeem(t.Context(), a)
		if err != nil || reasonOf(refusal) != want || (refusal != nil && refusal.Limit != minutes) {
			t.Fatalf("refusal %+v, error %v, want reason %d and %d minutes", refusal, err, want, minutes)
		}
	}
	for range 4 {
		redeem(wrong, gift.WrongCode, 0)
		c.clock.Advance(time.Minute)
	}
	redeem(wrong, gift.SellerLocked, 10)
	c.clock.Advance(9*time.Minute + 30*time.Second)
	redeem(attempt(), gift.SellerLocked, 1)
	c.clock.Advance(30 * time.Second)
	redeem(wrong, gift.WrongCode, 0)
	redeem(attempt(), 0, 0)
}

// TestTheWindowSlides: what counts is whether five wrong codes came within ten minutes, not within ten minutes of the first.
func TestTheWindowSlides(t *testing.T) {
	cases := map[string]struct {
		pauses []time.Duration // before each wrong code
		locked bool            // by the last
	}{
		"one, then four nine minutes later":     {[]time.Duration{0, 9 * time.Minute, 0, 0, 0}, true},
		"one, then four ten minutes later":      {[]time.Duration{0, 10 * time.Minute, 0, 0, 0}, false},
		"four at the window's end, one after":   {[]time.Duration{0, 9 * time.Minute, 0, 0, 2 * time.Minute, 0}, true},
		"every three minutes":                   {[]time.Duration{0, 3 * time.Minute, 3 * time.Minute, 3 * time.Minute, 3 * time.Minute}, false},
		"every two and a half minutes, exactly": {[]time.Duration{0, 150 * time.Second, 150 * time.Second, 150 * time.Second, 150 * time.Second}, false},
		"every two minutes":                     {[]time.Duration{0, 2 * time.Minute, 2 * time.Minute, 2 * time.Minute, 2 * time.Minute}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var a Attempts
			now := noon
			for _, pause := range tc.pauses {
				if a.Locked(now) {
					t.Fatal("locked before the last code")
				}
				now = now.Add(pause)
				a = a.After(now)
			}
			if a.Locked(now) != tc.locked {
				t.Errorf("locked: %v", a.Locked(now))
			}
		})
	}
}

func TestARightCodeDoesNotMakeWrongOnesForgotten(t *testing.T) {
	second := starCoupon()
	second.UnitID, second.Line = coupon+1, 2
	c := newCounterAt(starCoupon(), second)
	wrong, right := attempt(), attempt()
	wrong.Code, wrong.UnitID = "000000", coupon+1
	for i := range MaxWrong {
		if i == MaxWrong-1 {
			if _, refusal, err := c.Redeem(t.Context(), right); refusal != nil || err != nil {
				t.Fatal(refusal, err)
			}
		}
		want := gift.WrongCode
		if i == MaxWrong-1 {
			want = gift.SellerLocked
		}
		if _, refusal, err := c.Redeem(t.Context(), wrong); err != nil || reasonOf(refusal) != want {
			t.Fatalf("wrong code %d: %+v, %v", i+1, refusal, err)
		}
	}
}

func TestALockedShopLeavesATrace(t *testing.T) {
	c := newCounterAt(starCoupon())
	wrong := attempt()
	wrong.Code = "271828"
	for range MaxWrong + 2 {
		if _, _, err := c.Redeem(t.Context(), wrong); err != nil {
			t.Fatal(err)
		}
	}
	if log := c.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "seller=31 shop=37") ||
		strings.Contains(log, wrong.Code) {
		t.Errorf("logged: %s", log)
	}
	want := map[string]int{"api wrong_code": MaxWrong - 1, "api locked": 3}
	if diff := cmp.Diff(want, c.seen.counts); diff != "" {
		t.Error("observed (-want +got)\n" + diff)
	}
}

func TestEveryOutcomeIsObserved(t *testing.T) {
	c := newCounterAt(starCoupon())
	try := func(change func(*Attempt)) {
		a := attempt()
		a.Via = "page"
		change(&a)
		_, _, _ = c.Redeem(t.Context(), a) // what is observed matters
	}
	try(func(a *Attempt) { a.Code = "000000" })
	try(func(*Attempt) {})
	try(func(*Attempt) {})
	c.store.items[0].UsedAt, c.store.items[0].CancelledAt = time.Time{}, noon
	try(func(*Attempt) {})
	c.store.items[0].CancelledAt, c.store.items[0].Offer.LastDay = time.Time{}, 0
	try(func(*Attempt) {})
	c.store.readErr = errors.New("disk gone")
	try(func(*Attempt) {})
	want := map[string]int{
		"page wrong_code": 1, "page used": 1, "page already_used": 1, "page cancelled": 1, "page lapsed": 1, "page error": 1,
	}
	if diff := cmp.Diff(want, c.seen.counts); diff != "" {
		t.Error("observed (-want +got)\n" + diff)
	}
	for outcome := range c.seen.counts {
		if !slices.Contains(Outcomes(), strings.TrimPrefix(outcome, "page ")) {
			t.Errorf("%s is not one of Outcomes", outcome)
		}
	}
}

func TestWrongCodesFarApartDoNotLock(t *testing.T) {
	c := newCounterAt(starCoupon())
	wrong := attempt()
	wrong.Code = "000000"
	for range 12 {
		if _, refusal, err := c.Redeem(t.Context(), wrong); err != nil || reasonOf(refusal) != gift.WrongCode {
			t.Fatalf("refusal %+v, error %v", refusal, err)
		}
		c.clock.Advance(3 * time.Minute)
	}
}

func TestWrongCodesForTestCouponsDoNotLockLiveOnes(t *testing.T) {
	test := starCoupon()
	test.OrderID, test.UnitID, test.Sandbox = order+1, coupon+1, true
	c := newCounterAt(starCoupon(), test)
	wrong := attempt()
	wrong.UnitID, wrong.Code = coupon+1, "000000"
	for range 6 {
		if _, _, err := c.Redeem(t.Context(), wrong); err != nil {
			t.Fatal(err)
		}
	}
	if _, refusal, err := c.Redeem(t.Context(), attempt()); refusal != nil || err != nil {
		t.Errorf("live coupon: refusal %+v, error %v", refusal, err)
	}
}

func TestOfSimultaneousUsesExactlyOneSucceeds(t *testing.T) {
	c := newCounterAt(starCoupon())
	results := simultaneously(t, c, 64, attempt())
	if results["used"] != 1 || results["used"]+results["already_used"]+results["busy"] != 64 {
		t.Errorf("results: %v", results)
	}
	if n := c.keys.checked.Load(); n != 1 {
		t.Errorf("%d slow hashes were computed, want 1", n)
	}
}

func TestABurstOfGuessesGetsNoMoreTriesThanTheLockAllows(t *testing.T) {
	c := newCounterAt(starCoupon())
	guess := attempt()
	guess.PartnerID, guess.Code = 0, "000000"
	results := simultaneously(t, c, sellerWaiting+1, guess)
	if n := c.keys.checked.Load(); n != MaxWrong {
		t.Errorf("%d codes were tried, want %d", n, MaxWrong)
	}
	if results["wrong_code"] != MaxWrong-1 || results["locked"] != sellerWaiting+1-MaxWrong+1 {
		t.Errorf("results: %v", results)
	}
}

// simultaneously makes n equal attempts at once and returns what became of them.
func simultaneously(t *testing.T, c *counterAt, n int, a Attempt) map[string]int {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, _, err := c.Redeem(t.Context(), a); err != nil && !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return count(c, a.Via)
}

// count returns how often each outcome was observed.
func count(c *counterAt, via string) map[string]int {
	counts := map[string]int{}
	for name, n := range c.seen.counts {
		counts[strings.TrimPrefix(name, via+" ")] = n
	}
	return counts
}

func TestACouponLostToAnotherNodeSaysSo(t *testing.T) {
	cases := map[string]struct {
		elsewhere func(*gift.BoughtItem)
		want      gift.Reason
	}{
		"used":      {func(i *gift.BoughtItem) { i.UsedAt = noon }, gift.AlreadyUsed},
		"cancelled": {func(i *gift.BoughtItem) { i.CancelledAt = noon }, gift.Cancelled},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := newCounterAt(starCoupon())
			c.keys.checking = func() { tc.elsewhere(&c.store.items[0]) }
			_, refusal, err := c.Redeem(t.Context(), attempt())
			if err != nil || reasonOf(refusal) != tc.want || len(c.store.uses) != 0 {
				t.Errorf("refusal %+v, error %v, %d uses", refusal, err, len(c.store.uses))
			}
		})
	}
}

func TestARightCodeDoesNotOpenALockSetElsewhereMeanwhile(t *testing.T) {
	c := newCounterAt(starCoupon())
	reads := lateLock{memory: c.store}
	counter := c.on(&reads)
	_, refusal, err := counter.Redeem(t.Context(), attempt())
	if err != nil || reasonOf(refusal) != gift.SellerLocked || len(c.store.uses) != 0 {
		t.Errorf("refusal %+v, error %v, %d uses", refusal, err, len(c.store.uses))
	}
}

// lateLock is locked from the second look on.
type lateLock struct {
	*memory
	looks int
}

func (l *lateLock) Attempts(context.Context, int64, Guesser) (Attempts, error) {
	l.looks++
	if l.looks == 1 {
		return Attempts{}, nil
	}
	return Attempts{LockedUntil: noon.Add(LockFor)}, nil
}

func TestAFaultOfTheStoreIsAnErrorAndACallerMayLeave(t *testing.T) {
	c := newCounterAt(starCoupon())
	fault := errors.New("disk gone")
	c.store.readErr = fault
	if _, _, err := c.Redeem(t.Context(), attempt()); !errors.Is(err, fault) {
		t.Errorf("error %v, want the store's", err)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	c.store.readErr = nil
	if _, _, err := c.Redeem(ctx, attempt()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}
