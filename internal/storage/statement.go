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

// maxStatement is how many lines one page of a statement has at most.
const maxStatement = 5000

// Statement returns a page of what happened on a partner's account. Lines are found by the key of the entries. Balances of
// the past are counted back from the present one, not on from the beginning: by the partner's daily figures, by what was
// booked besides purchases since, and by the entries of one day. The page and its balances are of one state of the
// database.
func (db *DB) Statement(ctx context.Context, q office.StatementQuery) (s office.Statement, err error) {
	if q.Limit < 1 || q.Limit > maxStatement {
		return s, fmt.Errorf("storage: no page of %d lines", q.Limit)
	}
	from, before := gift.ID(0), gift.ID(math.MaxInt64)
	if q.From != 0 {
		from = gift.FirstIDAt(q.From.Start())
	}
	if q.To != 0 {
		before = gift.FirstIDAt(q.To.End())
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		b, err := bookOf(ctx, tx, q.Partner)
		if err != nil {
			return err
		}
		if s.Trail, err = headIn(ctx, tx); err != nil {
			return err
		}
		if s.Opening, err = b.balanceBefore(ctx, from); err != nil {
			return err
		}
		if s.Closing, err = b.balanceBefore(ctx, before); err != nil {
			return err
		}
		if s.Purchases, err = b.spent(ctx, q.From, q.To); err != nil {
			return err
		}
		if q.Before != 0 {
			before = min(before, q.Before)
		}
		s.Lines, err = b.lines(ctx, from, before, q.Limit)
		return err
	})
	return s, err
}

// book is a partner's account in one state of the database.
type book struct {
	tx        *sql.Tx
	partnerID int64
	account   int64
	balance   gift.Won
	sandbox   bool
}

func bookOf(ctx context.Context, tx *sql.Tx, partner string) (b book, err error) {
	b.tx = tx
	err = tx.QueryRowContext(ctx, `SELECT p.id, a.id, a.balance, p.sandbox FROM `+partnerAccountTables+` WHERE p.name = $1`, partner).
		Scan(&b.partnerID, &b.account, &b.balance, (*asBool)(&b.sandbox))
	if errors.Is(err, sql.ErrNoRows) {
		return b, fmt.Errorf("partner %q %w", partner, ErrNotFound)
	}
	return b, err
}

// bookedSince adds up what moved an account besides purchases. Kinds are named so that the index leads to the moment asked
// for. A join might begin at the entries, of which there are many.
var bookedSince = `SELECT CAST(COALESCE(SUM(
    (SELECT e.amount FROM entries e WHERE e.account_id = m.account_id AND e.txn_id = m.txn_id)), 0) AS BIGINT)
FROM moved_accounts m WHERE m.account_id = $1 AND m.txn_id >= $2
  AND m.kind IN ('` + strings.Join(office.TransactionKinds(), "', '") + `')`

// balanceBefore returns what the account had before the transactions from an id on.
func (b book) balanceBefore(ctx context.Context, id gift.ID) (gift.Won, error) {
	if id == 0 {
		return 0, nil
	}
	if id == math.MaxInt64 {
		return b.balance, nil
	}
	day := gift.DayOf(id.Time()) // the first whose figures count as a whole
	nextDay := gift.FirstIDAt(day.Start())
	if nextDay != id {
		day++
		nextDay = gift.FirstIDAt(day.Start())
	}
	var sameDay, later gift.Won
	err := b.tx.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM entries
WHERE account_id = $1 AND txn_id >= $2 AND txn_id < $3`, b.account, int64(id), int64(nextDay)).Scan(&sameDay)
	if err != nil {
		return 0, err
	}
	err = b.tx.QueryRowContext(ctx, bookedSince, b.account, int64(nextDay)).Scan(&later)
	if err != nil {
		return 0, err
	}
	spent, err := b.spent(ctx, day, 0)
	return b.balance - sameDay - later + spent, err
}

// spent adds up the purchases of some days. A sandbox partner's cost nothing.
func (b book) spent(ctx context.Context, from, to gift.Day) (spent gift.Won, err error) {
	if b.sandbox {
		return 0, nil
	}
	if to == 0 {
		to = math.MaxInt32
	}
	err = b.tx.QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(spent), 0) AS BIGINT) FROM partner_days
WHERE `+daysOfPartner, b.partnerID, int64(from), int64(to)).Scan(&spent)
	return spent, err
}

// lines returns the newest transactions of a span, each with the balance after it.
func (b book) lines(ctx context.Context, from, before gift.ID, limit int) (lines []office.StatementLine, err error) {
	lines, err = collect(ctx, b.tx, func(row scanner) (l office.StatementLine, err error) {
		err = row.Scan(&l.ID, &l.Amount, &l.Kind, &l.OrderID, &l.Reference, &l.Memo)
		if l.Kind == office.PurchaseTransaction {
			l.OrderID = l.ID
		}
		return l, err
	}, `SELECT k.txn_id, k.amount, COALESCE(t.kind, $5), COALESCE(t.order_id, 0),
COALESCE(t.reference, ''), COALESCE(t.memo, '')
FROM (SELECT txn_id, amount FROM entries WHERE account_id = $1 AND txn_id >= $2 AND txn_id < $3
      ORDER BY txn_id DESC LIMIT $4) k
LEFT JOIN ledger_transactions t ON t.id = k.txn_id ORDER BY k.txn_id DESC`,
		b.account, int64(from), int64(before), limit, office.PurchaseTransaction)
	if err != nil || len(lines) == 0 {
		return lines, err
	}
	balance, err := b.balanceBefore(ctx, lines[0].ID+1)
	for i := range lines {
		lines[i].Balance = balance
		balance -= lines[i].Amount
	}
	return lines, err
}
