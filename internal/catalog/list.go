package catalog

import "sort"

// chunkMax is the most slots a chunk holds: large enough to be read fast, small enough to be copied for one change.
const chunkMax = 2048

// chunk is a run of slots; start is the place of its first one in the list.
type chunk struct {
	slots []int32
	start int
}

// list is an immutable sorted sequence of slots. Versions of it share the chunks that do not differ.
type list []chunk

func (l list) len() int {
	if len(l) == 0 {
		return 0
	}
	last := l[len(l)-1]
	return last.start + len(last.slots)
}

// rank returns how many slots at the head of the list satisfy before, which must hold for a head of it only.
func (l list) rank(before func(slot int32) bool) int {
	c := sort.Search(len(l), func(i int) bool { return !before(l[i].slots[len(l[i].slots)-1]) })
	if c == len(l) {
		return l.len()
	}
	slots := l[c].slots
	return l[c].start + sort.Search(len(slots), func(i int) bool { return !before(slots[i]) })
}

// each calls fn with the slots from place from up to, not including, place to, in runs, until fn returns false.
func (l list) each(from, to int, fn func(slots []int32) bool) {
	c := sort.Search(len(l), func(i int) bool { return l[i].start+len(l[i].slots) > from })
	for ; c < len(l) && l[c].start < to; c++ {
		slots := l[c].slots
		slots = slots[max(from-l[c].start, 0):min(to-l[c].start, len(slots))]
		if !fn(slots) {
			return
		}
	}
}

// run is what changes in a list: slots that leave, in the old order, and slots that come, in the new one. A slot that
// moves is in both.
type run struct{ removed, added []int32 }

func (r *run) empty() bool { return len(r.removed)+len(r.added) == 0 }

// plan is a run with its places in the list it changes, both ascending; each added slot goes before the slot that is
// at its place.
type plan struct {
	drops []int
	at    []int
	added []int32
}

// plan finds the places of a run in the list: what leaves by its key in old, what comes by its key in next.
func (l list) plan(r *run, o Order, old, next *tables) *plan {
	p := &plan{drops: make([]int, len(r.removed)), at: make([]int, len(r.added)), added: r.added}
	find := func(k key) int {
		return l.rank(func(slot int32) bool { return old.key(slot, o).compare(k) < 0 })
	}
	for i, slot := range r.removed {
		p.drops[i] = find(old.key(slot, o))
	}
	if len(l) > 0 {
		for i, slot := range r.added {
			p.at[i] = find(next.key(slot, o))
		}
	}
	return p
}

// touches tells whether anything of the plan falls below place end.
func (p *plan) touches(end int, last bool) bool {
	return len(p.drops) > 0 && p.drops[0] < end || len(p.at) > 0 && (last || p.at[0] < end)
}

// splice appends to dst the slots that stand from place base on, changed as planned, and takes what it did off the plan.
func (p *plan) splice(dst, slots []int32, base int, last bool) []int32 {
	from, end := base, base+len(slots)
	for p.touches(end, last) {
		if len(p.at) > 0 && (len(p.drops) == 0 || p.at[0] <= p.drops[0]) {
			dst = append(dst, slots[from-base:p.at[0]-base]...)
			dst = append(dst, p.added[0])
			from, p.at, p.added = p.at[0], p.at[1:], p.added[1:]
			continue
		}
		dst = append(dst, slots[from-base:p.drops[0]-base]...)
		from, p.drops = p.drops[0]+1, p.drops[1:]
	}
	return append(dst, slots[from-base:]...)
}

// apply returns the list changed as planned. It copies the chunks in which something changes and shares the others.
func (l list) apply(p *plan) list {
	if len(l) == 0 {
		return split(nil, p.added).number()
	}
	next := make(list, 0, len(l)+len(p.added)/chunkMax+1)
	var scratch []int32
	for i, c := range l {
		last := i == len(l)-1
		if !p.touches(c.start+len(c.slots), last) {
			next = append(next, c)
			continue
		}
		scratch = scratch[:0]
		if n := len(next); n > 0 && len(next[n-1].slots)+len(c.slots) <= chunkMax/2 {
			scratch = append(scratch, next[n-1].slots...) // keeps chunks from growing ever smaller
			next = next[:n-1]
		}
		scratch = p.splice(scratch, c.slots, c.start, last)
		next = split(next, scratch)
	}
	return next.number()
}

// split appends copies of the slots to the list in chunks of about the same size.
func split(l list, slots []int32) list {
	for pieces := (len(slots) + chunkMax - 1) / chunkMax; pieces > 0; pieces-- {
		n := len(slots) / pieces
		piece := make([]int32, n)
		copy(piece, slots)
		l = append(l, chunk{slots: piece})
		slots = slots[n:]
	}
	return l
}

func (l list) number() list {
	start := 0
	for i := range l {
		l[i].start = start
		start += len(l[i].slots)
	}
	return l
}
