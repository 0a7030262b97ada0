package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"giftimbiz/internal/office"
)

// change is what a line of the audit trail says. Before and after are values that become JSON: nil where there was, or is
// left, nothing. They must hold no secret.
type change struct {
	action, subject string
	before, after   any
	note            string
}

// audit writes who makes a change into its transaction. Every change that an operator can make calls it.
func (db *DB) audit(ctx context.Context, tx *sql.Tx, c change, now time.Time) error {
	id, err := db.newID()
	if err != nil {
		return err
	}
	before, err := stateOf(c.before)
	if err != nil {
		return err
	}
	after, err := stateOf(c.after)
	if err != nil {
		return err
	}
	by := office.ActorOf(ctx)
	_, err = tx.ExecContext(ctx, `INSERT INTO audit
(id, at, operator_id, actor, address, action, subject, before_state, after_state, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		int64(id), millis(now), by.OperatorID, by.Name, by.Address, c.action, c.subject, before, after, c.note)
	return err
}

func stateOf(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("storage: state for the audit trail: %w", err)
	}
	return string(text), nil
}
