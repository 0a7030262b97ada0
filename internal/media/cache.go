package media

import (
	"container/list"
	"sync"
	"time"
)

// entry is a picture in memory. It never changes.
type entry struct {
	Picture
	name   string
	etag   string
	readAt time.Time
}

// overhead is what an entry takes in memory beside its picture, roughly.
const overhead = 512

func (e *entry) size() int { return len(e.Body) + len(e.name) + overhead }

// cache keeps the pictures asked for last, up to a number of bytes.
type cache struct {
	limit int

	mu     sync.Mutex
	byName map[string]*list.Element // guarded by mu
	recent *list.List               // of *entry, the last used first; guarded by mu
	bytes  int                      // guarded by mu
}

func newCache(limit int) *cache {
	return &cache{limit: limit, byName: map[string]*list.Element{}, recent: list.New()}
}

// get returns the picture if it was read at since or later.
func (c *cache) get(name string, since time.Time) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.byName[name]
	if known == nil {
		return nil
	}
	e := known.Value.(*entry)
	if e.readAt.Before(since) {
		return nil
	}
	c.recent.MoveToFront(known)
	return e
}

func (c *cache) put(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(e.name)
	if e.size() > c.limit/8 {
		return // one giant would push out everything else
	}
	c.byName[e.name] = c.recent.PushFront(e)
	c.bytes += e.size()
	for c.bytes > c.limit {
		c.remove(c.recent.Back().Value.(*entry).name)
	}
}

func (c *cache) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(name)
}

// remove needs mu.
func (c *cache) remove(name string) {
	if known := c.byName[name]; known != nil {
		c.bytes -= known.Value.(*entry).size()
		c.recent.Remove(known)
		delete(c.byName, name)
	}
}
