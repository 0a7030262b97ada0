package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// maxLedgerPage bounds how many rows of accounts, transactions or items are read at once.
const maxLedgerPage = 1000

const (
	accountColumns = `a.id, a.kind, a.owner_id, COALESCE(p.name, s.name, ''), COALESCE(p.title, '')`

	accountOwners = `
LEFT JOIN partners p ON a.kind = 'prepaid' AND p.id = a.owner_id
LEFT JOIN shops s ON a.kind = 'payable' AND s.id = a.owner_id`

	// balanceAt is an account's balance at a moment: $1 = the last closed day before it, $2 = the first transaction after
	// that day, $3 = the first one that is too late. It reads one closing, and the entries since: those of one day, where
	// days are closed as they end.
	balanceAt = `COALESCE((SELECT d.balance FROM account_days d WHERE d.account_id = a.id AND d.day <= $1
              ORDER BY d.day DESC LIMIT 1), 0)
 + COALESCE((SELECT SUM(e.amount) FROM entries e WHERE e.account_id = a.id AND e.txn_id >= $2 AND e.txn_id < $3), 0)`
)

// moment is a time as balanceAt takes it.
type moment struct{ closed, since, until int64 }

func (m moment) args() []any { return []any{m.closed, m.since, m.until} }

// momentOf finds the last closing before a time. What it returns is right for the transaction's snapshot.
func momentOf(ctx context.Context, tx *sql.Tx, at time.Time) (m moment, err error) {
	next, err := openDay(ctx, tx)
	closed := min(gift.DayOf(at), next) - 1
	return moment{int64(closed), int64(gift.FirstIDAt((closed + 1).Start())), int64(gift.FirstIDAt(at))}, err
}

// LedgerAccounts returns a page of accounts by number, or by owner when a kind is asked for. A page costs the same however
// many accounts and transactions there are; at a past moment it reads the entries of that moment's day beside.
func (db *DB) LedgerAccounts(ctx context.Context, q office.AccountQuery) (accounts []office.Account, err error) {
	if q.Limit < 1 || q.Limit > maxLedgerPage {
		return nil, fmt.Errorf("storage: no page of %d accounts", q.Limit)
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		balance, args := "a.balance", []any(nil)
		if !q.At.IsZero() {
			m, err := momentOf(ctx, tx, q.At)
			if err != nil {
				return err
			}
			balance, args = "CAST("+balanceAt+" AS BIGINT)", m.args()
		}
		n := len(args)
		where := fmt.Sprintf("a.kind <> 'sales' AND a.id > $%d ORDER BY a.id LIMIT $%d", n+1, n+2)
		args = append(args, q.After, q.Limit)
		if q.Kind != "" {
			where = fmt.Sprintf("a.kind = $%d AND a.owner_id > $%d ORDER BY a.owner_id LIMIT $%d", n+3, n+1, n+2)
			args = append(args, q.Kind)
		}
		text := `SELECT ` + accountColumns + `, ` + balance + ` FROM accounts a` + accountOwners + ` WHERE ` + where
		accounts, err = collect(ctx, tx, scanLedgerAccount, text, args...)
		return err
	})
	return accounts, err
}

// LedgerAccount returns an account, or ErrNotFound.
func (db *DB) LedgerAccount(ctx context.Context, id int64) (a office.Account, err error) {
	a, err = scanLedgerAccount(db.read.QueryRowContext(ctx,
		`SELECT `+accountColumns+`, a.balance FROM accounts a`+accountOwners+` WHERE a.id = $1`, id))
	if absent(err) == nil && err != nil {
		return a, fmt.Errorf("account %d %w", id, ErrNotFound)
	}
	return a, classify(err)
}

func scanLedgerAccount(row scanner) (a office.Account, err error) {
	err = row.Scan(&a.ID, &a.Kind, &a.OwnerID, &a.Owner, &a.Title, &a.Balance)
	return a, err
}

// PrepaidAccount returns the number of a partner's account, by the partner's name, or ErrNotFound.
func (db *DB) PrepaidAccount(ctx context.Context, partner string) (id int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT id FROM partners WHERE name = $1`, partner).Scan(&id)
	if absent(err) == nil && err != nil {
		return 0, fmt.Errorf("partner %q %w", partner, ErrNotFound)
	}
	return prepaidBase + id, classify(err)
}

// SalesAccounts returns the numbers of the accounts over which sales are spread.
func (db *DB) SalesAccounts() []int64 {
	ids := make([]int64, salesShards)
	for i := range ids {
		ids[i] = firstSalesAccount + int64(i)
	}
	return ids
}

// TrialBalance adds up the accounts of each kind, as they were at a moment: all transactions numbered before it count. Zero
// = now, by the stored balances. It looks at every account, not at what went through it.
func (db *DB) TrialBalance(ctx context.Context, at time.Time) (rows []office.TrialRow, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		balance, args := "a.balance", []any(nil)
		if !at.IsZero() {
			m, err := momentOf(ctx, tx, at)
			if err != nil {
				return err
			}
			balance, args = balanceAt, m.args()
		}
		rows, err = collect(ctx, tx, func(row scanner) (r office.TrialRow, err error) {
			err = row.Scan(&r.Kind, &r.Accounts, &r.Debit, &r.Credit)
			return r, err
		}, `SELECT kind, COUNT(*),
CAST(SUM(CASE WHEN balance < 0 THEN -balance ELSE 0 END) AS BIGINT),
CAST(SUM(CASE WHEN balance > 0 THEN balance ELSE 0 END) AS BIGINT)
FROM (SELECT a.kind, `+balance+` AS balance FROM accounts a) x GROUP BY kind`, args...)
		return err
	})
	return rows, err
}
