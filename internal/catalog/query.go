package catalog

import (
	"slices"

	"giftimbiz/internal/gift"
)

// What the two ways of finding a page cost per row, in about a nanosecond: reading along a sorted list, or collecting
// all rows that match and keeping the first of them. Measured; only their proportion matters.
const (
	scanCost   = 4
	gatherCost = 16
)

// selection is a query whose names and numbers were looked up.
type selection struct {
	m        *market
	lists    *[orders]list
	category int32    // -1 = any
	members  []int32  // the items of the one group asked for
	oneGroup bool     // members counts
	items    bitset   // nil = any
	most     gift.Won // the highest price; below 0 = any
	order    Order
}

// choose narrows the market to a category, a group, or both; false: there is no such part of it.
func (m *market) choose(categoryID, groupID int64, order Order) (s selection, ok bool) {
	s = selection{m: m, lists: &m.all, category: -1, most: -1, order: order}
	if categoryID != 0 {
		if s.category, ok = m.categoryNo.of(categoryID); !ok {
			return s, false
		}
		s.lists = &m.category(s.category).lists
	}
	if groupID != 0 {
		no, ok := m.groupNo.of(groupID)
		if !ok || categoryID != 0 && m.group(no).parent != s.category {
			return s, false
		}
		s.lists, s.members, s.oneGroup = &m.group(no).lists, m.group(no).members, true
	}
	return s, true
}

func (s *selection) restrict(items bitset) {
	if s.items == nil {
		s.items = items
		return
	}
	s.items.and(items)
}

func (s *selection) search(text string) {
	words := foldWords(text)
	switch {
	case len(words) > MaxWords:
		s.restrict(newBitset(0))
	case len(words) > 0:
		s.restrict(s.m.names.find(words))
	}
}

// page returns the part of the selection from offset on.
func (s *selection) page(offset, limit int) Page {
	from, to := s.bounds()
	total := to - from
	if s.items != nil {
		total = s.countItems()
	} else if s.most >= 0 {
		total = s.affordable()
	}
	p := Page{Total: total}
	if offset < 0 || offset >= total || limit <= 0 {
		return p
	}
	limit = min(limit, total-offset)
	p.More = offset+limit < total
	p.Rows = make([]*Row, 0, limit)
	if total == to-from { // nothing in between is left out
		s.lists[s.order].each(from+offset, from+offset+limit, func(slots []int32) bool {
			p.Rows = s.appendRows(p.Rows, slots)
			return true
		})
		return p
	}
	s.fill(&p, offset, limit, from, to)
	return p
}

// affordable counts the rows of the facet at or below the highest price.
func (s *selection) affordable() int {
	return s.lists[ByPriceAsc].rank(func(slot int32) bool { return s.m.price(slot) <= s.most })
}

// bounds returns the part of the sorted list in which all matching rows are.
func (s *selection) bounds() (from, to int) {
	to = s.lists[s.order].len()
	if s.most >= 0 {
		switch s.order {
		case ByPriceAsc:
			to = s.affordable()
		case ByPriceDesc:
			from = to - s.affordable()
		}
	}
	return from, to
}

// eachItem calls fn with the selected items and how many of their rows match.
func (s *selection) eachItem(fn func(it *item, rows int)) {
	visit := func(no int32) {
		it := s.m.item(no)
		if s.category >= 0 && it.category != s.category {
			return
		}
		rows := len(it.rows)
		if s.most >= 0 {
			rows = it.upTo(s.most)
		}
		if rows > 0 {
			fn(it, rows)
		}
	}
	if !s.oneGroup {
		s.items.each(visit)
		return
	}
	for _, no := range s.members {
		if s.items.has(no) {
			visit(no)
		}
	}
}

func (s *selection) countItems() (total int) {
	s.eachItem(func(_ *item, rows int) { total += rows })
	return total
}

// fill finds the rows of a page of which some rows in between do not match: along the sorted list when enough of it
// matches, else by gathering what matches. A scan that turns out long, because what matches stands far down, is given up.
func (s *selection) fill(p *Page, offset, limit, from, to int) {
	need := offset + limit
	gather := p.Total * gatherCost
	scan := int(int64(to-from) * int64(need) / int64(p.Total) * scanCost)
	if scan <= gather {
		if s.scan(p, offset, limit, from, min(to, from+2*gather/scanCost)) {
			return
		}
		p.Rows = p.Rows[:0]
	}
	s.gather(p, offset, limit)
}

// scan reads along the sorted list; false when the page was not full at its end.
func (s *selection) scan(p *Page, offset, limit, from, to int) bool {
	s.lists[s.order].each(from, to, func(slots []int32) bool {
		for _, slot := range slots {
			page, i := s.m.at(slot)
			if s.items != nil && !s.items.has(page.item[i]) || s.most >= 0 && page.price[i] > s.most {
				continue
			}
			if offset > 0 {
				offset--
				continue
			}
			if p.Rows = append(p.Rows, page.row[i]); len(p.Rows) == limit {
				return false
			}
		}
		return true
	})
	return len(p.Rows) == limit
}

// gather collects all that matches and keeps the first rows.
func (s *selection) gather(p *Page, offset, limit int) {
	first := firsts{keep: offset + limit, rows: make([]keyed, 0, min(2*(offset+limit), p.Total))}
	take := func(slots []int32) bool {
		for _, slot := range slots {
			first.add(keyed{s.m.key(slot, s.order), slot})
		}
		return true
	}
	if s.items != nil {
		s.eachItem(func(it *item, rows int) { take(it.rows[:rows]) })
	} else {
		s.lists[ByPriceAsc].each(0, p.Total, take)
	}
	for _, r := range first.sorted()[offset:] {
		p.Rows = append(p.Rows, s.m.row(r.slot))
	}
}

func (s *selection) appendRows(rows []*Row, slots []int32) []*Row {
	for _, slot := range slots {
		rows = append(rows, s.m.row(slot))
	}
	return rows
}

// firsts keeps the lowest keys of those added.
type firsts struct {
	keep  int
	rows  []keyed // at most twice as many as are kept
	full  bool    // as many were added as are kept
	worst key     // the highest key kept when last sorted
}

func (f *firsts) add(r keyed) {
	if f.full && r.compare(f.worst) > 0 {
		return
	}
	if f.rows = append(f.rows, r); len(f.rows) >= 2*f.keep {
		f.sorted()
	}
}

// sorted puts the kept rows in order.
func (f *firsts) sorted() []keyed {
	slices.SortFunc(f.rows, func(a, b keyed) int { return a.compare(b.key) })
	if len(f.rows) >= f.keep {
		f.rows = f.rows[:f.keep]
		f.full, f.worst = true, f.rows[f.keep-1].key
	}
	return f.rows
}
