package storage

import (
	"context"
	"database/sql"
	"time"

	"giftimbiz/internal/gift"
)

// tallyLag is how long an order may be under way before it is counted for popularity: its number is made before COMMIT.
const tallyLag = 30 * time.Second

// salesKept is how many days back popularity figures are kept.
const salesKept = 31

// TallySales adds the live sales since the last tally to the popularity figures. Of several nodes that do it at once,
// one wins and the others do nothing. Days that nobody asks for any more are forgotten.
func (db *DB) TallySales(ctx context.Context, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		var from int64
		if err := tx.QueryRowContext(ctx, `SELECT up_to FROM item_sales_cursor WHERE id = 1`).Scan(&from); err != nil {
			return err
		}
		to := int64(gift.FirstIDAt(now.Add(-tallyLag)))
		if to <= from {
			return nil
		}
		res, err := tx.ExecContext(ctx, `UPDATE item_sales_cursor SET up_to = $2 WHERE id = 1 AND up_to = $1`, from, to)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO item_sales (kind, item_id, day, sold)
SELECT i.kind, COALESCE(o.product_id, o.campaign_id), (r.at + 32400000) / 86400000, COUNT(*)
FROM orders r
JOIN order_items i ON i.partner_id = r.partner_id AND i.kind = r.kind AND i.order_id = r.id
JOIN offers o ON o.id = i.offer_id
WHERE r.id >= $1 AND r.id < $2 AND r.sandbox = 0
GROUP BY 1, 2, 3
ON CONFLICT (day, kind, item_id) DO UPDATE SET sold = item_sales.sold + excluded.sold`, from, to)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM item_sales WHERE day < $1`, int64(gift.DayOf(now))-salesKept)
		return err
	})
}
