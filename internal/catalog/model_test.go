package catalog

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// The model answers queries by looking at everything, one by one. It knows nothing of how an Index works.

type world struct {
	*stock
	catalog *Catalog
	clock   *clock.Manual
}

func TestAnIndexAnswersAsLookingAtEverythingWould(t *testing.T) {
	rapid.Check(t, compareWithModel)
}

func FuzzAnIndexAnswersAsLookingAtEverythingWould(f *testing.F) {
	for seed := range byte(3) {
		draws := make([]byte, 1<<15)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(draws) // never fails
		f.Add(draws)
	}
	f.Fuzz(rapid.MakeFuzz(compareWithModel))
}

func compareWithModel(t *rapid.T) {
	w := newWorld(t, rapid.SampledFrom([]int{3, 40, 400}).Draw(t, "offers"))
	for range rapid.IntRange(1, 6).Draw(t, "steps") {
		w.step(t)
		if rapid.Bool().Draw(t, "the day turns unread") {
			w.clock.Set(gift.DayOf(w.clock.Now()).End())
		}
		w.compareAll(t)
		for range 6 {
			w.compareGifts(t)
			w.compareStars(t)
		}
	}
}

func TestALargeStockIsKeptInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, 3*chunkMax)
		for range 2 {
			w.putOffers(t, rapid.SampledFrom([]int{1, 60, chunkMax}).Draw(t, "changed"))
			w.refresh(t)
			w.compareAll(t)
			w.compareGifts(t)
		}
	})
}

func newWorld(t *rapid.T, offers int) *world {
	w := &world{stock: &stock{sold: map[PopularityKey]int64{}}, clock: clock.NewManual(noon)}
	for _, put := range []func(*rapid.T){w.putCategory, w.putBrand, w.putShop, w.putProduct, w.putCampaign} {
		for range 6 {
			put(t)
		}
	}
	w.putOffers(t, offers)
	w.catalog = New(w.stock, w.clock, wire)
	w.popularity(t)
	w.refresh(t)
	return w
}

func (w *world) step(t *rapid.T) {
	few := func(put func(*rapid.T)) func(*rapid.T) {
		return func(t *rapid.T) {
			for range rapid.IntRange(1, 3).Draw(t, "rows") {
				put(t)
			}
		}
	}
	steps := map[string]func(*rapid.T){
		"offers":     func(t *rapid.T) { w.putOffers(t, rapid.IntRange(1, 30).Draw(t, "changed")) },
		"categories": few(w.putCategory), "brands": few(w.putBrand), "products": few(w.putProduct),
		"shops": few(w.putShop), "campaigns": few(w.putCampaign),
		"sold out": w.sellOut, "another day": w.turn, "popularity": w.popularity,
		"evening":  func(*rapid.T) { w.clock.Set(gift.DayOf(w.clock.Now()).End().Add(-prepareAhead / 2)) },
		"midnight": func(*rapid.T) { w.clock.Advance(prepareAhead / 2) },
	}
	for range rapid.IntRange(1, 3).Draw(t, "at once") {
		name := rapid.SampledFrom([]string{
			"offers", "categories", "brands", "products", "shops", "campaigns", "sold out", "another day", "popularity",
			"evening", "midnight",
		}).Draw(t, "step")
		steps[name](t)
	}
	w.refresh(t)
}

func (w *world) refresh(t *rapid.T) {
	if _, err := w.catalog.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
}

var someWords = []string{
	"스타벅스", "카페", "아메리카노", "라떼", "치킨", "CU", "gs25", "커피", "빵", "분식", "Tall", "김밥",
}

func name(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(someWords), 1, 3).Draw(t, "name"), " ")
}

func someID(t *rapid.T, what string) int64 { return rapid.Int64Range(1, 8).Draw(t, what) }

func (w *world) putCategory(t *rapid.T) {
	id := someID(t, "category")
	w.put(Rows{Categories: []gift.Category{{ID: id, Kind: gift.Kind(1 + id%2), Name: name(t), Sort: someID(t, "sort")}}})
}

func (w *world) putBrand(t *rapid.T) {
	w.put(Rows{Brands: []gift.Brand{{ID: someID(t, "brand"), CategoryID: someID(t, "category"), Name: name(t)}}})
}

