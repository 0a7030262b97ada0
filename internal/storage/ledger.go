package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
)

// Accounts that the first migration made.
const (
	bankAccount        = 1
	refundsAccount     = 2
	testFundsAccount   = 3
	adjustmentsAccount = 4
)

// transaction is a ledger transaction that is not a purchase. Its entries add up to zero; they name each account once.
type transaction struct {
	id        gift.ID
	kind      string
	orderID   gift.ID // 0 = none
	reference string  // unique when not empty
	memo      string
	at        time.Time
	entries   []entry
}

type entry struct {
	account int64
	amount  gift.Won // positive = credit
}

// post writes a transaction and moves the stored balances. Accounts are updated in the order given: a partner's or a
// shop's before the shared ones, so that nobody waits for a row while holding one that all need. A reference that is
// there already is errReferenceTaken.
func post(ctx context.Context, tx *sql.Tx, t transaction) error {
	var sum gift.Won
	for _, e := range t.entries {
		sum += e.amount
	}
	if sum != 0 {
		return fmt.Errorf("storage: the entries of a %s add up to %d", t.kind, sum)
	}
	if err := insertHead(ctx, tx, t); err != nil {
		return err
	}
	for _, e := range t.entries {
		if _, err := tx.ExecContext(ctx, `INSERT INTO entries (account_id, txn_id, amount) VALUES ($1, $2, $3)`,
			e.account, int64(t.id), int64(e.amount)); err != nil {
			return err
		}
		if err := execOne(ctx, tx, `UPDATE accounts SET balance = balance + $2 WHERE id = $1`,
			e.account, int64(e.amount)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO moved_accounts (txn_id, account_id, kind) VALUES ($1, $2, $3)`,
			int64(t.id), e.account, t.kind); err != nil {
			return err
		}
	}
	return reopenFor(ctx, tx, t.id)
}

// errReferenceTaken tells a reference that was booked before from a number of ours that exists already.
var errReferenceTaken = errors.New("the reference was booked before")

func insertHead(ctx context.Context, tx *sql.Tx, t transaction) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO ledger_transactions (id, kind, order_id, reference, memo, at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (reference) DO NOTHING`,
		int64(t.id), t.kind, nullID(t.orderID), nullText(t.reference), t.memo, millis(t.at))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); n != 0 || err != nil {
		return err
	}
	return errReferenceTaken
}

// Deposit credits the prepaid balance of a partner that did not withdraw and returns the new balance. A reference, when given, works once: the
// same deposit is not booked twice (ErrDuplicate, which says nothing else). After ErrUnanswered it may be booked or not;
// the error says how to find out. Sandbox partners are credited with test money that never mixes with the bank's.
func (db *DB) Deposit(ctx context.Context, partnerName string, amount gift.Won, reference, memo string, now time.Time) (
	balance gift.Won, err error,
) {
	if amount <= 0 || amount > gift.MaxDeposit {
		return 0, fmt.Errorf("a deposit is between 1 and %d won, not %d", gift.MaxDeposit, amount)
	}
	if err := db.readyForIDs(ctx); err != nil {
		return 0, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		p, err := adjustedPartner(ctx, tx, partnerName)
		if err != nil {
			return err
		}
		if balance, err = db.deposit(ctx, tx, prepaidBase+p.ID, p.Sandbox, amount, reference, memo, now); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: "partner.topup", subject: partnerSubject(partnerName), note: memo,
			before: map[string]any{"balance": balance - amount},
			after:  map[string]any{"balance": balance, "reference": reference},
		}, now)
	})
	return balance, explainDeposit(err, partnerName, reference)
}

// explainDeposit says what an error of a deposit means for whoever wants to book it.
func explainDeposit(err error, partnerName, reference string) error {
	switch {
	case errors.Is(err, errReferenceTaken):
		return fmt.Errorf("a deposit with the reference %q %w", reference, ErrDuplicate)
	case errors.Is(err, ErrUnanswered) && reference != "":
		return fmt.Errorf("%w\nBook it again with the reference %q: it is booked once, whatever became of this", err, reference)
	case errors.Is(err, ErrUnanswered):
		return fmt.Errorf("%w\nLook at the balance of %q before you book it again; with a reference, again would be safe",
			err, partnerName)
	case errors.Is(err, ErrDuplicate):
		return fmt.Errorf("book the deposit: %v", err) // not wrapped: it is not the duplicate that callers ask for
	}
	return err
}

func (db *DB) deposit(
	ctx context.Context, tx *sql.Tx, account int64, sandbox bool, amount gift.Won, reference, memo string, now time.Time,
) (balance gift.Won, err error) {
	from := int64(bankAccount)
	if sandbox {
		from = testFundsAccount
	}
	id, err := db.newID()
	if err != nil {
		return 0, err
	}
	err = post(ctx, tx, transaction{
		id: id, kind: "deposit", reference: reference, memo: memo, at: now,
		entries: []entry{{account, amount}, {from, -amount}},
	})
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `SELECT balance FROM accounts WHERE id = $1`, account).Scan(&balance)
	return balance, err
}

// execOne runs a statement that must change exactly one row.
func execOne(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("storage: %d rows changed where one had to: %.60s", n, query)
	}
	return err
}

func nullID(id gift.ID) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}
