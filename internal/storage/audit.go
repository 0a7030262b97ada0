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
	line, err := db.auditLine(ctx, c, now)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit
(id, at, operator_id, actor, address, action, subject, before_state, after_state, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, line...)
	return err
}

var insertAudit = over("id bigint, at bigint, operator_id bigint, actor text, address text, action text, subject text, "+
	"before_state text, after_state text, note text", `
INSERT INTO audit (id, at, operator_id, actor, address, action, subject, before_state, after_state, note)
SELECT id, at, operator_id, actor, address, action, subject, before_state, after_state, note FROM input`)

// auditIn is audit for a session.
func (db *DB) auditIn(ctx context.Context, s session, c change, now time.Time) error {
	line, err := db.auditLine(ctx, c, now)
	if err != nil {
		return err
	}
	for i, value := range line {
		switch v := value.(type) {
		case int64:
			line[i] = []int64{v}
		case string:
			line[i] = []string{v}
		}
	}
	s.exec(insertAudit, 1, line...)
	return nil
}

// auditLine returns the columns of a line, all int64 or string.
func (db *DB) auditLine(ctx context.Context, c change, now time.Time) ([]any, error) {
	id, err := db.newID()
	if err != nil {
		return nil, err
	}
	before, err := stateOf(c.before)
	if err != nil {
		return nil, err
	}
	after, err := stateOf(c.after)
	if err != nil {
		return nil, err
	}
	by := office.ActorOf(ctx)
	return []any{int64(id), millis(now), by.OperatorID, by.Name, by.Address, c.action, c.subject, before, after, c.note}, nil
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
