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
func (db *DB) Audit(ctx context.Context, f office.AuditFilter, before gift.ID, limit int) (list []office.Entry, err error) {
	query, args := auditQuery(f, before)
	rows, err := db.read.QueryContext(ctx, query+fmt.Sprintf(" LIMIT $%d", len(args)+1), append(args, limit)...)
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

// auditQuery asks for a range of an index that stands for the filter, in its order. Of equal columns and the numbers' order
// PostgreSQL would rather read the whole trail backwards until it has found enough. Numbers are in time order, so days are
// ranges of them too.
func auditQuery(f office.AuditFilter, before gift.ID) (query string, args []any) {
	columns, values, rest := auditIndex(f)
	from, to := int64(0), int64(math.MaxInt64)
	if f.From != 0 {
		from = int64(gift.FirstIDAt(f.From.Start()))
	}
	if f.To != 0 {
		to = int64(gift.FirstIDAt(f.To.End()))
	}
	if before != 0 {
		to = min(to, int64(before))
	}
	columns = append(columns, "id")
	var least, most []string
	for i := range columns {
		most = append(most, fmt.Sprintf("$%d", i+1))
		least = append(least, fmt.Sprintf("$%d", i+1))
	}
	least[len(least)-1] = fmt.Sprintf("$%d", len(columns)+1)
	args = append(values, to, from)
	row := "(" + strings.Join(columns, ", ") + ")"
	query = `SELECT ` + auditColumns + ` FROM audit WHERE ` + row + ` < (` + strings.Join(most, ", ") + `) AND ` +
		row + ` >= (` + strings.Join(least, ", ") + `)`
	if rest != nil {
		args = append(args, *rest)
		query += fmt.Sprintf(` AND operator_id = $%d`, len(args))
	}
	return query + ` ORDER BY ` + strings.Join(columns, " DESC, ") + ` DESC`, args
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
