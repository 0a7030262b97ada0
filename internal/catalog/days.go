package catalog

import (
	"maps"
	"time"

	"giftimbiz/internal/gift"
)

// prepareAhead is how long before midnight in Seoul the index of the next day is made.
const prepareAhead = 10 * time.Minute

// days are the index of one day and, shortly before its end, that of the next, so that the day turns without anybody's
// waiting. They are immutable.
type days struct {
	today    *Index
	tomorrow *Index // nil: not made yet
	recent   recent // how they came to be
}

// on returns the index of the day to which a time belongs; nil when there is none.
func (d *days) on(t time.Time) *Index {
	switch {
	case d.today.covers(t):
		return d.today
	case d.tomorrow != nil && d.tomorrow.covers(t):
		return d.tomorrow
	}
	return nil
}

// with returns the indexes after a change. Today is the given day.
func (d *days) with(ch *change, day gift.Day) *days {
	base := d.today
	if d.tomorrow != nil && d.tomorrow.day == day {
		base = d.tomorrow
	}
	next := &days{today: base.with(ch, day), recent: d.recent.with(ch)}
	if d.tomorrow != nil && d.tomorrow.day == day+1 {
		next.tomorrow = d.tomorrow.with(ch, day+1)
	}
	return next
}

// without returns the indexes without the given offers, each on its own day.
func (d *days) without(offers map[int64]bool) *days {
	if len(offers) == 0 {
		return d
	}
	ch := &change{removed: offers}
	next := &days{today: d.today.with(ch, d.today.day), recent: d.recent.with(ch)}
	if d.tomorrow != nil {
		next.tomorrow = d.tomorrow.with(ch, d.tomorrow.day)
	}
	return next
}

// prepare makes the index of the next day when this one ends soon.
func (c *Catalog) prepare() {
	today := c.Index()
	if today.until.Sub(c.clock.Now()) > prepareAhead {
		return
	}
	if d := c.days.Load(); d.tomorrow != nil && d.tomorrow.day == today.day+1 {
		return
	}
	c.build(func(d *days) *days {
		d = c.changed(d, &change{})
		return &days{today: d.today, tomorrow: d.today.with(c.complete(&change{}), d.today.day+1), recent: d.recent}
	})
}

// build makes the next indexes from the present ones and shows them. It takes its time without keeping Remove from its
// work: what is taken off meanwhile is taken off the new indexes too, at last in the moment in which they are shown.
func (c *Catalog) build(next func(*days) *days) {
	c.building.Lock()
	defer c.building.Unlock()
	d := next(c.begin())
	d = d.without(c.takeLate())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.days.Store(d.without(c.late))
	c.late = nil
}

func (c *Catalog) begin() *days {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late = maps.Clone(c.unread) // the rows to be shown may have been read before these were sold
	return c.days.Load()
}

func (c *Catalog) takeLate() map[int64]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	late := c.late
	c.late = map[int64]bool{}
	return late
}

// changed returns the indexes after a change, on the present day. The caller holds building.
func (c *Catalog) changed(d *days, ch *change) *days {
	return d.with(c.complete(ch), gift.DayOf(c.clock.Now()))
}

// complete adds to a change what all changes need. The caller holds building.
func (c *Catalog) complete(ch *change) *change {
	ch.popularity, ch.encode = c.popularity, c.encode
	return ch
}

// Remove takes sold-out offers off the lists at once, whatever else is being made. They come back when the source, which
// the next Refresh asks for them, has stock of them.
func (c *Catalog) Remove(offerIDs ...int64) {
	if len(offerIDs) == 0 {
		return
	}
	gone := make(map[int64]bool, len(offerIDs))
	for _, id := range offerIDs {
		gone[id] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.unread, gone)
	if c.late != nil {
		maps.Copy(c.late, gone)
	}
	c.days.Store(c.days.Load().without(gone))
}

// takeUnread returns the offers that were taken off since it was last called.
func (c *Catalog) takeUnread() map[int64]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	unread := c.unread
	c.unread = map[int64]bool{}
	return unread
}

// putBack undoes takeUnread.
func (c *Catalog) putBack(unread map[int64]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.unread, unread)
}
