package intake

import (
	"slices"
	"strconv"
	"strings"

	"giftimbiz/internal/fold"
	"giftimbiz/internal/gift"
)

// directory finds what is there by number and by name, what the file itself adds included.
type directory struct {
	categories index[gift.Category]
	brands     index[gift.Brand]
	products   index[gift.Product]
	shops      index[gift.Shop]
	sellers    index[Seller]
	campaigns  index[gift.Campaign]
}

// index holds rows by number, and their numbers by the names that they go by.
type index[T any] struct {
	byID   map[int64]T
	byName map[string][]int64
	last   int64 // the highest number
	names  func(T) []string
}

func newIndex[T any](rows []T, id func(T) int64, names func(T) []string) index[T] {
	x := index[T]{byID: make(map[int64]T, len(rows)), byName: make(map[string][]int64, len(rows)), names: names}
	for _, row := range rows {
		x.put(id(row), row)
	}
	return x
}

func (x *index[T]) put(id int64, row T) {
	for _, name := range x.names(row) {
		if !slices.Contains(x.byName[name], id) {
			x.byName[name] = append(x.byName[name], id)
		}
	}
	x.byID[id], x.last = row, max(x.last, id)
}

// called returns the rows with a name.
func (x *index[T]) called(name string) []T {
	rows := make([]T, 0, 1)
	for _, id := range x.byName[name] {
		rows = append(rows, x.byID[id])
	}
	return rows
}

// find returns the rows that a cell means: those with the name, or the one with the number.
func (x *index[T]) find(text string) []T {
	if rows := x.called(plainName(text)); len(rows) > 0 {
		return rows
	}
	if id, err := strconv.ParseInt(text, 10, 64); err == nil {
		if row, ok := x.byID[id]; ok {
			return []T{row}
		}
	}
	return nil
}

// plainName is a name as names are compared, and several of them as one.
func plainName(parts ...string) string {
	for i := range parts {
		parts[i] = fold.Search(strings.TrimSpace(parts[i]))
	}
	return strings.Join(parts, "\x00")
}

func newDirectory(n *Names) *directory {
	d := &directory{}
	d.categories = newIndex(n.Categories, func(c gift.Category) int64 { return c.ID }, func(c gift.Category) []string {
		return []string{plainName(c.Name), categoryName(c)}
	})
	d.brands = newIndex(n.Brands, func(b gift.Brand) int64 { return b.ID }, func(b gift.Brand) []string {
		return []string{plainName(b.Name)}
	})
	d.products = newIndex(n.Products, func(p gift.Product) int64 { return p.ID }, func(p gift.Product) []string {
		return []string{plainName(p.Name), productName(p)}
	})
	d.shops = newIndex(n.Shops, func(s gift.Shop) int64 { return s.ID }, func(s gift.Shop) []string {
		return []string{plainName(s.Name), shopName(s)}
	})
	d.sellers = newIndex(n.Sellers, func(s Seller) int64 { return s.ID }, func(s Seller) []string {
		return []string{sellerName(s)}
	})
	d.campaigns = newIndex(n.Campaigns, func(c gift.Campaign) int64 { return c.ID }, func(c gift.Campaign) []string {
		return []string{plainName(c.CouponName), campaignName(c)}
	})
	return d
}

// What tells rows without a number apart.
func categoryName(c gift.Category) string {
	return plainName("category", strconv.Itoa(int(c.Kind)), c.Name)
}

func productName(p gift.Product) string {
	return plainName("product", strconv.FormatInt(p.BrandID, 10), p.Name)
}

func shopName(s gift.Shop) string {
	return plainName("shop", s.Province, s.District, s.Town, s.Name)
}

func sellerName(s Seller) string { return plainName("seller", strconv.FormatInt(s.ShopID, 10), s.Name) }

func campaignName(c gift.Campaign) string {
	return plainName("campaign", strconv.FormatInt(c.ShopID, 10), c.CouponName, c.Product)
}

// one narrows what a cell means down to one row, and refuses none and several.
func one[T any](r *row, key string, rows []T, fits func(T) bool) (found T, ok bool) {
	rows = slices.DeleteFunc(rows, func(row T) bool { return !fits(row) })
	switch len(rows) {
	case 1:
		return rows[0], true
	case 0:
		r.refuse(key, say("등록되어 있지 않습니다.", "There is none of this name or number."))
	default:
		r.refuse(key, say("이름이 같은 것이 %d개 있습니다. 번호로 쓰십시오.", "%d have this name: write the number.", len(rows)))
	}
	return found, false
}

func (r *row) category(kind gift.Kind) (c gift.Category, ok bool) {
	name := r.text("category", 100)
	if name == "" {
		return c, false
	}
	return one(r, "category", r.check.names.categories.find(name), func(c gift.Category) bool { return c.Kind == kind })
}

func (r *row) brand() (b gift.Brand, ok bool) {
	name := r.text("brand", 100)
	if name == "" {
		return b, false
	}
	return one(r, "brand", r.check.names.brands.find(name), func(gift.Brand) bool { return true })
}

func (r *row) shop() (s gift.Shop, ok bool) {
	name := r.text("shop", 100)
	if name == "" {
		return s, false
	}
	return one(r, "shop", r.check.names.shops.find(name), func(gift.Shop) bool { return true })
}

// entry settles whether a row of the catalogue is new. With a number it is the one with that number, else the one that
// goes by its name.
func entry[T any](r *row, x *index[T], nameKey, name string) (old T, id int64, there, ok bool) {
	if r.outcome == refused {
		return old, 0, false, false
	}
	if r.given("id") {
		if id = r.whole("id", 1, 1<<40, 0); id == 0 {
			return old, 0, false, false
		}
		old, there = x.byID[id]
	} else if ids := x.byName[name]; len(ids) > 0 {
		id, there = ids[0], true
		old = x.byID[id]
	}
	if id == 0 {
		id = x.last + 1
	}
	for _, other := range x.byName[name] {
		if other != id {
			r.refuse(nameKey, say("%d번이 같은 이름을 씁니다.", "Number %d has the same name.", other))
			return old, 0, false, false
		}
	}
	c := r.check
	ok = c.first(r, nameKey, name) && c.first(r, nameKey, numbered(id))
	return old, id, there, ok
}

func numbered(id int64) string { return "#" + strconv.FormatInt(id, 10) }

// conclude counts a row of the catalogue as new, changed or known.
func conclude[T comparable](r *row, x *index[T], id int64, name string, old, row T, there bool, add, change *[]T) {
	switch {
	case r.outcome == refused:
		return
	case !there:
		r.outcome = added
		*add = append(*add, row)
	case old != row:
		r.outcome = changed
		*change = append(*change, row)
	default:
		r.outcome = known
	}
	r.check.seen[name], r.check.seen[numbered(id)] = r.Line, r.Line
	x.put(id, row)
}
