package main

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"giftimbiz/client"
)

// home is the shop's first page.
type home struct {
	Categories              []client.Category
	Popular, Deals, Nearby  []*item
	Brands                  []client.Brand
	GiftsOnSale, ShopsCount int
}

const (
	onHome       = 8
	brandsOnHome = 12
)

func (s *shop) showHome(v *visit) error {
	v.Tab = "home"
	h := home{
		Popular: distinct(v.Shelf.list(client.Gifticon, popular, nil), onHome),
		Deals:   distinct(v.Shelf.list(client.Gifticon, discounted, nil), onHome),
		Nearby:  distinct(v.Shelf.list(client.Star, popular, nil), onHome),
	}
	for _, c := range v.Shelf.categories {
		if c.Kind == client.Gifticon {
			h.Categories = append(h.Categories, c)
		}
	}
	for _, it := range v.Shelf.list(client.Gifticon, popular, nil) {
		b, known := v.Shelf.brands[it.Place.ID]
		if known && len(h.Brands) < brandsOnHome && !slices.Contains(h.Brands, b) {
			h.Brands = append(h.Brands, b)
		}
	}
	return v.show("home", v.T("shop"), h)
}

// list is a page of items.
type list struct {
	Kind       client.Kind
	Heading    string
	Words      string // that were searched for
	Categories []client.Category
	Category   int64
	Brands     []client.Named
	Place      int64 // brand or shop
	Sort       string
	Items      []*item
	Total      int
	Page, Last int
	Unsearched bool // the search did not work
}

const perPage = 24

// showList shows what is on sale of a kind, chosen by category, and by brand or shop.
func (s *shop) showList(v *visit) error {
	kind := client.Kind(v.r.PathValue("kind"))
	if kind != client.Gifticon && kind != client.Star {
		return errNowhere
	}
	query := v.r.URL.Query()
	l := &list{Kind: kind, Category: number(query.Get("category")), Place: number(query.Get("place")), Sort: query.Get("sort")}
	if l.Sort != cheap && l.Sort != discounted {
		l.Sort = popular
	}
	for _, c := range v.Shelf.categories {
		if c.Kind == kind {
			l.Categories = append(l.Categories, c)
		}
	}
	inCategory := v.Shelf.list(kind, l.Sort, func(it *item) bool { return l.Category == 0 || it.Category.ID == l.Category })
	l.Brands = placesOf(inCategory)
	items := inCategory
	if l.Place != 0 {
		items = slices.DeleteFunc(slices.Clone(inCategory), func(it *item) bool { return it.Place.ID != l.Place })
	}
	l.Heading = l.heading(v)
	l.cut(items, number(query.Get("page")))
	v.Tab = tabOf(kind)
	return v.show("list", l.Heading, l)
}

func tabOf(kind client.Kind) string {
	if kind == client.Star {
		return "star"
	}
	return "home"
}

func (l *list) heading(v *visit) string {
	if i := slices.IndexFunc(l.Brands, func(b client.Named) bool { return b.ID == l.Place }); i >= 0 {
		return l.Brands[i].Name
	}
	if i := slices.IndexFunc(l.Categories, func(c client.Category) bool { return c.ID == l.Category }); i >= 0 {
		return l.Categories[i].Name
	}
	return v.T("all-" + string(l.Kind))
}

// cut keeps the items of a page, counted from 1.
func (l *list) cut(items []*item, page int64) {
	l.Total, l.Last = len(items), max(1, (len(items)+perPage-1)/perPage)
	l.Page = int(min(max(page, 1), int64(l.Last)))
	from := min((l.Page-1)*perPage, len(items))
	l.Items = items[from:min(from+perPage, len(items))]
}

