package client

import (
	"context"
	"sync"
	"time"
)

// renewWithin bounds one renewal, which outlives the callers that wait for it.
const renewWithin = 30 * time.Second

// tokens keeps an access token and renews it. Callers that come together share one renewal.
type tokens struct {
	fetch func(context.Context) (token string, lasts time.Duration, err error)

	mu      sync.Mutex // never held while anything is awaited
	token   string     // guarded by mu
	renewAt time.Time  // guarded by mu
	renewal *renewal   // guarded by mu; nil when none is under way
}

// renewal is one sign-in under way.
type renewal struct {
	done  chan struct{}
	token string // with err, read after done is closed
	err   error
}

// get returns a token that is good for another while. A caller whose context ends leaves; the renewal goes on for the
// others.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	if t.token != "" && time.Now().Before(t.renewAt) {
		defer t.mu.Unlock()
		return t.token, nil
	}
	r := t.renewal
	if r == nil {
		r = &renewal{done: make(chan struct{})}
		t.renewal = r
		go t.renew(context.WithoutCancel(ctx), r)
	}
	t.mu.Unlock()
	select {
	case <-r.done:
		return r.token, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// forget has the next caller sign in anew, with whatever credentials there are then.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.renewal = "", nil
}

// drop forgets a token that the server did not take, unless it was renewed since.
func (t *tokens) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
}

func (t *tokens) renew(ctx context.Context, r *renewal) {
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	token, lasts, err := t.fetch(ctx)
	r.token, r.err = token, err
	t.mu.Lock()
	defer t.mu.Unlock()
	close(r.done)
	if t.renewal != r {
		return // forgotten meanwhile: it was made with credentials of before
	}
	t.renewal = nil
	if err == nil {
		t.token, t.renewAt = token, time.Now().Add(lasts*9/10)
	}
}
