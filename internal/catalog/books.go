package catalog

import (
	"cmp"
	"maps"
	"slices"

	"giftimbiz/internal/gift"
)

// books hold what offers refer to. They are immutable.
type books struct {
	categories map[int64]*gift.Category
	brands     map[int64]*gift.Brand
	products   map[int64]*gift.Product
	shops      map[int64]*gift.Shop
	campaigns  map[int64]*gift.Campaign

	categoryList []*gift.Category // by place, then id
	brandList    []*gift.Brand    // by id
	shopList     []*gift.Shop     // by id
}

// with returns the books with the changed rows in them.
func (b *books) with(r *Rows) *books {
	next := *b
	next.categories = revise(b.categories, r.Categories, func(c *gift.Category) int64 { return c.ID })
	next.brands = revise(b.brands, r.Brands, func(b *gift.Brand) int64 { return b.ID })
	next.products = revise(b.products, r.Products, func(p *gift.Product) int64 { return p.ID })
	next.shops = revise(b.shops, r.Shops, func(s *gift.Shop) int64 { return s.ID })
	next.campaigns = revise(b.campaigns, r.Campaigns, func(c *gift.Campaign) int64 { return c.ID })
	if len(r.Categories) > 0 {
		next.categoryList = slices.SortedFunc(maps.Values(next.categories), func(a, b *gift.Category) int {
			return cmp.Or(cmp.Compare(a.Sort, b.Sort), cmp.Compare(a.ID, b.ID))
		})
	}
	if len(r.Brands) > 0 {
		next.brandList = slices.SortedFunc(maps.Values(next.brands), func(a, b *gift.Brand) int { return cmp.Compare(a.ID, b.ID) })
	}
	if len(r.Shops) > 0 {
		next.shopList = slices.SortedFunc(maps.Values(next.shops), func(a, b *gift.Shop) int { return cmp.Compare(a.ID, b.ID) })
	}
	return &next
}

func revise[T any](old map[int64]*T, changed []T, id func(*T) int64) map[int64]*T {
	if len(changed) == 0 {
		return old
	}
	next := make(map[int64]*T, len(old)+len(changed))
	maps.Copy(next, old)
	for i := range changed {
		row := changed[i] // a copy: one row must not keep all that were read with it
		next[id(&row)] = &row
	}
	return next
}

// describe fills in what the view's offer refers to; false when some of it is not known (yet).
func (b *books) describe(v *View) bool {
	if v.Offer.Kind == gift.StarCoupon {
		if v.Campaign = b.campaigns[v.Offer.CampaignID]; v.Campaign == nil {
			return false
		}
		if v.Shop = b.shops[v.Campaign.ShopID]; v.Shop == nil {
			return false
		}
		v.Category = b.categories[v.Shop.CategoryID]
		return v.Category != nil
	}
	if v.Product = b.products[v.Offer.ProductID]; v.Product == nil {
		return false
	}
	if v.Brand = b.brands[v.Product.BrandID]; v.Brand == nil {
		return false
	}
	v.Category = b.categories[v.Brand.CategoryID]
	return v.Category != nil
}

// itemNames returns the names of an item itself by which it is searched; none when it is not known.
func (b *books) itemNames(kind gift.Kind, id int64) []string {
	if kind == gift.StarCoupon {
		if c := b.campaigns[id]; c != nil {
			return []string{c.CouponName, c.Product}
		}
		return nil
	}
	if p := b.products[id]; p != nil {
		return []string{p.Name}
	}
	return nil
}

// groupNames returns the names by which all items of a group are searched; none when it is not known.
func (b *books) groupNames(kind gift.Kind, id int64) []string {
	if kind == gift.StarCoupon {
		if s := b.shops[id]; s != nil {
			return []string{s.Name}
		}
		return nil
	}
	brand := b.brands[id]
	if brand == nil {
		return nil
	}
	if c := b.categories[brand.CategoryID]; c != nil {
		return []string{brand.Name, c.Name}
	}
	return []string{brand.Name}
}
