package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
)

var _ redeem.Store = (*DB)(nil)

const attemptColumns = `wrong_1, wrong_2, wrong_3, wrong_4, locked_until`

// Attempts implements redeem.Store.
func (db *DB) Attempts(ctx context.Context, sellerID int64, by redeem.Guesser) (redeem.Attempts, error) {
	a, err := scanAttempts(db.read.QueryRowContext(ctx,
		`SELECT `+attemptColumns+` FROM seller_attempts WHERE seller_id = $1 AND guesser = $2`, sellerID, int64(by)))
	return a, absent(err)
}

// CountWrong implements redeem.Store. Its statement is redeem.Attempts.After in SQL.
func (db *DB) CountWrong(ctx context.Context, sellerID int64, by redeem.Guesser, now time.Time) (a redeem.Attempts, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		a, err = scanAttempts(tx.QueryRowContext(ctx, `
INSERT INTO seller_attempts AS a (seller_id, guesser, wrong_1) VALUES ($1, $2, $3)
ON CONFLICT (seller_id, guesser) DO UPDATE SET
    wrong_1 = CASE WHEN a.locked_until > $3 THEN a.wrong_1 ELSE $3 END,
    wrong_2 = CASE WHEN a.locked_until > $3 THEN a.wrong_2 ELSE a.wrong_1 END,
    wrong_3 = CASE WHEN a.locked_until > $3 THEN a.wrong_3 ELSE a.wrong_2 END,
    wrong_4 = CASE WHEN a.locked_until > $3 THEN a.wrong_4 ELSE a.wrong_3 END,
    locked_until = CASE WHEN a.locked_until <= $3 AND a.wrong_4 <> 0 AND a.wrong_4 > $3 - $4 THEN $3 + $5
                        ELSE a.locked_until END
RETURNING `+attemptColumns,
			sellerID, int64(by), millis(now), redeem.WrongWindow.Milliseconds(), redeem.LockFor.Milliseconds()))
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

// couponLine is a line of an order of star coupons, locked.
type couponLine struct {
	id                              gift.Place
	partner, offer, unit, testOrder int64
	face, paid                      gift.Won
}

func (c *couponLine) live() bool { return c.testOrder == 0 }

// counterAct is a row of redemptions.
type counterAct struct {
	id, undoes   gift.ID
	shop, seller int64
	day          gift.Day
	via          string
	device       []byte
	reason       string
	at           time.Time
}

// MarkUsed implements redeem.Store. The item's row is locked first, the shop's account next and the sales account, which the
// node's purchases share, last.
func (db *DB) MarkUsed(ctx context.Context, use redeem.Use) (won bool, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return false, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		won, err = db.use(ctx, tx, use, "")
		return err
	})
	return won && err == nil, err
}

// use redeems a coupon that is neither used nor cancelled.
func (db *DB) use(ctx context.Context, tx *sql.Tx, use redeem.Use, reason string) (won bool, err error) {
	c := couponLine{id: gift.Place{OrderID: use.OrderID, Line: use.Line}}
	err = tx.QueryRowContext(ctx, `UPDATE order_items SET used_at = $1, used_seller = $2, used_via = $3
WHERE kind = 2 AND order_id = $4 AND line = $5 AND ($6 = 0 OR partner_id = $6)
  AND partner_id = (SELECT partner_id FROM orders WHERE id = $4)
  AND used_at IS NULL AND cancelled_at IS NULL
RETURNING face, paid, test_order, partner_id, offer_id, unit_id`,
		millis(use.At), use.SellerID, use.Via, int64(use.OrderID), use.Line, use.PartnerID).
		Scan(&c.face, &c.paid, &c.testOrder, &c.partner, &c.offer, &c.unit)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	act := counterAct{
		shop: use.ShopID, seller: use.SellerID, day: gift.DayOf(use.At), via: use.Via, device: use.Device, reason: reason, at: use.At,
	}
	if err := db.record(ctx, tx, c, act); err != nil {
		return false, err
	}
	return true, db.tellCounter(ctx, tx, gift.CouponRedeemed, c, use.ShopID, gift.RedemptionData{Seller: use.SellerID, Used: use.At})
}

// UndoUse implements redeem.Store.
func (db *DB) UndoUse(ctx context.Context, undo redeem.Undo) (won bool, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return false, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		won, err = db.undo(ctx, tx, undo, "")
		return err
	})
	return won && err == nil, err
}

