package catalog

import (
	"strings"

	"giftimbiz/internal/gift"
)

// origins tell where star coupons come from: the place of their shop and who made them. Texts are numbered, so that
// all shops are compared in one quick pass.
type origins struct {
	numbers map[string]uint32 // from 1
	places  []place           // by group
	makers  []uint32          // by item
}

// place is a shop's address; 0 = unknown.
type place struct {
	province uint32
	district uint32
	city     uint32 // of a district "수원시 장안구": "수원시"
	town     uint32
}

// placeOf numbers the parts of an address as number says.
func placeOf(province, district, town string, number func(string) uint32) place {
	p := place{province: number(spaced(province)), district: number(spaced(district)), town: number(unspaced(town))}
	if city, _, ok := strings.Cut(spaced(district), " "); ok {
		p.city = number(city)
	}
	return p
}

// unspaced drops all spaces: 초월읍 산이리 is written either way.
func unspaced(s string) string { return strings.Join(strings.Fields(s), "") }

// spaced leaves one space between words.
func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }

func newOrigins(m *market, b *books) *origins {
	o := &origins{
		numbers: map[string]uint32{},
		places:  make([]place, m.groupNo.len()),
		makers:  make([]uint32, m.itemNo.len()),
	}
	for id, no := range m.groupNo.numbers {
		if s := b.shops[id]; s != nil {
			o.places[no] = placeOf(s.Province, s.District, s.Town, o.number)
		}
	}
	for id, no := range m.itemNo.numbers {
		if c := b.campaigns[id]; c != nil {
			o.makers[no] = o.number(c.MakerID)
		}
	}
	return o
}

func (o *origins) number(s string) uint32 {
	n, ok := o.numbers[s]
	if !ok && s != "" {
		n = uint32(len(o.numbers) + 1)
		o.numbers[s] = n
	}
	return n
}

// nowhere is the number of a text that no shop and no campaign has.
const nowhere = ^uint32(0)

func (o *origins) lookup(s string) uint32 {
	if n, ok := o.numbers[s]; ok || s == "" {
		return n
	}
	return nowhere
}

// shopsAt tells of each group whether it is at the place that the query asks for.
func (o *origins) shopsAt(q *StarQuery) func(group int32) bool {
	want := placeOf(q.Province, q.District, q.Town, o.lookup)
	return func(group int32) bool {
		if int(group) >= len(o.places) {
			return false
		}
		p := o.places[group]
		return (want.province == 0 || p.province == want.province) &&
			(want.district == 0 || p.district == want.district || p.city == want.district) &&
			(want.town == 0 || p.town == want.town)
	}
}

// itemsAt returns the items whose shop is where the query asks for.
func (m *market) itemsAt(q *StarQuery) bitset {
	found := newBitset(m.itemNo.len())
	at := m.origins.shopsAt(q)
	for no := range int32(m.groupNo.len()) {
		if at(no) {
			for _, member := range m.group(no).members {
				found.set(member)
			}
		}
	}
	return found
}

// itemsBy returns the items that a user made.
func (m *market) itemsBy(maker string) bitset {
	found := newBitset(m.itemNo.len())
	want := m.origins.lookup(maker)
	for no, by := range m.origins.makers {
		if by == want {
			found.set(int32(no))
		}
	}
	return found
}

// moved tells whether the changed rows may change the origins of star coupons.
func (r *Rows) moved(kind gift.Kind) bool {
	return kind == gift.StarCoupon && len(r.Shops)+len(r.Campaigns) > 0
}
