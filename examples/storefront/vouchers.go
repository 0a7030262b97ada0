package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"giftimbiz/client"
)

// Kinds of notices. Each stands for what happened to a voucher.
const (
	noticeUsed      = "used"      // detail: the shop
	noticeUndone    = "undone"    // detail: the shop
	noticeCancelled = "cancelled" // detail: the points that came back
	noticeExpiring  = "expiring"  // detail: days that are left
	noticeExpired   = "expired"
	noticeWithdrawn = "withdrawn"
)

// notice tells a customer something.
type notice struct {
	ID        int64
	Kind      string
	Reference string
	Name      string // of what was bought
	Detail    string
	At        time.Time
}

// errRefunded says that something was bought although its points were given back. It must not happen.
var errRefunded = errors.New("the order exists, but its points were given back")

// sold notes that the API sold an order. Vouchers that are known already are left as they are: what is known of them may be newer
// than the answer to the purchase.
func (s *store) sold(ctx context.Context, o *client.Order) (userID int64, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) (err error) {
		userID, err = noteSold(ctx, tx, o)
		return err
	})
	return userID, err
}

func noteSold(ctx context.Context, tx *sql.Tx, o *client.Order) (userID int64, err error) {
	var state string
	err = tx.QueryRowContext(ctx, `SELECT user_id, state FROM orders WHERE reference = $1`, o.Reference).Scan(&userID, &state)
	switch {
	case err != nil:
		return 0, err
	case state == failed:
		return 0, fmt.Errorf("%s: %w", o.Reference, errRefunded)
	case state == done:
		return userID, nil
	case state == offered:
		return 0, fmt.Errorf("%s: the order exists, but was not paid", o.Reference)
	}
	for i := range o.Vouchers {
		if err := insertVoucher(ctx, tx, o.Reference, &o.Vouchers[i]); err != nil {
			return 0, err
		}
	}
	_, err = tx.ExecContext(ctx, `UPDATE orders SET state = 'done', order_id = $1, ordered_at = $2 WHERE reference = $3`,
		o.ID, o.OrderedAt.UnixMilli(), o.Reference)
	if err == nil {
		err = touch(ctx, tx, userID)
	}
	return userID, err
}

func insertVoucher(ctx context.Context, tx *sql.Tx, reference string, v *client.Voucher) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO vouchers (id, reference, coupon_id, state, paid, last_day) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO NOTHING`, v.ID, reference, v.CouponID, client.VoucherUsable, v.Paid, v.LastDay)
	return err
}

// seen tells whether a webhook was taken before.
func (s *store) seen(ctx context.Context, eventID string) (yes bool, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE id = $1)`, eventID).Scan(&yes)
	return yes, err
}

// take notes, all at once or nothing, that a webhook was taken, what the order it tells of is like now, and what its owner is told
// besides. o is nil when the event is of no order here; now is by the API's clock. A webhook that was taken before changes nothing.
func (s *store) take(ctx context.Context, eventID string, o *client.Order, more []notice, now time.Time) (userID int64, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		first, err := noteEvent(ctx, tx, eventID)
		if err != nil || !first || o == nil {
			return err
		}
		userID, err = refresh(ctx, tx, o, now)
		if err != nil || userID == 0 {
			return err
		}
		for _, n := range more {
			if n.Kind == noticeWithdrawn {
				err = markWithdrawn(ctx, tx, o.Reference, n.Detail)
				n.Detail = ""
			}
			if err == nil {
				err = tell(ctx, tx, userID, n)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return userID, err
}

// noteEvent tells whether a webhook is taken for the first time. What no webhook told of, "", always is.
func noteEvent(ctx context.Context, tx *sql.Tx, eventID string) (first bool, err error) {
	if eventID == "" {
		return true, nil
	}
	return changed(ctx, tx, `INSERT INTO events (id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, eventID, time.Now().UnixMilli())
}

// refresh brings an order up to what the API says now. Whatever became different is told to its owner, and vouchers that were
// cancelled are paid back in points, once: when their state turns.
func refresh(ctx context.Context, tx *sql.Tx, o *client.Order, now time.Time) (userID int64, err error) {
	userID, err = noteSold(ctx, tx, o)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil // somebody else buys with the same credentials
	}
	for i := range o.Vouchers {
		if err != nil {
			return 0, err
		}
		err = refreshVoucher(ctx, tx, userID, o.Reference, &o.Vouchers[i], now)
	}
	return userID, err
}

func refreshVoucher(ctx context.Context, tx *sql.Tx, userID int64, reference string, v *client.Voucher, now time.Time) error {
	before, err := scanVoucher(tx.QueryRowContext(ctx,
		`SELECT `+voucherColumns+` FROM vouchers WHERE id = $1`, v.ID))
	if err != nil || before.State == v.State {
		return err
	}
	var usedAt int64
	var shop string
	if v.Used != nil {
		usedAt, shop = v.Used.At.UnixMilli(), v.Used.ShopName
	}
	if _, err := tx.ExecContext(ctx, `UPDATE vouchers SET state = $1, used_at = $2, used_shop = $3 WHERE id = $4`,
		v.State, usedAt, shop, v.ID); err != nil {
		return err
	}
	n := turned(before, v)
	n.Reference, n.At = reference, now
	if n.Kind == noticeCancelled {
		if _, err := tx.ExecContext(ctx, `UPDATE users SET points = points + $1 WHERE id = $2`, before.Paid, userID); err != nil {
			return err
		}
	}
	return tell(ctx, tx, userID, n)
}

// turned is what to say of a voucher's new state.
func turned(before *voucher, v *client.Voucher) notice {
	switch v.State {
	case client.VoucherUsed:
		n := notice{Kind: noticeUsed}
		if v.Used != nil {
			n.Detail = v.Used.ShopName
		}
		return n
	case client.VoucherCancelled:
		return notice{Kind: noticeCancelled, Detail: strconv.FormatInt(before.Paid, 10)}
	case client.VoucherExpired:
		return notice{Kind: noticeExpired}
	}
	return notice{Kind: noticeUndone, Detail: before.UsedShop}
}

// markWithdrawn marks vouchers of an order; their ids are separated by spaces.
func markWithdrawn(ctx context.Context, tx *sql.Tx, reference, ids string) error {
	for _, id := range strings.Fields(ids) {
		_, err := tx.ExecContext(ctx, `UPDATE vouchers SET withdrawn = 1 WHERE id = $1 AND reference = $2`, id, reference)
		if err != nil {
			return err
		}
	}
	return nil
}

func tell(ctx context.Context, tx *sql.Tx, userID int64, n notice) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notices (user_id, kind, reference, detail, at) VALUES ($1, $2, $3, $4, $5)`,
		userID, n.Kind, n.Reference, n.Detail, n.At.UnixMilli())
	if err != nil {
		return err
	}
	return touch(ctx, tx, userID)
}

// notices returns what a customer was told, newest first.
func (s *store) notices(ctx context.Context, userID int64, limit int) (list []notice, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT n.id, n.kind, n.reference, o.name, n.detail, n.at FROM notices n
		JOIN orders o ON o.reference = n.reference WHERE n.user_id = $1 ORDER BY n.id DESC LIMIT $2`, userID, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		var n notice
		var at int64
		if err := rows.Scan(&n.ID, &n.Kind, &n.Reference, &n.Name, &n.Detail, &at); err != nil {
			return nil, err
		}
		n.At = time.UnixMilli(at)
		list = append(list, n)
	}
	return list, rows.Err()
}
