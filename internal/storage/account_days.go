package storage

import (
	"context"
	"database/sql"
	"time"

	"giftimbiz/internal/gift"
)

// closeLag is how long after a day's end it is closed: transactions are numbered before COMMIT, and none may be under way.
const closeLag = 10 * time.Minute

// openDay returns the first day that is not closed.
func openDay(ctx context.Context, q querier) (day gift.Day, err error) {
	err = q.QueryRowContext(ctx, `SELECT next_day FROM account_days_cursor WHERE id = 1`).Scan(&day)
	return day, err
}

// CloseDays keeps the closing balances of all days that are over, each in a transaction of its own: it looks once for each
// account and reads the day's entries. Several nodes may do it at once. Call it now and then: until a day is closed, the
// balances of later moments are summed up from its entries.
func (db *DB) CloseDays(ctx context.Context, now time.Time) error {
	last := gift.DayOf(now.Add(-closeLag)) - 1
	for {
		next, err := openDay(ctx, db.read)
		if err != nil || next > last {
			return classify(err)
		}
		day, err := db.firstDayWithEntries(ctx, next)
		if err != nil {
			return err
		}
		if err := db.closeDay(ctx, next, min(day, last)); err != nil {
			return err
		}
	}
}

// firstDayWithEntries returns the first day from the given one on that has any, or one that is far ahead.
func (db *DB) firstDayWithEntries(ctx context.Context, from gift.Day) (gift.Day, error) {
	var first sql.NullInt64
	err := db.read.QueryRowContext(ctx, `SELECT MIN(first) FROM (
    SELECT (SELECT e.txn_id FROM entries e WHERE e.account_id = a.id AND e.txn_id >= $1 ORDER BY e.txn_id LIMIT 1) AS first
    FROM accounts a) x`, int64(gift.FirstIDAt(from.Start()))).Scan(&first)
	if err != nil || !first.Valid {
		return 1 << 20, classify(err)
	}
	return gift.DayOf(gift.ID(first.Int64).Time()), nil
}

// closeDay closes the days from next to day; only the last of them may have entries. It does nothing when another node was
// faster.
func (db *DB) closeDay(ctx context.Context, next, day gift.Day) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE account_days_cursor SET next_day = $2 WHERE id = 1 AND next_day = $1`,
			int64(next), int64(day)+1)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO account_days (account_id, day, balance)
SELECT id, $1, closed + moved FROM (
    SELECT a.id,
           COALESCE((SELECT d.balance FROM account_days d WHERE d.account_id = a.id ORDER BY d.day DESC LIMIT 1), 0) AS closed,
           COALESCE((SELECT SUM(e.amount) FROM entries e
                     WHERE e.account_id = a.id AND e.txn_id >= $2 AND e.txn_id < $3), 0) AS moved
    FROM accounts a) x
WHERE moved <> 0`,
			int64(day), int64(gift.FirstIDAt(day.Start())), int64(gift.FirstIDAt(day.End())))
		return err
	})
}
