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

const attemptColumns = `wrong_1, wrong_2, wrong_3, wrong_4, locked_until`

// Attempts implements redeem.Store.
func (db *DB) Attempts(ctx context.Context, sellerID int64, sandbox bool) (redeem.Attempts, error) {
	a, err := scanAttempts(db.read.QueryRowContext(ctx,
		`SELECT `+attemptColumns+` FROM seller_attempts WHERE seller_id = $1 AND sandbox = $2`, sellerID, flag(sandbox)))
	return a, absent(err)
}

// CountWrong implements redeem.Store. Its statement is redeem.Attempts.After in SQL.
func (db *DB) CountWrong(ctx context.Context, sellerID int64, sandbox bool, now time.Time) (a redeem.Attempts, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		a, err = scanAttempts(tx.QueryRowContext(ctx, `
INSERT INTO seller_attempts AS a (seller_id, sandbox, wrong_1) VALUES ($1, $2, $3)
ON CONFLICT (seller_id, sandbox) DO UPDATE SET
    wrong_1 = CASE WHEN a.locked_until > $3 THEN a.wrong_1 ELSE $3 END,
    wrong_2 = CASE WHEN a.locked_until > $3 THEN a.wrong_2 ELSE a.wrong_1 END,
    wrong_3 = CASE WHEN a.locked_until > $3 THEN a.wrong_3 ELSE a.wrong_2 END,
    wrong_4 = CASE WHEN a.locked_until > $3 THEN a.wrong_4 ELSE a.wrong_3 END,
    locked_until = CASE WHEN a.locked_until <= $3 AND a.wrong_4 <> 0 AND a.wrong_4 > $3 - $4 THEN $3 + $5
                        ELSE a.locked_until END
RETURNING `+attemptColumns,
			sellerID, flag(sandbox), millis(now), redeem.WrongWindow.Milliseconds(), redeem.LockFor.Milliseconds()))
		return err
	})
	return a, err
}

func scanAttempts(row scanner) (a redeem.Attempts, err error) {
	var at [len(a.Wrong) + 1]sql.NullInt64
	err = row.Scan(&at[0], &at[1], &at[2], &at[3], &at[4])
	for i := range at {
		at[i].Valid = at[i].Int64 != 0
	}
	for i := range a.Wrong {
		a.Wrong[i] = fromMillis(at[i])
	}
	a.LockedUntil = fromMillis(at[len(a.Wrong)])
	return a, err
}

// MarkUsed implements redeem.Store. The item's row is locked first, the shop's day and account next and the sales account, which
// the node's purchases share, last.
func (db *DB) MarkUsed(ctx context.Context, use redeem.Use) (won bool, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return false, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		var face, paid gift.Won
		var testOrder, partner, offer, unit int64
		err := tx.QueryRowContext(ctx, `UPDATE order_items SET used_at = $1, used_seller = $2, used_via = $3
WHERE kind = 2 AND order_id = $4 AND line = $5 AND ($6 = 0 OR partner_id = $6)
  AND partner_id = (SELECT partner_id FROM orders WHERE id = $4)
  AND used_at IS NULL AND cancelled_at IS NULL
RETURNING face, paid, test_order, partner_id, offer_id, unit_id`,
			millis(use.At), use.SellerID, use.Via, int64(use.OrderID), use.Line, use.PartnerID).
			Scan(&face, &paid, &testOrder, &partner, &offer, &unit)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		won = true
		err = db.tellRedeemed(ctx, tx, gift.CouponRedeemed, partner, use, gift.RedemptionData{
			Order: use.OrderID.Ref(testOrder != 0), Coupon: unit, Offer: offer, Used: use.At,
		})
		if err != nil {
			return err
		}
		if testOrder != 0 {
			return nil
		}
		if err := countRedeemed(ctx, tx, use, face, paid); err != nil || paid == 0 {
			return err
		}
		return db.owe(ctx, tx, use, paid)
	})
	return won && err == nil, err
}

// tellRedeemed tells the buyer what became of a coupon at a shop's counter.
func (db *DB) tellRedeemed(
	ctx context.Context, tx *sql.Tx, t gift.EventType, partner int64, use redeem.Use, data gift.RedemptionData,
) error {
	data.Shop, data.Seller = use.ShopID, use.SellerID
	if err := tx.QueryRowContext(ctx, `SELECT name FROM shops WHERE id = $1`, use.ShopID).Scan(&data.ShopName); err != nil {
		return err
	}
	return db.tell(ctx, tx, t, partner, use.OrderID, data)
}

// countRedeemed adds a live coupon to what its shop redeemed on that day, by which the shop is settled with.
func countRedeemed(ctx context.Context, tx *sql.Tx, use redeem.Use, face, paid gift.Won) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO shop_days (shop_id, day, coupons, face, paid) VALUES ($1, $2, 1, $3, $4)
ON CONFLICT (shop_id, day) DO UPDATE SET coupons = shop_days.coupons + 1,
    face = shop_days.face + excluded.face, paid = shop_days.paid + excluded.paid`,
		use.ShopID, int64(gift.DayOf(use.At)), int64(face), int64(paid))
	return err
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
		entries: []entry{{account, paid}, {db.salesAccount(0), -paid}},
	})
}
