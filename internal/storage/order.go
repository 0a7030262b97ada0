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

// trailShown is how many lines of the audit trail an order shows at most.
const trailShown = 200

// Order returns all that is known of an order, in one state of the database, or ErrNotFound.
func (db *DB) Order(ctx context.Context, id gift.ID) (o office.Order, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, orderRowColumns+`(SELECT id FROM orders WHERE id = $1) k`+orderRowJoins, int64(id))
		err := scanOrderRow(row, &o.OrderRow)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("order %d %w", id, ErrNotFound)
		}
		if err != nil {
			return err
		}
		r := orderReader{ctx, tx, &o}
		return errors.Join(r.state(), r.items(), r.uses(), r.counter(), r.refunds(), r.bookings(), r.trail())
	})
	return o, err
}

// orderReader reads what belongs to an order.
type orderReader struct {
	ctx context.Context
	tx  *sql.Tx
	o   *office.Order
}

func (r orderReader) rows(scan func(scanner) error, query string, args ...any) error {
	rows, err := r.tx.QueryContext(r.ctx, query, args...)
	if err != nil {
		return err
	}
	return scanAll(rows, scan)
}

// An answer is kept in the transaction of its order, a little before the order gets its number.
const (
	answeredWithin  = 10 * time.Second
	answersLookedAt = 2000
)

// state reads the partner's state, its own number of the order, and whether the order's answer is kept under a key. Answers are not found by their
// orders, for that would cost every purchase an index: the newest before the order are looked through.
func (r orderReader) state() error {
	at := millis(r.o.At)
	var answers int64
	err := r.tx.QueryRowContext(r.ctx, `SELECT state, COALESCE((SELECT reference FROM orders WHERE id = $4), ''),
    (SELECT COUNT(*) FROM (
    SELECT order_id FROM idempotency_answers WHERE at >= $2 AND at <= $3 ORDER BY at DESC LIMIT `+strconv.Itoa(answersLookedAt)+`) a
    WHERE a.order_id = $4)
FROM partners WHERE id = $1`, r.o.PartnerID, at-answeredWithin.Milliseconds(), at, int64(r.o.ID)).
		Scan(&r.o.PartnerState, &r.o.Reference, &answers)
	r.o.Keyed = answers > 0
	return err
}

func (r orderReader) items() error {
	columns, joins, scan := ofKind(r.o.Kind)
	return r.rows(func(row scanner) error {
		var item office.OrderItem
		err := scan(row, &item.BoughtItem)
		item.Sealed = nil // whoever wants to see it asks for it by itself
		r.o.Items = append(r.o.Items, item)
		return err
	}, boughtColumns+columns+`FROM order_items i`+joins+`
WHERE i.partner_id = $1 AND i.kind = $2 AND i.order_id = $3 ORDER BY i.line DESC`,
		r.o.PartnerID, int64(r.o.Kind), int64(r.o.ID))
}

// uses reads who used the items, and by what their numbers are found.
func (r orderReader) uses() error {
	at := 0 // the items are read in the same order
	return r.rows(func(row scanner) error {
		if at == len(r.o.Items) {
			return errors.New("storage: an order has more items than it had")
		}
		i := &r.o.Items[at]
		at++
		return row.Scan(&i.UsedVia, &i.SellerName, &i.TailHash)
	}, `SELECT COALESCE(i.used_via, ''), COALESCE(s.name, ''), u.tail_hash
FROM order_items i JOIN units u ON u.id = i.unit_id LEFT JOIN sellers s ON s.id = i.used_seller
WHERE i.partner_id = $1 AND i.kind = $2 AND i.order_id = $3 ORDER BY i.line DESC`,
		r.o.PartnerID, int64(r.o.Kind), int64(r.o.ID))
}

