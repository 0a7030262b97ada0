package storage

import (
	"context"
	"math/rand/v2"

	"giftimbiz/internal/gift"
)

// loadChunk bounds the rows that are sent at once while stock is loaded.
const loadChunk = 5000

// Stock is a set of rows to add or change. Ids of what is added must be new; offers name how many units they have by the units themselves.
type Stock struct {
	Categories []gift.Category
	Brands     []gift.Brand
	Products   []gift.Product
	Shops      []gift.Shop
	Sellers    []NewSeller
	Campaigns  []gift.Campaign
	Offers     []gift.Offer
	Units      []NewUnit
	Sales      []ItemSale

	// Changed, when set, has rows that take the place of those with the same ids; its offers, units and sales are not looked at.
	Changed *Stock
	// Seen is the place on the change clock up to which the rows of Changed were read.
	Seen int64

	// Origin says where the stock comes from, for people; StockOrigin returns it once the stock is there. "" = not kept.
	Origin string
	// Progress, when set, is told how many of the units are stored.
	Progress func(done, total int)
}

// NewSeller is a seller with its hashed manager code.
type NewSeller struct {
	ID       int64
	ShopID   int64
	Name     string
	CodeHash string
}

// NewUnit is a voucher with its encrypted number and the number's keyed hash, or a coupon without either.
type NewUnit struct {
	ID         int64
	OfferID    int64
	Position   int64 // 1, 2, … within the offer
	Sealed     []byte
	NumberHash []byte
	TailHash   []byte // of the number's last characters, for search; nil = it is not found by them
}

// ItemSale is what was sold of a product or a campaign on a day.
type ItemSale struct {
	Kind   gift.Kind
	ItemID int64
	Day    gift.Day
	Sold   int64
}

// A load marks its rows with a negative number of its own, and gets its place on the change clock last: so on
// PostgreSQL it keeps nobody waiting for the clock while it goes on, and readers find its rows through that number's place. Other loads under way are
// not visible, so the one with place 0 is this one.
var (
	beginLoad = over("id bigint", `INSERT INTO loads (id, seq) SELECT id, 0 FROM input`)

	placeLoad = over("id bigint", `
UPDATE loads SET seq = (SELECT seq FROM change_clock) FROM input WHERE loads.id = input.id`)

	insertCategories = over("id bigint, kind bigint, name text, thumb text, sort bigint", `
INSERT INTO categories (id, kind, name, thumb, sort, changed_seq)
SELECT id, kind, name, thumb, sort, (SELECT id FROM loads WHERE seq = 0) FROM input`)

	insertBrands = over("id bigint, category_id bigint, name text, thumb text, in_use bigint", `
INSERT INTO brands (id, category_id, name, thumb, in_use, changed_seq, added_seq)
SELECT id, category_id, name, thumb, in_use, (SELECT id FROM loads WHERE seq = 0),
    (SELECT id FROM loads WHERE seq = 0) FROM input`)

	insertProducts = over("id bigint, brand_id bigint, name text, face bigint, thumb text", `
INSERT INTO products (id, brand_id, name, face, thumb, changed_seq, added_seq)
SELECT id, brand_id, name, face, thumb, (SELECT id FROM loads WHERE seq = 0),
    (SELECT id FROM loads WHERE seq = 0) FROM input`)

	insertShops = over("id bigint, category_id bigint, name text, thumb text, province text, district text, town text, "+
		"map_url text", `
INSERT INTO shops (id, category_id, name, thumb, province, district, town, map_url, changed_seq, added_seq)
SELECT id, category_id, name, thumb, province, district, town, map_url, (SELECT id FROM loads WHERE seq = 0),
    (SELECT id FROM loads WHERE seq = 0) FROM input`)

	insertSellers = over("id bigint, shop_id bigint, name text, code_hash text", `
INSERT INTO sellers (id, shop_id, name, code_hash) SELECT id, shop_id, name, code_hash FROM input`)

	insertCampaigns = over("id bigint, shop_id bigint, coupon_name text, product text, terms text, free bigint, "+
		"price bigint, org_price bigint, discount bigint, member_type text, maker text, thumb text, image text, image2 text", `
INSERT INTO campaigns (id, shop_id, coupon_name, product, terms, free, price, org_price, discount, member_type, maker,
    thumb, image, image2, changed_seq, added_seq)
SELECT id, shop_id, coupon_name, product, terms, free, price, org_price, discount, member_type, maker,
    thumb, image, image2, (SELECT id FROM loads WHERE seq = 0),
    (SELECT id FROM loads WHERE seq = 0) FROM input`)

	insertOffers = over("id bigint, kind bigint, product_id bigint, campaign_id bigint, face bigint, price_far bigint, "+
		"price_mid bigint, price_near bigint, last_day bigint, stopped bigint, once_per bigint, units bigint", `
INSERT INTO offers (id, kind, product_id, campaign_id, face, price_far, price_mid, price_near, last_day, stopped,
    once_per, last_position, changed_seq, added_seq)
SELECT id, kind, NULLIF(product_id, 0), NULLIF(campaign_id, 0), face, price_far, price_mid, price_near, last_day, stopped,
    once_per, units, (SELECT id FROM loads WHERE seq = 0), (SELECT id FROM loads WHERE seq = 0) FROM input`)

	insertUnits = over("id bigint, offer_id bigint, position bigint, number bytea, number_hash bytea, tail_hash bytea", `
INSERT INTO units (id, offer_id, position, number, number_hash, tail_hash)
SELECT id, offer_id, position, number, number_hash, tail_hash FROM input`)

	insertSales = over("kind bigint, item_id bigint, day bigint, sold bigint", `
INSERT INTO item_sales (kind, item_id, day, sold) SELECT kind, item_id, day, sold FROM input`)

	insertOrigin = over("origin text", `INSERT INTO settings (name, value) SELECT 'stock', origin FROM input`)
)