// undo takes back a redemption that still stands. Nobody else redeems, undoes or refunds the item meanwhile: it is locked, and
// only then it is looked at.
func (db *DB) undo(ctx context.Context, tx *sql.Tx, undo redeem.Undo, reason string) (won bool, err error) {
	c, found, err := db.lockCoupon(ctx, tx, gift.Place{OrderID: undo.OrderID, Line: undo.Line})
	if err != nil || !found {
		return false, err
	}
	now, err := scanRedemption(tx.QueryRowContext(ctx, standingRedemption, int64(undo.OrderID), undo.Line))
	if errors.Is(err, sql.ErrNoRows) || err == nil && now.ID != undo.RedemptionID {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = execOne(ctx, tx, `UPDATE order_items SET used_at = NULL, used_seller = NULL, used_via = NULL
WHERE partner_id = $1 AND kind = 2 AND order_id = $2 AND line = $3 AND used_at IS NOT NULL`, c.partner, int64(undo.OrderID), undo.Line)
	if err != nil {
		return false, err
	}
	act := counterAct{
		undoes: now.ID, shop: now.ShopID, seller: undo.SellerID, day: now.Day, via: undo.Via, device: undo.Device, reason: reason,
		at: undo.At,
	}
	if act.seller == 0 {
		act.seller = now.SellerID
	}
	if err := db.record(ctx, tx, c, act); err != nil {
		return false, err
	}
	data := gift.RedemptionData{Seller: now.SellerID, Used: now.At, Undone: undo.At}
	return true, db.tellCounter(ctx, tx, gift.CouponRedemptionUndone, c, now.ShopID, data)
}

func (db *DB) lockCoupon(ctx context.Context, tx *sql.Tx, at gift.Place) (c couponLine, found bool, err error) {
	c.id = at
	err = tx.QueryRowContext(ctx, db.dialect.locks.Replace(`SELECT face, paid, test_order, partner_id, offer_id, unit_id FROM order_items
WHERE kind = 2 AND order_id = $1 AND line = $2 AND partner_id = (SELECT partner_id FROM orders WHERE id = $1) `+lockRow),
		int64(at.OrderID), at.Line).Scan(&c.face, &c.paid, &c.testOrder, &c.partner, &c.offer, &c.unit)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, err
}

// record writes down what happened at a counter and, of a live coupon, what it means for the shop.
func (db *DB) record(ctx context.Context, tx *sql.Tx, c couponLine, a counterAct) (err error) {
	if a.id, err = db.newID(); err != nil {
		return err
	}
	if c.live() {
		if a.day, err = db.openDay(ctx, tx, c, a); err != nil {
			return err
		}
		if err := countRedeemed(ctx, tx, c, a); err != nil {
			return err
		}
	}
	var by office.Actor
	if a.via == redeem.ViaConsole {
		by = office.ActorOf(ctx)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO redemptions (id, undoes, order_id, line, test_order, offer_id, unit_id, face, paid, shop_id,
    day, seller_id, via, device, operator_id, actor, reason, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		int64(a.id), nullID(a.undoes), int64(c.id.OrderID), c.id.Line, c.testOrder, c.offer, c.unit, int64(c.face), int64(c.paid), a.shop,
		int64(a.day), a.seller, a.via, a.device, by.OperatorID, by.Name, a.reason, millis(a.at))
	if err != nil || !c.live() || c.paid == 0 {
		return err
	}
	return db.owe(ctx, tx, c, a)
}

// openDay returns for which day of the shop something counts: its own or, when that is settled, the first one from its date on
// that is not. With the shop's account locked, nobody settles meanwhile; without an account nobody can.
func (db *DB) openDay(ctx context.Context, tx *sql.Tx, c couponLine, a counterAct) (gift.Day, error) {
	account := payableBase + a.shop
	if c.paid > 0 {
		_, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, kind, owner_id, balance) VALUES ($1, 'payable', $2, 0)
ON CONFLICT DO NOTHING`, account, a.shop)
		if err != nil {
			return 0, err
		}
	}
	err := tx.QueryRowContext(ctx, db.dialect.locks.Replace(`SELECT id FROM accounts WHERE id = $1 `+lockAccounts), account).Scan(&account)
	if errors.Is(err, sql.ErrNoRows) {
		return a.day, nil
	}
	if err != nil {
		return 0, err
	}
	var last, covers int64
	err = tx.QueryRowContext(ctx, `SELECT CAST(COALESCE(MAX(last_day), 0) AS BIGINT),
    CAST(COALESCE(MAX(CASE WHEN first_day <= $2 THEN 1 ELSE 0 END), 0) AS BIGINT)
FROM settlements WHERE shop_id = $1 AND last_day >= $2`, a.shop, int64(a.day)).Scan(&last, &covers)
	if covers == 0 || err != nil {
		return a.day, err
	}
	return max(gift.DayOf(a.at), gift.Day(last)+1), nil
}

// countRedeemed adds a live coupon to what its shop redeemed on a day, by which the shop is settled with, or takes it away.
func countRedeemed(ctx context.Context, tx *sql.Tx, c couponLine, a counterAct) error {
	n := a.sign()
	_, err := tx.ExecContext(ctx, `INSERT INTO shop_days (shop_id, day, coupons, face, paid) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (shop_id, day) DO UPDATE SET coupons = shop_days.coupons + excluded.coupons,
    face = shop_days.face + excluded.face, paid = shop_days.paid + excluded.paid`,
		a.shop, int64(a.day), n, n*int64(c.face), n*int64(c.paid))
	return err
}

// sign is -1 of what takes back.
func (a *counterAct) sign() int64 {
	if a.undoes != 0 {
		return -1
	}
	return 1
}

// owe books that a coupon's price is now the shop's, or is not any more.
func (db *DB) owe(ctx context.Context, tx *sql.Tx, c couponLine, a counterAct) error {
	kind, amount := office.RedemptionTransaction, c.paid
	if a.undoes != 0 {
		kind, amount = office.UndoneTransaction, -c.paid
	}
	return post(ctx, tx, transaction{
		id: a.id, kind: kind, orderID: c.id.OrderID, memo: fmt.Sprintf("line %d", c.id.Line), at: a.at,
		entries: []entry{{payableBase + a.shop, amount}, {db.salesAccount(0), -amount}},
	})
}

// tellCounter tells the buyer what became of a coupon at a shop's counter.
func (db *DB) tellCounter(
	ctx context.Context, tx *sql.Tx, t gift.EventType, c couponLine, shop int64, data gift.RedemptionData,
) error {
	data.Order, data.Coupon, data.Offer, data.Shop = c.id.OrderID.Ref(!c.live()), c.unit, c.offer, shop
	data.Vouchers = []gift.VoucherRef{data.Order.Voucher(c.id.Line)}
	data.Used = data.Used.In(gift.Seoul)
	if !data.Undone.IsZero() {
		data.Undone = data.Undone.In(gift.Seoul)
	}
	if err := tx.QueryRowContext(ctx, `SELECT name FROM shops WHERE id = $1`, shop).Scan(&data.ShopName); err != nil {
		return err
	}
	return db.tell(ctx, tx, t, c.partner, c.id.OrderID, data)
}

// standingRedemption finds the redemption of an item that was not undone: there is one at most.
const standingRedemption = `SELECT r.id, r.order_id, r.line, r.unit_id, r.shop_id, r.day, r.seller_id,
    COALESCE((SELECT name FROM sellers WHERE id = r.seller_id), ''), r.via, r.device, r.at
FROM redemptions r
WHERE r.order_id = $1 AND r.line = $2 AND r.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM redemptions u WHERE u.undoes = r.id)`

func scanRedemption(row scanner) (r redeem.Redemption, err error) {
	var at sql.NullInt64
	err = row.Scan(&r.ID, &r.OrderID, &r.Line, &r.UnitID, &r.ShopID, &r.Day, &r.SellerID, &r.Seller, &r.Via, &r.Device, &at)
	r.At = fromMillis(at)
	return r, err
}

// Redemption implements redeem.Store.
func (db *DB) Redemption(ctx context.Context, orderID gift.ID, line int64) (*redeem.Redemption, error) {
	r, err := scanRedemption(db.read.QueryRowContext(ctx, standingRedemption, int64(orderID), line))
	if err != nil {
		return nil, absent(err)
	}
	return &r, nil
}

// CouponAtShop implements redeem.Store. Each sandbox order shows the coupon that is free, so the same one may stand in many.
func (db *DB) CouponAtShop(ctx context.Context, shopID, unitID int64) (*gift.BoughtItem, error) {
	var key itemKey
	err := db.read.QueryRowContext(ctx, `SELECT partner_id, kind, order_id, line FROM (
    SELECT partner_id, kind, order_id, line, test_order FROM (
        SELECT partner_id, kind, order_id, line, test_order, offer_id FROM order_items WHERE unit_id = $1 AND test_order = 0
        UNION ALL
        SELECT partner_id, kind, order_id, line, test_order, offer_id FROM (
            SELECT partner_id, kind, order_id, line, test_order, offer_id FROM order_items
            WHERE unit_id = $1 AND test_order > 0 ORDER BY test_order DESC LIMIT 1) newest) i
    WHERE kind = 2 AND EXISTS (SELECT 1 FROM offers o JOIN campaigns c ON c.id = o.campaign_id
                               WHERE o.id = i.offer_id AND c.shop_id = $2)) x
ORDER BY test_order LIMIT 1`, unitID, shopID).Scan(&key.partnerID, &key.kind, &key.orderID, &key.line)
	if err != nil {
		return nil, absent(err)
	}
	return db.boughtAt(ctx, key)
}
