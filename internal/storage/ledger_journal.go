package storage

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// Where the numbers of a page of the journal are found: a range of a primary key or an index each, read from its newest end
// and no further than the page needs. $1 ≤ number < $2, $3 = how many; $4 and $5 as the text says. Purchases are found by
// what they credited to the sales accounts, for orders that cost nothing or are no real ones are in no ledger.
const (
	purchasesOfAccount = `SELECT e.txn_id FROM entries e
WHERE e.account_id = $4 AND e.txn_id >= $1 AND e.txn_id < $2 AND (SELECT r.id FROM orders r WHERE r.id = e.txn_id) IS NOT NULL
ORDER BY e.txn_id DESC LIMIT $3`

	allOfAccount = `SELECT txn_id FROM entries
WHERE account_id = $4 AND txn_id >= $1 AND txn_id < $2 ORDER BY txn_id DESC LIMIT $3`

	kindOfAccount = `SELECT txn_id FROM moved_accounts
WHERE account_id = $4 AND kind = $5 AND txn_id >= $1 AND txn_id < $2 ORDER BY txn_id DESC LIMIT $3`

	allHeads = `SELECT id FROM ledger_transactions WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3`

	headsOfKind = `SELECT id FROM ledger_transactions
WHERE kind = $4 AND id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3`
)

// Journal returns a page of the ledger's transactions, the newest first, with all their entries. It costs the same however
// much is in the ledger.
func (db *DB) Journal(ctx context.Context, q office.JournalQuery) (page []office.Transaction, err error) {
	if q.Limit < 1 || q.Limit > maxLedgerPage {
		return nil, fmt.Errorf("storage: no page of %d transactions", q.Limit)
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		ids, err := journalIDs(ctx, tx, q)
		if err != nil || len(ids) == 0 {
			return err
		}
		page, err = db.readTransactions(ctx, tx, ids)
		return err
	})
	return page, err
}

// LedgerTransaction returns a transaction, or ErrNotFound.
func (db *DB) LedgerTransaction(ctx context.Context, id gift.ID) (t office.Transaction, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		found, err := db.readTransactions(ctx, tx, []int64{int64(id)})
		if err == nil && (len(found) == 0 || len(found[0].Postings) == 0) {
			return fmt.Errorf("transaction %d %w", id, ErrNotFound)
		}
		if err == nil {
			t = found[0]
		}
		return err
	})
	return t, err
}

// journalIDs merges the newest numbers of all places where transactions of the query are.
func journalIDs(ctx context.Context, tx *sql.Tx, q office.JournalQuery) ([]int64, error) {
	from, to := idRange(q)
	var ids []int64
	find := func(text string, args ...any) error {
		found, err := collect(ctx, tx, func(row scanner) (id int64, err error) {
			err = row.Scan(&id)
			return id, err
		}, text, append([]any{from, to, q.Limit}, args...)...)
		ids = append(ids, found...)
		return err
	}
	if err := findJournal(q, find); err != nil {
		return nil, err
	}
	slices.SortFunc(ids, func(a, b int64) int { return int(max(-1, min(1, b-a))) })
	ids = slices.Compact(ids) // a transaction may move several of the accounts
	return ids[:min(len(ids), q.Limit)], nil
}

func idRange(q office.JournalQuery) (from, to int64) {
	to = math.MaxInt64
	if q.From != 0 {
		from = int64(gift.FirstIDAt(q.From.Start()))
	}
	if q.To != 0 {
		to = int64(gift.FirstIDAt(q.To.End()))
	}
	if q.Before != 0 {
		to = min(to, int64(q.Before))
	}
	return from, to
}

