package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// adjustmentColumns are what scanAdjustment reads.
const adjustmentColumns = `j.id, p.name, j.amount, j.reason, j.state, j.request, j.asked_by, j.asked_name, j.asked_at,
COALESCE(j.decided_by, 0), COALESCE(j.decided_name, ''), j.decided_at, COALESCE(j.txn_id, 0)`

// Adjust credits or debits a partner's balance in the name of the context's actor: at once up to the limit in the settings,
// after a second person's approval above it. What a.Request names is done once (office.ErrSentTwice). A debit that the
// balance does not cover is an office.ShortError, whether it would be booked now or later.
func (db *DB) Adjust(ctx context.Context, a office.Adjustment, now time.Time) (office.Adjustment, error) {
	if a.Amount == 0 || a.Amount > gift.MaxDeposit || a.Amount < -gift.MaxDeposit {
		return a, fmt.Errorf("an adjustment is of 1 to %d won, not %d", gift.MaxDeposit, a.Amount)
	}
	if a.Reason == "" || a.Request == "" {
		return a, errors.New("an adjustment has a reason and names its request")
	}
	if err := db.readyForIDs(ctx); err != nil {
		return a, err
	}
	err := db.tx(ctx, func(tx *sql.Tx) error {
		limit, err := adjustmentLimit(ctx, tx)
		if err != nil {
			return err
		}
		if a.ID, err = db.newID(); err != nil {
			return err
		}
		a.State, a.AskedBy, a.AskedAt, a.TxnID = office.Waiting, office.ActorOf(ctx), now, 0
		partner, err := insertAdjustment(ctx, tx, a)
		if err != nil {
			return err
		}
		if err := coverAdjustment(ctx, tx, partner, a.Amount); err != nil {
			return err
		}
		if abs(a.Amount) > limit {
			return db.auditAdjustment(ctx, tx, "partner.adjust.ask", a, now)
		}
		return db.bookAdjustment(ctx, tx, partner, &a, "partner.adjust", now)
	})
	return a, err
}

// DecideAdjustment books or refuses an adjustment that waits, in the name of the context's actor. Of two who decide at once,
// one is told office.ErrChanged. Who asked for it may refuse it, but not approve it: office.ErrOwnRequest.
func (db *DB) DecideAdjustment(ctx context.Context, id gift.ID, approve bool, now time.Time) (a office.Adjustment, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return a, err
	}
	by := office.ActorOf(ctx)
	err = db.tx(ctx, func(tx *sql.Tx) error {
		// A row that was taken waits here for whoever decides it already, and is not found then.
		res, err := tx.ExecContext(ctx, `UPDATE adjustments SET state = $2, decided_by = $3, decided_name = $4, decided_at = $5
WHERE id = $1 AND state = 1`, int64(id), int64(office.Refused), by.OperatorID, by.Name, millis(now))
		if err != nil {
			return err
		}
		decided, err := res.RowsAffected()
		if err != nil {
			return err
		}
		a, err = scanAdjustment(tx.QueryRowContext(ctx, `SELECT `+adjustmentColumns+`
FROM adjustments j JOIN partners p ON p.id = j.partner_id WHERE j.id = $1`, int64(id)))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("adjustment %d %w", id, ErrNotFound)
		case err != nil:
			return err
		case decided == 0:
			return fmt.Errorf("adjustment %d: %w", id, ErrChanged)
		case !approve:
			return db.auditAdjustment(ctx, tx, "partner.adjust.refuse", a, now)
		case a.AskedBy.OperatorID == by.OperatorID:
			return fmt.Errorf("adjustment %d %w", id, office.ErrOwnRequest)
		}
		partner, err := adjustedPartner(ctx, tx, a.Partner)
		if err != nil {
			return err
		}
		if err := coverAdjustment(ctx, tx, partner, a.Amount); err != nil {
			return err
		}
		return db.bookAdjustment(ctx, tx, partner, &a, "partner.adjust.approve", now)
	})
	return a, err
}

// adjustmentLimit returns above which amount somebody else must approve.
func adjustmentLimit(ctx context.Context, tx *sql.Tx) (gift.Won, error) {
	var value string
	err := tx.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, office.AdjustmentLimitSetting).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return office.DefaultAdjustmentLimit, nil
	}
	if err != nil {
		return 0, err
	}
	limit, err := strconv.ParseInt(value, 10, 64)
	if err != nil || limit < 0 {
		return 0, fmt.Errorf("the setting %q is %q, no number of won", office.AdjustmentLimitSetting, value)
	}
	return gift.Won(limit), nil
}

