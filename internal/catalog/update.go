package catalog

import (
	"giftimbiz/internal/gift"
)

// change is what an index differs in from the one before it.
type change struct {
	day        gift.Day
	rows       Rows
	removed    map[int64]bool // offers that are sold out, whatever rows say
	popularity map[PopularityKey]int64
	recounted  bool // popularity is not what it was
	encode     Encoder
}

// with returns the index after a change. It takes time for what changes, not for what is there.
func (ix *Index) with(ch *change) *Index {
	next := &Index{day: ch.day, from: ix.from, until: ix.until, books: ix.books, gifts: ix.gifts, stars: ix.stars}
	turned := ch.day != ix.day
	if turned {
		next.from, next.until = ch.day.Start(), ch.day.End()
	}
	if ch.rows.len() > 0 {
		next.books = ix.books.with(&ch.rows)
	}
	next.gifts = ix.gifts.with(ch, next.books, turned)
	next.stars = ix.stars.with(ch, next.books, turned)
	return next
}

func (m *market) with(ch *change, b *books, turned bool) *market {
	e := newEdit(m, ch, b)
	e.reviseNames()
	e.recount()
	e.reviseOffers()
	e.withdraw()
	e.revisit(turned)
	e.merge()
	return e.next
}

// edit makes a market from another. Its stages run in the order in which market.with calls them.
type edit struct {
	*change
	books *books
	old   *market
	next  *market

	slots      draft[slotPage]
	items      draft[itemPage]
	groups     draft[facetPage]
	categories draft[facetPage]

	renamed   bitset  // items whose view may differ
	anyKnown  bool    // some of them were there before
	reordered []int32 // items of another popularity
	decided   bitset  // old slots that were looked at
	moves     [orders + 1]run
	freed     []int32
	wire      []byte // scratch
}

func newEdit(old *market, ch *change, b *books) *edit {
	next := *old
	next.itemNo.own, next.groupNo.own, next.categoryNo.own = false, false, false
	e := &edit{change: ch, books: b, old: old, next: &next, decided: newBitset(int(old.slotCount))}
	e.slots, e.items = redraft(&next.slots), redraft(&next.items)
	e.groups, e.categories = redraft(&next.groups), redraft(&next.categories)
	return e
}

// reviseOffers brings in the changed offers.
func (e *edit) reviseOffers() {
	for i := range e.rows.Offers {
		offer := &e.rows.Offers[i]
		if offer.Kind != e.old.kind {
			continue
		}
		slot, known := e.old.slotOf(offer.ID)
		if known {
			e.decided.set(slot)
		} else {
			slot = -1
		}
		e.put(slot, offer, e.rows.Free[offer.ID])
	}
}

// withdraw takes off what is sold out.
func (e *edit) withdraw() {
	for id := range e.removed {
		if slot, ok := e.old.slotOf(id); ok && !e.decided.has(slot) {
			e.decided.set(slot)
			e.drop(slot)
		}
	}
}

// revisit looks at the offers that did not change themselves: their names may be others, or it is another day.
func (e *edit) revisit(turned bool) {
	if turned || e.anyKnown {
		for slot := range e.old.slotCount {
			row := e.old.row(slot)
			if row == nil || e.decided.has(slot) {
				continue
			}
			if e.renamed.has(e.old.itemOf(slot)) || turned && row.turns(e.day) {
				e.decided.set(slot)
				e.put(slot, &row.Offer, row.Free)
			}
		}
	}
	for _, no := range e.reordered {
		for _, slot := range e.old.item(no).rows {
			if !e.decided.has(slot) {
				e.moves[ByPopularity].move(slot)
			}
		}
	}
}

// turns tells whether the row is another on the given day.
func (r *Row) turns(day gift.Day) bool {
	listed := r.Offer.Listed(day)
	return listed != r.listed || listed && r.Offer.PriceOn(day) != r.Price
}

func (r *run) move(slot int32) {
	r.removed = append(r.removed, slot)
	r.added = append(r.added, slot)
}

// put gives an offer its new row, in its old slot or, when that is -1, in a new one.
func (e *edit) put(slot int32, offer *gift.Offer, free []int64) {
	if offer.Stopped || offer.Stock <= 0 || e.removed[offer.ID] {
		if slot >= 0 {
			e.drop(slot)
		}
		return
	}
	itemID := offer.ProductID
	if offer.Kind == gift.StarCoupon {
		itemID = offer.CampaignID
	}
	no := e.itemNumber(itemID)
	row := e.row(offer, free)
	wasListed := false
	if slot >= 0 {
		was := e.old.row(slot)
		if wasListed = was.listed; wasListed {
			e.next.units -= was.Offer.Stock
		}
	} else {
		slot = e.allocate()
		e.moves[byID].added = append(e.moves[byID].added, slot)
	}
	if row.listed {
		e.next.units += offer.Stock
	}
	e.write(slot, row, no)
	e.relist(slot, wasListed, row.listed)
}

