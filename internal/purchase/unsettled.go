package purchase

import (
	"sync"

	"giftimbiz/internal/gift"
)

const maxUnsettled = 10_000

// unsettled are purchases without a key or a reference whose outcome stayed unknown, so that their buyers' asking this node again is known
// as such however late it is. Its methods may be called from any goroutine.
type unsettled struct {
	mu     sync.Mutex
	orders map[Repeat]gift.ID // guarded by mu
}

// remember keeps what buyers cannot be told that have nothing to ask by.
func (u *unsettled) remember(d *decision) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, w := range d.batch {
		if d.outs[i].OrderID == 0 || !w.req.unmarked() {
			continue
		}
		if u.orders == nil || len(u.orders) >= maxUnsettled {
			u.orders = map[Repeat]gift.ID{} // the window and the history still tell
		}
		u.orders[Repeat{w.req.PartnerID, w.reads.fingerprint}] = d.outs[i].OrderID
	}
}

func (u *unsettled) has(r Repeat, order gift.ID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.orders[r] == order
}

func (u *unsettled) forget(r Repeat) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.orders, r)
}
