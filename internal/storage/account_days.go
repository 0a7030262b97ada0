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

// closings tell whether days are closed and, of two moments, whether they were so all the time between.
type closings struct {
	open     gift.Day // the first day that is not closed
	reopened int64    // how often some were opened again
}

// closingsIn reads them; with lockRow nobody closes or opens a day until the transaction ends.
func (db *DB) closingsIn(ctx context.Context, tx *sql.Tx, lock string) (c closings, err error) {
	err = tx.QueryRowContext(ctx, db.dialect.locks.Replace(`SELECT next_day, reopened FROM account_days_cursor WHERE id = 1 `+lock)).
		Scan(&c.open, &c.reopened)
	return c, err
}

// CloseDays keeps the closing balances of all days that are over, each in a transaction of its own: it looks once for each
// account and reads the day's entries. Several nodes may do it at once. Call it now and then: until a day is closed, the
// balances of later moments are summed up from its entries.
func (db *DB) CloseDays(ctx context.Context, now time.Time) error {
	last := gift.DayOf(now.Add(-closeLag)) - 1
	for {
		next, err := db.noteClosings(ctx)
		if err != nil || next > last {
			return err
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

// noteClosings reads the first day that is not closed and remembers it; see reopen.
func (db *DB) noteClosings(ctx context.Context) (next gift.Day, err error) {
	if next, err = openDay(ctx, db.read); err != nil {
		return 0, classify(err)
	}
	db.closedBefore.Store(int64(next))
	return next, nil
}

// A clock that is ahead closes a day that is not over. Whoever books something on a closed day opens it again, with those
// after it: they are closed anew, and until then balances are summed up from their entries. Receipts that say what was on them are
// forgotten; their lines stay in the audit trail. A node knows of its own closings at once, and of others' when it joins and when
// it renews its lease; so nothing is asked for each purchase.
var (
	reopenDays = over("day bigint", `
UPDATE account_days_cursor SET next_day = input.day, reopened = account_days_cursor.reopened + 1 FROM input
WHERE account_days_cursor.id = 1 AND account_days_cursor.next_day > input.day`)

	forgetClosings = over("day bigint", `
DELETE FROM account_days WHERE (account_id, day) IN (
    SELECT d.account_id, d.day FROM input JOIN accounts a ON TRUE JOIN account_days d ON d.account_id = a.id AND d.day >= input.day)`)

	forgetReceipts = over("day bigint", `DELETE FROM receipts WHERE last_day >= (SELECT day FROM input)`)
)

// reopen opens the day of a transaction, if this node knows that it is closed, in a session that books it. It comes after the
// accounts, as in post, so that nobody waits for an account while holding what all need who book on a closed day.
func reopen(s session, txn gift.ID) {
	day := gift.DayOf(txn.Time())
	if int64(day) >= s.database().closedBefore.Load() {
		return
	}
	s.exec(reopenDays, -1, []int64{int64(day)})
	s.exec(forgetClosings, -1, []int64{int64(day)})
	s.exec(forgetReceipts, -1, []int64{int64(day)})
}

// reopenFor is reopen for what is booked more rarely than purchases: it asks the database.
func reopenFor(ctx context.Context, tx *sql.Tx, txn gift.ID) error {
	day := int64(gift.DayOf(txn.Time()))
	res, err := tx.ExecContext(ctx, `UPDATE account_days_cursor SET next_day = $1, reopened = reopened + 1
WHERE id = 1 AND next_day > $1`, day)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); n == 0 || err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM account_days WHERE (account_id, day) IN (
    SELECT d.account_id, d.day FROM accounts a JOIN account_days d ON d.account_id = a.id AND d.day >= $1)`, day)
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM receipts WHERE last_day >= $1`, day)
	}
	return err
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
	db.closedBefore.Store(int64(day) + 1) // before anybody can buy something on a day that this closes
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
