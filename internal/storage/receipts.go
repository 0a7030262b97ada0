package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/trail"
)

// IssueReceipt returns the receipt of a partner's statement of some days, a month. The first time it writes a line into the audit
// trail that says what the statement says; later it returns that. office.ErrNotClosed: the days are not over, not closed yet, or
// were opened again just now.
func (db *DB) IssueReceipt(ctx context.Context, partner string, from, to gift.Day, now time.Time) (office.Receipt, error) {
	r, err := db.Receipt(ctx, partner, from)
	if !errors.Is(err, ErrNotFound) {
		return r, err
	}
	notClosed := fmt.Errorf("the days from %s to %s %w", from, to, office.ErrNotClosed)
	if gift.DayOf(now.Add(-closeLag)) <= to { // whatever another node's clock says
		return r, notClosed
	}
	var says office.ReceiptContent
	var partnerID int64
	var read closings
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		if read, err = db.closingsIn(ctx, tx, ""); err != nil || to >= read.open {
			return cmp.Or(err, notClosed)
		}
		partnerID, says, err = receiptContent(ctx, tx, partner, from, to)
		return err
	})
	if err != nil {
		return r, err
	}
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		is, err := db.closingsIn(ctx, tx, lockRow)
		if err != nil || to >= is.open || is.reopened != read.reopened { // what was read may not be all
			return cmp.Or(err, notClosed)
		}
		line, err := db.auditLine(ctx, change{action: receiptAction, subject: partnerSubject(partner), after: says}, now)
		if err != nil {
			return err
		}
		n, err := rowsOf(tx.ExecContext(ctx, `INSERT INTO receipts (partner_id, first_day, last_day, audit_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (partner_id, first_day) DO NOTHING`, partnerID, int64(from), int64(to), line.ID))
		if err != nil || n == 0 { // somebody was faster, with the same
			return err
		}
		return db.unwritten.add(tx, line)
	})
	if err != nil {
		return r, err
	}
	return db.Receipt(ctx, partner, from)
}

// Receipt returns the receipt of a partner's statement of the month that begins with a day, or ErrNotFound.
func (db *DB) Receipt(ctx context.Context, partner string, from gift.Day) (r office.Receipt, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		l, err := scanLine(tx.QueryRowContext(ctx, `SELECT `+lineColumns+` FROM audit WHERE id = (
    SELECT r.audit_id FROM receipts r WHERE r.partner_id = (SELECT id FROM partners WHERE name = $1) AND r.first_day = $2)`,
			partner, int64(from)))
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("a receipt of %q from %s %w", partner, from, ErrNotFound)
		}
		if err != nil {
			return err
		}
		r.Line, r.Hash = l.Line, l.Hash
		before, err := headAt(ctx, tx, l.Number-1)
		r.Before = before.Hash
		return err
	})
	return r, err
}

// receiptContent reads what a partner's statement says, entry by entry.
func receiptContent(ctx context.Context, tx *sql.Tx, partner string, from, to gift.Day) (id int64, c office.ReceiptContent, err error) {
	b, err := bookOf(ctx, tx, partner)
	if err != nil {
		return 0, c, err
	}
	c = office.ReceiptContent{Partner: partner, From: from.String(), To: to.String()}
	first, behind := gift.FirstIDAt(from.Start()), gift.FirstIDAt(to.End())
	if c.Opening, err = b.balanceBefore(ctx, first); err != nil {
		return 0, c, err
	}
	if c.Purchases, err = b.spent(ctx, from, to); err != nil {
		return 0, c, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT e.txn_id, e.amount, COALESCE(t.kind, $4) FROM entries e
LEFT JOIN ledger_transactions t ON t.id = e.txn_id
WHERE e.account_id = $1 AND e.txn_id >= $2 AND e.txn_id < $3 ORDER BY e.txn_id`, b.account, int64(first), int64(behind),
		office.PurchaseTransaction)
	if err != nil {
		return 0, c, err
	}
	digest := sha256.New()
	c.Closing = c.Opening
	err = scanAll(rows, func(row scanner) error {
		var id int64
		var amount gift.Won
		var kind string
		err := row.Scan(&id, &amount, &kind)
		c.Closing += amount
		c.Entries++
		fmt.Fprintf(digest, "%d,%s,%d,%d\n", id, kind, amount, c.Closing)
		return err
	})
	c.Digest = trail.Hash(digest.Sum(nil))
	return b.partnerID, c, err
}

// headAt returns the head that the chain had after some lines.
func headAt(ctx context.Context, q querier, lines int64) (head trail.Head, err error) {
	if lines == 0 {
		return head, nil
	}
	return scanTrailHead(q.QueryRowContext(ctx, `SELECT number, hash, at FROM audit WHERE number = $1`, lines))
}

// TrailPart returns the digests of up to limit lines of the audit trail after so many. ErrNotFound: there are not so many.
func (db *DB) TrailPart(ctx context.Context, after int64, limit int) (p office.TrailPart, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		if p.Head, err = headIn(ctx, tx); err != nil {
			return err
		}
		if after > p.Head.Lines {
			return fmt.Errorf("line %d of the audit trail %w", after, ErrNotFound)
		}
		if p.From, err = headAt(ctx, tx, after); err != nil {
			return err
		}
		if p.To, err = headAt(ctx, tx, min(after+int64(limit), p.Head.Lines)); err != nil {
			return err
		}
		p.Digests, err = collect(ctx, tx, func(row scanner) (h trail.Hash, err error) {
			var digest []byte
			err = row.Scan(&digest)
			copy(h[:], digest)
			return h, err
		}, `SELECT digest FROM audit WHERE number > $1 AND number <= $2 ORDER BY number`, after, p.To.Lines)
		return err
	})
	return p, err
}

// checkReceipts looks whether the books still say what receipts say.
func checkReceipts(ctx context.Context, tx *sql.Tx) (faults []Fault, err error) {
	const name = "every receipt of a statement says what the books say"
	type issued struct {
		partner  string
		from, to gift.Day
		says     string // "" = its line is not there
	}
	list, err := collect(ctx, tx, func(row scanner) (r issued, err error) {
		err = row.Scan(&r.partner, &r.from, &r.to, &r.says)
		return r, err
	}, `SELECT p.name, r.first_day, r.last_day, COALESCE(a.after_state, '')
FROM receipts r JOIN partners p ON p.id = r.partner_id LEFT JOIN audit a ON a.id = r.audit_id AND a.action = $1
ORDER BY r.partner_id, r.first_day`, receiptAction)
	for _, r := range list {
		if err != nil {
			break
		}
		var is office.ReceiptContent
		if _, is, err = receiptContent(ctx, tx, r.partner, r.from, r.to); err != nil && !errors.Is(err, ErrNotFound) {
			break
		}
		var text string
		if text, err = stateOf(is); text != r.says && len(faults) < faultsShown {
			faults = append(faults, Fault{name, fmt.Sprintf("partner %s from %s: %q, the books say %q", r.partner, r.from, r.says, text)})
		}
	}
	return faults, err
}
