package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
)

// tallyLag is how long an order may be under way before it is counted for popularity: its number is made before COMMIT.
const tallyLag = 30 * time.Second

// salesKept is how many days back popularity figures are kept.
const salesKept = 31

// tallied is how many orders are counted in one transaction. Whoever buys waits no longer for it, on SQLite, or for its processor.
const tallied = 2000

// TallySales adds the live sales since the last tally to the popularity figures, a part at a time, and rests after each as long as it
// took. Of several nodes that do it at once, one wins and the others do nothing. Days that nobody asks for any more are forgotten.
func (db *DB) TallySales(ctx context.Context, now time.Time) error {
	return db.tallySales(ctx, now, tallied)
}

func (db *DB) tallySales(ctx context.Context, now time.Time, most int64) error {
	to := int64(gift.FirstIDAt(now.Add(-tallyLag)))
	for more := true; more; {
		began := clock.Uptime()
		err := db.tx(ctx, func(tx *sql.Tx) (err error) {
			more, err = tallyPart(ctx, tx, to, most)
			return err
		})
		if err != nil {
			return err
		}
		if more {
			if err := rest(ctx, clock.Uptime()-began); err != nil {
				return err
			}
		}
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM item_sales WHERE day < $1`, int64(gift.DayOf(now))-salesKept)
		return err
	})
}

// tallyPart counts so many orders at most before an ID, and tells whether more are to be counted.
func tallyPart(ctx context.Context, tx *sql.Tx, to, most int64) (more bool, err error) {
	var from int64
	if err := tx.QueryRowContext(ctx, `SELECT up_to FROM item_sales_cursor WHERE id = 1`).Scan(&from); err != nil || to <= from {
		return false, err
	}
	end := to
	err = tx.QueryRowContext(ctx, `SELECT id FROM orders WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 1 OFFSET $3`, from, to, most).Scan(&end)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	res, err := tx.ExecContext(ctx, `UPDATE item_sales_cursor SET up_to = $2 WHERE id = 1 AND up_to = $1`, from, end)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); n == 0 || err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO item_sales (kind, item_id, day, sold)
SELECT i.kind, COALESCE(o.product_id, o.campaign_id), (r.at + 32400000) / 86400000, COUNT(*)
FROM orders r
JOIN order_items i ON i.partner_id = r.partner_id AND i.kind = r.kind AND i.order_id = r.id
JOIN offers o ON o.id = i.offer_id
WHERE r.id >= $1 AND r.id < $2 AND r.sandbox = 0
GROUP BY 1, 2, 3
ON CONFLICT (day, kind, item_id) DO UPDATE SET sold = item_sales.sold + excluded.sold`, from, end)
	return end < to, err
}
