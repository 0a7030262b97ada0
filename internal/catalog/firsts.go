package catalog

import "slices"

// firsts keeps the lowest keys of those added: a heap with the highest of them at its top, once there are enough.
type firsts struct {
	keep int
	rows []keyed
}

func newFirsts(keep, of int) *firsts {
	return &firsts{keep: keep, rows: make([]keyed, 0, min(keep, of))}
}

func (f *firsts) add(r keyed) {
	switch {
	case len(f.rows) < f.keep:
		if f.rows = append(f.rows, r); len(f.rows) == f.keep {
			for i := f.keep/2 - 1; i >= 0; i-- {
				f.sink(i)
			}
		}
	case r.compare(f.rows[0].key) < 0:
		f.rows[0] = r
		f.sink(0)
	}
}

// sink moves row i down to its place in the heap.
func (f *firsts) sink(i int) {
	rows, r := f.rows, f.rows[i]
	for {
		child := 2*i + 1
		if child >= len(rows) {
			break
		}
		if child+1 < len(rows) && rows[child+1].compare(rows[child].key) > 0 {
			child++
		}
		if rows[child].compare(r.key) <= 0 {
			break
		}
		rows[i] = rows[child]
		i = child
	}
	rows[i] = r
}

// beyond tells whether a key is certainly none of the lowest.
func (f *firsts) beyond(k key) bool { return len(f.rows) == f.keep && k.compare(f.rows[0].key) > 0 }

// sorted returns the kept rows in order. It ends the adding.
func (f *firsts) sorted() []keyed {
	rows := slices.Clone(f.rows)
	slices.SortFunc(rows, func(a, b keyed) int { return a.compare(b.key) })
	return rows
}
