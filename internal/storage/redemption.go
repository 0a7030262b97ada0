package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
)

var _ redeem.Store = (*DB)(nil)

// Seller implements redeem.Store.
func (db *DB) Seller(ctx context.Context, id int64) (*redeem.Seller, error) {
	s, err := scanSeller(db.read.QueryRowContext(ctx, `SELECT id, shop_id, name, code_hash FROM sellers WHERE id = $1`, id))
	if err != nil {
		return nil, absent(err)
	}
	return &s, nil
}

// ShopSellers implements redeem.Store.
func (db *DB) ShopSellers(ctx context.Context, shopID int64) ([]redeem.Seller, error) {
	rows, err := db.read.QueryContext(ctx,
		`SELECT id, shop_id, name, code_hash FROM sellers WHERE shop_id = $1 ORDER BY id`, shopID)
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

// Attempts implements redeem.Store.
func (db *DB) Attempts(ctx context.Context, sellerID int64, sandbox bool) (redeem.Attempts, error) {
	a, err := scanAttempts(db.read.QueryRowContext(ctx,
		`SELECT wrong, since, locked_until FROM seller_attempts WHERE seller_id = $1 AND sandbox = $2`,
		sellerID, flag(sandbox)))
	return a, absent(err)
}

// CountWrong implements redeem.Store. Its statement is redeem.Attempts.After in SQL.
func (db *DB) CountWrong(ctx context.Context, sellerID int64, sandbox bool, now time.Time) (a redeem.Attempts, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		const over = `a.locked_until <> 0 OR a.since <= $3 - $4`
		a, err = scanAttempts(tx.QueryRowContext(ctx, `
INSERT INTO seller_attempts AS a (seller_id, sandbox, wrong, since, locked_until) VALUES ($1, $2, 1, $3, 0)
ON CONFLICT (seller_id, sandbox) DO UPDATE SET
    wrong = CASE WHEN a.locked_until > $3 THEN a.wrong WHEN `+over+` THEN 1 ELSE a.wrong + 1 END,
    since = CASE WHEN a.locked_until > $3 THEN a.since WHEN `+over+` THEN $3 ELSE a.since END,
    locked_until = CASE WHEN a.locked_until > $3 THEN a.locked_until WHEN `+over+` THEN 0
                        WHEN a.wrong + 1 >= $5 THEN $3 + $6 ELSE 0 END
RETURNING wrong, since, locked_until`,
			sellerID, flag(sandbox), millis(now), redeem.WrongWindow.Milliseconds(), int64(redeem.MaxWrong),
			redeem.LockFor.Milliseconds()))
		return err
	})
	return a, err
}

func scanAttempts(row scanner) (a redeem.Attempts, err error) {
	var since, until sql.NullInt64
	err = row.Scan(&a.Wrong, &since, &until)
	until.Valid = until.Valid && until.Int64 != 0
	a.Since, a.LockedUntil = fromMillis(since), fromMillis(until)
	return a, err
}

// ClearWrong implements redeem.Store.
func (db *DB) ClearWrong(ctx context.Context, sellerID int64, sandbox bool) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM seller_attempts WHERE seller_id = $1 AND sandbox = $2`,
			sellerID, flag(sandbox))
		return err
	})
}

// MarkUsed implements redeem.Store. The item's row is locked first, the shop's account next and the sales account, which
// the node's purchases share, last.
func (db *DB) MarkUsed(ctx context.Context, use redeem.Use) (won bool, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return false, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		var paid gift.Won
		var testOrder int64
		err := tx.QueryRowContext(ctx, `UPDATE order_items SET used_at = $1, used_seller = $2, used_via = $3
WHERE kind = 2 AND order_id = $4 AND line = $5 AND ($6 = 0 OR partner_id = $6)
  AND partner_id = (SELECT partner_id FROM orders WHERE id = $4)
  AND used_at IS NULL AND cancelled_at IS NULL
RETURNING paid, test_order`,
			millis(use.At), use.SellerID, use.Via, int64(use.OrderID), use.Line, use.PartnerID).Scan(&paid, &testOrder)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		won = true
		if paid == 0 || testOrder != 0 {
			return nil
		}
		return db.owe(ctx, tx, use, paid)
	})
	return won && err == nil, err
}

// owe books that a coupon's price is now the shop's.
func (db *DB) owe(ctx context.Context, tx *sql.Tx, use redeem.Use, paid gift.Won) error {
	account := payableBase + use.ShopID
	_, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, kind, owner_id, balance) VALUES ($1, 'payable', $2, 0)
ON CONFLICT DO NOTHING`, account, use.ShopID)
	if err != nil {
		return err
	}
	id, err := db.newID()
	if err != nil {
		return err
	}
	return post(ctx, tx, transaction{
		id: id, kind: "redemption", orderID: use.OrderID, memo: fmt.Sprintf("line %d", use.Line), at: use.At,
		entries: []entry{{account, paid}, {db.salesAccount(), -paid}},
	})
}
