package partnerv2

import (
	"context"
	"net/http"
	"sync"
)

const (
	// maxUnderWay bounds how many purchases with keys may be under way on this node. The engine takes fewer.
	maxUnderWay = 8192
	// maxWaiting bounds how many of a partner's calls may wait for such purchases.
	maxWaiting = 64
)

// What is said to those whose key or place is taken.
var (
	keyInProgress = problem{
		kind: "idempotency-key-in-progress", status: http.StatusConflict, code: "PPA",
		ko:     "같은 Idempotency-Key의 주문을 처리하는 중입니다. 잠시 후 같은 키로 다시 보내십시오.",
		en:     "An order with this Idempotency-Key is under way. Send it again in a moment, with the same key.",
		header: [2]string{"Retry-After", "1"},
	}
	ordersBusy = problem{
		kind: "busy", status: http.StatusServiceUnavailable, code: "GPLF",
		ko:     "주문이 밀려 이 요청은 처리하지 않았습니다. 잠시 후 같은 Idempotency-Key로 다시 보내십시오.",
		en:     "Too many orders are waiting, so nothing was done. Send it again in a moment, with the same Idempotency-Key.",
		header: [2]string{"Retry-After", "1"},
	}
)

// owned is a key or a reference of a partner's.
type owned struct {
	partner int64
	name    string
}

// underWay knows the purchases of this node that are not decided yet, also those whose caller has left.
type underWay struct {
	mu         sync.Mutex
	keys       map[owned]struct{}   // guarded by mu
	references map[owned]*undecided // guarded by mu
	waiting    map[int64]int        // guarded by mu: calls, by partner
}

// undecided are purchases with one reference.
type undecided struct {
	purchases int           // guarded by underWay.mu
	over      chan struct{} // closed when there is none any more
}

func newUnderWay() underWay {
	return underWay{keys: map[owned]struct{}{}, references: map[owned]*undecided{}, waiting: map[int64]int{}}
}

// enter begins a purchase, or says why it may not begin. leave ends it.
func (u *underWay) enter(partner int64, key, reference string) (leave func(), err error) {
	k, r := owned{partner, key}, owned{partner, reference}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.keys[k]; ok {
		return nil, keyInProgress
	}
	if len(u.keys) >= maxUnderWay {
		return nil, ordersBusy
	}
	u.keys[k] = struct{}{}
	named := u.references[r]
	if named == nil {
		named = &undecided{over: make(chan struct{})}
		u.references[r] = named
	}
	named.purchases++
	return func() { u.leave(k, r) }, nil
}

func (u *underWay) leave(k, r owned) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.keys, k)
	named := u.references[r]
	if named.purchases--; named.purchases == 0 {
		delete(u.references, r)
		close(named.over)
	}
}

// wait waits until no purchase with the reference is under way any more. It is false when that takes longer than ctx lasts, or
// when too many wait.
func (u *underWay) wait(ctx context.Context, partner int64, reference string) bool {
	u.mu.Lock()
	named := u.references[owned{partner, reference}]
	if named == nil || u.waiting[partner] >= maxWaiting {
		u.mu.Unlock()
		return named == nil
	}
	u.waiting[partner]++
	u.mu.Unlock()
	defer u.stopWaiting(partner)
	select {
	case <-named.over:
		return true
	case <-ctx.Done():
		return false
	}
}

func (u *underWay) stopWaiting(partner int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.waiting[partner]--; u.waiting[partner] == 0 {
		delete(u.waiting, partner)
	}
}
