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

// slotPage is a page of the table of offers. The columns that queries and sorting read stand apart from the rows, so
// that reading many of them stays in the processor's caches.
type slotPage struct {
	row     [1 << slotBits]*Row // nil: the slot is free
	id      [1 << slotBits]int64
	price   [1 << slotBits]gift.Won
	item    [1 << slotBits]int32
	day     [1 << slotBits]gift.Day
	percent [1 << slotBits]uint8
}

// item is a product or a campaign.
type item struct {
	id         int64
	popularity int64
	group      int32      // -1: not known yet
	category   int32      // -1: not known yet
	rows       []int32    // slots on sale, ByPriceAsc
	prices     []gift.Won // their prices
}

// upTo returns how many of the item's rows cost the given price or less.
func (it *item) upTo(most gift.Won) int {
	return sort.Search(len(it.prices), func(i int) bool { return it.prices[i] > most })
}

// facet is a part of a market that is listed by itself: a category, or a group (brand or shop).
type facet struct {
	id      int64
	parent  int32   // a group's category; -1: not known yet
	members []int32 // a group's items
	lists   [orders]list
}

type (
	itemPage  [1 << itemBits]item
	facetPage [1 << facetBits]facet
)

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
	return page.price[i]
}

func (t *tables) itemOf(slot int32) int32 {
	page, i := t.at(slot)
	return page.item[i]
}

func (t *tables) item(no int32) *item {
	return &t.items[no>>itemBits][no&(1<<itemBits-1)]
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
	k := key{day: page.day[i], id: page.id[i]}
	switch o {
	case ByPopularity:
		k.primary = -t.item(page.item[i]).popularity
	case ByPriceDesc:
		k.primary = -int64(page.price[i])
	case ByPriceAsc:
		k.primary = int64(page.price[i])
	case ByDiscountDesc:
		k.primary = -int64(page.percent[i])
	case ByDiscountAsc:
		k.primary = int64(page.percent[i])
	default:
		k.day = 0
	}
	return k
}

type keyed struct {
	key
	slot int32
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
		slots[i] = rows[i].slot
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
		return page.id[i] < id
	})
	m.ids.each(at, at+1, func(slots []int32) bool {
		page, i := m.at(slots[0])
		slot, ok = slots[0], page.id[i] == id
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
