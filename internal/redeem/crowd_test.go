package redeem

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"

	"giftimbiz/internal/gift"
)

func TestACrowdLetsAFewInAndAFewWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(2, 3)
		entered := make(chan func(), 5)
		for range 5 {
			go func() {
				leave, err := c.enter(t.Context(), 7)
				if err != nil {
					t.Error(err)
				}
				entered <- leave
			}()
		}
		synctest.Wait()
		if len(entered) != 2 {
			t.Fatalf("%d are inside", len(entered))
		}
		if _, err := c.enter(t.Context(), 7); !errors.Is(err, ErrBusy) {
			t.Errorf("the sixth: %v", err)
		}
		leave, err := c.enter(t.Context(), 8)
		if err != nil {
			t.Fatalf("of another id: %v", err)
		}
		leave()
		for range 5 {
			(<-entered)()
		}
		synctest.Wait()
		if len(c.queues) != 0 {
			t.Errorf("%d queues are left", len(c.queues))
		}
	})
}

func TestWhoLeavesACrowdMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1, 1)
		inside, err := c.enter(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, err := c.enter(ctx, 7)
			left <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		go inside()
		next, err := c.enter(t.Context(), 7)
		if err != nil {
			t.Fatalf("who came next: %v", err)
		}
		next()
	})
}

// stall keeps every code from being checked until letGo is called, and tells how many are being checked.
func stall(c *counterAt) (checking func() int, letGo func()) {
	gate := make(chan struct{})
	c.keys.checking = func() { <-gate }
	return func() int { return int(c.keys.checked.Load()) }, func() { close(gate) }
}

// TestOnePartnerCannotKeepTheSlowHashes has a partner try what belongs to nobody, as often as it can; meanwhile a shop
// redeems.
func TestOnePartnerCannotKeepTheSlowHashes(t *testing.T) {
	c := newCounterAt(starCoupon())
	c.decoy() // made before the bubble: it is slow
	synctest.Test(t, func(t *testing.T) {
		checking, letGo := stall(c)
		guess := attempt()
		guess.UnitID = 999
		const tries = 50
		done := make(chan error, tries)
		for range tries {
			go func() {
				_, _, err := c.Redeem(t.Context(), guess)
				done <- err
			}()
		}
		synctest.Wait()
		if checking() != partnerAtOnce || len(done) != tries-partnerAtOnce-partnerWaiting {
			t.Errorf("%d codes are being checked, %d attempts were sent away", checking(), len(done))
		}
		c.keys.checking = nil
		page := attempt()
		page.PartnerID = 0
		if _, refusal, err := c.Redeem(t.Context(), page); refusal != nil || err != nil {
			t.Errorf("the shop: %v, %v", refusal, err)
		}
		letGo()
		busy := 0
		for range tries {
			if err := <-done; errors.Is(err, ErrBusy) {
				busy++
			} else if err != nil {
				t.Error(err)
			}
		}
		if busy != tries-partnerAtOnce-partnerWaiting {
			t.Errorf("%d attempts were sent away", busy)
		}
	})
}

func TestOnThePageASellerOfAnotherShopCostsNothing(t *testing.T) {
	h, c, links := newTestHandler(t, starCoupon())
	for _, other := range []int64{stranger, 999} {
		w := fetch(h, http.MethodPost, pageOf(links), url.Values{"seller": {strconv.FormatInt(other, 10)}, "code": {code}})
		if w.Code != http.StatusUnprocessableEntity || c.keys.checked.Load() != 0 {
			t.Errorf("seller %d: status %d after %d slow hashes", other, w.Code, c.keys.checked.Load())
		}
	}
	if len(c.store.uses) != 0 || c.seen.counts["page wrong_code"] != 2 {
		t.Errorf("%d uses, observed %v", len(c.store.uses), c.seen.counts)
	}
}

func TestABusyShopIsToldToComeAgain(t *testing.T) {
	h, c, links := newTestHandler(t, starCoupon())
	synctest.Test(t, func(t *testing.T) {
		checking, letGo := stall(c)
		const shoppers = sellerWaiting + 1
		done := make(chan int, shoppers)
		for range shoppers {
			go func() { done <- fetch(h, http.MethodPost, pageOf(links), url.Values{"code": {code}}).Code }()
		}
		synctest.Wait()
		w := fetch(h, http.MethodPost, pageOf(links), url.Values{"code": {code}})
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || c.log.Len() != 0 {
			t.Errorf("status %d, Retry-After %q, logged: %s", w.Code, w.Header().Get("Retry-After"), c.log)
		}
		letGo()
		statuses := map[int]int{}
		for range shoppers {
			statuses[<-done]++
		}
		if statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != sellerWaiting || checking() != 1 {
			t.Errorf("statuses %v after %d slow hashes", statuses, checking())
		}
	})
}

// TestAnotherShopsAttemptsAreNotWaitedFor: sellers wait for themselves only.
func TestAnotherShopsAttemptsAreNotWaitedFor(t *testing.T) {
	elsewhere := starCoupon()
	elsewhere.UnitID, elsewhere.Line, elsewhere.Shop = coupon+1, 2, gift.Shop{ID: 38, Name: "연남만두"}
	c := newCounterAt(starCoupon(), elsewhere)
	synctest.Test(t, func(t *testing.T) {
		_, letGo := stall(c)
		done := make(chan error, 1)
		go func() {
			_, _, err := c.Redeem(t.Context(), attempt())
			done <- err
		}()
		synctest.Wait()
		c.keys.checking = nil
		other := attempt()
		other.UnitID, other.SellerID = coupon+1, stranger
		if _, refusal, err := c.Redeem(t.Context(), other); refusal != nil || err != nil {
			t.Errorf("the other shop: %v, %v", refusal, err)
		}
		letGo()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
