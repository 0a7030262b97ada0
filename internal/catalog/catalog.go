// Package catalog holds all that is on sale in memory: sorted lists of offers per category, brand and shop, a search
// over their names, and rows already encoded for the wire. Readers take one pointer to an immutable Index; writers make
// the next Index from it, sharing all that did not change.
package catalog

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// popularityDays is the length of the period, today included, whose sales make an item popular (wire §3).
const popularityDays = 30

// Catalog keeps the current Index. Its methods may be called from any goroutine.
type Catalog struct {
	source  Source
	clock   clock.Clock
	encode  Encoder
	current atomic.Pointer[Index]
	read    atomic.Pointer[reading]

	fetching sync.Mutex // held while the source is read

	mu         sync.Mutex // held while the next Index is made; guards what follows
	popularity map[PopularityKey]int64
	removed    map[int64]bool // offers removed since the source is being read; nil: it is not
}

// reading tells how far the source was read.
type reading struct {
	at  time.Time
	seq int64
}

// New returns an empty catalogue, to be filled by Refresh. All arguments are needed.
func New(source Source, clk clock.Clock, enc Encoder) *Catalog {
	if source == nil || clk == nil || enc == nil {
		panic("catalog: a catalogue needs a source, a clock and an encoder")
	}
	c := &Catalog{source: source, clock: clk, encode: enc}
	c.current.Store(newIndex(gift.DayOf(clk.Now())))
	c.read.Store(&reading{})
	return c
}

// Index returns what is on sale now. When the day in Seoul has changed since the last call, in either direction, prices
// and expiry change first: everybody who asks after midnight sees the new day.
func (c *Catalog) Index() *Index {
	if ix := c.current.Load(); ix.covers(c.clock.Now()) {
		return ix
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ix := c.current.Load()
	if !ix.covers(c.clock.Now()) {
		ix = c.apply(&change{})
	}
	return ix
}

// apply makes and publishes the next Index for today. The caller holds mu.
func (c *Catalog) apply(ch *change) *Index {
	ch.day, ch.popularity, ch.encode = gift.DayOf(c.clock.Now()), c.popularity, c.encode
	ix := c.current.Load().with(ch)
	c.current.Store(ix)
	return ix
}

// Refresh reads what changed in the source since the last time and shows it. It returns how many rows changed; on an
// error nothing is changed.
func (c *Catalog) Refresh(ctx context.Context) (changed int, err error) {
	c.fetching.Lock()
	defer c.fetching.Unlock()
	now := reading{at: c.clock.Now(), seq: c.read.Load().seq}
	c.setRemoved(map[int64]bool{})
	rows, upTo, err := c.source.CatalogSince(ctx, now.seq)

	c.mu.Lock()
	defer c.mu.Unlock()
	removed := c.removed
	c.removed = nil
	if err != nil {
		return 0, fmt.Errorf("read the catalogue: %w", err)
	}
	if rows.len() > 0 {
		c.apply(&change{rows: rows, removed: removed})
	}
	if !anyIn(rows.Offers, removed) {
		now.seq = upTo
	}
	c.read.Store(&now)
	return rows.len(), nil
}

func (c *Catalog) setRemoved(removed map[int64]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removed = removed
}

// anyIn tells whether an offer was removed after it had been read with stock. Whether it was read before or after its
// last unit was sold (and perhaps new ones came) cannot be told, so it stays off and is read again.
func anyIn(offers []gift.Offer, removed map[int64]bool) bool {
	if len(removed) == 0 {
		return false
	}
	for i := range offers {
		if offers[i].Stock > 0 && removed[offers[i].ID] {
			return true
		}
	}
	return false
}

// RefreshPopularity reads the sales of the last 30 days and puts lists by popularity in their new order.
func (c *Catalog) RefreshPopularity(ctx context.Context) error {
	c.fetching.Lock()
	defer c.fetching.Unlock()
	sold, err := c.source.Popularity(ctx, gift.DayOf(c.clock.Now())-popularityDays+1)
	if err != nil {
		return fmt.Errorf("read the popularity: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.popularity = sold
	c.apply(&change{recounted: true})
	return nil
}

// Remove takes sold-out offers off the lists at once. They come back when the source tells of new stock.
func (c *Catalog) Remove(offerIDs ...int64) {
	if len(offerIDs) == 0 {
		return
	}
	gone := make(map[int64]bool, len(offerIDs))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range offerIDs {
		gone[id] = true
		if c.removed != nil {
			c.removed[id] = true
		}
	}
	c.apply(&change{removed: gone})
}

// Stats describes the current contents.
func (c *Catalog) Stats() Stats {
	ix, read := c.Index(), c.read.Load()
	return Stats{
		Offers: int64(ix.gifts.all[0].len() + ix.stars.all[0].len()),
		Units:  ix.gifts.units + ix.stars.units,
		Day:    ix.day, LoadedAt: read.at, Seq: read.seq,
	}
}