func (r orderReader) counter() error {
	return r.rows(func(row scanner) error {
		var a office.CounterAct
		var at sql.NullInt64
		err := row.Scan(&a.ID, &a.Undoes, &a.Line, &at, &a.Via, &a.Shop, &a.Seller, &a.Actor, &a.Reason)
		a.At = fromMillis(at)
		r.o.Counter = append(r.o.Counter, a)
		return err
	}, `SELECT a.id, COALESCE(a.undoes, 0), a.line, a.at, a.via, COALESCE(s.name, ''), COALESCE(e.name, ''), a.actor, a.reason
FROM redemptions a LEFT JOIN shops s ON s.id = a.shop_id LEFT JOIN sellers e ON e.id = a.seller_id
WHERE a.order_id = $1 ORDER BY a.at, a.id`, int64(r.o.ID))
}

func (r orderReader) refunds() error {
	err := r.rows(func(row scanner) error {
		var f office.OrderRefund
		var at sql.NullInt64
		err := row.Scan(&f.ID, &f.Amount, &f.Reason, &f.Actor, &at)
		f.At = fromMillis(at)
		r.o.Refunds = append(r.o.Refunds, f)
		return err
	}, `SELECT id, amount, reason, actor, at FROM refunds WHERE order_id = $1 ORDER BY id`, int64(r.o.ID))
	if err != nil || len(r.o.Refunds) == 0 {
		return err
	}
	lines := map[gift.ID][]int64{}
	err = r.rows(func(row scanner) error {
		var refund gift.ID
		var line int64
		err := row.Scan(&line, &refund)
		lines[refund] = append(lines[refund], line)
		return err
	}, `SELECT line, refund_id FROM refund_items WHERE order_id = $1 ORDER BY line`, int64(r.o.ID))
	for i := range r.o.Refunds {
		r.o.Refunds[i].Lines = lines[r.o.Refunds[i].ID]
	}
	return err
}

// bookings reads the entries of the order's transactions. Entries are found by account and transaction: those that can
// have any are the partner's, the house's and the shop's.
func (r orderReader) bookings() error {
	args := arguments{int64(r.o.ID)}
	accounts := args.add(prepaidBase + r.o.PartnerID)
	seen := map[int64]bool{}
	for _, i := range r.o.Items {
		if i.Shop.ID != 0 && !seen[i.Shop.ID] {
			seen[i.Shop.ID] = true
			accounts += ", " + args.add(payableBase+i.Shop.ID)
		}
	}
	return r.rows(func(row scanner) error {
		var b office.Booking
		var at sql.NullInt64
		err := row.Scan(&b.Txn, &b.Kind, &at, &b.Memo, &b.Account, &b.Owner, &b.Amount)
		b.At = fromMillis(at)
		r.o.Bookings = append(r.o.Bookings, b)
		return err
	}, `SELECT t.id, t.kind, t.at, t.memo, a.kind,
    COALESCE(CASE a.kind WHEN 'prepaid' THEN p.name WHEN 'payable' THEN s.name END, ''), e.amount
FROM (SELECT id, 'purchase' AS kind, at, '' AS memo FROM orders WHERE id = $1
      UNION ALL SELECT id, kind, at, memo FROM ledger_transactions WHERE order_id = $1) t
CROSS JOIN (SELECT id, kind, owner_id FROM accounts WHERE kind IN ('sales', 'refunds')
            UNION ALL SELECT id, kind, owner_id FROM accounts WHERE id IN (`+accounts+`)) a
CROSS JOIN entries e
LEFT JOIN partners p ON p.id = a.owner_id LEFT JOIN shops s ON s.id = a.owner_id
WHERE e.account_id = a.id AND e.txn_id = t.id
ORDER BY t.id, e.amount`, args...)
}

func (r orderReader) trail() (err error) {
	r.o.Trail, err = collect(r.ctx, r.tx, scanEntry, `SELECT * FROM (SELECT `+auditColumns+`
    FROM audit WHERE subject = $1 ORDER BY id DESC LIMIT `+strconv.Itoa(trailShown)+`) x ORDER BY id`, r.o.Subject())
	return err
}
