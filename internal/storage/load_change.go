package storage

import (
	"context"
	"slices"
)

// Changed rows are written over those that are there. Each must be there: the count of changed rows is checked.
var (
	updateCategories = over("id bigint, kind bigint, name text, thumb text, sort bigint, seen bigint", `
UPDATE categories SET kind = input.kind, name = input.name, thumb = input.thumb, sort = input.sort,
    changed_seq = (SELECT id FROM loads WHERE seq = 0)
FROM input WHERE categories.id = input.id AND categories.changed_seq <= input.seen`)

	updateBrands = over("id bigint, category_id bigint, name text, thumb text, in_use bigint, seen bigint", `
UPDATE brands SET category_id = input.category_id, name = input.name, thumb = input.thumb, in_use = input.in_use,
    changed_seq = (SELECT id FROM loads WHERE seq = 0)
FROM input WHERE brands.id = input.id AND brands.changed_seq <= input.seen`)

	updateProducts = over("id bigint, brand_id bigint, name text, face bigint, thumb text, seen bigint", `
UPDATE products SET brand_id = input.brand_id, name = input.name, face = input.face, thumb = input.thumb,
    changed_seq = (SELECT id FROM loads WHERE seq = 0)
FROM input WHERE products.id = input.id AND products.changed_seq <= input.seen`)

	updateShops = over("id bigint, category_id bigint, name text, thumb text, province text, district text, town text, "+
		"map_url text, seen bigint", `
UPDATE shops SET category_id = input.category_id, name = input.name, thumb = input.thumb, province = input.province,
    district = input.district, town = input.town, map_url = input.map_url,
    changed_seq = (SELECT id FROM loads WHERE seq = 0)
FROM input WHERE shops.id = input.id AND shops.changed_seq <= input.seen`)

	updateSellers = over("id bigint, shop_id bigint, name text, code_hash text, seen bigint", `
UPDATE sellers SET shop_id = input.shop_id, name = input.name, code_hash = input.code_hash,
    changed_seq = (SELECT id FROM loads WHERE seq = 0)
FROM input WHERE sellers.id = input.id AND sellers.changed_seq <= input.seen`)

	updateCampaigns = over("id bigint, shop_id bigint, coupon_name text, product text, terms text, free bigint, "+
		"price bigint, org_price bigint, discount bigint, member_type text, maker text, thumb text, image text, image2 text, seen bigint", `
UPDATE campaigns SET shop_id = input.shop_id, coupon_name = input.coupon_name, product = input.product, terms = input.terms,
    free = input.free, price = input.price, org_price = input.org_price, discount = input.discount,
    member_type = input.member_type, maker = input.maker, thumb = input.thumb, image = input.image, image2 = input.image2,
    changed_seq = (SELECT id FROM loads WHERE seq = 0)
FROM input WHERE campaigns.id = input.id AND campaigns.changed_seq <= input.seen`)
)

// sendChanges writes the rows that take the place of others. Somebody who changed one of them after seen, the place on the
// change clock up to which they were read, is not overruled: the count of rows is wrong then.
func (stock *Stock) sendChanges(ctx context.Context, s session, seen int64) error {
	if stock == nil {
		return nil
	}
	change := func(st *setStatement, rows int, columns []any) {
		s.exec(st, rows, append(columns, slices.Repeat([]int64{seen}, rows))...)
	}
	change(updateCategories, len(stock.Categories), categoriesColumns(stock.Categories))
	change(updateBrands, len(stock.Brands), brandsColumns(stock.Brands))
	change(updateProducts, len(stock.Products), productsColumns(stock.Products))
	change(updateShops, len(stock.Shops), shopsColumns(stock.Shops))
	change(updateSellers, len(stock.Sellers), sellersColumns(stock.Sellers))
	change(updateCampaigns, len(stock.Campaigns), campaignsColumns(stock.Campaigns))
	return s.flush(ctx)
}
