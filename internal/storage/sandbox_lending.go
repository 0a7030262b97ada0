package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/lending"
)

var _ lending.Store = (*DB)(nil)

// LendSandbox implements lending.Store.
func (db *DB) LendSandbox(
	ctx context.Context, now time.Time, newKeys func(gift.Partner) credential.Keys,
) (p gift.Partner, err error) {
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		seq, err := tick(ctx, tx) // lendings wait for each other
		if err != nil {
			return err
		}
		var pool int64
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM partners WHERE lent_at IS NOT NULL`).Scan(&pool); err != nil {
			return err
		}
		if pool < lending.Most {
			p, err = db.openLent(ctx, tx, seq, pool+1, now, newKeys)
		} else {
			p, err = db.lendAgain(ctx, tx, now, newKeys)
		}
		if err != nil {
			return err
		}
		err = execOne(ctx, tx, `UPDATE partners SET lent_at = $2, changed_seq = $3 WHERE id = $1 AND sandbox = 1`, p.ID, millis(now), seq)
		if err != nil {
			return err
		}
		return db.audit(ctx, tx, change{action: "sandbox.lend", subject: partnerSubject(p.Name)}, now)
	})
	return p, err
}

// freshSandbox is what a sandbox is like when it is lent.
func freshSandbox(name string) gift.Partner {
	return gift.Partner{
		Name: name, Title: lending.Title, State: gift.Active, Sandbox: true, DuplicateSec: gift.DefaultDuplicateSec,
	}
}

// openLent opens one more sandbox, with a number from the given one on that no partner has in its name.
func (db *DB) openLent(
	ctx context.Context, tx *sql.Tx, seq, number int64, now time.Time, newKeys func(gift.Partner) credential.Keys,
) (p gift.Partner, err error) {
	for taken := true; taken; number++ {
		p = freshSandbox(fmt.Sprintf("%s%03d", lending.Prefix, number))
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM partners WHERE name = $1)`, p.Name).Scan(&taken)
		if err != nil {
			return p, err
		}
	}
	p.ID, err = db.insertPartner(ctx, tx, seq, p, newKeys(p), now)
	return p, err
}

// lendAgain takes the sandbox that was lent longest ago, with other keys. One that an operator suspended stays so.
func (db *DB) lendAgain(
	ctx context.Context, tx *sql.Tx, now time.Time, newKeys func(gift.Partner) credential.Keys,
) (p gift.Partner, err error) {
	err = tx.QueryRowContext(ctx, `SELECT id, name FROM partners WHERE lent_at IS NOT NULL AND lent_at <= $1 AND state = 1
ORDER BY lent_at, id LIMIT 1`, millis(now.Add(-lending.KeptFor))).Scan(&p.ID, &p.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return p, lending.ErrNoneLeft
	}
	if err != nil {
		return p, err
	}
	id := p.ID
	p = freshSandbox(p.Name)
	p.ID = id
	if _, err := tx.ExecContext(ctx, `DELETE FROM partner_keys WHERE partner_id = $1`, id); err != nil {
		return p, err
	}
	if err := insertKeys(ctx, tx, id, newKeys(p)); err != nil {
		return p, err
	}
	return p, execOne(ctx, tx, `UPDATE partners SET title = $2, allow_list = '', daily_limit = 0, duplicate_sec = $3, low_balance = 0
WHERE id = $1 AND sandbox = 1`, id, p.Title, p.DuplicateSec)
}

// RemoveEndpoints implements lending.Store.
func (db *DB) RemoveEndpoints(ctx context.Context, partnerID int64, now time.Time) error {
	endpoints, err := collect(ctx, db.read, scanID,
		`SELECT id FROM endpoints WHERE partner_id = $1 AND removed_at IS NULL ORDER BY id`, partnerID)
	if err != nil {
		return classify(err)
	}
	for _, id := range endpoints {
		if err := db.RemoveEndpoint(ctx, id, 0, now); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// Endow implements lending.Store.
func (db *DB) Endow(ctx context.Context, partner string, amount gift.Won, now time.Time) error {
	_, err := db.Deposit(ctx, partner, amount, "opening balance of "+partner, "opening balance", now)
	if errors.Is(err, ErrDuplicate) {
		return nil
	}
	return err
}
