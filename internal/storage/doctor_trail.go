package storage

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"giftimbiz/internal/trail"
)

// trailCheck is the name of the check of the audit trail.
const trailCheck = "the audit trail is an unbroken chain"

// VerifyAudit proves that the audit trail is an unbroken chain, and returns its head. A BrokenTrail names the first line at which
// it is not.
func (db *DB) VerifyAudit(ctx context.Context) (head trail.Head, err error) {
	err = db.wholeSnapshot(ctx, func(tx *sql.Tx) error {
		head, err = verifyTrail(ctx, tx)
		return err
	})
	return head, err
}

// VerifyHead proves that a head which was noted once is one of the chain that the audit trail is: that of its lines-th line. A
// BrokenTrail says that it is not.
func (db *DB) VerifyHead(ctx context.Context, lines int64, hash trail.Hash) error {
	var is []byte
	err := db.read.QueryRowContext(ctx, `SELECT hash FROM audit WHERE number = $1`, lines).Scan(&is)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return BrokenTrail{fmt.Errorf("it has no line %d", lines)}
	case err == nil && !bytes.Equal(is, hash[:]):
		return BrokenTrail{fmt.Errorf("the hash of line %d was %s, and is %x", lines, hash, is)}
	}
	return classify(err)
}

// BrokenTrail says why the audit trail is not what was written.
type BrokenTrail struct{ Why error }

// Error implements error.
func (b BrokenTrail) Error() string { return "the audit trail is broken: " + b.Why.Error() }

// Unwrap returns why.
func (b BrokenTrail) Unwrap() error { return b.Why }

// checkTrail is verifyTrail for the doctor. Without a head there is nothing to compare: another check says so.
func checkTrail(ctx context.Context, tx *sql.Tx) ([]Fault, error) {
	_, err := verifyTrail(ctx, tx)
	var b BrokenTrail
	switch {
	case errors.As(err, &b):
		return []Fault{{trailCheck, b.Why.Error()}}, nil
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("check that %s: %w", trailCheck, err)
	}
	return nil, nil
}

// verifyTrail reads the lines in their order, one by one.
func verifyTrail(ctx context.Context, tx *sql.Tx) (trail.Head, error) {
	head, err := headIn(ctx, tx)
	if err != nil {
		return head, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+lineColumns+` FROM audit ORDER BY number`)
	if err != nil {
		return head, err
	}
	var c trail.Checker
	err = scanAll(rows, func(row scanner) error {
		l, err := scanLine(row)
		if err != nil {
			return err
		}
		if l.Action == erasedAction {
			if err := json.Unmarshal([]byte(l.Content.Texts[1]), &l.Says); err != nil {
				return BrokenTrail{fmt.Errorf("line %d does not say what was erased: %w", l.Number, err)}
			}
		}
		return broken(c.Next(l))
	})
	if err != nil {
		return head, err
	}
	return head, broken(c.End(head))
}

func broken(err error) error {
	if err == nil {
		return nil
	}
	return BrokenTrail{err}
}

// erasedAction is what lines are called that say what was erased.
const erasedAction = "audit.erase"
