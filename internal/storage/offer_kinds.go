package storage

import (
	"context"
	"database/sql"

	"giftimbiz/internal/gift"
)

// selectKinds finds what offers sell.
var selectKinds = over("id bigint", `
SELECT o.id, o.kind, COALESCE(o.product_id, 0), COALESCE(o.campaign_id, 0) FROM input {each offers o: id}`)

// OfferKinds returns of the given offers, whether they are on sale or not, what kind they are and what they sell: ID, Kind,
// ProductID and CampaignID. Those that do not exist are absent.
func (db *DB) OfferKinds(ctx context.Context, ids []int64) (map[int64]gift.Offer, error) {
	found := make(map[int64]gift.Offer, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	err := db.snapshot(ctx, func(tx *sql.Tx) error {
		return db.readSet(ctx, tx, selectKinds, func(row scanner) error {
			var o gift.Offer
			err := row.Scan(&o.ID, &o.Kind, &o.ProductID, &o.CampaignID)
			found[o.ID] = o
			return err
		}, ids)
	})
	return found, err
}
