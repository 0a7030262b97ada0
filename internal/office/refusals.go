package office

import (
	"context"
	"sync"
	"time"

	"giftimbiz/internal/gift"
)

// HourRefusals is how often live partners, and those who are not known, were refused with a code in an hour of a day.
type HourRefusals struct {
	Day   gift.Day
	Hour  int64 // 0 to 23, in Seoul
	Code  string
	Calls int64
}

// RefusalStore adds up refusals of all nodes.
type RefusalStore interface {
	AddRefusals(ctx context.Context, byCode map[string]int64, now time.Time) error
}

// RefusalCounter counts refusals by code without making anybody wait for the database. Its methods may be called from any
// goroutine.
type RefusalCounter struct {
	store RefusalStore

	mu      sync.Mutex
	counted map[string]int64 // guarded by mu: since the last Flush, by code
}

// NewRefusalCounter returns a counter. Call its Flush again and again.
func NewRefusalCounter(store RefusalStore) *RefusalCounter {
	return &RefusalCounter{store: store, counted: map[string]int64{}}
}

// Add counts a refusal. There is only a small number of codes.
func (c *RefusalCounter) Add(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counted[code]++
}

// Flush stores what was counted, as of the hour of now. What cannot be stored is kept for the next time: a figure for people
// may be too high after an answer of the database was lost, rather than too low.
func (c *RefusalCounter) Flush(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	counted := c.counted
	c.counted = map[string]int64{}
	c.mu.Unlock()
	if len(counted) == 0 {
		return nil
	}
	err := c.store.AddRefusals(ctx, counted, now)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		for code, n := range counted {
			c.counted[code] += n
		}
	}
	return err
}
