package storage

import (
	"context"
	"database/sql"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/webhook"
)

// Nodes that worked on the database when it was backed up do not work on the restored one: their numbers, jobs and endpoints
// are free at once, imports and repricings are taken up.
var freeLeases = []string{
	`UPDATE node_leases SET token = '', expires_at = 0`,
	`UPDATE jobs SET lease_token = '', leased_until = 0`,
	`UPDATE endpoints SET lease_token = '', leased_until = 0`,
	`UPDATE imports SET beat_at = 0`,
	`UPDATE repricings SET beat_at = 0`,
}

// What happened after the backup is lost, so that other numbers are to be given than those that it took; see claimLost. And who
// signed out since would be signed in again.
var signOutAll = []string{`DELETE FROM sessions`, `DELETE FROM shifts`}

const (
	// IDs made after the backup are before the time it is restored, but for those that nodes claimed ahead of their clocks.
	claimLost = `UPDATE node_leases SET ids_before = $1 WHERE ids_before < $1`

	// States of the stock that partners know may be of lost changes; see catalog.EraBits.
	beginEra = `UPDATE change_clock SET seq = (seq / $1 + 1) * $1`

	// What waited to be sent was probably sent. It stays, as given up, for an operator to have it sent again.
	holdDeliveries = `UPDATE deliveries SET state = $1, failure = $2 WHERE state = 1`
)

// startAnew brings the restored state into the present. moved says that nothing was lost. It returns how many deliveries it holds.
func (db *DB) startAnew(ctx context.Context, moved bool, now time.Time) (held int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := execAll(ctx, tx, freeLeases); err != nil || moved {
			return err
		}
		if err := execAll(ctx, tx, signOutAll); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, claimLost, millis(now.Add(idsAhead))); err != nil {
			return err
		}
		if err := execOne(ctx, tx, beginEra, int64(1)<<catalog.EraBits); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, holdDeliveries, int64(webhook.Abandoned), webhook.NotSent)
		if err != nil {
			return err
		}
		held, err = res.RowsAffected()
		return err
	})
	return held, err
}

func execAll(ctx context.Context, tx *sql.Tx, statements []string) error {
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// noteRestore writes into the audit trail that the books were set back, and to when.
func (db *DB) noteRestore(ctx context.Context, r Restored, moved bool, now time.Time) error {
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		return db.audit(ctx, tx, change{
			action: "database.restore", subject: "database", after: map[string]any{
				"made": readable(r.Head.Made), "engine": r.Head.Engine, "program": r.Head.Program, "rows": r.Rows, "moved": moved,
				"deliveries_held": r.Held,
			},
		}, now)
	})
}
