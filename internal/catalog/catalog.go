// Package catalog holds all that is on sale in memory: sorted lists of offers per category, brand and shop, a search
// over their names, and rows already encoded for the wire. Readers take one pointer to an immutable Index; writers make
// the next Index from it, sharing all that did not change.
package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	source Source
	clock  clock.Clock
	encode Encoder
	days   atomic.Pointer[days] // stored with mu held
	read   atomic.Pointer[reading]

	outlook outlook // on days to come

	fetching sync.Mutex // held while changes are read from the source and shown
	counting sync.Mutex // held while sales are read from the source and shown

	building   sync.Mutex // held while the next indexes are made; taken after fetching and counting, before mu
	popularity map[PopularityKey]int64

	mu     sync.Mutex     // held for moments; guards what follows
	unread map[int64]bool // offers taken off since the source was last asked
	late   map[int64]bool // offers taken off that the indexes being made may still have; nil: none are being made
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
	c := &Catalog{source: source, clock: clk, encode: enc, unread: map[int64]bool{}}
	c.days.Store(&days{today: newIndex(gift.DayOf(clk.Now()))})
	c.read.Store(&reading{})
	return c
}

// Index returns what is on sale now. When the day in Seoul has changed, in either direction, everybody who asks sees the
// prices and expiry of the new day: Refresh has made its index before midnight, or else the first to ask makes it here.
func (c *Catalog) Index() *Index {
	for {
		if ix := c.days.Load().on(c.clock.Now()); ix != nil {
			return ix
		}
		c.build(func(d *days) *days {
			if d.on(c.clock.Now()) != nil { // somebody was quicker
				return d
			}
			return c.changed(d, &change{})
		})
	}
}

// Refresh reads what changed in the source since the last time and shows it, and shortly before midnight prepares the
// next day. It returns how many rows were read; on an error nothing is changed.
func (c *Catalog) Refresh(ctx context.Context) (rows int, err error) {
	c.fetching.Lock()
	defer c.fetching.Unlock()
	last, now := c.read.Load(), c.clock.Now()
	seq := last.seq
	if c.forgot(now) {
		seq = 0
	}
	whole := seq == 0
	again := c.takeUnread()
	changes, upTo, err := c.fetch(ctx, seq, again)
	if err != nil {
		c.putBack(again)
		return 0, fmt.Errorf("read the catalogue: %w", err)
	}
	if whole || changes.len() > 0 {
		c.build(func(d *days) *days { return c.changed(d, &change{rows: changes, whole: whole, seq: upTo}) })
	}
	c.read.Store(&reading{at: now, seq: upTo})
	c.prepare()
	return changes.len(), nil
}

// forgot tells whether the clock was set back to a day whose offers were dropped as expired.
func (c *Catalog) forgot(now time.Time) bool { return gift.DayOf(now) < c.days.Load().today.keeps }

// fetch reads what changed after seq, and the offers that were taken off whether they changed or not: a sale may be known
// so late that the source had told of it, and of new stock after it, before.
func (c *Catalog) fetch(ctx context.Context, seq int64, again map[int64]bool) (rows Rows, upTo int64, err error) {
	rows, upTo, err = c.source.CatalogSince(ctx, seq)
	if err != nil {
		return Rows{}, 0, err
	}
	missing := maps.Clone(again)
	for i := range rows.Offers {
		delete(missing, rows.Offers[i].ID)
	}
	if len(missing) == 0 {
		return rows, upTo, nil
	}
	offers, err := c.source.OffersByID(ctx, slices.Sorted(maps.Keys(missing)))
	if err != nil {
		return Rows{}, 0, err
	}
	rows.add(offers)
	return rows, upTo, nil
}

// RefreshPopularity reads the sales of the last 30 days and puts lists by popularity in their new order.
func (c *Catalog) RefreshPopularity(ctx context.Context) error {
	c.counting.Lock()
	defer c.counting.Unlock()
	sold, err := c.source.Popularity(ctx, gift.DayOf(c.clock.Now())-popularityDays+1)
	if err != nil {
		return fmt.Errorf("read the popularity: %w", err)
	}
	c.build(func(d *days) *days {
		c.popularity = sold
		return c.changed(d, &change{recounted: true})
	})
	return nil
}

// Stats describes the current contents.
func (c *Catalog) Stats() Stats {
	ix, read := c.Index(), c.read.Load()
	return Stats{
		Offers: int64(ix.offers()),
		Units:  ix.gifts.units + ix.stars.units,
		Day:    ix.day, LoadedAt: read.at, Seq: read.seq,
	}
}