// insertAdjustment keeps an adjustment that waits.
func insertAdjustment(ctx context.Context, tx *sql.Tx, a office.Adjustment) (gift.Partner, error) {
	partner, err := adjustedPartner(ctx, tx, a.Partner)
	if err != nil {
		return partner, err
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO adjustments
(id, partner_id, amount, reason, state, request, asked_by, asked_name, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (request) DO NOTHING`,
		int64(a.ID), partner.ID, int64(a.Amount), a.Reason, int64(a.State), a.Request, a.AskedBy.OperatorID, a.AskedBy.Name,
		millis(a.AskedAt))
	if err != nil {
		return partner, err
	}
	if n, err := res.RowsAffected(); n != 0 || err != nil {
		return partner, err
	}
	return partner, fmt.Errorf("the adjustment %w", office.ErrSentTwice)
}

// adjustedPartner returns a partner that is still here.
func adjustedPartner(ctx context.Context, tx *sql.Tx, name string) (gift.Partner, error) {
	p, err := scanPartner(tx.QueryRowContext(ctx, `SELECT `+partnerColumns+` FROM partners WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("partner %q %w", name, ErrNotFound)
	}
	if err != nil {
		return p, err
	}
	return p, p.StillHere()
}

// coverAdjustment locks the partner's account and sees whether it covers a debit.
func coverAdjustment(ctx context.Context, tx *sql.Tx, p gift.Partner, amount gift.Won) error {
	var balance gift.Won
	err := tx.QueryRowContext(ctx, `UPDATE accounts SET balance = balance WHERE id = $1 RETURNING balance`, prepaidBase+p.ID).
		Scan(&balance)
	if err == nil && balance+amount < 0 {
		return fmt.Errorf("debit %s of %d won: %w", p.Name, -amount, office.ShortError{Balance: balance})
	}
	return err
}

// bookAdjustment moves the money. Test money comes from where it comes from otherwise.
func (db *DB) bookAdjustment(
	ctx context.Context, tx *sql.Tx, p gift.Partner, a *office.Adjustment, action string, now time.Time,
) (err error) {
	from := int64(adjustmentsAccount)
	if p.Sandbox {
		from = testFundsAccount
	}
	if a.TxnID, err = db.newID(); err != nil {
		return err
	}
	a.State = office.Booked
	err = execOne(ctx, tx, `UPDATE adjustments SET state = $2, txn_id = $3 WHERE id = $1 AND txn_id IS NULL`,
		int64(a.ID), int64(a.State), int64(a.TxnID))
	if err != nil {
		return err
	}
	err = post(ctx, tx, transaction{
		id: a.TxnID, kind: "adjustment", memo: a.Reason, at: now,
		entries: []entry{{prepaidBase + p.ID, a.Amount}, {from, -a.Amount}},
	})
	if err != nil {
		return err
	}
	if err := db.tellLow(ctx, tx, p, a.Amount); err != nil {
		return err
	}
	return db.auditAdjustment(ctx, tx, action, *a, now)
}

// tellLow tells the partner when the amount that was just booked brought its balance below what it wants to be told of.
func (db *DB) tellLow(ctx context.Context, tx *sql.Tx, p gift.Partner, amount gift.Won) error {
	if p.Sandbox || amount >= 0 {
		return nil
	}
	var balance gift.Won
	if err := tx.QueryRowContext(ctx, `SELECT balance FROM accounts WHERE id = $1`, prepaidBase+p.ID).Scan(&balance); err != nil {
		return err
	}
	if balance >= p.LowBalance || balance-amount < p.LowBalance {
		return nil
	}
	return db.tell(ctx, tx, gift.BalanceLow, p.ID, 0, gift.BalanceData{Balance: balance, Threshold: p.LowBalance})
}

func (db *DB) auditAdjustment(ctx context.Context, tx *sql.Tx, action string, a office.Adjustment, now time.Time) error {
	after := map[string]any{"adjustment": a.ID, "amount": a.Amount, "asked_by": a.AskedBy.Name}
	if a.TxnID != 0 {
		after["transaction"] = a.TxnID
	}
	return db.audit(ctx, tx, change{action: action, subject: partnerSubject(a.Partner), after: after, note: a.Reason}, now)
}

// Adjustments returns a partner's last adjustments, the newest first.
func (db *DB) Adjustments(ctx context.Context, partnerID int64, limit int) ([]office.Adjustment, error) {
	return db.adjustments(ctx, `WHERE j.partner_id = $1 ORDER BY j.id DESC LIMIT $2`, partnerID, limit)
}

// WaitingAdjustments returns what waits for an approval, the oldest first.
func (db *DB) WaitingAdjustments(ctx context.Context, limit int) ([]office.Adjustment, error) {
	return db.adjustments(ctx, `WHERE j.state = 1 ORDER BY j.id LIMIT $1`, limit)
}

func (db *DB) adjustments(ctx context.Context, which string, args ...any) ([]office.Adjustment, error) {
	list, err := collect(ctx, db.read, scanAdjustment,
		`SELECT `+adjustmentColumns+` FROM adjustments j JOIN partners p ON p.id = j.partner_id `+which, args...)
	return list, classify(err)
}

func scanAdjustment(row scanner) (a office.Adjustment, err error) {
	var asked, decided sql.NullInt64
	err = row.Scan(&a.ID, &a.Partner, &a.Amount, &a.Reason, &a.State, &a.Request, &a.AskedBy.OperatorID, &a.AskedBy.Name,
		&asked, &a.DecidedBy.OperatorID, &a.DecidedBy.Name, &decided, &a.TxnID)
	a.AskedAt, a.DecidedAt = fromMillis(asked), fromMillis(decided)
	return a, err
}

func abs(w gift.Won) gift.Won { return max(w, -w) }
