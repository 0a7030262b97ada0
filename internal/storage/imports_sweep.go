package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"giftimbiz/internal/intake"
)

// silentFor is after how many milliseconds without a beat the node that applies an import is taken for dead.
const silentFor = 30_000

// FailImport implements intake.Store. An import that is over already stays as it is.
func (db *DB) FailImport(ctx context.Context, id int64, why intake.Text, now time.Time) error {
	text, err := json.Marshal(why)
	if err != nil {
		return err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		return db.moveImport(ctx, tx, id, intake.Applying, `state = 'failed', failure = $4, body = NULL`, now, string(text))
	})
	if err != nil && !errors.Is(err, ErrChanged) {
		return err
	}
	return db.clearImport(ctx, id)
}

// SweepImports implements intake.Store.
func (db *DB) SweepImports(ctx context.Context, now, forget time.Time) error {
	if err := db.sweepDead(ctx, now); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE imports SET body = NULL, changed_at = $2,
    state = CASE WHEN state = 'checked' THEN 'cancelled' ELSE state END
WHERE body IS NOT NULL AND at < $1 AND busy = 0`, millis(forget), millis(now))
		return err
	})
}

// sweepDead fails the import whose node was not heard of for long, and takes away what any failed one left.
func (db *DB) sweepDead(ctx context.Context, now time.Time) error {
	var id int64
	var failed, silent any
	err := db.read.QueryRowContext(ctx, `SELECT id, state = 'failed', beat_at < `+db.dialect.now+` - $1 FROM imports WHERE busy = 1`,
		silentFor).Scan(&id, &failed, &silent)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return classify(err)
	}
	switch {
	case isTrue(failed):
		return db.clearImport(ctx, id)
	case isTrue(silent):
		return db.FailImport(ctx, id, intake.Text{
			Korean:  "적용하던 서버가 멈추었습니다. 저장된 것은 없습니다.",
			English: "The server that applied this stopped. Nothing was stored.",
		}, now)
	}
	return nil
}

// isTrue reads a condition: SQLite answers 1 for what PostgreSQL calls true.
func isTrue(v any) bool { return v == true || v == int64(1) }

// clearImport takes away what a failed import wrote and never put on sale, a little at a time, and makes room for the next.
// It may be broken off and begun again, also by several nodes at once.
func (db *DB) clearImport(ctx context.Context, id int64) error {
	var units, lastUnit, offers, lastOffer int64
	err := db.read.QueryRowContext(ctx, `SELECT first_unit, last_unit, first_offer, last_offer FROM imports
WHERE id = $1 AND busy = 1 AND state = 'failed'`, id).Scan(&units, &lastUnit, &offers, &lastOffer)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return classify(err)
	}
	if err := db.clearRange(ctx, units, lastUnit, `DELETE FROM units WHERE id BETWEEN $1 AND $2
AND position > (SELECT last_position FROM offers WHERE offers.id = units.offer_id)`); err != nil {
		return err
	}
	if err := db.clearRange(ctx, offers, lastOffer, `DELETE FROM offers WHERE id BETWEEN $1 AND $2
AND changed_seq = 0 AND last_position = 0`); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE imports SET busy = 0 WHERE id = $1 AND state = 'failed'`, id)
		return err
	})
}

func (db *DB) clearRange(ctx context.Context, from, to int64, query string) error {
	for ; from <= to; from += clearChunk {
		err := db.tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, query, from, min(from+clearChunk-1, to))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
