package catalog

import (
	"slices"

	"giftimbiz/internal/gift"
)

// selection is a query whose names and numbers were looked up.
type selection struct {
	m        *market
	lists    *[orders]list
	category int32    // -1 = any
	group    int32    // the one asked for
	members  []int32  // its items
	oneGroup bool     // group and members count
	items    bitset   // nil = any
	groups   []int32  // all of whose items are among items
	rest     bitset   // items that are not in groups
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
		s.lists, s.group, s.members, s.oneGroup = &m.group(no).lists, no, m.group(no).members, true
	}
	return s, true
}

func (s *selection) restrict(items bitset) {
	if s.items == nil {
		s.items = items
	} else {
		s.items.and(items)
	}
	s.rest, s.groups = s.items, nil
}

func (s *selection) search(text string) {
	words := foldWords(text)
	switch {
	case len(words) > MaxWords:
		s.restrict(newBitset(0))
	case len(words) > 0:
		s.restrict(s.m.names.find(words))
		s.findGroups(words)
	}
}

// findGroups finds the groups all of whose items have the words, so that their lists can be read instead of thousands of
// items. It is worth it only where there are many more items than groups.
func (s *selection) findGroups(words []string) {
	if s.oneGroup || s.items.count() < 8*s.m.groupNo.len() {
		return
	}
	s.rest = slices.Clone(s.items)
	for no := range int32(s.m.groupNo.len()) {
		if !s.m.names.groupHas(no, words) || !s.allOrNone(no) {
			continue
		}
		for _, member := range s.m.group(no).members {
			s.rest.remove(member)
		}
		if s.category < 0 || s.m.group(no).parent == s.category {
			s.groups = append(s.groups, no)
		}
	}
}

// allOrNone tells whether the matching rows of a group stand together in its list.
func (s *selection) allOrNone(group int32) bool {
	if s.most < 0 || s.order == ByPriceAsc || s.order == ByPriceDesc {
		return true
	}
	lists := &s.m.group(group).lists
	n := s.affordable(lists)
	return n == 0 || n == lists[ByPriceAsc].len()
}

// affordable counts the rows of a facet at or below the highest price.
func (s *selection) affordable(lists *[orders]list) int {
	if s.most < 0 {
		return lists[ByPriceAsc].len()
	}
	return lists[ByPriceAsc].rank(func(slot int32) bool { return s.m.price(slot) <= s.most })
}

// bounds returns the part of a facet's list in which all rows are that are not too dear.
func (s *selection) bounds(lists *[orders]list) (from, to int) {
	to = lists[s.order].len()
	if s.most >= 0 {
		switch s.order {
		case ByPriceAsc:
			to = s.affordable(lists)
		case ByPriceDesc:
			from = to - s.affordable(lists)
		}
	}
	return from, to
}

// eachItem calls fn with the selected items that have matching rows, and how many, but not with those of groups.
func (s *selection) eachItem(fn func(no int32, rows int)) {
	visit := func(no int32) {
		if rows := s.matching(no); rows > 0 {
			fn(no, rows)
		}
	}
	switch {
	case s.oneGroup:
		for _, no := range s.members {
			if s.items == nil || s.items.has(no) {
				visit(no)
			}
		}
	case s.items != nil:
		s.rest.each(visit)
	default:
		for no := range int32(s.m.itemNo.len()) {
			visit(no)
		}
	}
}

// matching returns how many rows of an item match: so many of its cheapest ones.
func (s *selection) matching(no int32) int {
	page, i := s.m.itemAt(no)
	d := &page.digest[i]
	switch {
	case s.category >= 0 && d.category != s.category, d.rows == 0:
		return 0
	case s.most < 0 || d.highest <= s.most:
		return int(d.rows)
	case d.lowest > s.most:
		return 0
	}
	return page.item[i].upTo(s.most)
}

// tally is what was found: how many rows match, and, of the items that are looked at one by one, how many they are, how
// many of the rows are theirs, and which of them have the first rows (nil: not looked for yet).
type tally struct {
	total, items, loose int
	first               *firsts
}

// count counts all that matches. On the way it looks for as many items with the first rows as are needed, unless these are
// so many that a page is likely found another way.
func (s *selection) count(need int) (t tally) {
	const many = 1000
	if need > 0 && need <= many {
		t.first = newFirsts(need, need)
	}
	s.eachItem(func(no int32, rows int) {
		t.loose += rows
		t.items++
		if t.first != nil {
			s.addFirst(t.first, no)
		}
	})
	t.total = t.loose
	for _, no := range s.groups {
		t.total += s.affordable(&s.m.group(no).lists)
	}
	return t
}

// addFirst adds an item at the place of its first row, if that row surely matches.
func (s *selection) addFirst(first *firsts, no int32) {
	if page, i := s.m.itemAt(no); !s.hidden(page, i) {
		first.add(keyed{page.first[s.order][i], no})
	}
}
