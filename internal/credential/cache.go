package credential

import (
	"strings"
	"sync"
)

// cache remembers what was computed for a text. It holds at most twice its limit: when the young half is full it
// becomes the old half, and what is not asked for again is forgotten with the old half. Safe for concurrent use.
type cache[V any] struct {
	limit int

	mu         sync.RWMutex
	young, old map[string]V // guarded by mu
}

func newCache[V any](limit int) *cache[V] {
	return &cache[V]{limit: limit, young: map[string]V{}}
}

func (c *cache[V]) get(text string) (v V, ok bool) {
	c.mu.RLock()
	v, ok = c.young[text]
	if ok {
		c.mu.RUnlock()
		return v, true
	}
	v, ok = c.old[text]
	c.mu.RUnlock()
	if ok {
		c.put(text, v)
	}
	return v, ok
}

// put remembers v. The text is copied: it may be part of a whole request's memory.
func (c *cache[V]) put(text string, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.young[text]; known {
		return
	}
	if len(c.young) >= c.limit {
		c.young, c.old = make(map[string]V, c.limit), c.young
	}
	c.young[strings.Clone(text)] = v
}