func (e *edit) row(offer *gift.Offer, free []int64) *Row {
	row := &Row{View: View{Offer: *offer}, Free: free}
	if !offer.Listed(e.day) || !e.books.describe(&row.View) {
		return row
	}
	row.listed = true
	row.Price = offer.PriceOn(e.day)
	row.Percent = gift.DiscountPercent(offer.Face, row.Price)
	e.wire = e.encode(e.wire[:0], &row.View)
	row.Wire = make([]byte, len(e.wire))
	copy(row.Wire, e.wire)
	return row
}

func (e *edit) allocate() int32 {
	if n := len(e.next.freeSlots); n > 0 {
		slot := e.next.freeSlots[n-1]
		e.next.freeSlots = e.next.freeSlots[:n-1]
		return slot
	}
	e.next.slotCount++
	return e.next.slotCount - 1
}

func (e *edit) write(slot int32, row *Row, item int32) {
	page, i := e.slots.edit(slot>>slotBits), slot&(1<<slotBits-1)
	page.row[i] = row
	page.id[i] = row.Offer.ID
	page.price[i] = row.Price
	page.item[i] = item
	page.day[i] = row.Offer.LastDay
	page.percent[i] = uint8(row.Percent)
}

// drop forgets an offer. Its slot is used again from the next change on.
func (e *edit) drop(slot int32) {
	row := e.old.row(slot)
	if row.listed {
		e.next.units -= row.Offer.Stock
	}
	e.slots.edit(slot >> slotBits).row[slot&(1<<slotBits-1)] = nil
	e.freed = append(e.freed, slot)
	e.moves[byID].removed = append(e.moves[byID].removed, slot)
	e.relist(slot, row.listed, false)
}

// relist notes in which orders the slot leaves its place, and in which it finds a new one.
func (e *edit) relist(slot int32, was, is bool) {
	stays := was && is && e.sameFacets(slot)
	for o := range orders {
		if stays && e.old.key(slot, o) == e.next.key(slot, o) {
			continue
		}
		if was {
			e.moves[o].removed = append(e.moves[o].removed, slot)
		}
		if is {
			e.moves[o].added = append(e.moves[o].added, slot)
		}
	}
}

func (e *edit) sameFacets(slot int32) bool {
	a, b := e.old.itemOf(slot), e.next.itemOf(slot)
	was, is := e.old.item(a), e.next.item(b)
	return a == b && was.group == is.group && was.category == is.category
}

// merge carries all moves out.
func (e *edit) merge() {
	for o := range orders + 1 {
		if r := &e.moves[o]; !r.empty() {
			e.old.sort(r.removed, o)
			e.next.sort(r.added, o)
			e.mergeRun(o, r)
		}
	}
	e.next.freeSlots = append(e.next.freeSlots, e.freed...)
}

func (e *edit) mergeRun(o Order, r *run) {
	if o == byID {
		e.next.ids = e.revised(e.next.ids, o, r)
		return
	}
	e.next.all[o] = e.revised(e.next.all[o], o, r)
	for no, part := range e.parts(r, func(it *item, _ int32) int32 { return it.category }) {
		l := &e.category(no).lists[o]
		*l = e.revised(*l, o, part)
	}
	for no, part := range e.parts(r, func(it *item, _ int32) int32 { return it.group }) {
		l := &e.group(no).lists[o]
		*l = e.revised(*l, o, part)
	}
	if o != ByPriceAsc {
		return
	}
	for no, part := range e.parts(r, func(_ *item, no int32) int32 { return no }) {
		e.mergeItem(e.item(no), part)
	}
}

func (e *edit) revised(l list, o Order, r *run) list {
	return l.apply(l.plan(r, o, &e.old.tables, &e.next.tables))
}

// parts deals a sorted run out to facets; each part stays sorted.
func (e *edit) parts(r *run, facetOf func(it *item, no int32) int32) map[int32]*run {
	parts := map[int32]*run{}
	part := func(t *tables, slot int32) *run {
		no := t.itemOf(slot)
		f := facetOf(t.item(no), no)
		if parts[f] == nil {
			parts[f] = &run{}
		}
		return parts[f]
	}
	for _, slot := range r.removed {
		p := part(&e.old.tables, slot)
		p.removed = append(p.removed, slot)
	}
	for _, slot := range r.added {
		p := part(&e.next.tables, slot)
		p.added = append(p.added, slot)
	}
	return parts
}

func (e *edit) mergeItem(it *item, r *run) {
	var l list
	if len(it.rows) > 0 {
		l = list{{slots: it.rows}}
	}
	p := l.plan(r, ByPriceAsc, &e.old.tables, &e.next.tables)
	rows := make([]int32, 0, len(it.rows)-len(r.removed)+len(r.added))
	it.rows = p.splice(rows, it.rows, 0, true)
	it.prices = make([]gift.Won, len(it.rows))
	for i, slot := range it.rows {
		it.prices[i] = e.next.price(slot)
	}
}