func (w *world) putProduct(t *rapid.T) {
	w.put(Rows{Products: []gift.Product{{ID: someID(t, "product"), BrandID: someID(t, "brand"), Name: name(t)}}})
}

var (
	someProvinces = []string{"서울특별시", "경기도"}
	someDistricts = []string{"수원시", "수원시 장안구", "수원시 팔달구", "강남구"}
	someTowns     = []string{"역삼동", "정자동"}
	someMakers    = []string{"", "hana", "dul"}
)

func (w *world) putShop(t *rapid.T) {
	w.put(Rows{Shops: []gift.Shop{{
		ID: someID(t, "shop"), CategoryID: someID(t, "category"), Name: name(t),
		Province: rapid.SampledFrom(someProvinces).Draw(t, "province"),
		District: rapid.SampledFrom(someDistricts).Draw(t, "district"),
		Town:     rapid.SampledFrom(someTowns).Draw(t, "town"),
	}}})
}

func (w *world) putCampaign(t *rapid.T) {
	w.put(Rows{Campaigns: []gift.Campaign{{
		ID: someID(t, "campaign"), ShopID: someID(t, "shop"), CouponName: name(t), Product: name(t),
		MakerID: rapid.SampledFrom(someMakers).Draw(t, "maker"),
	}}})
}

// putOffers changes so many offers. Their values come from one drawn seed: drawing each would take rapid too long.
func (w *world) putOffers(t *rapid.T, count int) {
	seed := rapid.Uint64().Draw(t, "seed")
	next := func(n int64) int64 {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int64(seed>>33) % n
	}
	rows := Rows{Free: map[int64][]int64{}}
	seen := map[int64]bool{}
	for range count {
		price := gift.Won(next(20) * 100)
		o := gift.Offer{
			ID: 1 + next(int64(2*count+20)), Face: gift.Won(next(20) * 150), LastDay: gift.DayOf(noon) + gift.Day(next(100)-3),
			Tiers: gift.Tiers{Far: price + 200, Mid: price + 100, Near: price}, Stock: next(5), Stopped: next(12) == 0,
		}
		o.Kind = gift.Kind(1 + o.ID%2)
		if o.Kind == gift.Gifticon {
			o.ProductID = 1 + next(8)
		} else {
			o.CampaignID = 1 + next(8)
			rows.Free[o.ID] = []int64{next(100)}
		}
		if !seen[o.ID] {
			seen[o.ID] = true
			rows.Offers = append(rows.Offers, o)
		}
	}
	w.put(rows)
}

func (w *world) sellOut(t *rapid.T) {
	var ids []int64
	for id := range w.offers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	ids = rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 1, min(4, len(ids)), rapid.ID[int64]).Draw(t, "sold out")
	w.change(func(seq int64) {
		for _, id := range ids {
			o := w.offers[id].row
			o.Stock = 0
			w.offers.put(id, seq, o)
		}
	})
	w.catalog.Remove(ids...)
}

func (w *world) turn(t *rapid.T) {
	w.clock.Set(noon.AddDate(0, 0, rapid.IntRange(-5, 100).Draw(t, "day")))
}

