package catalog

import (
	"strings"
	"sync"
)

// What is remembered, at most: so many pages, rows of each, bytes of words.
const (
	memoPages = 4096
	memoRows  = 100
	memoWords = 100
)

// memo remembers what searches found in an index: most people search for the same few words. An index never changes, so
// what was found once is right as long as the index is there; the next one starts with an empty memo.
type memo struct {
	mu    sync.RWMutex
	pages map[GiftQuery]Page
}

// page returns the page of a query, found before or now.
func (m *memo) page(q GiftQuery, find func(GiftQuery) Page) Page {
	if q.Words == "" || len(q.Words) > memoWords || q.Limit > memoRows {
		return find(q)
	}
	m.mu.RLock()
	p, ok := m.pages[q]
	m.mu.RUnlock()
	if !ok {
		p = find(q)
		m.keep(q, p)
	}
	return p
}

func (m *memo) keep(q GiftQuery, p Page) {
	q.Words = strings.Clone(q.Words) // what it was cut from may be large
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pages == nil || len(m.pages) >= memoPages {
		m.pages = map[GiftQuery]Page{} // what is asked for often is soon here again
	}
	m.pages[q] = p
}
