package purchase

import (
	"context"
	"errors"
	"sync"
	"time"
)

// outageEvery is how often the log is told that the store is away: each batch would be too often just then.
const outageEvery = 10 * time.Second

// outage is what was said of a store that is away.
type outage struct {
	mu     sync.Mutex
	last   time.Time // guarded by mu: when it was said
	unsaid int       // guarded by mu: faults since
}

// says tells whether a fault now is to be logged, and how many were not since the last that was.
func (o *outage) says(now time.Time) (unsaid int, say bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if since := now.Sub(o.last); !o.last.IsZero() && since >= 0 && since < outageEvery {
		o.unsaid++
		return 0, false
	}
	unsaid = o.unsaid
	o.last, o.unsaid = now, 0
	return unsaid, true
}

// logFault logs a fault of a batch or a purchase, those of a store that is away once in a while.
func (e *Engine) logFault(ctx context.Context, what, key string, value any, err error) {
	if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrUnknown) {
		e.opt.Logger.ErrorContext(ctx, what, key, value, "error", err)
		return
	}
	if unsaid, say := e.outage.says(e.opt.Clock.Now()); say {
		e.opt.Logger.ErrorContext(ctx, what, key, value, "unsaid", unsaid, "error", err)
	}
}