func (w *world) popularity(t *rapid.T) {
	for range 4 {
		kind := gift.Kind(rapid.IntRange(1, 2).Draw(t, "kind"))
		w.sold[PopularityKey{kind, someID(t, "item")}] = rapid.Int64Range(0, 3).Draw(t, "sold")
	}
	if err := w.catalog.RefreshPopularity(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// listed returns the views of all offers of a kind that are on sale.
func (w *world) listed(kind gift.Kind) (found []View) {
	today := gift.DayOf(w.clock.Now())
	for _, r := range w.offers {
		o := r.row
		if o.Kind != kind || !o.Listed(today) {
			continue
		}
		v := View{Offer: o, Price: o.PriceOn(today)}
		v.Percent = gift.DiscountPercent(o.Face, v.Price)
		if w.fill(&v) {
			found = append(found, v)
		}
	}
	return found
}

func (w *world) fill(v *View) bool {
	var categoryID int64
	if v.Offer.Kind == gift.Gifticon {
		product, ok := w.products[v.Offer.ProductID]
		brand, ok2 := w.brands[product.row.BrandID]
		if !ok || !ok2 {
			return false
		}
		v.Product, v.Brand, categoryID = &product.row, &brand.row, brand.row.CategoryID
	} else {
		campaign, ok := w.campaigns[v.Offer.CampaignID]
		shop, ok2 := w.shops[campaign.row.ShopID]
		if !ok || !ok2 {
			return false
		}
		v.Campaign, v.Shop, categoryID = &campaign.row, &shop.row, shop.row.CategoryID
	}
	category, ok := w.categories[categoryID]
	v.Category = &category.row
	return ok
}

func (w *world) order(views []View, o Order) {
	primary := func(v *View) int64 {
		switch o {
		case ByPriceDesc:
			return -int64(v.Price)
		case ByPriceAsc:
			return int64(v.Price)
		case ByDiscountDesc:
			return -int64(v.Percent)
		case ByDiscountAsc:
			return int64(v.Percent)
		}
		return -w.sold[PopularityKey{v.Offer.Kind, v.Offer.ProductID + v.Offer.CampaignID}]
	}
	slices.SortFunc(views, func(a, b View) int {
		if o == ByID {
			return cmp.Compare(a.Offer.ID, b.Offer.ID)
		}
		return cmp.Or(cmp.Compare(primary(&a), primary(&b)), cmp.Compare(a.Offer.LastDay, b.Offer.LastDay),
			cmp.Compare(a.Offer.ID, b.Offer.ID))
	})
}

var consonants = []rune("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")

func hasWords(words string, names ...string) bool {
	for _, word := range strings.Fields(strings.ToLower(words)) {
		if !slices.ContainsFunc(names, func(name string) bool {
			name = strings.ReplaceAll(strings.ToLower(name), " ", "")
			return strings.Contains(name, word) || strings.Contains(heads(name), word)
		}) {
			return false
		}
	}
	return true
}

func heads(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '가' && r <= '힣' {
			return consonants[(r-'가')/588]
		}
		return '-'
	}, name)
}

func someSearch(t *rapid.T) string {
	return rapid.SampledFrom([]string{
		"", "", "카페", "라떼카페", "ㅅㅌ", "ㅋㅍ", "ㅋ", "c", "카", "치킨 ㅅㅌㅂㅅ", "분식 빵", "커피 tall 카페", "메리카", "GS25", "없는말", "ㅇㅁㄹㅋㄴ 라",
	}).Draw(t, "words")
}

func (w *world) compareGifts(t *rapid.T) {
	q := GiftQuery{
		CategoryID: rapid.Int64Range(0, 8).Draw(t, "category") * rapid.Int64Range(0, 1).Draw(t, "of category"),
		BrandID:    rapid.Int64Range(0, 8).Draw(t, "brand") * rapid.Int64Range(0, 1).Draw(t, "of brand"),
		MaxPrice:   gift.Won(rapid.SampledFrom([]int{-1, -1, 0, 250, 700, 1500, 5000}).Draw(t, "price")),
		Words:      someSearch(t), Order: Order(rapid.IntRange(0, int(ByID)).Draw(t, "order")),
		Offset: rapid.IntRange(0, 20).Draw(t, "offset"), Limit: rapid.IntRange(0, 30).Draw(t, "limit"),
	}
	views := slices.DeleteFunc(w.listed(gift.Gifticon), func(v View) bool {
		return q.CategoryID != 0 && v.Category.ID != q.CategoryID || q.BrandID != 0 && v.Brand.ID != q.BrandID ||
			q.MaxPrice >= 0 && v.Price > q.MaxPrice || !hasWords(q.Words, v.Product.Name, v.Brand.Name, v.Category.Name)
	})
	w.order(views, q.Order)
	q.After, q.Offset = behind(views, q.Offset)
	w.comparePage(t, fmt.Sprintf("%+v", q), w.catalog.Index().Gifts(q), views, q.Offset, q.Limit)
}

