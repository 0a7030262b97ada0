package storage

import (
	"context"
	"database/sql"

	"giftimbiz/internal/redeem"
)

// Sellers lists the sellers of all shops, by id.
func (db *DB) Sellers(ctx context.Context) ([]redeem.Seller, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT id, shop_id, name, code_hash FROM sellers ORDER BY id`)
	if err != nil {
		return nil, classify(err)
	}
	var list []redeem.Seller
	err = scanAll(rows, func(row scanner) error {
		s, err := scanSeller(row)
		list = append(list, s)
		return err
	})
	return list, classify(err)
}

// SetSellerCodes gives sellers other manager codes, by the CodeHash of each: all of them or, on any fault, none.
func (db *DB) SetSellerCodes(ctx context.Context, sellers []redeem.Seller) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		for _, s := range sellers {
			if err := execOne(ctx, tx, `UPDATE sellers SET code_hash = $2 WHERE id = $1`, s.ID, s.CodeHash); err != nil {
				return err
			}
		}
		return nil
	})
}
