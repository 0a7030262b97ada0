package catalog

// What the ways of finding a page cost, in about a nanosecond: per row read along a sorted list, per row looked at to
// keep the first of them, per item looked at. Measured; only their proportion matters. Rows that stand side by side in a
// list lie apart in the table: reading a large one waits for the memory.
const (
	scanCost      = 6
	largeScanCost = 80
	gatherCost    = 16
	itemCost      = 8

	largeTable = 1 << 17 // slots
)

// page returns the part of the selection from offset on.
func (s *selection) page(offset, limit int) Page {
	from, to := s.bounds(s.lists)
	var t tally
	if s.items != nil {
		t = s.count(offset + limit)
	} else {
		t.total = s.affordable(s.lists)
		t.loose, t.items = t.total, s.facetItems()
	}
	p := Page{Total: t.total}
	if offset < 0 || offset >= t.total || limit <= 0 {
		return p
	}
	limit = min(limit, t.total-offset)
	p.More = offset+limit < t.total
	p.Rows = make([]*Row, 0, limit)
	if t.total == to-from { // nothing in between is left out
		s.lists[s.order].each(from+offset, from+offset+limit, func(slots []int32) bool {
			p.Rows = s.appendRows(p.Rows, slots)
			return true
		})
		return p
	}
	s.fill(&p, offset, limit, from, to, &t)
	return p
}

func (s *selection) appendRows(rows []*Row, slots []int32) []*Row {
	for _, slot := range slots {
		rows = append(rows, s.m.row(slot))
	}
	return rows
}

// fill finds the rows of a page of which some rows in between do not match, in the way that is likely the quickest.
func (s *selection) fill(p *Page, offset, limit, from, to int, t *tally) {
	need, perRow := offset+limit, scanCost
	if s.m.slotCount > largeTable {
		perRow = largeScanCost
	}
	way, cost := s.pick, s.pickCost(need, t)
	if all := p.Total * gatherCost; s.items == nil && all < cost {
		way, cost = s.gather, all
	}
	if scan := int(int64(to-from) * int64(need) / int64(p.Total)); scan*perRow <= cost {
		// One that turns out long, because what matches stands far down, is given up.
		if s.scan(p, offset, limit, from, min(to, from+max(2*scan, cost/perRow))) {
			return
		}
		p.Rows = p.Rows[:0]
	}
	for _, r := range way(need, t)[offset:] {
		p.Rows = append(p.Rows, s.m.row(r.no))
	}
}

func (s *selection) pickCost(need int, t *tally) int {
	cost := (len(s.groups) + need) * gatherCost
	if t.first == nil {
		cost += t.items * itemCost
	}
	if t.items > 0 {
		cost += min(t.loose, need*(1+t.loose/t.items)) * gatherCost
	}
	return cost
}

// scan reads along the sorted list; false when the page was not full at its end.
func (s *selection) scan(p *Page, offset, limit, from, to int) bool {
	s.lists[s.order].each(from, to, func(slots []int32) bool {
		for _, slot := range slots {
			page, i := s.m.at(slot)
			if s.items != nil && !s.items.has(page.item[i]) || s.most >= 0 && page.standing[i].price > s.most {
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

// facetItems returns how many items the facet has, at most.
func (s *selection) facetItems() int {
	if s.oneGroup {
		return len(s.members)
	}
	return s.m.itemNo.len()
}

// gather looks at all rows at or below the highest price and returns the first.
func (s *selection) gather(need int, t *tally) []keyed {
	first := newFirsts(need, t.total)
	s.lists[ByPriceAsc].each(0, t.total, func(slots []int32) bool {
		for _, slot := range slots {
			first.add(keyed{s.m.key(slot, s.order), slot})
		}
		return true
	})
	return first.sorted()
}

// pick returns the first rows of those of many items and groups, most of which it does not look at. The first row of each
// item has a place in the order. Of the rows that are needed none can be of an item whose first row stands behind the
// first rows of as many other items.
func (s *selection) pick(need int, t *tally) []keyed {
	items, first := t.first, newFirsts(need, t.total)
	if items == nil {
		items = newFirsts(need, t.total)
		s.eachItem(func(no int32, _ int) { s.addFirst(items, no) })
	}
	for _, it := range items.sorted() {
		s.take(first, s.m.item(it.no), s.matching(it.no))
	}
	for _, no := range s.groups {
		s.takeHead(first, &s.m.group(no).lists)
	}
	if s.most < 0 {
		return first.sorted()
	}
	s.eachItem(func(no int32, rows int) {
		if page, i := s.m.itemAt(no); s.hidden(page, i) && !items.beyond(page.first[s.order][i]) {
			s.take(first, &page.item[i], rows)
		}
	})
	return first.sorted()
}

// hidden tells whether the first row of an item may be too dear. Then the first one that matches stands behind it.
func (s *selection) hidden(page *itemPage, i int32) bool {
	return s.most >= 0 && page.digest[i].highest > s.most && s.order != ByPriceAsc
}

// take adds so many rows of an item.
func (s *selection) take(first *firsts, it *item, rows int) {
	for i := range it.standings[:rows] {
		first.add(keyed{it.standings[i].key(s.order, it.popularity), it.rows[i]})
	}
}

// takeHead adds the rows of a group that are not too dear, as long as they may be among the first.
func (s *selection) takeHead(first *firsts, lists *[orders]list) {
	if s.affordable(lists) == 0 {
		return
	}
	from, to := s.bounds(lists)
	lists[s.order].each(from, to, func(slots []int32) bool {
		for _, slot := range slots {
			k := s.m.key(slot, s.order)
			if first.beyond(k) {
				return false
			}
			first.add(keyed{k, slot})
		}
		return true
	})
}
