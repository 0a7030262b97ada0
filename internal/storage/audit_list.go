package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const auditColumns = `id, at, operator_id, actor, address, action, subject, before_state, after_state, note`

// Audit returns entries of the audit trail, newest first: those before the one named, or the newest when that is 0.
func (db *DB) Audit(ctx context.Context, f office.AuditFilter, before gift.ID, limit int) ([]office.Entry, error) {
	columns, values, rest := auditIndex(f)
	from, to := auditRange(f, before)
	args := append(values, to, from)
	where := equalRange(columns)
	if db.pool != nil {
		where = rowRange(columns)
	}
	if rest != nil {
		args = append(args, *rest)
		where += fmt.Sprintf(` AND operator_id = $%d`, len(args))
	}
	list, err := collect(ctx, db.read, scanEntry, `SELECT `+auditColumns+` FROM audit WHERE `+where+
		` ORDER BY `+strings.Join(append(columns, "id"), " DESC, ")+fmt.Sprintf(" DESC LIMIT $%d", len(args)+1), append(args, limit)...)
	return list, classify(err)
}

// auditRange returns which numbers are looked for: from ≤ number < to. They are in time order, so days are ranges of them.
func auditRange(f office.AuditFilter, before gift.ID) (from, to int64) {
	to = math.MaxInt64
	if f.From != 0 {
		from = int64(gift.FirstIDAt(f.From.Start()))
	}
	if f.To != 0 {
		to = int64(gift.FirstIDAt(f.To.End()))
	}
	if before != 0 {
		to = min(to, int64(before))
	}
	return from, to
}

// equalRange selects a range of numbers where columns have values, $1 and so on; the end and the start of the range follow.
func equalRange(columns []string) string {
	var b strings.Builder
	for i, c := range columns {
		fmt.Fprintf(&b, "%s = $%d AND ", c, i+1)
	}
	fmt.Fprintf(&b, "id < $%d AND id >= $%d", len(columns)+1, len(columns)+2)
	return b.String()
}

// rowRange is equalRange for PostgreSQL: the last column and the number as a range of an index that has them together. Of equal
// columns in the order of numbers it would rather read the whole trail backwards until it has found enough.
func rowRange(columns []string) string {
	var b strings.Builder
	last := ""
	for i, c := range columns {
		if i < len(columns)-1 {
			fmt.Fprintf(&b, "%s = $%d AND ", c, i+1)
		} else {
			last = fmt.Sprintf("$%d, ", i+1)
		}
	}
	row := "(" + strings.Join(append(columns[max(len(columns)-1, 0):], "id"), ", ") + ")"
	n := len(columns)
	fmt.Fprintf(&b, "%s < (%s$%d) AND %s >= (%s$%d)", row, last, n+1, row, last, n+2)
	return b.String()
}

// auditIndex names the columns before the number in the index that selects most, with their values, and the operator that is
// looked for among what it finds: few operators have to do with one subject.
func auditIndex(f office.AuditFilter) (columns []string, values []any, rest *int64) {
	switch {
	case f.Subject != "":
		columns, values, rest = append(columns, "subject"), append(values, f.Subject), f.Operator
	case f.Operator != nil:
		columns, values = append(columns, "operator_id"), append(values, *f.Operator)
	}
	if f.Action != "" {
		columns, values = append(columns, "action"), append(values, f.Action)
	}
	return columns, values, rest
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
