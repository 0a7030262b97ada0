package catalog

import (
	"cmp"
	"slices"
	"sort"

	"giftimbiz/internal/gift"
)

const (
	slotBits  = 10
	itemBits  = 8
	facetBits = 5
)

// slotPage is a page of the table of offers. What queries and sorting read stands apart from the rows, so that reading
// many of them stays in the processor's caches.
type slotPage struct {
	row      [1 << slotBits]*Row // nil: the slot is free
	item     [1 << slotBits]int32
	standing [1 << slotBits]standing
}

// standing is what an offer is sorted by, beside the popularity of its item.
type standing struct {
	id      int64
	price   gift.Won
	day     gift.Day
	percent uint8
}

// item is a product or a campaign.
type item struct {
	id         int64
	popularity int64
	group      int32      // -1: not known yet
	category   int32      // -1: not known yet
	rows       []int32    // slots on sale, ByPriceAsc
	standings  []standing // theirs: side by side, for searches
}

// upTo returns how many of the item's rows cost the given price or less.
func (it *item) upTo(most gift.Won) int {
	return sort.Search(len(it.standings), func(i int) bool { return it.standings[i].price > most })
}

// facet is a part of a market that is listed by itself: a category, or a group (brand or shop).
type facet struct {
	id      int64
	parent  int32   // a group's category; -1: not known yet
	members []int32 // a group's items
	lists   [orders]list
}

// itemPage is a page of the table of items. What a search reads of every item that it finds stands apart from the rest,
// so that finding thousands takes microseconds.
type itemPage struct {
	item   [1 << itemBits]item
	digest [1 << itemBits]digest
	first  [orders][1 << itemBits]key // that of the row that comes first in each order
}

// digest is what decides how many rows of an item match.
type digest struct {
	rows     int32 // on sale
	category int32
	lowest   gift.Won // their prices lie between these
	highest  gift.Won
}

type facetPage [1 << facetBits]facet

// tables hold offers by slot and items by number.
type tables struct {
	slots []*slotPage
	items []*itemPage
}

func (t *tables) at(slot int32) (page *slotPage, i int32) {
	return t.slots[slot>>slotBits], slot & (1<<slotBits - 1)
}

func (t *tables) row(slot int32) *Row {
	page, i := t.at(slot)
	return page.row[i]
}

func (t *tables) price(slot int32) gift.Won {
	page, i := t.at(slot)
	return page.standing[i].price
}

func (t *tables) itemOf(slot int32) int32 {
	page, i := t.at(slot)
	return page.item[i]
}

func (t *tables) item(no int32) *item {
	page, i := t.itemAt(no)
	return &page.item[i]
}

func (t *tables) itemAt(no int32) (page *itemPage, i int32) {
	return t.items[no>>itemBits], no & (1<<itemBits - 1)
}

// key places an offer in an order: keys ascend.
type key struct {
	primary int64
	day     gift.Day
	id      int64
}

func (k key) compare(o key) int {
	switch {
	case k.primary != o.primary:
		return cmp.Compare(k.primary, o.primary)
	case k.day != o.day:
		return cmp.Compare(k.day, o.day)
	default:
		return cmp.Compare(k.id, o.id)
	}
}

func (t *tables) key(slot int32, o Order) key {
	page, i := t.at(slot)
	popularity := int64(0)
	if o == ByPopularity {
		popularity = t.item(page.item[i]).popularity
	}
	return page.standing[i].key(o, popularity)
}

// key returns the place in an order of an offer whose item is so popular.
func (s *standing) key(o Order, popularity int64) key {
	k := key{day: s.day, id: s.id}
	switch o {
	case ByPopularity:
		k.primary = -popularity
	case ByPriceDesc:
		k.primary = -int64(s.price)
	case ByPriceAsc:
		k.primary = int64(s.price)
	case ByDiscountDesc:
		k.primary = -int64(s.percent)
	case ByDiscountAsc:
		k.primary = int64(s.percent)
	default:
		k.day = 0
	}
	return k
}

// keyed is a slot, or an item, at its place in an order.
type keyed struct {
	key
	no int32
}

// sort puts slots into an order.
func (t *tables) sort(slots []int32, o Order) {
	if len(slots) < 2 {
		return
	}
	rows := make([]keyed, len(slots))
	for i, slot := range slots {
		rows[i] = keyed{t.key(slot, o), slot}
	}
	slices.SortFunc(rows, func(a, b keyed) int { return a.compare(b.key) })
	for i := range rows {
		slots[i] = rows[i].no
	}
}

// market is the index of one kind of offers. Offers, items, groups and categories have small numbers that they keep for
// life; the number of an offer is its slot. All of it is immutable; a changed market shares with the one it came from
// what did not change.
type market struct {
	tables
	kind       gift.Kind
	groups     []*facetPage
	categories []*facetPage

	itemNo, groupNo, categoryNo register

	all     [orders]list // offers on sale
	ids     list         // all offers that are kept, by id
	names   *names
	origins *origins
	units   int64 // in stock, of offers on sale

	slotCount int32   // slots in use or free
	freeSlots []int32 // for the offers to come
}

func newMarket(kind gift.Kind) *market {
	return &market{kind: kind, names: &names{}, origins: &origins{}}
}

func (m *market) group(no int32) *facet {
	return &m.groups[no>>facetBits][no&(1<<facetBits-1)]
}

func (m *market) category(no int32) *facet {
	return &m.categories[no>>facetBits][no&(1<<facetBits-1)]
}

// slotOf finds a kept offer.
func (m *market) slotOf(id int64) (slot int32, ok bool) {
	at := m.ids.rank(func(slot int32) bool {
		page, i := m.at(slot)
		return page.standing[i].id < id
	})
	m.ids.each(at, at+1, func(slots []int32) bool {
		page, i := m.at(slots[0])
		slot, ok = slots[0], page.standing[i].id == id
		return false
	})
	return slot, ok
}

// listed returns the offer's row, or nil when it is not on sale.
func (m *market) listed(id int64) *Row {
	if slot, ok := m.slotOf(id); ok && m.row(slot).listed {
		return m.row(slot)
	}
	return nil
}