// findJournal calls find for each place where transactions of the query are.
func findJournal(q office.JournalQuery, find func(text string, args ...any) error) error {
	for _, account := range q.Accounts {
		var err error
		switch q.Kind {
		case "":
			err = find(allOfAccount, account)
		case office.PurchaseTransaction:
			err = find(purchasesOfAccount, account)
		default:
			err = find(kindOfAccount, account, q.Kind)
		}
		if err != nil {
			return err
		}
	}
	if q.Accounts != nil {
		return nil
	}
	if q.Kind == "" || q.Kind == office.PurchaseTransaction {
		for account := int64(firstSalesAccount); account < firstSalesAccount+salesShards; account++ {
			if err := find(purchasesOfAccount, account); err != nil {
				return err
			}
		}
	}
	switch q.Kind {
	case "":
		return find(allHeads)
	case office.PurchaseTransaction:
		return nil
	}
	return find(headsOfKind, q.Kind)
}

// readTransactions reads heads and entries of the given numbers, in their order. Numbers of nothing are left out.
func (db *DB) readTransactions(ctx context.Context, tx *sql.Tx, ids []int64) ([]office.Transaction, error) {
	list, args := inList(ids)
	at := make(map[gift.ID]int, len(ids))
	found, err := collect(ctx, tx, func(row scanner) (t office.Transaction, err error) {
		var when sql.NullInt64
		err = row.Scan(&t.ID, &t.Kind, &t.OrderID, &t.Reference, &t.Memo, &when)
		t.At = fromMillis(when)
		return t, err
	}, `SELECT id, kind, COALESCE(order_id, 0), COALESCE(reference, ''), memo, at
FROM ledger_transactions WHERE id IN `+list+`
UNION ALL SELECT id, 'purchase', id, '', '', at FROM orders WHERE id IN `+list, args...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b office.Transaction) int { return int(max(-1, min(1, b.ID-a.ID))) })
	for i, t := range found {
		at[t.ID] = i
	}
	return found, db.readPostings(ctx, tx, list, args, func(id gift.ID, p office.Posting) {
		if i, ok := at[id]; ok {
			found[i].Postings = append(found[i].Postings, p)
		}
	})
}

// postingsOf finds the entries of purchases on the accounts that a purchase moves, and those of others by moved_accounts.
const postingsOf = `WITH input (id, account_id, txn_id) AS (
    SELECT r.partner_id + {prepaid}, r.partner_id + {prepaid}, r.id FROM orders r WHERE r.id IN {list}
    UNION ALL
    SELECT s.id, s.id, r.id FROM orders r CROSS JOIN accounts s WHERE r.id IN {list} AND s.kind = 'sales'
    UNION ALL
    SELECT account_id, account_id, txn_id FROM moved_accounts WHERE txn_id IN {list})
SELECT e.txn_id, e.amount, ` + accountColumns + ` FROM input
{each entries e: account_id, txn_id} {each accounts a: id}` + accountOwners + `
ORDER BY e.txn_id DESC, e.amount, a.id`

// readPostings passes the entries of the given numbers on, of each transaction debits first.
func (db *DB) readPostings(
	ctx context.Context, tx *sql.Tx, list string, args []any, add func(gift.ID, office.Posting),
) error {
	text := strings.NewReplacer("{list}", list, "{prepaid}", strconv.Itoa(prepaidBase)).Replace(postingsOf)
	rows, err := tx.QueryContext(ctx, db.dialect.lookUps(text), args...)
	if err != nil {
		return err
	}
	return scanAll(rows, func(row scanner) error {
		var id gift.ID
		var p office.Posting
		a := &p.Account
		err := row.Scan(&id, &p.Amount, &a.ID, &a.Kind, &a.OwnerID, &a.Owner, &a.Title)
		add(id, p)
		return err
	})
}

// inList makes the right side of IN, the same for all lists of about a length, so that few texts are prepared.
func inList(ids []int64) (list string, args []any) {
	n := 1
	for n < len(ids) {
		n *= 4
	}
	var b strings.Builder
	for i := range n {
		b.WriteString(", $" + strconv.Itoa(i+1))
		args = append(args, ids[min(i, len(ids)-1)])
	}
	return "(" + b.String()[2:] + ")", args
}
