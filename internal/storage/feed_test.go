package storage_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// mirror is a client's copy of a list: it reads the list by id, page by page, and from then on what changed. It may be anywhere
// in this when something changes, and each of its pages is of any node.
type mirror struct {
	kind            gift.Kind
	category, group int64

	rows    map[int64]string
	reading bool // the list, behind an offer
	after   int64
	since   catalog.Since
	from    *catalog.FeedPlace
}

func (m *mirror) String() string {
	return fmt.Sprintf("kind %d, category %d, group %d", m.kind, m.category, m.group)
}

func (m *mirror) begin() {
	*m = mirror{kind: m.kind, category: m.category, group: m.group, rows: map[int64]string{}, reading: true}
}

// list returns a page of the list behind an offer.
func (m *mirror) list(ix *catalog.Index, after int64, limit int) catalog.Page {
	if m.kind == gift.StarCoupon {
		return ix.Stars(catalog.StarQuery{CategoryID: m.category, ShopID: m.group, Order: catalog.ByID, After: after, Limit: limit})
	}
	return ix.Gifts(catalog.GiftQuery{
		CategoryID: m.category, BrandID: m.group, MaxPrice: -1, Order: catalog.ByID, After: after, Limit: limit,
	})
}

// look writes what a list shows of an offer.
func look(v *catalog.View) string {
	names, tiers := []string{v.Category.Name}, v.Offer.Tiers
	if v.Product != nil {
		names = append(names, v.Brand.Name, v.Product.Name)
	} else {
		names = append(names, v.Shop.Name, v.Campaign.CouponName)
	}
	return fmt.Sprintln(names, v.Price, tiers, v.Offer.LastDay, v.Offer.OncePer)
}

