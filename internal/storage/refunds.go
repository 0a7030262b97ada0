package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// Refund pays items of an order back: all of them or, when one was used or refunded before (*office.NotRefundable), none.
// Of any number of simultaneous refunds of an item exactly one succeeds.
//
// The partner is credited with what it paid, from the account "refunds", which is a deduction from sales: sales stay what
// was sold, shops' claims what was used, and both can be explained by themselves. The units stay sold, since somebody has
// seen their numbers; so do claims of once-per-partner offers, daily limits and the partner's totals, which count purchases.
// An item of a sandbox order is cancelled and moves no money, as its purchase did not.
func (db *DB) Refund(ctx context.Context, n office.NewRefund) (refund office.OrderRefund, err error) {
	lines := slices.Compact(slices.Sorted(slices.Values(n.Lines))) // two refunds lock items in one order
	if len(lines) == 0 || n.Reason == "" {
		return refund, errors.New("storage: a refund names its items and its reason")
	}
	if err := db.readyForIDs(ctx); err != nil {
		return refund, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		o, err := refundedOrder(ctx, tx, n.OrderID)
		if err != nil {
			return err
		}
		refund = office.OrderRefund{
			Lines: lines, Reason: n.Reason, Actor: office.ActorOf(ctx).Name, At: n.At.Truncate(time.Millisecond),
		}
		if refund.Amount, err = o.cancel(ctx, tx, lines, n.At); err != nil {
			return err
		}
		if refund.ID, err = db.newID(); err != nil {
			return err
		}
		if err := db.bookRefund(ctx, tx, o, refund); err != nil {
			return err
		}
		return db.tellRefunded(ctx, tx, o, refund.Amount, n.Bad)
	})
	return refund, err
}

// refundee is the order of which something is paid back.
type refundee struct {
	id      gift.ID
	partner int64
	kind    gift.Kind
	sandbox bool
	lines   []int64 // those that were cancelled
	units   []int64 // theirs
}

func refundedOrder(ctx context.Context, tx *sql.Tx, id gift.ID) (o refundee, err error) {
	o.id = id
	err = tx.QueryRowContext(ctx, `SELECT partner_id, kind, sandbox FROM orders WHERE id = $1`, int64(id)).
		Scan(&o.partner, &o.kind, (*asBool)(&o.sandbox))
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("order %d %w", id, ErrNotFound)
	}
	return o, err
}

// cancel cancels lines and returns what they cost.
func (o *refundee) cancel(ctx context.Context, tx *sql.Tx, lines []int64, at time.Time) (total gift.Won, err error) {
	for _, line := range lines {
		var paid gift.Won
		var unit int64
		err := tx.QueryRowContext(ctx, `UPDATE order_items SET cancelled_at = $5
WHERE partner_id = $1 AND kind = $2 AND order_id = $3 AND line = $4 AND cancelled_at IS NULL AND used_at IS NULL
RETURNING paid, unit_id`, o.partner, int64(o.kind), int64(o.id), line, millis(at)).Scan(&paid, &unit)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, o.whyNot(ctx, tx, line)
		}
		if err != nil {
			return 0, err
		}
		total += paid
		o.lines, o.units = append(o.lines, line), append(o.units, unit)
	}
	return total, nil
}

// whyNot finds out why a line cannot be cancelled.
func (o refundee) whyNot(ctx context.Context, tx *sql.Tx, line int64) error {
	var used, cancelled sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT used_at, cancelled_at FROM order_items
WHERE partner_id = $1 AND kind = $2 AND order_id = $3 AND line = $4`,
		o.partner, int64(o.kind), int64(o.id), line).Scan(&used, &cancelled)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("line %d of order %d %w", line, o.id, ErrNotFound)
	}
	if err != nil {
		return err
	}
	return &office.NotRefundable{Line: line, UsedAt: fromMillis(used), CancelledAt: fromMillis(cancelled)}
}

// tellRefunded tells the buyer what was paid back and, of what cannot be used, that it is withdrawn.
func (db *DB) tellRefunded(ctx context.Context, tx *sql.Tx, o refundee, amount gift.Won, bad bool) error {
	order := o.id.Ref(o.sandbox)
	vouchers := column(o.lines, order.Voucher)
	err := db.tell(ctx, tx, gift.OrderRefunded, o.partner, o.id, gift.RefundData{
		Order: order, Kind: o.kind.Word(), Items: o.units, Vouchers: vouchers, Amount: amount,
	})
	for i, unit := range o.units {
		if err != nil || !bad {
			break
		}
		err = db.tell(ctx, tx, gift.VoucherWithdrawn, o.partner, o.id, gift.WithdrawalData{
			Order: order, Kind: o.kind.Word(), Item: unit, Vouchers: vouchers[i : i+1],
		})
	}
	return err
}

// bookRefund writes what was paid back and by whom, and moves the money.
func (db *DB) bookRefund(ctx context.Context, tx *sql.Tx, o refundee, r office.OrderRefund) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO refunds (id, order_id, amount, reason, operator_id, actor, at)
VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		int64(r.ID), int64(o.id), int64(r.Amount), r.Reason, office.ActorOf(ctx).OperatorID, r.Actor, millis(r.At))
	if err != nil {
		return err
	}
	for _, line := range r.Lines {
		if _, err := tx.ExecContext(ctx, `INSERT INTO refund_items (order_id, line, refund_id) VALUES ($1, $2, $3)`,
			int64(o.id), line, int64(r.ID)); err != nil {
			return err
		}
	}
	if r.Amount > 0 && !o.sandbox {
		err := post(ctx, tx, transaction{
			id: r.ID, kind: "refund", orderID: o.id, memo: r.Reason, at: r.At,
			entries: []entry{{prepaidBase + o.partner, r.Amount}, {refundsAccount, -r.Amount}},
		})
		if err != nil {
			return err
		}
	}
	return db.audit(ctx, tx, change{
		action: "order.refund", subject: office.OrderSubject(o.id, o.sandbox), note: r.Reason,
		after: map[string]any{"refund": int64(r.ID), "lines": r.Lines, "amount": r.Amount},
	}, r.At)
}

// RevealNumber notes in the audit trail that an operator looks at the number of a line, and returns its unit and the
// encrypted number. ErrNotFound: there is no such line, or it has no real number.
func (db *DB) RevealNumber(ctx context.Context, orderID gift.ID, line int64, now time.Time) (unit int64, sealed []byte, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return 0, nil, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		o, err := refundedOrder(ctx, tx, orderID)
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, `SELECT u.id, u.number FROM order_items i JOIN units u ON u.id = i.unit_id
WHERE i.partner_id = $1 AND i.kind = $2 AND i.order_id = $3 AND i.line = $4 AND i.test_order = 0 AND u.number IS NOT NULL`,
			o.partner, int64(o.kind), int64(orderID), line).Scan(&unit, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("a number of line %d of order %d %w", line, orderID, ErrNotFound)
		}
		if err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: "voucher.reveal", subject: office.OrderSubject(orderID, o.sandbox), after: map[string]any{"line": line},
		}, now)
	})
	return unit, sealed, err
}