// Load adds the stock in one transaction: all of it or, on any fault (ErrDuplicate among them), nothing. Only after
// ErrUnanswered it may be either. On SQLite it keeps purchases waiting, as every writer does.
func (db *DB) Load(ctx context.Context, stock *Stock) error {
	if err := stock.check(); err != nil {
		return err
	}
	return db.inSession(ctx, func(s session) error {
		id := []int64{-1 - rand.Int64()}
		s.exec(beginLoad, 1, id)
		if err := stock.send(ctx, s); err != nil {
			return err
		}
		s.exec(tickClock, 1, []int64{1})
		s.exec(placeLoad, 1, id)
		return s.flush(ctx)
	})
}

func (stock *Stock) send(ctx context.Context, s session) error {
	units := make(map[int64]int64, len(stock.Offers))
	for _, u := range stock.Units {
		units[u.OfferID]++
	}
	steps := []func() error{
		func() error { return stock.Changed.sendChanges(ctx, s, stock.Seen) },
		func() error { return inChunks(ctx, s, stock.Categories, sendCategories) },
		func() error { return inChunks(ctx, s, stock.Brands, sendBrands) },
		func() error { return inChunks(ctx, s, stock.Products, sendProducts) },
		func() error { return inChunks(ctx, s, stock.Shops, sendShops) },
		func() error { return inChunks(ctx, s, stock.Sellers, sendSellers) },
		func() error { return inChunks(ctx, s, stock.Campaigns, sendCampaigns) },
		func() error {
			return inChunks(ctx, s, stock.Offers, func(s session, rows []gift.Offer) { sendOffers(s, rows, units) })
		},
		func() error { return stock.sendUnits(ctx, s) },
		func() error { return inChunks(ctx, s, stock.Sales, sendSales) },
		func() error { return stock.sendOrigin(ctx, s) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (stock *Stock) sendUnits(ctx context.Context, s session) error {
	for done := 0; done < len(stock.Units); {
		next := min(done+loadChunk, len(stock.Units))
		if err := inChunks(ctx, s, stock.Units[done:next], sendUnits); err != nil {
			return err
		}
		if done = next; stock.Progress != nil {
			stock.Progress(done, len(stock.Units))
		}
	}
	return nil
}

func (stock *Stock) sendOrigin(ctx context.Context, s session) error {
	if stock.Origin == "" {
		return nil
	}
	s.exec(insertOrigin, 1, []string{stock.Origin})
	return s.flush(ctx)
}

func inChunks[T any](ctx context.Context, s session, rows []T, send func(session, []T)) error {
	for len(rows) > 0 {
		n := min(len(rows), loadChunk)
		send(s, rows[:n])
		if err := s.flush(ctx); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func sendCategories(s session, rows []gift.Category) {
	s.exec(insertCategories, len(rows), categoriesColumns(rows)...)
}

func categoriesColumns(rows []gift.Category) []any {
	return []any{
		column(rows, func(c gift.Category) int64 { return c.ID }),
		column(rows, func(c gift.Category) int64 { return int64(c.Kind) }),
		column(rows, func(c gift.Category) string { return c.Name }),
		column(rows, func(c gift.Category) string { return c.Thumb }),
		column(rows, func(c gift.Category) int64 { return c.Sort }),
	}
}

func sendBrands(s session, rows []gift.Brand) {
	s.exec(insertBrands, len(rows), brandsColumns(rows)...)
}

func brandsColumns(rows []gift.Brand) []any {
	return []any{
		column(rows, func(b gift.Brand) int64 { return b.ID }),
		column(rows, func(b gift.Brand) int64 { return b.CategoryID }),
		column(rows, func(b gift.Brand) string { return b.Name }),
		column(rows, func(b gift.Brand) string { return b.Thumb }),
		column(rows, func(b gift.Brand) int64 { return flag(b.InUse) }),
	}
}

func sendProducts(s session, rows []gift.Product) {
	s.exec(insertProducts, len(rows), productsColumns(rows)...)
}

func productsColumns(rows []gift.Product) []any {
	return []any{
		column(rows, func(p gift.Product) int64 { return p.ID }),
		column(rows, func(p gift.Product) int64 { return p.BrandID }),
		column(rows, func(p gift.Product) string { return p.Name }),
		column(rows, func(p gift.Product) int64 { return int64(p.Face) }),
		column(rows, func(p gift.Product) string { return p.Thumb }),
	}
}

func sendShops(s session, rows []gift.Shop) { s.exec(insertShops, len(rows), shopsColumns(rows)...) }

func shopsColumns(rows []gift.Shop) []any {
	return []any{
		column(rows, func(h gift.Shop) int64 { return h.ID }),
		column(rows, func(h gift.Shop) int64 { return h.CategoryID }),
		column(rows, func(h gift.Shop) string { return h.Name }),
		column(rows, func(h gift.Shop) string { return h.Thumb }),
		column(rows, func(h gift.Shop) string { return h.Province }),
		column(rows, func(h gift.Shop) string { return h.District }),
		column(rows, func(h gift.Shop) string { return h.Town }),
		column(rows, func(h gift.Shop) string { return h.MapURL }),
	}
}

func sendSellers(s session, rows []NewSeller) {
	s.exec(insertSellers, len(rows), sellersColumns(rows)...)
}

func sellersColumns(rows []NewSeller) []any {
	return []any{
		column(rows, func(l NewSeller) int64 { return l.ID }),
		column(rows, func(l NewSeller) int64 { return l.ShopID }),
		column(rows, func(l NewSeller) string { return l.Name }),
		column(rows, func(l NewSeller) string { return l.CodeHash }),
	}
}

func sendCampaigns(s session, rows []gift.Campaign) {
	s.exec(insertCampaigns, len(rows), campaignsColumns(rows)...)
}

func campaignsColumns(rows []gift.Campaign) []any {
	return []any{
		column(rows, func(c gift.Campaign) int64 { return c.ID }),
		column(rows, func(c gift.Campaign) int64 { return c.ShopID }),
		column(rows, func(c gift.Campaign) string { return c.CouponName }),
		column(rows, func(c gift.Campaign) string { return c.Product }),
		column(rows, func(c gift.Campaign) string { return c.Condition }),
		column(rows, func(c gift.Campaign) int64 { return flag(c.Free) }),
		column(rows, func(c gift.Campaign) int64 { return int64(c.Price) }),
		column(rows, func(c gift.Campaign) int64 { return int64(c.OrgPrice) }),
		column(rows, func(c gift.Campaign) int64 { return int64(c.Discount) }),
		column(rows, func(c gift.Campaign) string { return c.MemberType }),
		column(rows, func(c gift.Campaign) string { return c.MakerID }),
		column(rows, func(c gift.Campaign) string { return c.Thumb }),
		column(rows, func(c gift.Campaign) string { return c.Image }),
		column(rows, func(c gift.Campaign) string { return c.Image2 }),
	}
}

func sendOffers(s session, rows []gift.Offer, units map[int64]int64) {
	s.exec(insertOffers, len(rows),
		column(rows, func(o gift.Offer) int64 { return o.ID }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Kind) }),
		column(rows, func(o gift.Offer) int64 { return o.ProductID }),
		column(rows, func(o gift.Offer) int64 { return o.CampaignID }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Face) }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Tiers.Far) }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Tiers.Mid) }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Tiers.Near) }),
		column(rows, func(o gift.Offer) int64 { return int64(o.LastDay) }),
		column(rows, func(o gift.Offer) int64 { return flag(o.Stopped) }),
		column(rows, func(o gift.Offer) int64 { return flag(o.OncePer) }),
		column(rows, func(o gift.Offer) int64 { return units[o.ID] }))
}

func sendUnits(s session, rows []NewUnit) {
	s.exec(insertUnits, len(rows),
		column(rows, func(u NewUnit) int64 { return u.ID }),
		column(rows, func(u NewUnit) int64 { return u.OfferID }),
		column(rows, func(u NewUnit) int64 { return u.Position }),
		column(rows, func(u NewUnit) []byte { return u.Sealed }),
		column(rows, func(u NewUnit) []byte { return u.NumberHash }),
		column(rows, func(u NewUnit) []byte { return u.TailHash }))
}

func sendSales(s session, rows []ItemSale) {
	s.exec(insertSales, len(rows),
		column(rows, func(i ItemSale) int64 { return int64(i.Kind) }),
		column(rows, func(i ItemSale) int64 { return i.ItemID }),
		column(rows, func(i ItemSale) int64 { return int64(i.Day) }),
		column(rows, func(i ItemSale) int64 { return i.Sold }))
}
