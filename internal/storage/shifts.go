package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
)

// shiftsKept is how many devices of a seller stay signed in at most; the oldest give way.
const shiftsKept = 20

// StartShift implements redeem.Store. Shifts that are over are forgotten on the way.
func (db *DB) StartShift(ctx context.Context, s redeem.Shift, seller redeem.Seller, replaces []byte) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM shifts WHERE expires_at <= $1 OR token_hash = $2`,
			millis(s.StartedAt), replaces); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO shifts (token_hash, seller_id, shop_id, code_hash, agent, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			s.ID, seller.ID, seller.ShopID, seller.CodeHash, s.Agent, millis(s.StartedAt), millis(s.ExpiresAt))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM shifts WHERE seller_id = $1 AND token_hash NOT IN (
    SELECT token_hash FROM shifts WHERE seller_id = $1 ORDER BY created_at DESC LIMIT $2)`, seller.ID, shiftsKept)
		return err
	})
}

// presentShift finds the shifts f of sellers s who have the code and the shop that they signed in with.
const presentShift = `FROM shifts f JOIN sellers s ON s.id = f.seller_id AND s.shop_id = f.shop_id AND s.code_hash = f.code_hash
JOIN shops h ON h.id = f.shop_id `

// Shift implements redeem.Store.
func (db *DB) Shift(ctx context.Context, id []byte, now time.Time) (*redeem.Shift, error) {
	s := redeem.Shift{ID: id}
	var started, ends sql.NullInt64
	err := db.read.QueryRowContext(ctx, `SELECT f.seller_id, s.name, f.shop_id, h.name, f.agent, f.created_at, f.expires_at `+presentShift+`
WHERE f.token_hash = $1 AND f.expires_at > $2`, id, millis(now)).
		Scan(&s.SellerID, &s.Seller, &s.ShopID, &s.Shop, &s.Agent, &started, &ends)
	if err != nil {
		return nil, absent(err)
	}
	s.StartedAt, s.ExpiresAt = fromMillis(started), fromMillis(ends)
	return &s, nil
}

// MissInShift implements redeem.Store.
func (db *DB) MissInShift(ctx context.Context, id []byte) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE shifts SET misses = misses + 1 WHERE token_hash = $1`, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM shifts WHERE token_hash = $1 AND misses >= $2`, id, redeem.MaxMisses)
		return err
	})
}

// EndShift implements redeem.Store.
func (db *DB) EndShift(ctx context.Context, id []byte) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM shifts WHERE token_hash = $1`, id)
		return err
	})
}

// ShopDevices returns which devices of a shop are signed in.
func (db *DB) ShopDevices(ctx context.Context, shopID int64, now time.Time) (list []office.Device, err error) {
	list, err = collect(ctx, db.read, func(row scanner) (d office.Device, err error) {
		var since, until sql.NullInt64
		err = row.Scan(&d.Seller, &d.Agent, &since, &until)
		d.Since, d.Until = fromMillis(since), fromMillis(until)
		return d, err
	}, `SELECT s.name, f.agent, f.created_at, f.expires_at `+presentShift+`
WHERE f.shop_id = $1 AND f.expires_at > $2 ORDER BY f.created_at LIMIT 1000`, shopID, millis(now))
	return list, classify(err)
}

// EndShopShifts signs all devices of a shop out, and returns how many.
func (db *DB) EndShopShifts(ctx context.Context, shopID int64, now time.Time) (n int64, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return 0, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM shifts WHERE shop_id = $1`, shopID)
		if err != nil {
			return err
		}
		if n, err = res.RowsAffected(); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: "shop.sign_out", subject: fmt.Sprintf("shop:%d", shopID), before: map[string]any{"devices": n},
		}, now)
	})
	return n, err
}

// RedeemByOperator uses a coupon in the name of a seller of its shop: ErrChanged when it is used or refunded already.
func (db *DB) RedeemByOperator(ctx context.Context, n office.CounterChange) error {
	return db.counterChange(ctx, n, "coupon.redeem", func(tx *sql.Tx) (bool, error) {
		var shop int64
		err := tx.QueryRowContext(ctx, `SELECT s.shop_id FROM orders r
JOIN order_items i ON i.partner_id = r.partner_id AND i.kind = r.kind AND i.order_id = r.id
JOIN offers o ON o.id = i.offer_id JOIN campaigns c ON c.id = o.campaign_id JOIN sellers s ON s.shop_id = c.shop_id
WHERE r.id = $1 AND r.kind = 2 AND i.line = $2 AND s.id = $3`, int64(n.OrderID), n.Line, n.SellerID).Scan(&shop)
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("a coupon on line %d of order %d for seller %d %w", n.Line, n.OrderID, n.SellerID, ErrNotFound)
		}
		if err != nil {
			return false, err
		}
		return db.use(ctx, tx, redeem.Use{
			OrderID: n.OrderID, Line: n.Line, SellerID: n.SellerID, ShopID: shop, Via: redeem.ViaConsole, At: n.At,
		}, n.Reason)
	})
}

// UndoByOperator takes a redemption back, however long ago it was: ErrChanged when it does not stand any more.
func (db *DB) UndoByOperator(ctx context.Context, n office.CounterChange) error {
	return db.counterChange(ctx, n, "coupon.undo", func(tx *sql.Tx) (bool, error) {
		return db.undo(ctx, tx, redeem.Undo{
			RedemptionID: n.RedemptionID, OrderID: n.OrderID, Line: n.Line, Via: redeem.ViaConsole, At: n.At,
		}, n.Reason)
	})
}

func (db *DB) counterChange(ctx context.Context, n office.CounterChange, action string, do func(*sql.Tx) (bool, error)) error {
	if n.Reason == "" {
		return fmt.Errorf("storage: a %s needs a reason", action)
	}
	if err := db.readyForIDs(ctx); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		o, err := refundedOrder(ctx, tx, n.OrderID)
		if err != nil {
			return err
		}
		won, err := do(tx)
		if err == nil && !won {
			err = ErrChanged
		}
		if err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: action, subject: office.OrderSubject(n.OrderID, o.sandbox), note: n.Reason,
			after: map[string]any{"line": n.Line},
		}, n.At)
	})
}