func (w *world) compareStars(t *rapid.T) {
	q := StarQuery{
		CategoryID: rapid.Int64Range(0, 8).Draw(t, "category") * rapid.Int64Range(0, 1).Draw(t, "of category"),
		ShopID:     rapid.Int64Range(0, 8).Draw(t, "shop") * rapid.Int64Range(0, 1).Draw(t, "of shop"),
		Province:   rapid.SampledFrom(append(someProvinces, "", "", "제주특별자치도")).Draw(t, "province"),
		District:   rapid.SampledFrom(append(someDistricts, "", "", "제주시")).Draw(t, "district"),
		Town:       rapid.SampledFrom(append(someTowns, "", "", "종로1가")).Draw(t, "town"),
		MakerID:    rapid.SampledFrom(append(someMakers, "", "set")).Draw(t, "maker"),
		Words:      someSearch(t), Order: Order(rapid.IntRange(0, int(ByID)).Draw(t, "order")),
		Offset: rapid.IntRange(0, 10).Draw(t, "offset"), Limit: rapid.IntRange(0, 30).Draw(t, "limit"),
	}
	views := slices.DeleteFunc(w.listed(gift.StarCoupon), func(v View) bool {
		return q.CategoryID != 0 && v.Category.ID != q.CategoryID || q.ShopID != 0 && v.Shop.ID != q.ShopID ||
			q.Province != "" && v.Shop.Province != q.Province || q.Town != "" && v.Shop.Town != q.Town ||
			q.District != "" && v.Shop.District != q.District && !strings.HasPrefix(v.Shop.District, q.District+" ") ||
			q.MakerID != "" && v.Campaign.MakerID != q.MakerID ||
			!hasWords(q.Words, v.Campaign.CouponName, v.Campaign.Product, v.Shop.Name)
	})
	w.order(views, q.Order)
	q.After, q.Offset = behind(views, q.Offset)
	w.comparePage(t, fmt.Sprintf("%+v", q), w.catalog.Index().Stars(q), views, q.Offset, q.Limit)
}

// behind returns the offer that stands at the end of so many, and how many there are before what follows it.
func behind(views []View, offset int) (id int64, passed int) {
	if passed = min(offset, len(views)); passed > 0 {
		id = views[passed-1].Offer.ID
	}
	return id, passed
}

// compareAll compares whole lists in all orders, single rows and the statistics.
func (w *world) compareAll(t *rapid.T) {
	ix := w.catalog.Index()
	var offers, units int64
	for _, kind := range []gift.Kind{gift.Gifticon, gift.StarCoupon} {
		views := w.listed(kind)
		for o := range orders {
			w.order(views, o)
			page := ix.Gifts(GiftQuery{MaxPrice: -1, Order: o, Limit: 1 << 20})
			if kind == gift.StarCoupon {
				page = ix.Stars(StarQuery{Order: o, Limit: 1 << 20})
			}
			w.comparePage(t, fmt.Sprintf("all of kind %d in order %d", kind, o), page, views, 0, 1<<20)
		}
		for i := range views {
			offers, units = offers+1, units+views[i].Offer.Stock
			if row := ix.Row(views[i].Offer.ID); row == nil || row.Offer.ID != views[i].Offer.ID {
				t.Fatalf("offer %d is listed and not found", views[i].Offer.ID)
			}
		}
	}
	for id, r := range w.offers {
		if r.row.Stock == 0 && ix.Row(id) != nil {
			t.Fatalf("offer %d is sold out and still there", id)
		}
	}
	if st := w.catalog.Stats(); st.Offers != offers || st.Units != units || st.Seq != w.seq {
		t.Fatalf("%+v; want %d offers, %d units, number %d", st, offers, units, w.seq)
	}
}

func (w *world) comparePage(t *rapid.T, what string, p Page, views []View, offset, limit int) {
	t.Helper()
	total := len(views)
	views = views[min(offset, total):]
	views = views[:min(limit, len(views))]
	if more := limit > 0 && offset+len(views) < total && len(views) > 0; p.Total != total || p.More != more {
		t.Fatalf("%s: total %d, more %v; want %d, %v", what, p.Total, p.More, total, more)
	}
	if len(p.Rows) != len(views) {
		t.Fatalf("%s: %d rows, want %d", what, len(p.Rows), len(views))
	}
	for i, row := range p.Rows {
		if got, want := string(row.Wire), string(wire(nil, &views[i])); got != want {
			t.Fatalf("%s: row %d is %s, want %s", what, i, got, want)
		}
		if row.Offer.Kind == gift.StarCoupon && !slices.Equal(row.Free, w.free[row.Offer.ID]) {
			t.Fatalf("%s: row %d has the free units %v", what, i, row.Free)
		}
	}
}
