package storage

import (
	"context"
	"database/sql"
	"math"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
)

// Names implements intake.Store.
func (db *DB) Names(ctx context.Context) (*intake.Names, error) {
	var r catalog.Rows
	n := &intake.Names{}
	err := db.wholeSnapshot(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT seq FROM change_clock WHERE id = 1`).Scan(&n.Seen); err != nil {
			return err
		}
		if err := (catalogReader{ctx, tx, "changed_seq", math.MinInt64, math.MaxInt64}).names(&r); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, selectSellers)
		if err != nil {
			return err
		}
		return scanAll(rows, func(row scanner) error {
			s, err := scanSeller(row)
			n.Sellers = append(n.Sellers, intake.Seller{ID: s.ID, ShopID: s.ShopID, Name: s.Name, CodeHash: s.CodeHash})
			return err
		})
	})
	n.Categories, n.Brands, n.Products, n.Shops, n.Campaigns = r.Categories, r.Brands, r.Products, r.Shops, r.Campaigns
	return n, err
}

// A voucher that an import wrote and has not put on sale is not there yet.
var selectKnown = over("number_hash bytea", `
SELECT u.number_hash FROM input {each units u: number_hash} JOIN offers ON offers.id = u.offer_id
WHERE u.position <= offers.last_position`)

// KnownNumbers implements intake.Store.
func (db *DB) KnownNumbers(ctx context.Context, hashes []intake.Hash) ([]bool, error) {
	known := make([]bool, len(hashes))
	place := make(map[intake.Hash]int, len(hashes))
	for i, h := range hashes {
		place[h] = i
	}
	err := db.snapshot(ctx, func(tx *sql.Tx) error {
		return db.readSet(ctx, tx, selectKnown, func(row scanner) error {
			var hash []byte
			if err := row.Scan(&hash); err != nil || len(hash) != len(intake.Hash{}) {
				return err
			}
			if i, ok := place[intake.Hash(hash)]; ok {
				known[i] = true
			}
			return nil
		}, column(hashes, func(h intake.Hash) []byte { return h[:] }))
	})
	return known, err
}

// readSet runs a set statement that only reads, in a transaction that only reads.
func (db *DB) readSet(ctx context.Context, tx *sql.Tx, st *setStatement, scan func(scanner) error, input ...any) error {
	sizes := []int{columnar(input).rows()}
	if db.pool == nil {
		sizes = chunks(sizes[0], db.dialect.maxRows)
	}
	from := 0
	for _, size := range sizes {
		args := input
		if db.pool == nil {
			args = columnar(input).values(nil, from, from+size)
		}
		from += size
		rows, err := tx.QueryContext(ctx, st.sql(db.dialect, size), args...)
		if err != nil {
			return err
		}
		if err := scanAll(rows, scan); err != nil {
			return err
		}
	}
	return nil
}

// CouponOffers implements intake.Store.
func (db *DB) CouponOffers(ctx context.Context, campaigns []int64) (list []gift.Offer, err error) {
	for _, campaign := range campaigns {
		rows, err := db.read.QueryContext(ctx, `SELECT id, kind, campaign_id, face, price_far, price_mid, price_near, last_day,
stopped, once_per, last_position FROM offers WHERE campaign_id = $1 ORDER BY id`, campaign)
		if err != nil {
			return nil, classify(err)
		}
		err = scanAll(rows, func(row scanner) error {
			var o gift.Offer
			err := row.Scan(&o.ID, &o.Kind, &o.CampaignID, &o.Face, &o.Tiers.Far, &o.Tiers.Mid, &o.Tiers.Near, &o.LastDay,
				(*asBool)(&o.Stopped), (*asBool)(&o.OncePer), &o.Stock)
			list = append(list, o)
			return err
		})
		if err != nil {
			return nil, classify(err)
		}
	}
	return list, nil
}
