package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
)

// freeCoupons is how many free coupons of a star offer a catalogue is told of.
const freeCoupons = 32

// tallyLag is how long an order may be under way before it is counted for popularity: its number is made before COMMIT.
const tallyLag = 30 * time.Second

// CatalogSince implements catalog.Source.
func (db *DB) CatalogSince(ctx context.Context, seq int64) (rows catalog.Rows, upTo int64, err error) {
	if upTo, err = db.changeSeq(ctx); err != nil || upTo == seq {
		return rows, upTo, err
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		rows, err = readCatalog(ctx, tx, seq)
		return err
	})
	return rows, upTo, err
}

// OffersByID implements catalog.Source.
func (db *DB) OffersByID(ctx context.Context, ids []int64) (rows catalog.Rows, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if err := readOffers(reader(ctx, tx, id), "id = $1", &rows); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}

// reader returns what runs a query whose only parameter is given.
func reader(ctx context.Context, tx *sql.Tx, parameter int64) func(query string, scan func(scanner) error) error {
	return func(query string, scan func(scanner) error) error {
		rows, err := tx.QueryContext(ctx, query, parameter)
		if err != nil {
			return err
		}
		return scanAll(rows, scan)
	}
}

func readCatalog(ctx context.Context, tx *sql.Tx, seq int64) (r catalog.Rows, err error) {
	read := reader(ctx, tx, seq)
	return r, errors.Join(
		read(`SELECT id, kind, name, thumb, sort FROM categories WHERE changed_seq > $1`, func(row scanner) error {
			var c gift.Category
			err := row.Scan(&c.ID, &c.Kind, &c.Name, &c.Thumb, &c.Sort)
			r.Categories = append(r.Categories, c)
			return err
		}),
		read(`SELECT id, category_id, name, thumb, in_use FROM brands WHERE changed_seq > $1`, func(row scanner) error {
			var b gift.Brand
			err := row.Scan(&b.ID, &b.CategoryID, &b.Name, &b.Thumb, (*asBool)(&b.InUse))
			r.Brands = append(r.Brands, b)
			return err
		}),
		read(`SELECT id, brand_id, name, face, thumb FROM products WHERE changed_seq > $1`, func(row scanner) error {
			var p gift.Product
			err := row.Scan(&p.ID, &p.BrandID, &p.Name, &p.Face, &p.Thumb)
			r.Products = append(r.Products, p)
			return err
		}),
		read(`SELECT id, category_id, name, thumb, province, district, town, map_url FROM shops WHERE changed_seq > $1`,
			func(row scanner) error {
				var s gift.Shop
				err := row.Scan(&s.ID, &s.CategoryID, &s.Name, &s.Thumb, &s.Province, &s.District, &s.Town, &s.MapURL)
				r.Shops = append(r.Shops, s)
				return err
			}),
		read(`SELECT id, shop_id, coupon_name, product, terms, free, price, org_price, discount, member_type, maker,
thumb, image, image2 FROM campaigns WHERE changed_seq > $1`, func(row scanner) error {
			var c gift.Campaign
			err := row.Scan(&c.ID, &c.ShopID, &c.CouponName, &c.Product, &c.Condition, (*asBool)(&c.Free), &c.Price,
				&c.OrgPrice, &c.Discount, &c.MemberType, &c.MakerID, &c.Thumb, &c.Image, &c.Image2)
			r.Campaigns = append(r.Campaigns, c)
			return err
		}),
		readOffers(read, "changed_seq > $1", &r),
	)
}

// readOffers reads the offers that fit a condition.
func readOffers(read func(string, func(scanner) error) error, condition string, r *catalog.Rows) error {
	if r.Free == nil {
		r.Free = map[int64][]int64{}
	}
	return errors.Join(
		read(`SELECT id, kind, COALESCE(product_id, 0), COALESCE(campaign_id, 0), face, price_far, price_mid, price_near,
last_day, stopped, once_per, last_position - next_position + 1 FROM offers WHERE `+condition, func(row scanner) error {
			var o gift.Offer
			err := row.Scan(&o.ID, &o.Kind, &o.ProductID, &o.CampaignID, &o.Face, &o.Tiers.Far, &o.Tiers.Mid, &o.Tiers.Near,
				&o.LastDay, (*asBool)(&o.Stopped), (*asBool)(&o.OncePer), &o.Stock)
			r.Offers = append(r.Offers, o)
			return err
		}),
		read(`SELECT o.id, u.id FROM offers o JOIN units u ON u.offer_id = o.id
AND u.position >= o.next_position AND u.position < o.next_position + `+itoa(freeCoupons)+`
WHERE o.kind = 2 AND o.`+condition, func(row scanner) error {
			var offer, unit int64
			err := row.Scan(&offer, &unit)
			r.Free[offer] = append(r.Free[offer], unit)
			return err
		}),
	)
}

// Popularity implements catalog.Source.
func (db *DB) Popularity(ctx context.Context, from gift.Day) (map[catalog.PopularityKey]int64, error) {
	rows, err := db.read.QueryContext(ctx,
		`SELECT kind, item_id, CAST(SUM(sold) AS BIGINT) FROM item_sales WHERE day >= $1 GROUP BY kind, item_id`, int64(from))
	if err != nil {
		return nil, classify(err)
	}
	sold := map[catalog.PopularityKey]int64{}
	err = scanAll(rows, func(row scanner) error {
		var key catalog.PopularityKey
		var n int64
		err := row.Scan(&key.Kind, &key.ID, &n)
		sold[key] = n
		return err
	})
	return sold, classify(err)
}

// TallySales adds the live sales since the last tally to the popularity figures. Of several nodes that do it at once,
// one wins and the others do nothing.
func (db *DB) TallySales(ctx context.Context, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		var from int64
		if err := tx.QueryRowContext(ctx, `SELECT up_to FROM item_sales_cursor WHERE id = 1`).Scan(&from); err != nil {
			return err
		}
		to := int64(gift.FirstIDAt(now.Add(-tallyLag)))
		if to <= from {
			return nil
		}
		res, err := tx.ExecContext(ctx, `UPDATE item_sales_cursor SET up_to = $2 WHERE id = 1 AND up_to = $1`, from, to)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO item_sales (kind, item_id, day, sold)
SELECT i.kind, COALESCE(o.product_id, o.campaign_id), (r.at + 32400000) / 86400000, COUNT(*)
FROM orders r
JOIN order_items i ON i.partner_id = r.partner_id AND i.kind = r.kind AND i.order_id = r.id
JOIN offers o ON o.id = i.offer_id
WHERE r.id >= $1 AND r.id < $2 AND r.sandbox = 0
GROUP BY 1, 2, 3
ON CONFLICT (kind, item_id, day) DO UPDATE SET sold = item_sales.sold + excluded.sold`, from, to)
		return err
	})
}
