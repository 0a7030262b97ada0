package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const auditColumns = `id, at, operator_id, actor, address, action, subject, before_state, after_state, note`

// Audit returns entries of the audit trail, newest first: those before the one named, or the newest when that is 0.
func (db *DB) Audit(ctx context.Context, f office.AuditFilter, before gift.ID, limit int) (list []office.Entry, err error) {
	where, args := auditWhere(f, before)
	args = append(args, limit)
	rows, err := db.read.QueryContext(ctx, `SELECT `+auditColumns+` FROM audit`+where+
		fmt.Sprintf(` ORDER BY id DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		e, err := scanEntry(row)
		list = append(list, e)
		return err
	})
	return list, classify(err)
}

// auditWhere names each condition only when it is asked for, so that each text has its index. Numbers are in time order, so
// days are ranges of them.
func auditWhere(f office.AuditFilter, before gift.ID) (where string, args []any) {
	var conditions []string
	add := func(condition string, value any) {
		args = append(args, value)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	if f.Subject != "" {
		add("subject = $%d", f.Subject)
	}
	if f.Operator != nil {
		add("operator_id = $%d", *f.Operator)
	}
	if f.Action != "" {
		add("action = $%d", f.Action)
	}
	if f.From != 0 {
		add("id >= $%d", int64(gift.FirstIDAt(f.From.Start())))
	}
	if f.To != 0 {
		add("id < $%d", int64(gift.FirstIDAt(f.To.End())))
	}
	if before != 0 {
		add("id < $%d", int64(before))
	}
	if conditions == nil {
		return "", nil
	}
	return " WHERE " + strings.Join(conditions, " AND "), args
}

// AuditEntry returns an entry of the audit trail, or ErrNotFound.
func (db *DB) AuditEntry(ctx context.Context, id gift.ID) (office.Entry, error) {
	e, err := scanEntry(db.read.QueryRowContext(ctx, `SELECT `+auditColumns+` FROM audit WHERE id = $1`, int64(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return e, fmt.Errorf("audit entry %d %w", id, ErrNotFound)
	}
	return e, classify(err)
}

func scanEntry(row scanner) (e office.Entry, err error) {
	var at sql.NullInt64
	err = row.Scan(&e.ID, &at, &e.Actor.OperatorID, &e.Actor.Name, &e.Actor.Address, &e.Action, &e.Subject, &e.Before, &e.After,
		&e.Note)
	e.At = fromMillis(at)
	return e, err
}
