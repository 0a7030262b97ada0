package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
)

var _ intake.Store = (*DB)(nil)

const importColumns = `id, kind, file, actor, state, skip_refused, counts, failure, done, total, body IS NOT NULL, at, changed_at`

// AddImport implements intake.Store.
func (db *DB) AddImport(ctx context.Context, i *intake.Import, seal func(id int64) ([]byte, error), now time.Time) (int64, error) {
	id, err := db.newID()
	if err != nil {
		return 0, err
	}
	counts, err := json.Marshal(i.Counts)
	if err != nil {
		return 0, err
	}
	findings, err := json.Marshal(i.Findings)
	if err != nil {
		return 0, err
	}
	return int64(id), db.tx(ctx, func(tx *sql.Tx) error {
		body, err := seal(int64(id))
		if err != nil {
			return err
		}
		if err := db.keepKeys(ctx, tx, body); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO imports
(id, kind, file, operator_id, actor, state, counts, findings, body, at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
			int64(id), string(i.Kind), i.File, office.ActorOf(ctx).OperatorID, i.By, string(i.State), string(counts), string(findings),
			body, millis(now))
		return err
	})
}

// Import implements intake.Store.
func (db *DB) Import(ctx context.Context, id int64) (*intake.Import, error) {
	var findings string
	i, err := scanImport(db.read.QueryRowContext(ctx, `SELECT `+importColumns+`, findings FROM imports WHERE id = $1`, id), &findings)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("import %d %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, classify(err)
	}
	return &i, json.Unmarshal([]byte(findings), &i.Findings)
}

// ImportBody implements intake.Store.
func (db *DB) ImportBody(ctx context.Context, id int64) (body []byte, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT body FROM imports WHERE id = $1`, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("import %d %w", id, ErrNotFound)
	}
	return body, classify(err)
}

// Imports implements intake.Store.
func (db *DB) Imports(ctx context.Context, below int64, limit int) (list []intake.Import, err error) {
	if below == 0 {
		below = math.MaxInt64
	}
	rows, err := db.read.QueryContext(ctx, `SELECT `+importColumns+` FROM imports WHERE id < $1 ORDER BY id DESC LIMIT $2`, below, limit)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		i, err := scanImport(row)
		list = append(list, i)
		return err
	})
	return list, classify(err)
}

func scanImport(row scanner, more ...any) (i intake.Import, err error) {
	var counts, failure string
	var at, changed sql.NullInt64
	var kept any
	err = row.Scan(append([]any{
		&i.ID, &i.Kind, &i.File, &i.By, &i.State, (*asBool)(&i.SkipRefused), &counts, &failure, &i.Done, &i.Total, &kept, &at, &changed,
	}, more...)...)
	if err != nil {
		return i, err
	}
	i.At, i.ChangedAt = fromMillis(at), fromMillis(changed)
	i.HasBody = kept == true || kept == int64(1)
	if failure != "" {
		err = json.Unmarshal([]byte(failure), &i.Failure)
	}
	return i, errors.Join(err, json.Unmarshal([]byte(counts), &i.Counts))
}

// StartImport implements intake.Store.
func (db *DB) StartImport(ctx context.Context, id int64, skipRefused bool, now time.Time) error {
	if err := db.sweepDead(ctx, now); err != nil {
		return err
	}
	err := db.tx(ctx, func(tx *sql.Tx) error {
		return db.moveImport(ctx, tx, id, intake.Checked, `state = 'applying', busy = 1, skip_refused = $4,
    beat_at = `+db.dialect.now, now, flag(skipRefused))
	})
	if errors.Is(err, ErrDuplicate) {
		return fmt.Errorf("%w: %w", intake.ErrBusy, err)
	}
	return err
}

// CancelImport implements intake.Store.
func (db *DB) CancelImport(ctx context.Context, id int64, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		return db.moveImport(ctx, tx, id, intake.Checked, `state = 'cancelled', body = NULL`, now)
	})
}

// moveImport changes an import that must be in a state. Arguments of the change begin at $4.
func (db *DB) moveImport(ctx context.Context, tx *sql.Tx, id int64, from intake.State, change string, now time.Time, args ...any) error {
	res, err := tx.ExecContext(ctx, `UPDATE imports SET changed_at = $3, `+change+` WHERE id = $1 AND state = $2`,
		append([]any{id, string(from), millis(now)}, args...)...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("import %d is not %s any more: %w", id, from, ErrChanged)
	}
	return err
}

// Beat implements intake.Store.
func (db *DB) Beat(ctx context.Context, id int64, done, total int) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE imports SET done = $2, total = $3, beat_at = `+db.dialect.now+`
WHERE id = $1 AND state = 'applying'`, id, done, total)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, ErrChanged)
		}
		return nil
	})
}
