package storage

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strconv"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
)

// freeCoupons is how many free coupons of a star offer a catalogue is told of.
const freeCoupons = 32

// CatalogSince implements catalog.Source.
func (db *DB) CatalogSince(ctx context.Context, seq int64) (rows catalog.Rows, upTo int64, err error) {
	if upTo, err = db.changeSeq(ctx); err != nil || upTo == seq {
		return rows, upTo, err
	}
	if seq == 0 {
		err = db.wholeSnapshot(ctx, func(tx *sql.Tx) error { return readAll(ctx, tx, &rows) })
	} else {
		err = db.snapshot(ctx, func(tx *sql.Tx) error { return readSince(ctx, tx, seq, &rows) })
	}
	return rows, upTo, err
}

// OffersByID implements catalog.Source.
func (db *DB) OffersByID(ctx context.Context, ids []int64) (rows catalog.Rows, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if err := (catalogReader{ctx, tx, "id", id, id}).offers(&rows, ""); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}

// readAll reads every row but the offers that nobody can buy. When that changes, they get a new number.
func readAll(ctx context.Context, tx *sql.Tx, r *catalog.Rows) error {
	read := catalogReader{ctx, tx, "changed_seq", math.MinInt64, math.MaxInt64}
	return errors.Join(read.names(r), read.offers(r, "AND stopped = 0 AND next_position <= last_position"))
}

// readSince reads the rows with a number above seq, and those of the loads with such a place.
func readSince(ctx context.Context, tx *sql.Tx, seq int64, r *catalog.Rows) error {
	rows, err := tx.QueryContext(ctx, `SELECT id FROM loads WHERE seq > $1`, seq)
	if err != nil {
		return err
	}
	reads := []catalogReader{{ctx, tx, "changed_seq", seq + 1, math.MaxInt64}}
	err = scanAll(rows, func(row scanner) error {
		var id int64
		err := row.Scan(&id)
		reads = append(reads, catalogReader{ctx, tx, "changed_seq", id, id})
		return err
	})
	for _, read := range reads {
		err = errors.Join(err, read.names(r), read.offers(r, ""))
	}
	return err
}

// catalogReader reads the rows in which a number lies in a range.
type catalogReader struct {
	ctx      context.Context
	tx       *sql.Tx
	number   string // changed_seq or, of offers only, id
	from, to int64
}

// rows runs a query whose $1 and $2 are the range.
func (c catalogReader) rows(query string, scan func(scanner) error) error {
	rows, err := c.tx.QueryContext(c.ctx, query, c.from, c.to)
	if err != nil {
		return err
	}
	return scanAll(rows, scan)
}

func (c catalogReader) names(r *catalog.Rows) error {
	return errors.Join(
		c.rows(`SELECT id, kind, name, thumb, sort FROM categories
WHERE changed_seq BETWEEN $1 AND $2`, func(row scanner) error {
			var c gift.Category
			err := row.Scan(&c.ID, &c.Kind, &c.Name, &c.Thumb, &c.Sort)
			r.Categories = append(r.Categories, c)
			return err
		}),
		c.rows(`SELECT id, category_id, name, thumb, in_use FROM brands
WHERE changed_seq BETWEEN $1 AND $2`, func(row scanner) error {
			var b gift.Brand
			err := row.Scan(&b.ID, &b.CategoryID, &b.Name, &b.Thumb, (*asBool)(&b.InUse))
			r.Brands = append(r.Brands, b)
			return err
		}),
		c.rows(`SELECT id, brand_id, name, face, thumb FROM products
WHERE changed_seq BETWEEN $1 AND $2`, func(row scanner) error {
			var p gift.Product
			err := row.Scan(&p.ID, &p.BrandID, &p.Name, &p.Face, &p.Thumb)
			r.Products = append(r.Products, p)
			return err
		}),
		c.rows(`SELECT id, category_id, name, thumb, province, district, town, map_url FROM shops
WHERE changed_seq BETWEEN $1 AND $2`, func(row scanner) error {
			var s gift.Shop
			err := row.Scan(&s.ID, &s.CategoryID, &s.Name, &s.Thumb, &s.Province, &s.District, &s.Town, &s.MapURL)
			r.Shops = append(r.Shops, s)
			return err
		}),
		c.rows(`SELECT id, shop_id, coupon_name, product, terms, free, price, org_price, discount, member_type, maker,
thumb, image, image2 FROM campaigns WHERE changed_seq BETWEEN $1 AND $2`, func(row scanner) error {
			var c gift.Campaign
			err := row.Scan(&c.ID, &c.ShopID, &c.CouponName, &c.Product, &c.Condition, (*asBool)(&c.Free), &c.Price,
				&c.OrgPrice, &c.Discount, &c.MemberType, &c.MakerID, &c.Thumb, &c.Image, &c.Image2)
			r.Campaigns = append(r.Campaigns, c)
			return err
		}),
	)
}

// offers reads the offers that fit the condition too.
func (c catalogReader) offers(r *catalog.Rows, condition string) error {
	if r.Free == nil {
		r.Free = map[int64][]int64{}
	}
	return errors.Join(
		c.rows(`SELECT id, kind, COALESCE(product_id, 0), COALESCE(campaign_id, 0), face, price_far, price_mid, price_near,
last_day, stopped, once_per, last_position - next_position + 1
FROM offers WHERE `+c.number+` BETWEEN $1 AND $2 `+condition, func(row scanner) error {
			var o gift.Offer
			err := row.Scan(&o.ID, &o.Kind, &o.ProductID, &o.CampaignID, &o.Face, &o.Tiers.Far, &o.Tiers.Mid, &o.Tiers.Near,
				&o.LastDay, (*asBool)(&o.Stopped), (*asBool)(&o.OncePer), &o.Stock)
			r.Offers = append(r.Offers, o)
			return err
		}),
		c.rows(`SELECT o.id, u.id FROM offers o JOIN units u ON u.offer_id = o.id
AND u.position >= o.next_position AND u.position < o.next_position + `+strconv.Itoa(freeCoupons)+`
WHERE o.kind = 2 AND o.`+c.number+` BETWEEN $1 AND $2`, func(row scanner) error {
			var offer, unit int64
			err := row.Scan(&offer, &unit)
			r.Free[offer] = append(r.Free[offer], unit)
			return err
		}),
	)
}

// Popularity implements catalog.Source.
func (db *DB) Popularity(ctx context.Context, from gift.Day) (map[catalog.PopularityKey]int64, error) {
	sold := map[catalog.PopularityKey]int64{}
	err := db.wholeSnapshot(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx,
			`SELECT kind, item_id, CAST(SUM(sold) AS BIGINT) FROM item_sales WHERE day >= $1 GROUP BY kind, item_id`, int64(from))
		if err != nil {
			return err
		}
		return scanAll(rows, func(row scanner) error {
			var key catalog.PopularityKey
			var n int64
			err := row.Scan(&key.Kind, &key.ID, &n)
			sold[key] = n
			return err
		})
	})
	return sold, err
}
