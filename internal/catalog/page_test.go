package catalog

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/fold"
	"giftimbiz/internal/gift"
)

// crowded is a market of many items in few groups, with many equal prices.
func crowded(t *testing.T, r *rand.Rand) *Catalog {
	t.Helper()
	const brands, products, offers = 12, 400, 3000
	words := func() string {
		var name []string
		for range 1 + r.IntN(3) {
			name = append(name, someWords[r.IntN(len(someWords))])
		}
		return strings.Join(name, " ")
	}
	rows := Rows{}
	for id := range int64(3) {
		rows.Categories = append(rows.Categories, gift.Category{ID: 1 + id, Kind: gift.Gifticon, Name: words()})
	}
	for id := range int64(brands) {
		rows.Brands = append(rows.Brands, gift.Brand{ID: 1 + id, CategoryID: 1 + id%3, Name: words()})
	}
	s := &stock{sold: map[PopularityKey]int64{}}
	for id := range int64(products) {
		rows.Products = append(rows.Products, gift.Product{ID: 1 + id, BrandID: 1 + r.Int64N(brands), Name: words()})
		s.sold[PopularityKey{gift.Gifticon, 1 + id}] = r.Int64N(20)
	}
	for id := range int64(offers) {
		price := gift.Won(100 * (1 + r.IntN(40)))
		rows.Offers = append(rows.Offers, gift.Offer{
			ID: 1 + id, Kind: gift.Gifticon, ProductID: 1 + r.Int64N(products), Face: price + gift.Won(100*r.IntN(20)), Stock: 1,
			Tiers: gift.Tiers{Far: price, Mid: price, Near: price}, LastDay: gift.DayOf(noon) + gift.Day(r.IntN(90)),
		})
	}
	s.put(rows)
	c := New(s, clock.NewManual(noon), wire)
	if err := c.RefreshPopularity(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

// slots returns all slots that match, in order, by looking at every one.
func (s *selection) slots(q *GiftQuery, texts []string) (found []int32) {
	m := s.m
	for slot := range m.slotCount {
		row := m.row(slot)
		ok := row.listed && (q.CategoryID == 0 || row.Category.ID == q.CategoryID) && (q.BrandID == 0 || row.Brand.ID == q.BrandID) &&
			(q.MaxPrice < 0 || row.Price <= q.MaxPrice)
		for word := range strings.FieldsSeq(q.Words) {
			ok = ok && strings.Contains(texts[slot], fold.Search(word))
		}
		if ok {
			found = append(found, slot)
		}
	}
	slices.SortFunc(found, func(a, b int32) int { return m.key(a, s.order).compare(m.key(b, s.order)) })
	return found
}

func randomQuery(r *rand.Rand) GiftQuery {
	q := GiftQuery{MaxPrice: -1, Order: Order(r.IntN(int(orders))), Offset: r.IntN(60), Limit: 1 + r.IntN(30)}
	if r.IntN(3) == 0 {
		q.CategoryID = 1 + r.Int64N(3)
	}
	if r.IntN(4) == 0 {
		q.BrandID = 1 + r.Int64N(12)
	}
	if r.IntN(2) == 0 {
		q.MaxPrice = gift.Won(50 * r.IntN(90))
	}
	for range r.IntN(3) {
		q.Words += " " + someWords[r.IntN(len(someWords))]
	}
	return q
}

// TestEveryWayFindsTheSamePage takes pages in all ways, not only in the one that is chosen for them.
func TestEveryWayFindsTheSamePage(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	ix := crowded(t, r).Index()
	texts := make([]string, ix.gifts.slotCount)
	for slot := range texts {
		row := ix.gifts.row(int32(slot))
		texts[slot] = fold.Search(row.Product.Name) + "\x00" + fold.Search(row.Brand.Name) + "\x00" + fold.Search(row.Category.Name)
	}
	ways := map[string]int{}
	for range 600 {
		q := randomQuery(r)
		s, ok := ix.gifts.choose(q.CategoryID, q.BrandID, q.Order)
		if !ok {
			continue
		}
		s.most = q.MaxPrice
		s.search(q.Words)
		want := s.slots(&q, texts)
		if got := s.page(q.Offset, q.Limit); got.Total != len(want) {
			t.Fatalf("%+v: %d found, want %d", q, got.Total, len(want))
		} else if err := sameRows(&s, got.Rows, want, q.Offset, q.Limit); err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		need := min(q.Offset+q.Limit, len(want))
		if need == 0 {
			continue
		}
		counted := s.count(need)
		found := map[string][]keyed{"pick": s.pick(need, &counted), "pick alone": s.pick(need, &tally{total: len(want)})}
		if s.items == nil {
			found["gather"] = s.gather(need, &tally{total: len(want)})
		}
		if len(s.groups) > 0 {
			ways["groups"]++
		}
		if counted.total != len(want) {
			t.Fatalf("%+v: %d counted, want %d", q, counted.total, len(want))
		}
		for way, rows := range found {
			ways[way]++
			if !slices.EqualFunc(rows, want[:need], func(a keyed, slot int32) bool { return a.no == slot }) {
				t.Fatalf("%+v: %s finds %d rows, not those expected", q, way, len(rows))
			}
		}
		page, from, to := Page{}, 0, s.lists[s.order].len()
		if len(want) >= q.Offset+q.Limit {
			if !s.scan(&page, q.Offset, q.Limit, from, to) {
				t.Fatalf("%+v: a scan found too few rows", q)
			}
			ways["scan"]++
			if err := sameRows(&s, page.Rows, want, q.Offset, q.Limit); err != nil {
				t.Fatalf("%+v: a scan: %v", q, err)
			}
		}
	}
	for _, way := range []string{"pick", "gather", "groups", "scan"} {
		if ways[way] < 25 {
			t.Errorf("%s was taken %d times only", way, ways[way])
		}
	}
}

// TestBothWaysFindTheSameRowsByID looks along the ids and at all that matches.
func TestBothWaysFindTheSameRowsByID(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	ix := crowded(t, r).Index()
	for range 300 {
		q := randomQuery(r)
		s, ok := ix.gifts.choose(q.CategoryID, q.BrandID, ByID)
		if !ok {
			continue
		}
		s.most = q.MaxPrice
		s.search(q.Words)
		all := s.after(0, 1<<20)
		passed := r.IntN(len(all.Rows) + 1)
		rest, id := all.Rows[passed:], int64(0)
		if passed > 0 {
			id = all.Rows[passed-1].Offer.ID
		}
		want := rest[:min(q.Limit, len(rest))]
		along, among := Page{Total: all.Total}, Page{Total: all.Total}
		if !s.scanIDs(&along, id, q.Limit, 1<<20) {
			t.Fatalf("%+v: a scan found too few rows", q)
		}
		s.gatherIDs(&among, id, q.Limit)
		got := s.after(id, q.Limit)
		if !slices.Equal(along.Rows, want) || !slices.Equal(among.Rows, want) || !slices.Equal(got.Rows, want) {
			t.Fatalf("%+v: %d, %d and %d rows; want %d, or others", q, len(along.Rows), len(among.Rows), len(got.Rows), len(want))
		}
		if got.Total != len(all.Rows) || got.More != (len(rest) > len(want)) {
			t.Fatalf("%+v: total %d, more %v; want %d and %d more", q, got.Total, got.More, len(all.Rows), len(rest)-len(want))
		}
	}
}

func sameRows(s *selection, got []*Row, want []int32, offset, limit int) error {
	want = want[min(offset, len(want)):min(offset+limit, len(want))]
	if !slices.EqualFunc(got, want, func(row *Row, slot int32) bool { return row == s.m.row(slot) }) {
		return fmt.Errorf("%d rows, want %d, or others", len(got), len(want))
	}
	return nil
}

func TestFirstsKeepsTheLowest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		rows := make([]keyed, r.IntN(100))
		for i := range rows {
			rows[i] = keyed{key{primary: r.Int64N(10), id: int64(i)}, int32(i)}
		}
		keep := 1 + r.IntN(50)
		first := newFirsts(keep, len(rows))
		for _, row := range rows {
			first.add(row)
		}
		slices.SortFunc(rows, func(a, b keyed) int { return cmp.Or(cmp.Compare(a.primary, b.primary), cmp.Compare(a.id, b.id)) })
		if got := first.sorted(); !slices.Equal(got, rows[:min(keep, len(rows))]) {
			t.Fatalf("%v of %v", got, rows)
		}
	}
}
