package catalog

import (
	"slices"
	"sync"
	"time"

	"giftimbiz/internal/gift"
)

// How many indexes of days to come are kept: an index of another day may share next to nothing with today's, so with many
// offers fewer are.
const (
	outlookDays   = 8
	outlookOffers = 1_600_000
)

// outlookBytes is how much of texts made of its pages such an index keeps.
const outlookBytes = 1 << 20

// outlookRest is how old an index of a day to come may be where the changes since are not known one by one any more.
const outlookRest = 250 * time.Millisecond

// outlook keeps indexes of days to come, for those whose clock is ahead. Who goes by the real day does not come by here.
type outlook struct {
	making sync.Mutex // held while one is made: one at a time, however many are asked for

	mu    sync.Mutex
	views []*outlookDay // the last used first; guarded by mu
}

type outlookDay struct {
	index   *Index
	upTo    int64 // the change up to which it knows all; guarded by making and mu
	resting bool  // made a moment ago; guarded by mu
}

// IndexOn returns what will be on sale on a day, as far as it is known now: what is on sale today at the prices of that day,
// without what is expired by then. Today's is Index, and so is that of a day that is over. The first to ask for a day waits
// until its index is made; from then on it follows the changes, as long as it is asked for.
func (c *Catalog) IndexOn(day gift.Day) *Index {
	today := c.Index()
	if day <= today.day {
		return today
	}
	if v := c.outlook.find(day); v != nil && c.outlook.knows(v, c.days.Load().recent.last) {
		return v.index
	}
	c.outlook.making.Lock()
	defer c.outlook.making.Unlock()
	d, v := c.days.Load(), c.outlook.find(day)
	if v != nil {
		since, ok := d.recent.since(v.upTo)
		switch {
		case ok && len(since) > 0:
			return c.outlook.keep(v.index.follow(since), d, 0)
		case ok || c.outlook.rests(v): // somebody was quicker, or that is new enough
			return v.index
		}
	}
	began := c.clock.Now()
	ix := d.today.with(&change{encode: c.encode}, day)
	return c.outlook.keep(ix, d, max(outlookRest, 4*c.clock.Now().Sub(began)))
}

// follow returns the index of the same day after changes.
func (ix *Index) follow(changes []*change) *Index {
	for _, ch := range changes {
		ix = ix.with(ch, ix.day)
	}
	return ix
}

// find returns what there is of a day, or nil, and remembers that it was used.
func (o *outlook) find(day gift.Day) *outlookDay {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.views, func(v *outlookDay) bool { return v.index.day == day })
	if i < 0 {
		return nil
	}
	v := o.views[i]
	copy(o.views[1:i+1], o.views[:i])
	o.views[0] = v
	return v
}

// knows tells whether a view has all changes.
func (o *outlook) knows(v *outlookDay, last int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return v.upTo == last
}

func (o *outlook) rests(v *outlookDay) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return v.resting
}

// keep puts an index that knows all of d in the place of the one of the same day, lets it rest, and forgets those that were not
// used for the longest time. It returns the index.
func (o *outlook) keep(ix *Index, d *days, rest time.Duration) *Index {
	o.mu.Lock()
	defer o.mu.Unlock()
	ix.kept.most = outlookBytes // nobody else has it yet
	v := &outlookDay{index: ix, upTo: d.recent.last, resting: rest > 0}
	if v.resting {
		time.AfterFunc(rest, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			v.resting = false
		})
	}
	views := []*outlookDay{v}
	for _, old := range o.views {
		if old.index.day != ix.day && old.index.day > d.today.day {
			views = append(views, old)
		}
	}
	o.views = views[:min(len(views), outlookDays, max(1, outlookOffers/max(1, d.today.offers())))]
	return ix
}

// offers returns how many are on sale.
func (ix *Index) offers() int { return ix.gifts.all[0].len() + ix.stars.all[0].len() }