// step reads a page, and tells whether that was the last for now.
func (m *mirror) step(t *testing.T, db catalog.ChangeSource, ix *catalog.Index, limit int) (done bool) {
	t.Helper()
	if m.reading {
		p := m.list(ix, m.after, limit)
		for _, row := range p.Rows {
			m.rows[row.Offer.ID], m.after = look(&row.View), row.Offer.ID
		}
		if m.since == (catalog.Since{}) {
			m.since = ix.Since()
		}
		m.since, m.reading = m.since.With(ix.Since()), p.More
		return false
	}
	p, err := ix.Changes(t.Context(), db, catalog.FeedQuery{
		Kind: m.kind, CategoryID: m.category, GroupID: m.group, Since: m.since, From: m.from, Limit: limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Rows {
		m.put(&p.Rows[i])
	}
	m.from, m.since = p.Next, p.Sync
	return p.Next == nil
}

// put brings the copy up to date.
func (m *mirror) put(row *catalog.FeedRow) {
	var group int64
	if row.Brand != nil {
		group = row.Brand.ID
	} else {
		group = row.Shop.ID
	}
	if row.Status != gift.StatusOnSale || m.category != 0 && row.Category.ID != m.category || m.group != 0 && group != m.group {
		delete(m.rows, row.Offer.ID)
		return
	}
	m.rows[row.Offer.ID] = look(&row.View)
}

// market is a house whose stock changes at random, two nodes that show it by a clock that may also be set back, and mirrors.
type market struct {
	*storagetest.House
	t       *testing.T
	r       *rand.Rand
	shown   *clock.Manual
	nodes   [2]*catalog.Catalog
	partner int64
	mirrors []*mirror
	nextID  int64

	products []int64
}

func newMarket(t *testing.T, h *storagetest.House, seed uint64) *market {
	m := &market{House: h, t: t, r: rand.New(rand.NewPCG(seed, 1)), shown: clock.NewManual(storagetest.Noon), nextID: 5000, products: []int64{27935}}
	today := gift.DayOf(storagetest.Noon)
	h.Stock(25, 2, func(o *gift.Offer) { o.LastDay = today + gift.Day(m.r.IntN(70)) })
	stockPaid(t, h, 3)
	m.partner = h.Partner(gift.Partner{Name: "demo"}, 100_000_000)
	other := add(t, h, h.DB.Categories(), gift.Category{Kind: gift.Gifticon, Name: "카페"})
	brand := add(t, h, h.DB.Brands(), gift.Brand{CategoryID: other, Name: "둘째", InUse: true})
	add(t, h, h.DB.Categories(), gift.Category{Kind: gift.StarCoupon, Name: "만두"})
	for i := range m.nodes {
		m.nodes[i] = catalog.New(h.DB, m.shown, func(dst []byte, _ *catalog.View) []byte { return dst })
		m.refresh(i)
	}
	for _, of := range []mirror{
		{kind: gift.Gifticon},
		{kind: gift.Gifticon, category: 6},
		{kind: gift.Gifticon, category: other},
		{kind: gift.Gifticon, group: 4},
		{kind: gift.Gifticon, group: brand},
		{kind: gift.Gifticon, group: brand, category: other},
		{kind: gift.StarCoupon},
		{kind: gift.StarCoupon, group: paidShop},
		{kind: gift.StarCoupon, category: 15},
	} {
		of.begin()
		m.mirrors = append(m.mirrors, &of)
	}
	return m
}

func (m *market) refresh(node int) {
	m.t.Helper()
	if _, err := m.nodes[node].Refresh(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
}

func (m *market) pick(n int) int64 { return int64(m.r.IntN(n)) }

// someOffer returns an offer of either kind.
func (m *market) someOffer() office.OfferRow {
	m.t.Helper()
	page, err := m.DB.OfferList(m.t.Context(), office.OfferQuery{Limit: 500})
	if err != nil || len(page.Rows) == 0 {
		m.t.Fatal(err)
	}
	o, err := m.DB.OfferByID(m.t.Context(), page.Rows[m.r.IntN(len(page.Rows))].ID)
	if err != nil {
		m.t.Fatal(err)
	}
	return o
}

// change makes one change at random.
func (m *market) change() {
	m.t.Helper()
	now := m.Clock.Now()
	switch o := m.someOffer(); m.r.IntN(12) {
	case 0, 1, 2:
		m.buy(o)
	case 3, 4:
		m.alter(o)
	case 5:
		m.load()
	case 6:
		unit, err := m.DB.UnitList(m.t.Context(), office.UnitQuery{OfferID: o.ID, Limit: 10})
		if err != nil || len(unit) == 0 {
			return
		}
		u := unit[m.r.IntN(len(unit))]
		if u.State == office.UnitWithdrawn {
			err = m.DB.RestoreUnit(m.t.Context(), u.ID, "found", now)
		} else {
			err = m.DB.WithdrawUnit(m.t.Context(), u.ID, "lost", now)
		}
		if err != nil && !errors.Is(err, office.ErrSold) {
			m.t.Fatal(err)
		}
	case 7:
		m.rename()
	case 8:
		m.move()
	case 9:
		m.shown.Advance(time.Duration(m.pick(35*24)) * time.Hour)
	case 10:
		m.shown.Advance(-time.Duration(m.pick(20*24)) * time.Hour)
	case 11:
		m.refresh(m.r.IntN(2))
	}
}

// buy buys one unit, as the offer is sold on the day of the house.
func (m *market) buy(o office.OfferRow) {
	m.t.Helper()
	out, err := m.Engine.Buy(m.t.Context(), purchase.Request{
		PartnerID: m.partner, Kind: o.Kind, Product: o.Name, Cash: o.PriceOn(gift.DayOf(m.Clock.Now())), Render: storagetest.Render,
		Key: fmt.Sprint(m.r.Uint64()), Items: []purchase.ItemRequest{{OfferID: o.ID, CampaignID: o.CampaignID}},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	if out.Refusal == nil && o.Stock == 1 {
		m.nodes[m.r.IntN(2)].Remove(o.ID) // as the node does that sold it
	}
}

func (m *market) alter(o office.OfferRow) {
	m.t.Helper()
	switch m.r.IntN(4) {
	case 0:
		o.Stopped = !o.Stopped
	case 1:
		o.Tiers = gift.Tiers{Far: gift.Won(900 + m.pick(3)), Mid: gift.Won(890 + m.pick(3)), Near: gift.Won(460 + m.pick(3))}
	case 2:
		o.LastDay = gift.DayOf(m.shown.Now()) + gift.Day(m.pick(70)) - 3
	case 3:
		o.OncePer = !o.OncePer
	}
	if err := m.DB.ChangeOffer(m.t.Context(), o.Offer, o.Version, m.shown.Now()); err != nil {
		m.t.Fatal(err)
	}
}

// load puts new offers of an old or a new product on sale.
func (m *market) load() {
	m.t.Helper()
	stock, product := &storage.Stock{}, int64(27935)
	if m.r.IntN(2) == 0 {
		product = 30_000 + m.nextID
		brand := []int64{4, m.mirrors[4].group}[m.r.IntN(2)]
		stock.Products = []gift.Product{{ID: product, BrandID: brand, Name: fmt.Sprint("상품 ", product), Face: 1400, Thumb: "/UPLOAD/p.png"}}
		m.products = append(m.products, product)
	}
	for range 1 + m.r.IntN(6) {
		m.nextID++
		stock.Offers = append(stock.Offers, gift.Offer{
			ID: m.nextID, Kind: gift.Gifticon, ProductID: product, Face: 1400, Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462},
			LastDay: gift.DayOf(m.shown.Now()) + gift.Day(m.pick(70)),
		})
		stock.Units = append(stock.Units, storage.NewUnit{
			ID: m.nextID * 100_000, OfferID: m.nextID, Position: 1, Sealed: storagetest.Sealed("sealed"), NumberHash: fmt.Append(nil, m.nextID),
			TailHash: storagetest.Tail(1),
		})
	}
	if err := m.DB.Load(m.t.Context(), stock); err != nil {
		m.t.Fatal(err)
	}
}

func (m *market) rename() {
	m.t.Helper()
	name := fmt.Sprint("이름 ", m.r.IntN(1000))
	switch m.r.IntN(5) {
	case 0:
		edit(m.t, m.House, m.DB.Products(), m.someProduct(), func(p *gift.Product) { p.Name = name })
	case 1:
		edit(m.t, m.House, m.DB.Brands(), m.mirrors[4].group, func(b *gift.Brand) { b.Name = name })
	case 2:
		edit(m.t, m.House, m.DB.Categories(), 6, func(c *gift.Category) { c.Name = name })
	case 3:
		edit(m.t, m.House, m.DB.Shops(), paidShop, func(s *gift.Shop) { s.Name = name })
	case 4:
		edit(m.t, m.House, m.DB.Campaigns(), paidCampaign, func(c *gift.Campaign) { c.CouponName = name })
	}
}

func (m *market) someProduct() int64 { return m.products[m.r.IntN(len(m.products))] }

// move gives a product another brand, brands another category, and so on.
func (m *market) move() {
	m.t.Helper()
	brands, categories := []int64{4, m.mirrors[4].group}, []int64{6, m.mirrors[2].category}
	switch m.r.IntN(2) {
	case 0:
		edit(m.t, m.House, m.DB.Products(), m.someProduct(), func(p *gift.Product) { p.BrandID = brands[m.r.IntN(2)] })
	case 1:
		edit(m.t, m.House, m.DB.Brands(), brands[m.r.IntN(2)], func(b *gift.Brand) { b.CategoryID = categories[m.r.IntN(2)] })
	}
}

// settle refreshes both nodes, lets all mirrors read to the end, and compares them with the lists.
func (m *market) settle() {
	m.t.Helper()
	m.refresh(0)
	m.refresh(1)
	pages := 0
	for _, copied := range m.mirrors {
		for feeds := 0; feeds < 2; { // what began before the last changes, and what tells of them
			if copied.step(m.t, m.DB, m.nodes[m.r.IntN(2)].Index(), 1+m.r.IntN(20)) {
				feeds++
			}
			if pages++; pages > 100_000 {
				m.t.Fatalf("%v: the feed has no end", copied)
			}
		}
		want := map[int64]string{}
		for _, row := range copied.list(m.nodes[0].Index(), 0, 1<<20).Rows {
			want[row.Offer.ID] = look(&row.View)
		}
		if diff := cmp.Diff(want, copied.rows); diff != "" {
			m.t.Fatalf("%v: the copy differs (-list +copy):\n%s", copied, diff)
		}
	}
}

func TestACopyThatIsToldOfChangesEqualsTheList(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		m := newMarket(t, h, 7)
		rounds := 60
		for round := range rounds {
			for range 1 + m.r.IntN(12) {
				m.change()
				for range m.r.IntN(4) {
					m.mirrors[m.r.IntN(len(m.mirrors))].step(t, m.DB, m.nodes[m.r.IntN(2)].Index(), 1+m.r.IntN(6))
				}
			}
			if m.r.IntN(3) == 0 {
				m.settle()
			}
			if round%20 == 19 {
				m.mirrors[m.r.IntN(len(m.mirrors))].begin()
			}
		}
		m.settle()
	})
}

// TestAFeedSaysWhatBecameOfAnOffer, in one word.
func TestAFeedSaysWhatBecameOfAnOffer(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		m := newMarket(t, h, 8)
		today := gift.DayOf(storagetest.Noon)
		alter := func(id int64, change func(*gift.Offer)) {
			t.Helper()
			o, err := h.DB.OfferByID(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			change(&o.Offer)
			if err := h.DB.ChangeOffer(t.Context(), o.Offer, o.Version, h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		for id, day := range map[int64]gift.Day{1: 90, 2: 90, 3: 90, 4: 90, 5: 61, 6: 31, 7: 0, 8: 90, 9: 90} {
			alter(id, func(o *gift.Offer) { o.LastDay = today + day })
		}
		alter(3, func(o *gift.Offer) { o.Stopped = true })
		m.refresh(0)
		m.refresh(1)
		since := m.nodes[0].Index().Since()
		h.Buy(m.partner, "the last two", 1, 1)
		h.Buy(m.partner, "one of two", 9)
		alter(2, func(o *gift.Offer) { o.Stopped = true })
		alter(3, func(o *gift.Offer) { o.Stopped = false })
		alter(4, func(o *gift.Offer) { o.Tiers.Near++ })
		alter(8, func(o *gift.Offer) { o.OncePer = true })
		m.load()
		m.shown.Set(storagetest.Noon.Add(24 * time.Hour))
		m.refresh(0)
		got := map[int64]string{}
		for limit := range []int{1, 100} {
			var from *catalog.FeedPlace
			for {
				p, err := m.nodes[0].Index().Changes(t.Context(), h.DB, catalog.FeedQuery{
					Kind: gift.Gifticon, Since: since, From: from, Limit: 1 + limit,
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range p.Rows {
					got[row.Offer.ID] = row.Status.Word() + " " + row.Change.Word(row.Status)
				}
				if from = p.Next; from == nil {
					break
				}
			}
			want := map[int64]string{
				1: "sold_out sold_out", 2: "withdrawn withdrawn", 3: "on_sale restocked", 4: "on_sale repriced", 5: "on_sale repriced",
				6: "on_sale repriced", 7: "expired expired", 8: "on_sale changed",
			}
			maps.DeleteFunc(got, func(id int64, _ string) bool { return id > 8 && id < 5000 && id != 9 }) // of other days
			for id := range got {
				if id > 5000 {
					want[id] = "on_sale new"
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || len(want) == 8 {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

func TestAStateOfAnotherStockIsNotGoneOnFrom(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		m := newMarket(t, h, 9)
		ix := m.nodes[0].Index()
		since := ix.Since()
		since.Seq += 1000
		_, err := ix.Changes(t.Context(), h.DB, catalog.FeedQuery{Kind: gift.Gifticon, Since: since, Limit: 10})
		if !errors.Is(err, catalog.ErrUnknownState) {
			t.Errorf("a change to come: %v", err)
		}
		edit(t, h, h.DB.Products(), 27935, func(p *gift.Product) { p.Name = "another" })
		m.refresh(0)
		ahead := m.nodes[0].Index().Since()
		p, err := m.nodes[1].Index().Changes(t.Context(), h.DB, catalog.FeedQuery{Kind: gift.Gifticon, Since: ahead, Limit: 10})
		if err != nil || len(p.Rows) != 0 || p.Next != nil || p.Sync != ahead {
			t.Errorf("a node that is behind: %+v, %v", p, err)
		}
	})
}

// TestTheFeedReadsWhatChanged and nothing of what did not, whatever PostgreSQL knows of the tables.
func TestTheFeedReadsWhatChanged(t *testing.T) {
	t.Run("without statistics", func(t *testing.T) { countFeedReads(t, `SELECT 1`) })
	t.Run("with statistics of empty tables", func(t *testing.T) { countFeedReads(t, `VACUUM ANALYZE`) })
}

func countFeedReads(t *testing.T, before string) {
	t.Helper()
	dsn := migratedPostgresURL(t)
	raw := rawDB(t, "pgx", dsn)
	today := gift.DayOf(storagetest.Noon)
	const limit = 32
	var loaded, seq int64
	t.Run("stock", func(t *testing.T) { // its end closes the node's connections, which then hand in their figures
		h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
		if _, err := raw.ExecContext(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		h.Stock(1200, 1, func(o *gift.Offer) { o.LastDay = today + gift.Day(o.ID%400) - 100 })
		partner := h.Partner(gift.Partner{Name: "demo"}, 10_000_000)
		loaded = lastChange(t, h.DB)
		for id := range int64(3) {
			h.Buy(partner, fmt.Sprint(id), 300+id)
		}
		edit(t, h, h.DB.Brands(), 4, func(b *gift.Brand) { b.Name = "another" })
		edit(t, h, h.DB.Shops(), 37, func(s *gift.Shop) { s.Name = "another" })
		seq = lastChange(t, h.DB)
	})
	forgetReads(t, dsn, nil, raw)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	last := int64(math.MaxInt64)
	after := func(seq, id int64) catalog.ChangeQuery {
		return catalog.ChangeQuery{Since: seq, After: catalog.ChangePlace{Seq: seq, ID: id}, UpTo: last, Limit: limit}
	}
	if list, err := db.OffersChanged(t.Context(), after(loaded, last)); err != nil || len(list) != 3 || !list[0].Moved {
		t.Errorf("%+v, %v", list, err)
	}
	for of, want := range map[catalog.Named]int{
		catalog.Products: 0, catalog.Brands: 1, catalog.Campaigns: 0, catalog.Shops: 1, catalog.Categories: 0,
	} {
		if list, err := db.NamesChanged(t.Context(), of, after(loaded, last)); err != nil || len(list) != want {
			t.Errorf("%d: %v, %v", of, list, err)
		}
	}
	q := after(1, last)
	for range 4 { // through the load that comes first
		list, err := db.OffersChanged(t.Context(), q)
		if err != nil || len(list) != limit || !list[0].Added {
			t.Fatalf("%+v, %v", list, err)
		}
		q.After = list[limit-1].Place
	}
	turn := catalog.TurnQuery{Since: loaded, Day: today, LastDay: today + 99, Limit: limit}
	for range 4 {
		list, err := db.OffersByLastDay(t.Context(), turn)
		if err != nil || len(list) != limit {
			t.Fatalf("%+v, %v", list, err)
		}
		turn.Day, turn.After = list[limit-1].LastDay, list[limit-1].ID
	}
	if err := db.Close(); err != nil { // its connections hand in their figures
		t.Fatal(err)
	}
	for table, most := range map[string]int64{"offers": 10 * limit, "products": 30 * limit, "brands": 20 * limit, "shops": 4} {
		if whole, found := readsOf(t, raw, table); whole > 0 || found > most {
			t.Errorf("%s: %d rows were read without an index and %d with one", table, whole, found)
		}
	}
	if seq <= loaded {
		t.Error("nothing changed")
	}
}

// TestChangesAreReadInTheOrderOfAnIndex asks SQLite for its plans: of offers and names nothing is run through or sorted.
func TestChangesAreReadInTheOrderOfAnIndex(t *testing.T) {
	dsn := migratedSQLiteURL(t)
	raw := rawDB(t, "sqlite", "file:"+strings.TrimPrefix(dsn, "sqlite:"))
	for _, query := range storage.FeedQueries() {
		rows, err := raw.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, 1, 2, 3)
		if err != nil {
			t.Fatal(err)
		}
		steps, inner := "", false
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			steps += detail + "\n"
			inner = inner || strings.HasPrefix(detail, "SEARCH ") && strings.Contains(detail, "INDEX")
			if strings.HasPrefix(detail, "SCAN ") && !strings.HasPrefix(detail, "SCAN o") {
				t.Errorf("%s\n%s", detail, query)
			}
		}
		if err := rows.Err(); err != nil || !inner {
			t.Errorf("%s%s: %v", steps, query, err)
		}
	}
}

// TestAFeedTellsOfImportedVouchers: of those that make a new offer, and of those that an offer sold out gets.
func TestAFeedTellsOfImportedVouchers(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		desk := newDesk(h, newVault(t))
		partner := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		changed := func(since int64) []catalog.ChangedOffer {
			t.Helper()
			list, err := h.DB.OffersChanged(t.Context(), catalog.ChangeQuery{
				Since: since, After: catalog.ChangePlace{Seq: since, ID: math.MaxInt64}, UpTo: math.MaxInt64, Limit: 32,
			})
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			return list
		}
		before := lastChange(t, h.DB)
		load(t, desk, intake.Vouchers, vouchers(1, 0), intake.Counts{Rows: 1, Added: 1})
		made := changed(before)[0]
		if !made.Added || made.Restocked || made.Stock != 1 {
			t.Errorf("%+v", made)
		}
		before = lastChange(t, h.DB)
		load(t, desk, intake.Vouchers, vouchers(1, 1), intake.Counts{Rows: 1, Added: 1})
		if o := changed(before)[0]; o.ID != made.ID || o.Added || o.Restocked || o.Stock != 2 {
			t.Errorf("more of what is on sale: %+v", o)
		}
		if out := h.Buy(partner, "both", made.ID, made.ID); out.Refusal != nil {
			t.Fatal(out.Refusal)
		}
		before = lastChange(t, h.DB)
		load(t, desk, intake.Vouchers, vouchers(1, 2), intake.Counts{Rows: 1, Added: 1})
		if o := changed(before)[0]; o.ID != made.ID || o.Added || !o.Restocked || o.Stock != 1 {
			t.Errorf("what was sold out: %+v", o)
		}
	})
}

func lastChange(t *testing.T, db *storage.DB) int64 {
	t.Helper()
	seq, err := db.LastChange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return seq
}
