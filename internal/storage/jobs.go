package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/job"
	"giftimbiz/internal/office"
)

var _ job.Store = (*DB)(nil)

// AddJobs implements job.Store.
func (db *DB) AddJobs(ctx context.Context, names []string) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		for _, name := range names {
			if _, err := tx.ExecContext(ctx, `INSERT INTO jobs (name) VALUES ($1) ON CONFLICT (name) DO NOTHING`, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// Jobs implements job.Store.
func (db *DB) Jobs(ctx context.Context) (list []job.State, err error) {
	rows, err := db.read.QueryContext(ctx, `SELECT name, due_at, leased_until - `+db.dialect.now+`, succeeded_at FROM jobs ORDER BY name`)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		var s job.State
		var due, left int64
		var succeeded sql.NullInt64
		err := row.Scan(&s.Name, &due, &left, &succeeded)
		s.Due, s.Free, s.Succeeded = time.UnixMilli(due), left <= 0, fromMillis(succeeded)
		list = append(list, s)
		return err
	})
	return list, classify(err)
}

// TakeJob implements job.Store.
func (db *DB) TakeJob(ctx context.Context, c job.Claim) (taken bool, err error) {
	db.lease.mu.Lock()
	node := db.lease.number
	db.lease.mu.Unlock()
	err = db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET lease_token = $3, leased_until = `+db.dialect.now+` + $4, node = $5, began_at = $6
WHERE name = $1 AND due_at = $2 AND leased_until <= `+db.dialect.now,
			c.Name, millis(c.Due), c.Token, c.For.Milliseconds(), node, millis(c.Began))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		taken = n == 1
		return err
	})
	return taken && err == nil, err
}

// KeepJob implements job.Store.
func (db *DB) KeepJob(ctx context.Context, name, token string, lease time.Duration) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET leased_until = `+db.dialect.now+` + $3 WHERE name = $1 AND lease_token = $2`,
			name, token, lease.Milliseconds())
		return wantRow(res, err, job.ErrLost)
	})
}

// EndJob implements job.Store.
func (db *DB) EndJob(ctx context.Context, r job.Report) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET lease_token = '', leased_until = 0,
    due_at = CASE WHEN due_at = $3 THEN $4 ELSE due_at END, ended_at = $5, took_ms = $6, failure = $7,
    succeeded_at = CASE WHEN $7 = '' THEN $5 ELSE succeeded_at END, done = CASE WHEN $7 = '' THEN $8 ELSE done END,
    failures = CASE WHEN $7 = '' THEN 0 ELSE failures + 1 END,
    failing_since = CASE WHEN $7 = '' THEN NULL WHEN failures = 0 THEN $5 ELSE failing_since END
WHERE name = $1 AND lease_token = $2`,
			r.Name, r.Token, millis(r.Due), millis(r.Next), millis(r.Ended), r.Took.Milliseconds(), r.Failure, r.Done)
		return wantRow(res, err, job.ErrLost)
	})
}

// LeaveJob implements job.Store.
func (db *DB) LeaveJob(ctx context.Context, name, token string) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE jobs SET lease_token = '', leased_until = 0 WHERE name = $1 AND lease_token = $2`,
			name, token)
		return err
	})
}

// JobRuns returns how all jobs are.
func (db *DB) JobRuns(ctx context.Context) (list []office.JobRun, err error) {
	rows, err := db.read.QueryContext(ctx, `SELECT name, due_at, leased_until - `+db.dialect.now+`, node, began_at, ended_at, succeeded_at,
    took_ms, done, failures, failing_since, failure FROM jobs ORDER BY name`)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		var r office.JobRun
		var due, left, took int64
		var began, ended, succeeded, since sql.NullInt64
		err := row.Scan(&r.Name, &due, &left, &r.Node, &began, &ended, &succeeded, &took, &r.Done, &r.Failures, &since, &r.Failure)
		r.Due, r.Running = time.UnixMilli(due), left > 0
		r.Began, r.Ended, r.Succeeded = fromMillis(began), fromMillis(ended), fromMillis(succeeded)
		r.FailingSince, r.Took = fromMillis(since), time.Duration(took)*time.Millisecond
		list = append(list, r)
		return err
	})
	return list, classify(err)
}

// AskForJob makes a job due at once, on whichever node looks first; one that is being done is done again after that.
func (db *DB) AskForJob(ctx context.Context, name string, now time.Time) error {
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		var due int64
		err := tx.QueryRowContext(ctx, db.dialect.locks.Replace(`SELECT due_at FROM jobs WHERE name = $1 `+lockRow), name).Scan(&due)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("job %w", ErrNotFound)
		}
		if err != nil {
			return err
		}
		asked := min(millis(now), due-1) // another value than before, by which a run under way sees that it was asked for
		if err := execOne(ctx, tx, `UPDATE jobs SET due_at = $2 WHERE name = $1`, name, asked); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{action: "job.run", subject: "job:" + name}, now)
	})
}
