package catalog

import "giftimbiz/internal/gift"

// part returns the rows behind an offer, or those from an offset on.
func (s *selection) part(after int64, offset, limit int) Page {
	if s.order == ByID {
		return s.after(after, limit)
	}
	return s.page(offset, limit)
}

// after returns the first rows by id behind one. Where a good part of what is kept matches, it is found along the ids; where
// little does, by looking at all that does: either takes far less than looking at everything.
func (s *selection) after(id int64, limit int) Page {
	total := s.affordable(s.lists)
	if s.items != nil {
		total = s.count(0).total
	}
	p := Page{Total: total}
	if total == 0 || limit <= 0 {
		return p
	}
	need := limit + 1 // one more tells whether there are more
	scan := int(int64(s.m.ids.len()) * int64(need) / int64(total))
	if scan*largeScanCost > total*gatherCost || !s.scanIDs(&p, id, need, 2*scan) {
		p.Rows = p.Rows[:0]
		s.gatherIDs(&p, id, need)
	}
	if len(p.Rows) > limit {
		p.Rows, p.More = p.Rows[:limit], true
	}
	return p
}

// scanIDs reads along the ids; false when the page was not full after so many and there are more.
func (s *selection) scanIDs(p *Page, id int64, need, most int) bool {
	from := s.m.ids.rank(func(slot int32) bool {
		page, i := s.m.at(slot)
		return page.standing[i].id <= id
	})
	s.m.ids.each(from, from+most, func(slots []int32) bool {
		for _, slot := range slots {
			if row := s.match(slot); row != nil {
				p.Rows = append(p.Rows, row)
			}
			if len(p.Rows) == need {
				return false
			}
		}
		return true
	})
	return len(p.Rows) == need || from+most >= s.m.ids.len()
}

// match returns the row in a slot if it is among the selected.
func (s *selection) match(slot int32) *Row {
	page, i := s.m.at(slot)
	no := page.item[i]
	switch {
	case s.most >= 0 && page.standing[i].price > s.most, s.items != nil && !s.items.has(no):
		return nil
	case s.category >= 0 && s.m.item(no).category != s.category, s.oneGroup && s.m.item(no).group != s.group:
		return nil
	case !page.row[i].listed:
		return nil
	}
	return page.row[i]
}

// gatherIDs looks at all selected rows and returns the first behind an offer.
func (s *selection) gatherIDs(p *Page, id int64, need int) {
	first := newFirsts(need, p.Total)
	add := func(slots []int32) bool {
		for _, slot := range slots {
			if k := s.m.key(slot, ByID); k.id > id {
				first.add(keyed{k, slot})
			}
		}
		return true
	}
	if s.items == nil {
		s.lists[ByPriceAsc].each(0, p.Total, add)
	} else {
		s.eachItem(func(no int32, rows int) { add(s.m.item(no).rows[:rows]) })
	}
	for _, no := range s.groups {
		lists := &s.m.group(no).lists
		lists[ByPriceAsc].each(0, s.affordable(lists), add)
	}
	for _, r := range first.sorted() {
		p.Rows = append(p.Rows, s.m.row(r.no))
	}
}

// item narrows the selection to one product or campaign.
func (s *selection) item(id int64) (ok bool) {
	no, ok := s.m.itemNo.of(id)
	if ok {
		items := newBitset(s.m.itemNo.len())
		items.set(no)
		s.restrict(items)
	}
	return ok
}

func (ix *Index) market(kind gift.Kind) *market {
	if kind == gift.StarCoupon {
		return ix.stars
	}
	return ix.gifts
}
