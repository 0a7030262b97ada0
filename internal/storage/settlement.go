package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const redeemedColumns = `s.id, s.name,
COALESCE((SELECT SUM(d.coupons) FROM shop_days d WHERE d.shop_id = s.id AND d.day >= $1 AND d.day <= $2), 0),
COALESCE((SELECT SUM(d.face) FROM shop_days d WHERE d.shop_id = s.id AND d.day >= $1 AND d.day <= $2), 0),
COALESCE((SELECT SUM(d.paid) FROM shop_days d WHERE d.shop_id = s.id AND d.day >= $1 AND d.day <= $2), 0),
COALESCE((SELECT a.balance FROM accounts a WHERE a.kind = 'payable' AND a.owner_id = s.id), 0)`

const settlementColumns = `shop_id, first_day, last_day, coupons, face, paid, txn_id, at`

// RedeemedByShop returns shops that redeemed anything in a period, by number, and the settlements that are about its days.
func (db *DB) RedeemedByShop(ctx context.Context, p office.Period, after int64, limit int) (list []office.Redeemed, err error) {
	if limit < 1 || limit > maxLedgerPage {
		return nil, fmt.Errorf("storage: no page of %d shops", limit)
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		list, err = collect(ctx, tx, scanRedeemed, `SELECT `+redeemedColumns+` FROM shops s
WHERE s.id > $3 AND EXISTS (SELECT 1 FROM shop_days d WHERE d.shop_id = s.id AND d.day >= $1 AND d.day <= $2)
ORDER BY s.id LIMIT $4`, int64(p.From), int64(p.To), after, limit)
		for i := 0; i < len(list) && err == nil; i++ {
			list[i].Settled, err = settlementsIn(ctx, tx, list[i].ShopID, p)
		}
		return err
	})
	return list, err
}

// RedeemedAtShop is RedeemedByShop of one shop; ErrNotFound when there is none.
func (db *DB) RedeemedAtShop(ctx context.Context, shopID int64, p office.Period) (r office.Redeemed, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		r, err = scanRedeemed(tx.QueryRowContext(ctx, `SELECT `+redeemedColumns+` FROM shops s WHERE s.id = $3`,
			int64(p.From), int64(p.To), shopID))
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("shop %d %w", shopID, ErrNotFound)
		}
		if err == nil {
			r.Settled, err = settlementsIn(ctx, tx, shopID, p)
		}
		return err
	})
	return r, err
}

// RedeemedTotal is what all shops redeemed in a period.
func (db *DB) RedeemedTotal(ctx context.Context, p office.Period) (r office.Redeemed, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(coupons), 0) AS BIGINT), CAST(COALESCE(SUM(face), 0) AS BIGINT),
CAST(COALESCE(SUM(paid), 0) AS BIGINT) FROM shop_days WHERE day >= $1 AND day <= $2`, int64(p.From), int64(p.To)).
		Scan(&r.Coupons, &r.Face, &r.Paid)
	return r, classify(err)
}

func scanRedeemed(row scanner) (r office.Redeemed, err error) {
	err = row.Scan(&r.ShopID, &r.Shop, &r.Coupons, &r.Face, &r.Paid, &r.Balance)
	return r, err
}

// settlementsIn returns the settlements of a shop that are about any day of a period, oldest first.
func settlementsIn(ctx context.Context, tx *sql.Tx, shopID int64, p office.Period) ([]office.Settlement, error) {
	return collect(ctx, tx, scanSettlement, `SELECT `+settlementColumns+` FROM settlements
WHERE shop_id = $1 AND first_day <= $3 AND last_day >= $2 ORDER BY first_day`, shopID, int64(p.From), int64(p.To))
}

func scanSettlement(row scanner) (s office.Settlement, err error) {
	var at sql.NullInt64
	err = row.Scan(&s.ShopID, &s.Period.From, &s.Period.To, &s.Coupons, &s.Face, &s.Paid, &s.TransactionID, &at)
	s.At = fromMillis(at)
	return s, err
}

// RedeemedItems returns a page of the live coupons that a shop redeemed in a period, the newest first. Each of the shop's
// sellers is looked up by itself, so that a page costs the same however much was redeemed.
func (db *DB) RedeemedItems(
	ctx context.Context, shopID int64, p office.Period, after office.RedeemedPlace, limit int,
) (items []office.RedeemedItem, err error) {
	if limit < 1 || limit > maxLedgerPage {
		return nil, fmt.Errorf("storage: no page of %d items", limit)
	}
	sellers, err := db.ShopSellers(ctx, shopID)
	if err != nil {
		return nil, err
	}
	before := []any{millis(p.To.End()), int64(0), int64(0)}
	if after.OrderID != 0 {
		before = []any{millis(after.UsedAt), int64(after.OrderID), after.Line}
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		for _, s := range sellers {
			args := append([]any{s.ID, millis(p.From.Start()), limit}, before...)
			found, err := redeemedBy(ctx, tx, s.Name, args)
			if err != nil {
				return err
			}
			items = append(items, found...)
		}
		return nil
	})
	slices.SortFunc(items, newestRedeemed)
	return items[:min(len(items), limit)], err
}

func redeemedBy(ctx context.Context, tx *sql.Tx, seller string, args []any) ([]office.RedeemedItem, error) {
	return collect(ctx, tx, func(row scanner) (office.RedeemedItem, error) {
		i := office.RedeemedItem{Seller: seller}
		var used sql.NullInt64
		err := row.Scan(&used, &i.OrderID, &i.Line, &i.Product, &i.Partner, &i.Via, &i.Face, &i.Paid)
		i.UsedAt = fromMillis(used)
		return i, err
	}, `SELECT i.used_at, i.order_id, i.line,
    COALESCE((SELECT c.product FROM offers o JOIN campaigns c ON c.id = o.campaign_id WHERE o.id = i.offer_id), ''),
    COALESCE((SELECT p.name FROM partners p WHERE p.id = i.partner_id), ''), i.used_via, i.face, i.paid
