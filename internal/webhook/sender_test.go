package webhook

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// bare is a store that counts how often it is asked. What senders do with real ones is tested where those are.
type bare struct {
	outlook Outlook
	broken  atomic.Bool
	secret  []byte      // of all endpoints; nil = another one each time
	unknown atomic.Bool // the key of secrets is

	opened atomic.Int64 // secrets, or tried to be

	looks, leases, others atomic.Int64
	last                  gift.ID // owned by DueDeliveries, which is called by one at a time
}

var errBroken = errors.New("no database")

func (b *bare) LookForDeliveries(context.Context, string, time.Time, int) (Outlook, error) {
	b.looks.Add(1)
	if b.broken.Load() {
		return Outlook{}, errBroken
	}
	found := b.outlook
	if b.leases.Load() > 0 {
		for _, id := range found.Free {
			found.Held = append(found.Held, Held{ID: id, On: true, Due: true})
		}
		found.Free = nil
	}
	return found, nil
}

func (b *bare) LeaseEndpoints(_ context.Context, _ string, ids []int64) (list []Endpoint, err error) {
	b.leases.Add(1)
	if b.broken.Load() {
		return nil, errBroken
	}
	for _, id := range ids {
		e := Endpoint{ID: id, URL: "https://127.0.0.1:1/", Secret: b.secret}
		if e.Secret == nil {
			e.Secret = []byte(NewSecret())
		}
		list = append(list, e)
	}
	return list, nil
}

func (b *bare) ReleaseEndpoints(context.Context, string, []int64) error { b.others.Add(1); return nil }

func (b *bare) DueDeliveries(_ context.Context, id int64, _ time.Time, limit int) (list []Delivery, err error) {
	b.others.Add(1)
	for range limit {
		b.last++
		list = append(list, Delivery{EndpointID: id, Event: gift.Event{ID: b.last}})
	}
	return list, nil
}

func (b *bare) KeepResults(context.Context, string, []Delivery, time.Time) (map[int64]time.Time, error) {
	b.others.Add(1)
	return nil, nil
}

func (b *bare) GiveUpEndpoint(context.Context, string, int64, string, time.Time) error {
	b.others.Add(1)
	return nil
}

func (b *bare) HastenDeliveries(context.Context, time.Time) error { b.others.Add(1); return nil }

func (b *bare) OpenSecret(_ string, _ int64, sealed []byte) (string, error) {
	b.opened.Add(1)
	if b.unknown.Load() {
		return "", errBroken
	}
	return string(sealed), nil
}

// sending runs a sender on the store, in a bubble of time.
func sending(b *bare, observe func(string, time.Duration)) *Sender {
	s := New(Options{Store: b, Secrets: b, Clock: clock.System{}, Guard: NewGuard(nil), Observe: observe})
	s.Start()
	return s
}

// apart keeps what a test does from the moments at which leases are renewed: of two things at one moment either may come first.
const apart = 1100 * time.Millisecond

func TestWhereNobodyListensTheSenderAsksTwiceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &bare{}
		s := sending(store, nil)
		time.Sleep(10 * time.Second)
		for range 1000 { // commits of this node
			s.Nudge()
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if looks := store.looks.Load(); looks < 38 || looks > 42 {
			t.Errorf("it looked %d times in 20 seconds", looks)
		}
		s.Stop()
		if leases, others := store.leases.Load(), store.others.Load(); leases != 0 || others > 1 {
			t.Errorf("it asked for leases %d times and for other things %d times", leases, others)
		}
	})
}

func TestWhereSomebodyListensCommitsAreLookedAtTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &bare{outlook: Outlook{Any: true}}
		s := sending(store, nil)
		time.Sleep(10 * time.Second)
		idle := store.looks.Load()
		for range 10_000 {
			s.Nudge()
			time.Sleep(time.Millisecond)
		}
		busy := store.looks.Load() - idle
		if idle < 38 || idle > 42 || busy < 100 || busy > 300 {
			t.Errorf("it looked %d times in 10 seconds when nothing happened, and %d when much did", idle, busy)
		}
		s.Stop()
	})
}

// TestALeaseThatCannotBeRenewedIsNotTrusted: long before others may take the endpoint, nothing more is sent to it.
func TestALeaseThatCannotBeRenewedIsNotTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		store := &bare{outlook: Outlook{Any: true, Free: []int64{7}}}
		s := sending(store, func(string, time.Duration) { sent.Add(1) })
		time.Sleep(time.Minute + apart)
		renewed := sent.Load()
		if leases := store.leases.Load(); leases < 12 || leases > 14 {
			t.Errorf("the lease was renewed %d times in a minute", leases)
		}
		store.broken.Store(true)
		time.Sleep(leaseTrusted)
		trusted := sent.Load()
		if renewed == 0 || trusted == renewed {
			t.Errorf("%d attempts while it was renewed, %d then", renewed, trusted-renewed)
		}
		time.Sleep(time.Minute)
		if late := sent.Load() - trusted; late != 0 {
			t.Errorf("%d attempts with a lease that may be another's", late)
		}
		s.Stop()
	})
}

// TestASecretThatCouldNotBeReadIsTriedAgain: a node that slept learns the key of it a moment after it woke.
func TestASecretThatCouldNotBeReadIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &bare{outlook: Outlook{Any: true, Free: []int64{7}}, secret: []byte(NewSecret())}
		store.unknown.Store(true)
		s := sending(store, nil)
		time.Sleep(time.Minute + apart)
		store.unknown.Store(false)
		before := store.opened.Load()
		time.Sleep(time.Minute)
		read := store.opened.Load()
		time.Sleep(time.Minute)
		if again := store.opened.Load() - read; read != before+1 || again != 0 {
			t.Errorf("tried %d times, %d times when its key was known, and %d times afterwards", before, read-before, again)
		}
		s.Stop()
	})
}
