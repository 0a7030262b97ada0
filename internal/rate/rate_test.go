package rate

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var noon = time.Date(2025, 9, 15, 12, 0, 0, 0, time.UTC)

// tenASecond allows ten a second, twenty at once.
func tenASecond() *Limiter[int] {
	return New[int](Policy{Name: "test", Per: 10, Window: time.Second, Burst: 20})
}

// takeAll takes until nothing is allowed any more, and returns how many were.
func takeAll(l *Limiter[int], key int, now time.Time) (n int) {
	for l.Take(key, now).OK {
		n++
	}
	return n
}

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	l := tenASecond()
	if n := takeAll(l, 1, noon); n != 20 {
		t.Fatalf("%d at once", n)
	}
	a := l.Take(1, noon)
	if a.OK || a.Left != 0 || a.Full != 2*time.Second || a.Retry != 100*time.Millisecond || a.RetryAfter() != "1" {
		t.Errorf("%+v", a)
	}
	if policy, state := l.Headers(a); policy != `"test";q=20;w=2` || state != `"test";r=0;t=2` {
		t.Errorf("%s, %s", policy, state)
	}
	if n := takeAll(l, 2, noon); n != 20 {
		t.Errorf("another key has %d", n)
	}
	if n := takeAll(l, 1, noon.Add(a.Retry)); n != 1 {
		t.Errorf("%d when it said so", n)
	}
	if n := takeAll(l, 1, noon.Add(time.Minute)); n != 20 {
		t.Errorf("%d a minute later", n)
	}
	if n := takeAll(l, 1, noon.Add(-time.Hour)); n != 20 {
		t.Errorf("%d after the clock was set back: it must not take an hour", n)
	}
}

func TestNoPolicyAllowsEverything(t *testing.T) {
	l := New[int](Policy{Name: "test", Window: time.Second})
	if a := l.Take(1, noon); l != nil || !a.OK {
		t.Errorf("%v, %+v", l, a)
	}
	if over := NewFailures(0, nil).Count(1, netip.Addr{}, noon); over != nil {
		t.Errorf("%+v", over)
	}
}

// TestWhoComesAsManyIsNotForgotten fills the table from many keys: what was counted before stays counted, who was not there before
// shares, and it is all over when the buckets are full again.
func TestWhoComesAsManyIsNotForgotten(t *testing.T) {
	l := tenASecond()
	l.most = 100
	takeAll(l, 0, noon)
	for key := range 10_000 {
		l.Take(key, noon)
	}
	if held := len(l.full); held != 100 {
		t.Errorf("%d keys are held", held)
	}
	if l.Take(0, noon).OK {
		t.Error("a key that had used up what it may was forgotten")
	}
	allowed := 0
	for key := range 10_000 {
		allowed += takeAll(l, 1_000_000+key, noon)
	}
	if most := shared * 20; allowed > most {
		t.Errorf("newcomers got %d, which is more than the %d of the counts they share", allowed, most)
	}
	later := noon.Add(3 * time.Second)
	if n := takeAll(l, -1, later); n != 20 || len(l.full) != 1 {
		t.Errorf("when all is over, a newcomer gets %d, and %d keys are held", n, len(l.full))
	}
}

// TestAFullTableIsNotLookedThroughForEachNewcomer counts how often keys are dropped, by keys that could be.
func TestAFullTableIsNotLookedThroughForEachNewcomer(t *testing.T) {
	l := tenASecond()
	l.most = 100
	for key := range 100 {
		takeAll(l, key, noon)
	}
	l.Take(1000, noon)
	l.full[1] = noon // this one could be dropped now, but the others were looked at a moment ago
	l.Take(1001, noon.Add(time.Millisecond))
	if len(l.full) != 100 {
		t.Errorf("%d keys are held at once", len(l.full))
	}
	l.Take(1002, noon.Add(sweepRest+time.Millisecond))
	if _, own := l.full[1002]; !own {
		t.Error("a second later a newcomer still finds no room")
	}
}

func TestWrongCredentialsAreCountedForAddressAndName(t *testing.T) {
	refused := 0
	f := NewFailures(5, func() { refused++ })
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for range 5 {
		if over := f.Count(1, here, noon); over != nil {
			t.Fatalf("%+v", over)
		}
	}
	over := f.Count(1, here, noon)
	if over == nil || *over != (Refusal{`"failures";q=5;w=60`, `"failures";r=0;t=60`, "12"}) {
		t.Errorf("the sixth: %+v", over)
	}
	if f.Count(2, here, noon) != nil || f.Count(1, there, noon) != nil {
		t.Error("another name, or the same at another address, is refused")
	}
	said := 0
	for range 40 {
		if f.Count(0, here, noon) == nil {
			said++
		}
	}
	if said != 20-7 || refused != 1+40-said {
		t.Errorf("the address was told %d times more, and %d were refused", said, refused)
	}
}

func TestALimiterMayBeUsedByManyAtOnce(t *testing.T) {
	l := tenASecond()
	var ok atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if l.Take(7, noon).OK {
					ok.Add(1)
				}
			}
		})
	}
	all.Wait()
	if ok.Load() != 20 {
		t.Errorf("%d were allowed", ok.Load())
	}
}

func BenchmarkTake(b *testing.B) {
	l := New[netip.Addr](Policy{Name: "address", Per: 2000, Window: time.Second, Burst: 4000})
	addr, now := netip.MustParseAddr("192.0.2.1"), noon
	for b.Loop() {
		now = now.Add(time.Millisecond)
		l.Take(addr, now)
	}
}
