package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// catalogueStore keeps what is for sale.
type catalogueStore interface {
	CatalogueCounts(ctx context.Context, today gift.Day) (office.Counts, error)
	Categories() office.Shelf[gift.Category]
	Brands() office.Shelf[gift.Brand]
	Products() office.Shelf[gift.Product]
	Shops() office.Shelf[gift.Shop]
	Managers() office.Shelf[office.Seller]
	Campaigns() office.Shelf[gift.Campaign]

	OfferList(ctx context.Context, q office.OfferQuery) (office.OfferPage, error)
	OfferByID(ctx context.Context, id int64) (office.OfferRow, error)
	ChangeOffer(ctx context.Context, o gift.Offer, version int64, now time.Time) error
	UnitList(ctx context.Context, q office.UnitQuery) ([]office.UnitRow, error)
	UnitByID(ctx context.Context, id int64) (office.UnitRow, error)
	UnitByNumber(ctx context.Context, hash []byte) (office.UnitRow, error)
	WithdrawUnit(ctx context.Context, unitID int64, reason string, now time.Time) error
	RestoreUnit(ctx context.Context, unitID int64, reason string, now time.Time) error

	PriceRules(ctx context.Context) ([]office.PriceRule, error)
	SetPriceRule(ctx context.Context, r office.PriceRule, now time.Time) error
	DropPriceRule(ctx context.Context, id, version int64, now time.Time) error
	Repricing(ctx context.Context, today gift.Day) (office.Repricing, error)
	RepricedAfter(ctx context.Context, today gift.Day, after, limit int64) ([]office.RepricedOffer, error)
	StartRepricing(ctx context.Context, today gift.Day, digest string, now time.Time) (offers int64, err error)
	ContinueRepricing(ctx context.Context, within time.Duration) error
	LastRepricing(ctx context.Context) (office.RepricingRun, error)
}

const catalogueRoot = Root + "/catalogue"

func catalogueRoutes() []route {
	return slices.Concat(
		[]route{{pattern: "GET " + catalogueRoot, needs: office.See, serve: (*request).showCatalogue}},
		categoryShelf().routes(), brandShelf().routes(), productShelf().routes(),
		shopShelf().routes(), sellerShelf().routes(), campaignShelf().routes(),
		offerRoutes(), couponRoutes(), priceRoutes(),
	)
}

// catalogueParts are the pages of the catalogue.
var catalogueParts = []struct {
	path string
	name text
}{
	{"", text{"한눈에", "Overview"}},
	{"/offers", text{"판매 상품", "Offers"}},
	{"/products", text{"기프티콘 종류", "Products"}},
	{"/brands", text{"브랜드", "Brands"}},
	{"/categories", text{"카테고리", "Categories"}},
	{"/shops", text{"업체", "Shops"}},
	{"/sellers", text{"판매자", "Sellers"}},
	{"/campaigns", text{"별별쿠폰", "Campaigns"}},
	{"/coupons", text{"발행 쿠폰", "Coupons"}},
	{"/prices", text{"가격 규칙", "Price rules"}},
}

func (q *request) catalogueNav() []menuItem {
	items := make([]menuItem, len(catalogueParts))
	for i, p := range catalogueParts {
		address := catalogueRoot + p.path
		here := q.URL.Path == address || p.path != "" && strings.HasPrefix(q.URL.Path, address+"/")
		items[i] = menuItem{Address: address, Name: p.name.in(q.lang), Here: here}
	}
	return items
}

// catalogueView is the catalogue's first page.
type catalogueView struct {
	Nav    []menuItem
	Counts []shelfCount
	Words  string
	Found  []finding
}

type shelfCount struct {
	Name    text
	Address string
	Number  string
}

// finding is what a search found on one shelf.
type finding struct {
	Name  text
	All   string // the whole list
	Links []selectable
}

// foundAtOnce is how many rows of each shelf a search shows.
const foundAtOnce = 8

func (q *request) showCatalogue() error {
	v := catalogueView{Nav: q.catalogueNav(), Words: strings.TrimSpace(q.FormValue("q"))}
	c, err := q.h.Store.CatalogueCounts(q.Context(), gift.DayOf(q.now))
	if err != nil {
		return err
	}
	v.Counts = []shelfCount{
		{text{"판매 상품", "Offers"}, "/offers", atMost(c.Offers)},
		{text{"판매 중지", "Stopped offers"}, "/offers?state=stopped", atMost(c.Stopped)},
		{text{"7일 안에 만료", "Expiring within 7 days"}, "/offers?state=expiring&days=7", atMost(c.Expiring)},
		{text{"기프티콘 종류", "Products"}, "/products", atMost(c.Products)},
		{text{"브랜드", "Brands"}, "/brands", grouped(c.Brands)},
		{text{"카테고리", "Categories"}, "/categories", grouped(c.Categories)},
		{text{"업체", "Shops"}, "/shops", atMost(c.Shops)},
		{text{"판매자", "Sellers"}, "/sellers", atMost(c.Sellers)},
		{text{"별별쿠폰", "Campaigns"}, "/campaigns", atMost(c.Campaigns)},
		{text{"가격 규칙", "Price rules"}, "/prices", grouped(c.PriceRules)},
	}
	if v.Words != "" {
		if v.Found, err = q.searchCatalogue(v.Words); err != nil {
			return err
		}
	}
	return q.render(http.StatusOK, "catalogue", text{"상품", "Catalogue"}, v)
}

// atMost writes a number that was not counted further than office.CountedUpTo.
func atMost(n int64) string {
	if n >= office.CountedUpTo {
		return grouped(n) + "+"
	}
	return grouped(n)
}

func (q *request) searchCatalogue(words string) ([]finding, error) {
	var all []finding
	for _, find := range []func(*request, string) (finding, error){
		productShelf().search, brandShelf().search, categoryShelf().search,
		shopShelf().search, sellerShelf().search, campaignShelf().search,
	} {
		f, err := find(q, words)
		if err != nil {
			return nil, err
		}
		if len(f.Links) > 0 {
			all = append(all, f)
		}
	}
	if id, err := strconv.ParseInt(words, 10, 64); err == nil {
		if _, err := q.h.Store.OfferByID(q.Context(), id); err == nil {
			at := catalogueRoot + "/offers/" + words
			all = append(all, finding{Name: text{"판매 상품", "Offers"}, All: at, Links: []selectable{{at, words}}})
		}
	}
	return all, nil
}

// search finds a few rows by their names or number.
func (p *shelfPage[T]) search(q *request, words string) (f finding, err error) {
	f = finding{Name: p.title, All: p.address() + "?q=" + escaped(words)}
	rows, err := p.shelf(q.h.Store).List(q.Context(), office.ItemQuery{Words: words, Limit: foundAtOnce})
	for _, l := range rows {
		f.Links = append(f.Links, selectable{p.address(strconv.FormatInt(p.id(l), 10)), p.label(l)})
	}
	return f, err
}
