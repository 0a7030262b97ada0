package catalog

// How many changes are remembered one by one, and how large one may be.
const (
	recentChanges = 256
	recentRows    = 1000
)

// recent are the last changes, the oldest first: an index of another day, made from an earlier state, follows by making them,
// too. It is immutable.
type recent struct {
	last    int64 // the number of the last
	changes []*change
}

// with returns the changes after one more. A large one is not remembered, nor what was before it.
func (r recent) with(ch *change) recent {
	size := ch.rows.len() + len(ch.removed)
	if size == 0 && ch.seq == 0 && !ch.recounted && !ch.whole { // another day only
		return r
	}
	next := recent{last: r.last + 1}
	if size > recentRows || ch.whole {
		return next
	}
	kept := r.changes[max(0, len(r.changes)-recentChanges+1):]
	next.changes = append(append(make([]*change, 0, len(kept)+1), kept...), ch)
	return next
}

// since returns the changes after one; false: they are not all remembered.
func (r recent) since(number int64) ([]*change, bool) {
	n := r.last - number
	if n < 0 || n > int64(len(r.changes)) {
		return nil, false
	}
	return r.changes[int64(len(r.changes))-n:], true
}