FROM order_items i
WHERE i.used_seller = $1 AND i.used_at >= $2 AND (i.used_at, i.order_id, i.line) < ($4, $5, $6) AND i.test_order = 0
ORDER BY i.used_at DESC, i.order_id DESC, i.line DESC LIMIT $3`, args...)
}

func newestRedeemed(a, b office.RedeemedItem) int {
	for _, d := range []int64{b.UsedAt.UnixMilli() - a.UsedAt.UnixMilli(), int64(b.OrderID - a.OrderID), b.Line - a.Line} {
		if d != 0 {
			return int(max(-1, min(1, d)))
		}
	}
	return 0
}

// BookSettlement books that a shop is paid what it redeemed in a period: from what is owed to it to the bank. Want is what
// the operator saw (ErrChanged when that is not so any more). A day is settled once: ErrDuplicate. The period must be over
// (ErrNotOver), and something must be owed for it (ErrNothingDue).
func (db *DB) BookSettlement(
	ctx context.Context, shopID int64, p office.Period, want office.Redeemed, now time.Time,
) (id gift.ID, err error) {
	if !p.Valid() || !p.Over(now) {
		return 0, office.ErrNotOver
	}
	if err := db.readyForIDs(ctx); err != nil {
		return 0, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if id, err = db.newID(); err != nil {
			return err
		}
		return db.bookSettlement(ctx, tx, id, shopID, p, want, now)
	})
	return id, err
}

// bookSettlement locks the shop's account first, so that settlements of a shop see each other.
func (db *DB) bookSettlement(
	ctx context.Context, tx *sql.Tx, id gift.ID, shopID int64, p office.Period, want office.Redeemed, now time.Time,
) error {
	account := payableBase + shopID
	var owed gift.Won
	err := tx.QueryRowContext(ctx, db.dialect.locks.Replace(`SELECT balance FROM accounts WHERE id = $1 `+lockAccounts), account).
		Scan(&owed)
	if errors.Is(err, sql.ErrNoRows) {
		return office.ErrNothingDue
	}
	if err != nil {
		return err
	}
	settled, err := settlementsIn(ctx, tx, shopID, p)
	if err != nil {
		return err
	}
	if len(settled) > 0 {
		return fmt.Errorf("a settlement of these days %w", ErrDuplicate)
	}
	r, err := scanRedeemed(tx.QueryRowContext(ctx, `SELECT `+redeemedColumns+` FROM shops s WHERE s.id = $3`,
		int64(p.From), int64(p.To), shopID))
	switch {
	case err != nil:
		return err
	case r.Paid == 0:
		return office.ErrNothingDue
	case r.Paid != want.Paid || r.Coupons != want.Coupons:
		return ErrChanged
	}
	return db.writeSettlement(ctx, tx, id, r, p, now)
}

func (db *DB) writeSettlement(
	ctx context.Context, tx *sql.Tx, id gift.ID, r office.Redeemed, p office.Period, now time.Time,
) error {
	err := post(ctx, tx, transaction{ // without a reference, which a deposit could have taken
		id: id, kind: office.SettlementTransaction, at: now,
		memo:    fmt.Sprintf("%s %s – %s", r.Shop, p.From, p.To),
		entries: []entry{{payableBase + r.ShopID, -r.Paid}, {bankAccount, r.Paid}},
	})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO settlements (`+settlementColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.ShopID, int64(p.From), int64(p.To), r.Coupons, int64(r.Face), int64(r.Paid), int64(id), millis(now))
	if err != nil {
		return err
	}
	return db.audit(ctx, tx, change{
		action: "settlement.book", subject: fmt.Sprintf("shop:%d", r.ShopID),
		after: map[string]any{
			"from": p.From.String(), "to": p.To.String(), "coupons": r.Coupons, "paid": int64(r.Paid), "transaction": int64(id),
		},
	}, now)
}

// ShopSettlements returns the newest settlements of a shop.
func (db *DB) ShopSettlements(ctx context.Context, shopID int64, limit int) ([]office.Settlement, error) {
	list, err := collect(ctx, db.read, scanSettlement,
		`SELECT `+settlementColumns+` FROM settlements WHERE shop_id = $1 ORDER BY first_day DESC LIMIT $2`, shopID, limit)
	return list, classify(err)
}