// At is the address of the list with something changed.
func (l *list) At(name string, value any) string {
	q := url.Values{}
	set := func(name string, n int64) {
		if n != 0 {
			q.Set(name, strconv.FormatInt(n, 10))
		}
	}
	c := *l
	c.Page = 1
	switch n := value.(type) {
	case int64:
		switch name {
		case "category":
			c.Category, c.Place = n, 0
		case "place":
			c.Place = n
		}
	case int:
		c.Page = n
	case string:
		c.Sort = n
	}
	if c.Words != "" {
		q.Set("q", c.Words)
	} else {
		set("category", c.Category)
		set("place", c.Place)
	}
	if c.Sort != popular && c.Sort != "" {
		q.Set("sort", c.Sort)
	}
	if c.Page > 1 {
		set("page", int64(c.Page))
	}
	path := "/list/" + string(c.Kind)
	if c.Words != "" {
		path = "/search"
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Next and Previous are the pages around.
func (l *list) Next() int     { return l.Page + 1 }
func (l *list) Previous() int { return l.Page - 1 }

// placesOf returns the brands or shops of items by name.
func placesOf(items []*item) []client.Named {
	var places []client.Named
	seen := map[int64]bool{}
	for _, it := range items {
		if !seen[it.Place.ID] {
			seen[it.Place.ID] = true
			places = append(places, it.Place)
		}
	}
	slices.SortFunc(places, func(a, b client.Named) int { return strings.Compare(a.Name, b.Name) })
	return places
}

// number reads a number from an address; 0 when it is none.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

const (
	longestSearch = 60  // characters
	mostFound     = 100 // of each kind
)

// showSearch asks the API, which knows Korean: words in any order, and initial consonants. What it finds is shown from the shop's own
// shelves, so that prices are the same everywhere.
func (s *shop) showSearch(v *visit) error {
	words := strings.Join(strings.Fields(v.r.URL.Query().Get("q")), " ")
	if r := []rune(words); len(r) > longestSearch {
		words = string(r[:longestSearch])
	}
	l := &list{Words: words, Heading: v.T("search"), Sort: popular}
	v.Tab = "search"
	var items []*item
	if words != "" {
		l.Heading = v.T("found", words)
		gifts, err1 := s.api.Offers(v.r.Context(), client.OfferQuery{Words: words, Limit: mostFound})
		stars, err2 := s.api.Coupons(v.r.Context(), client.CouponQuery{Words: words, Limit: mostFound})
		if err := errors.Join(err1, err2); err != nil {
			s.log.Warn("the search does not work", "err", err)
			l.Unsearched = true
		} else {
			items = found(v.Shelf, gifts.Data, stars.Data)
		}
	}
	l.cut(items, number(v.r.URL.Query().Get("page")))
	return v.show("list", l.Heading, l)
}

func found(shelf *shelves, gifts []client.Offer, stars []client.Coupon) (items []*item) {
	for i := range stars {
		if it := shelf.items[key{client.Star, stars[i].ID}]; it != nil {
			items = append(items, it)
		}
	}
	for i := range gifts {
		if it := shelf.items[key{client.Gifticon, gifts[i].ID}]; it != nil {
			items = append(items, it)
		}
	}
	return items
}

// itemPage shows an item.
type itemPage struct {
	It      *item
	Similar []*item
	Reason  string // why it was not sold just now; "" = nobody tried
}

func (s *shop) showItem(v *visit) error {
	it, reason := v.Shelf.find(itemKey(v))
	if it == nil {
		return s.showGone(v)
	}
	v.Tab = tabOf(it.Kind)
	return v.show("item", it.Name, itemPage{It: it, Reason: reason, Similar: v.Shelf.similar(it, onHome)})
}

func itemKey(v *visit) key {
	return key{client.Kind(v.r.PathValue("kind")), number(v.r.PathValue("id"))}
}

// showGone shows what there is instead of something that nobody knows any more.
func (s *shop) showGone(v *visit) error {
	kind := client.Kind(v.r.PathValue("kind"))
	if kind != client.Star {
		kind = client.Gifticon
	}
	return v.show("item", v.T("reason-"+gone), itemPage{Reason: gone, Similar: distinct(v.Shelf.list(kind, popular, nil), onHome)})
}
