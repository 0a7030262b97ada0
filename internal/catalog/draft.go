package catalog

import (
	"maps"
	"slices"
)

// draft is a new version of a paged table. It shares all pages with the old version but those that were edited.
type draft[P any] struct {
	base  []*P
	pages *[]*P // the new version's
}

// redraft makes *pages a new version of itself.
func redraft[P any](pages *[]*P) draft[P] {
	base := *pages
	*pages = slices.Clone(base)
	return draft[P]{base: base, pages: pages}
}

// edit returns page n of the new version for writing, adding empty pages up to it.
func (d draft[P]) edit(n int32) *P {
	for int(n) >= len(*d.pages) {
		*d.pages = append(*d.pages, new(P))
	}
	if page := (*d.pages)[n]; int(n) < len(d.base) && page == d.base[n] {
		clone := *page
		(*d.pages)[n] = &clone
	}
	return (*d.pages)[n]
}

// register gives ids the numbers 0, 1, 2, … in the order in which they come up. A copy of it may be added to without
// changing the original once own is cleared.
type register struct {
	numbers map[int64]int32
	own     bool // numbers is not shared with an older version
}

func (r *register) of(id int64) (int32, bool) {
	n, ok := r.numbers[id]
	return n, ok
}

func (r *register) add(id int64) int32 {
	if !r.own {
		fresh := make(map[int64]int32, len(r.numbers)+1)
		maps.Copy(fresh, r.numbers)
		r.numbers, r.own = fresh, true
	}
	n := int32(len(r.numbers))
	r.numbers[id] = n
	return n
}

func (r *register) len() int { return len(r.numbers) }
