package storage

import (
	"context"
	"database/sql"

	"giftimbiz/internal/redeem"
)

// selectSellers leaves out those who were erased: they have no name.
const selectSellers = `SELECT id, shop_id, name, code_hash FROM sellers WHERE name <> '' `

// Seller implements redeem.Store.
func (db *DB) Seller(ctx context.Context, id int64) (*redeem.Seller, error) {
	s, err := scanSeller(db.read.QueryRowContext(ctx, selectSellers+`AND id = $1`, id))
	if err != nil {
		return nil, absent(err)
	}
	return &s, nil
}

// ShopSellers implements redeem.Store.
func (db *DB) ShopSellers(ctx context.Context, shopID int64) ([]redeem.Seller, error) {
	return db.sellers(ctx, `AND shop_id = $1 ORDER BY id`, shopID)
}

// Sellers lists the sellers of all shops, by id.
func (db *DB) Sellers(ctx context.Context) ([]redeem.Seller, error) {
	return db.sellers(ctx, `ORDER BY id`)
}

func (db *DB) sellers(ctx context.Context, which string, args ...any) ([]redeem.Seller, error) {
	rows, err := db.read.QueryContext(ctx, selectSellers+which, args...)
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

func scanSeller(row scanner) (s redeem.Seller, err error) {
	err = row.Scan(&s.ID, &s.ShopID, &s.Name, &s.CodeHash)
	return s, err
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
