package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// RenewLink revokes the link to the voucher page of a line, whose serial number is given, in favour of the next. ErrChanged:
// that is not its link any more; ErrNotFound: there is no such line.
func (db *DB) RenewLink(ctx context.Context, orderID gift.ID, line, serial int64, now time.Time) error {
	if err := db.readyForIDs(ctx); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		o, err := refundedOrder(ctx, tx, orderID)
		if err != nil {
			return err
		}
		changed, err := tx.ExecContext(ctx, `UPDATE order_items SET link_serial = link_serial + 1
WHERE partner_id = $1 AND kind = $2 AND order_id = $3 AND line = $4 AND link_serial = $5`,
			o.partner, int64(o.kind), int64(o.id), line, serial)
		if err != nil {
			return err
		}
		if n, err := changed.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, o.whyNoLink(ctx, tx, line))
		}
		return db.audit(ctx, tx, change{
			action: "voucher.link", subject: office.OrderSubject(o.id, o.sandbox), after: map[string]any{"line": line},
		}, now)
	})
}

// whyNoLink finds out why the link of a line was not renewed.
func (o refundee) whyNoLink(ctx context.Context, tx *sql.Tx, line int64) error {
	err := tx.QueryRowContext(ctx, `SELECT line FROM order_items
WHERE partner_id = $1 AND kind = $2 AND order_id = $3 AND line = $4`, o.partner, int64(o.kind), int64(o.id), line).Scan(&line)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("line %d of order %d %w", line, o.id, ErrNotFound)
	}
	if err != nil {
		return err
	}
	return office.ErrChanged
}
