package storage

import (
	"context"
	"database/sql"
	"time"

	"giftimbiz/internal/gift"
)

// eventsKept is how long events and their deliveries are kept.
const eventsKept = 30 * 24 * time.Hour

// ForgetEvents deletes deliveries of events of more than 30 days ago that were delivered or given up, and the events that no
// delivery is left of, and returns how many events those were. What still waits stays. It takes a few at a time, so that
// purchases go on between.
func (db *DB) ForgetEvents(ctx context.Context, now time.Time) (forgotten int64, err error) {
	before := int64(gift.FirstIDAt(now.Add(-eventsKept)))
	if err := db.forgetOldDeliveries(ctx, before); err != nil {
		return 0, err
	}
	// Events are told to endpoints of their partner, or to all, and few endpoints have deliveries that are as old.
	return db.forgetRange(ctx, `SELECT MAX(id) FROM (SELECT id FROM events WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3) x`,
		`WITH behind AS MATERIALIZED (SELECT e.id, e.partner_id FROM endpoints e
    WHERE (SELECT MIN(d.event_id) FROM deliveries d WHERE d.endpoint_id = e.id) <= $2)
DELETE FROM events WHERE id > $1 AND id <= $2 AND NOT EXISTS (SELECT 1 FROM behind e
    WHERE (events.partner_id = 0 OR events.partner_id = e.partner_id)
      AND (SELECT d.state FROM deliveries d WHERE d.endpoint_id = e.id AND d.event_id = events.id) IS NOT NULL)`,
		before)
}

// forgetOldDeliveries deletes those of events below a number that were delivered or given up.
func (db *DB) forgetOldDeliveries(ctx context.Context, before int64) error {
	endpoints, err := collect(ctx, db.read, scanID, `SELECT id FROM endpoints ORDER BY id`)
	for _, id := range endpoints {
		if err != nil {
			break
		}
		_, err = db.forgetRange(ctx, `SELECT MAX(event_id) FROM (SELECT event_id FROM deliveries
WHERE endpoint_id = $4 AND event_id > $1 AND event_id < $2 ORDER BY event_id LIMIT $3) x`,
			`DELETE FROM deliveries WHERE endpoint_id = $3 AND event_id > $1 AND event_id <= $2 AND state <> 1`, before, id)
	}
	return classify(err)
}

// forgetRange deletes what stands below a number, a few rows at a time. upTo finds the end of the next rows: those behind $1 and
// below $2, $3 of them. They are deleted by their ends $1 and $2. More parameters follow in both.
func (db *DB) forgetRange(ctx context.Context, upTo, remove string, before int64, more ...any) (forgotten int64, err error) {
	return db.forgetRanges(ctx, upTo, before, func(from, to int64) (int64, error) {
		return db.remove(ctx, remove, append([]any{from, to}, more...)...)
	}, more...)
}

// forgetRanges is forgetRange for what one statement does not delete.
func (db *DB) forgetRanges(
	ctx context.Context, upTo string, before int64, remove func(from, to int64) (int64, error), more ...any,
) (forgotten int64, err error) {
	for from := int64(-1); ; {
		var to sql.NullInt64
		args := append([]any{from, before, forgottenAtOnce}, more...)
		if err := db.read.QueryRowContext(ctx, upTo, args...).Scan(&to); err != nil || !to.Valid {
			return forgotten, classify(err)
		}
		n, err := remove(from, to.Int64)
		if err != nil {
			return forgotten, err
		}
		forgotten += n
		from = to.Int64
	}
}

// remove deletes rows in a transaction of its own and returns how many there were.
func (db *DB) remove(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// removeAll deletes what a query of $1 with the limit $2 finds until there is nothing left, a few rows at a time, so that
// purchases go on between.
func (db *DB) removeAll(ctx context.Context, query string, of int64) (forgotten int64, err error) {
	for n := int64(forgottenAtOnce); n == forgottenAtOnce; {
		if n, err = db.remove(ctx, query, of, forgottenAtOnce); err != nil {
			return forgotten, err
		}
		forgotten += n
	}
	return forgotten, nil
}

// ForgetSignIns deletes sessions and shops' devices whose time is over, and tries to sign in that were before a time. It returns
// how many of the first two there were.
func (db *DB) ForgetSignIns(ctx context.Context, now, tries time.Time) (forgotten int64, err error) {
	forgotten, err = db.removeAll(ctx, `DELETE FROM sessions WHERE token_hash IN (
    SELECT token_hash FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`, millis(now))
	if err != nil {
		return forgotten, err
	}
	devices, err := db.removeAll(ctx, `DELETE FROM shifts WHERE token_hash IN (
    SELECT token_hash FROM shifts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`, millis(now))
	if forgotten += devices; err != nil {
		return forgotten, err
	}
	_, err = db.removeAll(ctx, `DELETE FROM sign_in_failures WHERE (email, address) IN (
    SELECT email, address FROM sign_in_failures WHERE last_at < $1 ORDER BY last_at LIMIT $2)`, millis(tries))
	return forgotten, err
}
