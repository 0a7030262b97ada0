package storage

import (
	"context"
	"time"
)

const (
	// answersKept is how long an idempotency key is remembered.
	answersKept = 35 * 24 * time.Hour
	// forgottenAtOnce bounds the answers that one transaction deletes: purchases may wait for it.
	forgottenAtOnce = 500
)

// ForgetAnswers deletes the answers kept under idempotency keys for more than 35 days and returns how many there were. It
// takes them a few at a time, so that purchases go on between.
func (db *DB) ForgetAnswers(ctx context.Context, now time.Time) (forgotten int64, err error) {
	return db.removeAll(ctx, `DELETE FROM idempotency_answers WHERE (partner_id, key_hash) IN (
    SELECT partner_id, key_hash FROM idempotency_answers WHERE at < $1 ORDER BY at LIMIT $2)`, millis(now.Add(-answersKept)))
}
