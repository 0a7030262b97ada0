package catalog

import (
	"math/rand/v2"
	"slices"

	"giftimbiz/internal/gift"
)

// change is what an index differs in from the one before it, beside the day.
type change struct {
	rows       Rows
	whole      bool           // rows are all there is
	seq        int64          // the source's number up to which changes are known with rows; 0: as before
	removed    map[int64]bool // offers that are sold out; there are no rows, then
	popularity map[PopularityKey]int64
	recounted  bool // popularity is not what it was
	encode     Encoder
}

// with returns the index of the given day after a change. It takes time for what changes, not for what is there. Several
// indexes may be made from one.
func (ix *Index) with(ch *change, day gift.Day) *Index {
	next := *ix
	next.id, next.kept = rand.Uint64(), newKept()
	if ch.seq != 0 {
		next.seq = ch.seq
	}
	turned := day != ix.day
	if turned {
		next.day, next.from, next.until = day, day.Start(), day.End()
	}
	if yesterday := day - 1; ch.whole || yesterday > ix.keeps {
		next.keeps = yesterday // a clock set back a little finds all it needs; set back further, all is read again
	}
	if ch.rows.len() > 0 {
		next.books = ix.books.with(&ch.rows)
	}
	next.gifts = ix.gifts.with(ch, &next, turned)
	next.stars = ix.stars.with(ch, &next, turned)
	return &next
}

func (m *market) with(ch *change, ix *Index, turned bool) *market {
	e := newEdit(m, ch, ix)
	e.reviseNames()
	e.recount()
	e.reviseOffers()
	e.withdraw()
	e.revisit(turned)
	e.merge()
	e.summarize()
	return e.next
}

// edit makes a market from another. Its stages run in the order in which market.with calls them.
type edit struct {
	*change
	day   gift.Day
	keeps gift.Day
	books *books
	old   *market
	next  *market

	slots      draft[slotPage]
	items      draft[itemPage]
	groups     draft[facetPage]
	categories draft[facetPage]
	regrouped  map[int32]bool // groups whose members are the next market's own

	renamed   bitset  // items whose view may differ
	anyKnown  bool    // some of them were there before
	reordered []int32 // items of another popularity
	decided   bitset  // old slots that were looked at
	moves     [orders + 1]run
	freed     []int32
	wire      []byte // scratch
}

func newEdit(old *market, ch *change, ix *Index) *edit {
	next := *old
	next.itemNo.own, next.groupNo.own, next.categoryNo.own = false, false, false
	e := &edit{
		change: ch, day: ix.day, keeps: ix.keeps, books: ix.books, old: old, next: &next,
		regrouped: map[int32]bool{}, decided: newBitset(int(old.slotCount)),
	}
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

// withdraw takes off what is sold out, or not there any more.
func (e *edit) withdraw() {
	for id := range e.removed {
		if slot, ok := e.old.slotOf(id); ok {
			e.withdrawSlot(slot)
		}
	}
	if e.whole {
		for slot := range e.old.slotCount {
			if e.old.row(slot) != nil {
				e.withdrawSlot(slot)
			}
		}
	}
}

func (e *edit) withdrawSlot(slot int32) {
	if !e.decided.has(slot) {
		e.decided.set(slot)
		e.drop(slot)
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
			if e.renamed.has(e.old.itemOf(slot)) || turned && e.turns(row) {
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

// turns tells whether a row is another on another day.
func (e *edit) turns(r *Row) bool {
	listed := r.Offer.Listed(e.day)
	return r.Offer.LastDay < e.keeps || listed != r.listed || listed && r.Offer.PriceOn(e.day) != r.Price
}

func (r *run) move(slot int32) {
	r.removed = append(r.removed, slot)
	r.added = append(r.added, slot)
}

// put gives an offer its new row, in its old slot or, when that is -1, in a new one.
func (e *edit) put(slot int32, offer *gift.Offer, free []int64) {
	if offer.Stopped || offer.Stock <= 0 || offer.LastDay < e.keeps {
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
		e.moves[ByID].added = append(e.moves[ByID].added, slot)
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
	page.row[i], page.item[i] = row, item
	page.standing[i] = standing{row.Offer.ID, row.Price, row.Offer.LastDay, uint8(row.Percent)}
}

// drop forgets an offer. Its slot is used again from the next change on.
func (e *edit) drop(slot int32) {
	row := e.old.row(slot)
	if row.listed {
		e.next.units -= row.Offer.Stock
	}
	e.slots.edit(slot >> slotBits).row[slot&(1<<slotBits-1)] = nil
	e.freed = append(e.freed, slot)
	e.moves[ByID].removed = append(e.moves[ByID].removed, slot)
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
	if len(e.freed) > 0 {
		e.next.freeSlots = slices.Concat(e.next.freeSlots, e.freed) // the old memory may be another market's too
	}
}

func (e *edit) mergeRun(o Order, r *run) {
	if o == ByID {
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
}

// summarize notes what searches read of the items in which anything changed.
func (e *edit) summarize() {
	changed := e.renamed.grown(e.next.itemNo.len())
	for _, no := range e.reordered {
		changed.set(no)
	}
	for o := range orders {
		for _, slot := range e.moves[o].removed {
			changed.set(e.old.itemOf(slot))
		}
		for _, slot := range e.moves[o].added {
			changed.set(e.next.itemOf(slot))
		}
	}
	changed.each(func(no int32) {
		e.items.edit(no>>itemBits).summarize(no&(1<<itemBits-1), &e.next.tables)
	})
}

// summarize makes what is read of an item from its rows.
func (p *itemPage) summarize(i int32, t *tables) {
	it := &p.item[i]
	p.digest[i] = digest{rows: int32(len(it.rows)), category: it.category}
	it.standings = make([]standing, len(it.rows)) // the old ones are another market's too
	for n, slot := range it.rows {
		page, at := t.at(slot)
		it.standings[n] = page.standing[at]
	}
	if len(it.rows) == 0 {
		return
	}
	p.digest[i].lowest, p.digest[i].highest = it.standings[0].price, it.standings[len(it.rows)-1].price
	for o := range orders {
		p.first[o][i] = it.first(o)
	}
}

// first returns the lowest key of the item's rows.
func (it *item) first(o Order) key {
	first := it.standings[0].key(o, it.popularity)
	for n := range it.standings {
		if k := it.standings[n].key(o, it.popularity); k.compare(first) < 0 {
			first = k
		}
	}
	return first
}
