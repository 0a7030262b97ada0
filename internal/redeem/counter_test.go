package redeem

import (
	"context"
	"errors"
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
	if len(c.store.wrong) != 0 {
		t.Errorf("a right code leaves wrong ones counted: %+v", c.store.wrong)
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
	if results[0] != 1 || results[gift.AlreadyUsed] != 63 {
		t.Errorf("results by reason: %v", results)
	}
	if n := c.keys.checked.Load(); n != 1 {
		t.Errorf("%d slow hashes were computed, want 1", n)
	}
}

func TestABurstOfGuessesGetsNoMoreTriesThanTheLockAllows(t *testing.T) {
	c := newCounterAt(starCoupon())
	guess := attempt()
	guess.Code = "000000"
	results := simultaneously(t, c, 64, guess)
	if n := c.keys.checked.Load(); n != MaxWrong {
		t.Errorf("%d codes were tried, want %d", n, MaxWrong)
	}
	if results[gift.WrongCode] != MaxWrong-1 || results[gift.SellerLocked] != 64-MaxWrong+1 {
		t.Errorf("results by reason: %v", results)
	}
}

func simultaneously(t *testing.T, c *counterAt, n int, a Attempt) map[gift.Reason]int {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	results := map[gift.Reason]int{}
	for range n {
		all.Go(func() {
			_, refusal, err := c.Redeem(t.Context(), a)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			results[reasonOf(refusal)]++
		})
	}
	all.Wait()
	return results
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
			c.store.afterGet = func() { tc.elsewhere(&c.store.items[0]) }
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
	counter := NewCounter(&reads, c.keys, c.clock)
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

func (l *lateLock) Attempts(context.Context, int64, bool) (Attempts, error) {
	l.looks++
	if l.looks == 1 {
		return Attempts{}, nil
	}
	return Attempts{Wrong: MaxWrong, Since: noon, LockedUntil: noon.Add(LockFor)}, nil
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
	done, _ := c.takeTurn(t.Context(), seller)
	defer done()
	if _, _, err := c.Redeem(ctx, attempt()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}
