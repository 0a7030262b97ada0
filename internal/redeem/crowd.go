package redeem

import (
	"context"
	"errors"
	"sync"
)

// ErrBusy says that too many attempts of the same partner or seller are under way. Nothing was tried; asking again in a
// moment is safe.
var ErrBusy = errors.New("redeem: too many attempts at once")

// crowd lets a few callers of each id in at a time and a few more wait, in turn; it sends the others away with ErrBusy.
type crowd struct {
	inside, waiting int // of one id, at most

	mu     sync.Mutex
	queues map[int64]*queue // guarded by mu: the ids that have callers
}

type queue struct {
	places  chan struct{}
	callers int // guarded by crowd.mu: inside or waiting
}

func newCrowd(inside, waiting int) *crowd {
	return &crowd{inside: inside, waiting: waiting, queues: map[int64]*queue{}}
}

// enter waits for a place. The caller gives it back with leave.
func (c *crowd) enter(ctx context.Context, id int64) (leave func(), err error) {
	q := c.join(id)
	if q == nil {
		return nil, ErrBusy
	}
	select {
	case q.places <- struct{}{}:
		return func() {
			<-q.places
			c.part(id, q)
		}, nil
	case <-ctx.Done():
		c.part(id, q)
		return nil, ctx.Err()
	}
}

// join returns nil when too many callers are there.
func (c *crowd) join(id int64) *queue {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.queues[id]
	if q == nil {
		q = &queue{places: make(chan struct{}, c.inside)}
		c.queues[id] = q
	}
	if q.callers >= c.inside+c.waiting {
		return nil
	}
	q.callers++
	return q
}

func (c *crowd) part(id int64, q *queue) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.callers--; q.callers == 0 {
		delete(c.queues, id)
	}
}
