package storage

import (
	"context"
	"database/sql"

	"giftimbiz/internal/gift"
)

// selectKinds finds what offers sell.
var selectKinds = over("id bigint", `SELECT o.id, o.kind FROM input {each offers o: id}`)

// OfferKinds returns what kind the given offers are, whether they are on sale or not. Those that do not exist are absent.
func (db *DB) OfferKinds(ctx context.Context, ids []int64) (map[int64]gift.Kind, error) {
	found := make(map[int64]gift.Kind, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	err := db.snapshot(ctx, func(tx *sql.Tx) error {
		return db.readSet(ctx, tx, selectKinds, func(row scanner) error {
			var id int64
			var kind gift.Kind
			err := row.Scan(&id, &kind)
			found[id] = kind
			return err
		}, ids)
	})
	return found, err
}
