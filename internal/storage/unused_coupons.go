package storage

import (
	"context"
	"database/sql"
	"maps"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// couponLag is how long after it was sold, used or cancelled a coupon is counted: orders are numbered, and redemptions dated,
// before COMMIT, and what is counted once is not looked at again.
const couponLag = 5 * time.Minute

// unusedStep bounds how much time's coupons are counted in one transaction.
const unusedStep = 24 * time.Hour

// TallyCoupons counts the live coupons that were sold, used and cancelled since the last count, and sums up, by last valid
// day, those that are neither used nor cancelled. Of several nodes that do it at once, one wins and the others do nothing.
func (db *DB) TallyCoupons(ctx context.Context, now time.Time) error {
	until := millis(now.Add(-couponLag))
	for {
		done, err := db.countCoupons(ctx, until)
		if err != nil {
			return err
		}
		if done {
			return db.sumUnused(ctx)
		}
	}
}

// countCoupons counts one step further, and tells whether that was the last.
func (db *DB) countCoupons(ctx context.Context, until int64) (done bool, err error) {
	var from int64
	err = db.read.QueryRowContext(ctx, `SELECT up_to FROM unused_coupons_cursor WHERE id = 1`).Scan(&from)
	if err != nil || from >= until {
		return true, classify(err)
	}
	start, err := db.firstOrderSince(ctx, from, until)
	if err != nil {
		return true, err
	}
	to := min(until, start+unusedStep.Milliseconds())
	err = db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE unused_coupons_cursor SET up_to = $2 WHERE id = 1 AND up_to = $1`, from, to)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil {
			return err
		}
		return db.addUnused(ctx, tx, from, to)
	})
	return to >= until, err
}

// firstOrderSince returns when counting may begin: nothing was sold, and so nothing used, before the first order of all.
func (db *DB) firstOrderSince(ctx context.Context, from, until int64) (int64, error) {
	if from > 0 {
		return from, nil
	}
	var first sql.NullInt64
	err := db.read.QueryRowContext(ctx, `SELECT MIN(id) FROM orders`).Scan(&first)
	if err != nil || !first.Valid {
		return until, classify(err)
	}
	return min(until, millis(gift.ID(first.Int64).Time())), nil
}

func (db *DB) addUnused(ctx context.Context, tx *sql.Tx, from, to int64) error {
	_, err := tx.ExecContext(ctx, db.dialect.lookUps(`WITH input (partner_id, kind, order_id) AS (
    SELECT partner_id, kind, id FROM orders WHERE id >= $1 AND id < $2 AND kind = 2 AND sandbox = 0)
INSERT INTO unused_coupons (offer_id, coupons, face, paid)
SELECT offer_id, SUM(n), SUM(face), SUM(paid) FROM (
    SELECT i.offer_id, 1 AS n, i.face, i.paid FROM input {each order_items i: partner_id, kind, order_id}
    UNION ALL
    SELECT offer_id, -1, -face, -paid FROM order_items
    WHERE used_at >= $3 AND used_at < $4 AND test_order = 0 AND kind + 0 = 2
    UNION ALL
    SELECT offer_id, -1, -face, -paid FROM order_items
    WHERE cancelled_at >= $3 AND cancelled_at < $4 AND test_order = 0 AND kind + 0 = 2) x
GROUP BY offer_id
ON CONFLICT (offer_id) DO UPDATE SET coupons = unused_coupons.coupons + excluded.coupons,
    face = unused_coupons.face + excluded.face, paid = unused_coupons.paid + excluded.paid`),
		int64(gift.FirstIDAt(time.UnixMilli(from))), int64(gift.FirstIDAt(time.UnixMilli(to))), from, to)
	return err
}

// sumUnused brings the sums by last valid day up to the count. Offers may have got another last day since.
func (db *DB) sumUnused(ctx context.Context) error {
	var sums, shown map[gift.Day]office.Unused
	var upTo int64
	err := db.wholeSnapshot(ctx, func(tx *sql.Tx) (err error) {
		if err = tx.QueryRowContext(ctx, `SELECT up_to FROM unused_coupons_cursor WHERE id = 1`).Scan(&upTo); err != nil {
			return err
		}
		sums, err = readUnused(ctx, tx, `SELECT o.last_day, CAST(SUM(u.coupons) AS BIGINT), CAST(SUM(u.face) AS BIGINT),
    CAST(SUM(u.paid) AS BIGINT)
FROM unused_coupons u JOIN offers o ON o.id = u.offer_id WHERE u.coupons <> 0 GROUP BY o.last_day`)
		if err != nil {
			return err
		}
		shown, err = readUnused(ctx, tx, `SELECT last_day, coupons, face, paid FROM unused_by_expiry`)
		return err
	})
	if err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE unused_coupons_cursor SET shown_at = $1 WHERE id = 1 AND shown_at < $1`, upTo)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil || maps.Equal(sums, shown) {
			return err
		}
		return replaceUnused(ctx, tx, sums)
	})
}

func replaceUnused(ctx context.Context, tx *sql.Tx, sums map[gift.Day]office.Unused) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM unused_by_expiry`); err != nil {
		return err
	}
	for _, u := range sums {
		if _, err := tx.ExecContext(ctx, `INSERT INTO unused_by_expiry (last_day, coupons, face, paid) VALUES ($1, $2, $3, $4)`,
			int64(u.LastDay), u.Coupons, int64(u.Face), int64(u.Paid)); err != nil {
			return err
		}
	}
	return nil
}

func readUnused(ctx context.Context, tx *sql.Tx, query string) (map[gift.Day]office.Unused, error) {
	list, err := collect(ctx, tx, scanUnused, query)
	found := make(map[gift.Day]office.Unused, len(list))
	for _, u := range list {
		found[u.LastDay] = u
	}
	return found, err
}

func scanUnused(row scanner) (u office.Unused, err error) {
	err = row.Scan(&u.LastDay, &u.Coupons, &u.Face, &u.Paid)
	return u, err
}

// UnusedCoupons returns the live coupons that are neither used nor cancelled, by ascending last valid day, and as of when.
// A zero time says that they were not counted yet.
func (db *DB) UnusedCoupons(ctx context.Context) (list []office.Unused, asOf time.Time, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		var shown sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT NULLIF(shown_at, 0) FROM unused_coupons_cursor WHERE id = 1`).Scan(&shown)
		if err != nil {
			return err
		}
		asOf = fromMillis(shown)
		list, err = collect(ctx, tx, scanUnused, `SELECT last_day, coupons, face, paid FROM unused_by_expiry ORDER BY last_day`)
		return err
	})
	return list, asOf, err
}
