package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
)

// A partner's own number of an order is of one order or of none: it is given, and closed, under the lock of the partner's account.

// lockAccount waits until every earlier transaction on a partner's account has ended, and keeps others from beginning.
// ErrNotFound: there is no such partner.
func (db *DB) lockAccount(ctx context.Context, tx *sql.Tx, partnerID int64) error {
	var id int64
	err := tx.QueryRowContext(ctx,
		db.dialect.locks.Replace(`SELECT id FROM accounts WHERE id = $1 `+lockRow), prepaidBase+partnerID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("partner %d %w", partnerID, ErrNotFound)
	}
	return err
}

// OrderByReference returns the order that a partner gave a reference to, 0 = none, and whether the reference is closed. Every
// purchase that had begun before is over and counts; one that begins afterwards may still use a reference that nothing has.
func (db *DB) OrderByReference(ctx context.Context, partnerID int64, reference string) (id gift.ID, closed bool, err error) {
	locked := errors.New("locked")
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := db.lockAccount(ctx, tx, partnerID); err != nil {
			return err
		}
		return locked // there is nothing to commit
	})
	if !errors.Is(err, locked) {
		return 0, false, err
	}
	// Not in the same transaction: at SERIALIZABLE, one that waited may be shown what was before.
	id, closed, err = whatHas(ctx, db.read, partnerID, reference)
	return id, closed, classify(err)
}

// whatHas finds what has a reference.
func whatHas(ctx context.Context, q querier, partnerID int64, reference string) (id gift.ID, closed bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT
    COALESCE((SELECT id FROM orders WHERE partner_id = $1 AND reference = $2), 0),
    EXISTS (SELECT 1 FROM closed_references WHERE partner_id = $1 AND reference = $2)`, partnerID, reference).Scan(&id, &closed)
	return id, closed, err
}

// CloseReference sees to it that no order will ever have a partner's reference, and returns 0; or the order that has it, then
// nothing is closed. It may be repeated, also after ErrUnanswered.
func (db *DB) CloseReference(ctx context.Context, partnerID int64, reference string, now time.Time) (order gift.ID, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := db.lockAccount(ctx, tx, partnerID); err != nil {
			return err
		}
		if order, _, err = whatHas(ctx, tx, partnerID, reference); err != nil || order != 0 {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO closed_references (partner_id, reference, at) VALUES ($1, $2, $3)
ON CONFLICT (partner_id, reference) DO NOTHING`, partnerID, reference, millis(now))
		return err
	})
	return order, err
}
