package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"giftimbiz/client"
)

// States of an order of the shop.
const (
	offered = "offered" // a price is shown; nothing is paid
	pending = "pending" // paid with points; whether the API sold is not known yet
	done    = "done"    // bought
	failed  = "failed"  // not bought, the points are back
)

// order is what a customer buys, or is about to.
type order struct {
	Reference, Key string
	UserID         int64
	State, Reason  string
	QuoteID        string
	HeldUntil      time.Time // by this machine's clock
	Kind           client.Kind
	OfferID        int64
	Name, Place    string
	ImageURL       string
	Seen, Price    int64
	OrderID        string // the API's; "" = not known
	CreatedAt      time.Time
	PaidAt         time.Time
	OrderedAt      time.Time // by the API's clock

	Vouchers []voucher
}

// lapsed tells whether the order is an offer that is held no longer.
func (o *order) lapsed() bool {
	return o.State == offered && o.QuoteID != "" && time.Now().After(o.HeldUntil)
}

// voucher is what the shop knows of a voucher, which is everything but how to use it.
type voucher struct {
	ID        string
	Reference string // of its order
	CouponID  int64
	State     client.VoucherState
	Paid      int64
	LastDay   client.Day
	UsedAt    time.Time
	UsedShop  string
	Withdrawn bool // found to be bad by the operator
}

// errPoints says that a customer has not enough points.
var errPoints = errors.New("not enough points")

// offer stores an order that is not paid yet.
func (s *store) offer(ctx context.Context, o *order) error {
	_, err := s.db.ExecContext(ctx, `
		INSERT INTO orders (reference, key, user_id, state, quote_id, held_until, kind, offer_id, name, place, image_url, seen_price,
			price, created_at)
		VALUES ($1, $2, $3, 'offered', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		o.Reference, o.Key, o.UserID, o.QuoteID, o.HeldUntil.UnixMilli(), o.Kind, o.OfferID, o.Name, o.Place, o.ImageURL, o.Seen,
		o.Price, o.CreatedAt.UnixMilli())
	return err
}

// renew stores that an offer is held anew, perhaps at another price. before is what held it. One that was paid or withdrawn meanwhile
// stays as it is.
func (s *store) renew(ctx context.Context, o *order, before string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE orders SET quote_id = $1, held_until = $2, seen_price = $3, price = $4
		WHERE reference = $5 AND state = 'offered' AND quote_id = $6`,
		o.QuoteID, o.HeldUntil.UnixMilli(), o.Seen, o.Price, o.Reference, before)
	return err
}

// withdraw takes back an offer that was not paid, and tells whether it was one.
func (s *store) withdraw(ctx context.Context, reference string) (was bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		was, err = changed(ctx, tx, `DELETE FROM orders WHERE reference = $1 AND state = 'offered'`, reference)
		return err
	})
	return was, err
}

// charge takes the points for an order, once however often it is asked for: paid tells whether this call was the one. It comes before
// the API is asked to sell, so that nobody gets a voucher without paying, whatever happens in between. An offer that was held anew
// meanwhile is another one. errPoints: there are too few.
func (s *store) charge(ctx context.Context, o *order, now time.Time) (paid bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) (err error) {
		paid, err = changed(ctx, tx, `UPDATE orders SET state = 'pending', paid_at = $1
			WHERE reference = $2 AND state = 'offered' AND quote_id = $3`, now.UnixMilli(), o.Reference, o.QuoteID)
		if err != nil || !paid {
			return err
		}
		enough, err := changed(ctx, tx, `UPDATE users SET points = points - $1, version = version + 1 WHERE id = $2 AND points >= $1`,
			o.Price, o.UserID)
		if err == nil && !enough {
			err = errPoints
		}
		return err
	})
	return paid && err == nil, err
}

// fail gives the points of a purchase back that did not happen. An order that was settled meanwhile stays as it is.
func (s *store) fail(ctx context.Context, o *order, reason string) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		was, err := changed(ctx, tx, `UPDATE orders SET state = 'failed', reason = $1 WHERE reference = $2 AND state = 'pending'`,
			reason, o.Reference)
		if err != nil || !was {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE users SET points = points + $1, version = version + 1 WHERE id = $2`, o.Price, o.UserID)
		return err
	})
}

const orderColumns = `reference, key, user_id, state, reason, quote_id, held_until, kind, offer_id, name, place, image_url, seen_price,
	price, coalesce(order_id, ''), created_at, paid_at, ordered_at`

func scanOrder(row interface{ Scan(...any) error }) (*order, error) {
	var o order
	var held, created, paid, ordered int64
	err := row.Scan(&o.Reference, &o.Key, &o.UserID, &o.State, &o.Reason, &o.QuoteID, &held, &o.Kind, &o.OfferID, &o.Name, &o.Place,
		&o.ImageURL, &o.Seen, &o.Price, &o.OrderID, &created, &paid, &ordered)
	o.HeldUntil, o.CreatedAt = time.UnixMilli(held), time.UnixMilli(created)
	o.PaidAt, o.OrderedAt = time.UnixMilli(paid), time.UnixMilli(ordered)
	return &o, err
}

// order returns a customer's order with its vouchers; nil when there is none, or it is somebody else's.
func (s *store) order(ctx context.Context, userID int64, reference string) (*order, error) {
	o, err := scanOrder(s.db.QueryRowContext(ctx,
		`SELECT `+orderColumns+` FROM orders WHERE reference = $1 AND user_id = $2`, reference, userID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = s.addVouchers(ctx, []*order{o})
	}
	return o, err
}

// mostOrders bounds what a customer is shown.
const mostOrders = 200

// bought returns a customer's orders that were paid, newest first.
func (s *store) bought(ctx context.Context, userID int64) ([]*order, error) {
	list, err := s.orders(ctx, `user_id = $1 AND state <> 'offered' ORDER BY created_at DESC LIMIT $2`, userID, mostOrders)
	if err == nil {
		err = s.addVouchers(ctx, list)
	}
	return list, err
}

// openOffer returns the customer's offer of something whose price is held for a while longer; nil = there is none.
func (s *store) openOffer(ctx context.Context, userID int64, kind client.Kind, offerID int64, until time.Time) (*order, error) {
	list, err := s.orders(ctx, `user_id = $1 AND state = 'offered' AND kind = $2 AND offer_id = $3 AND held_until > $4
		ORDER BY created_at DESC LIMIT 1`, userID, kind, offerID, until.UnixMilli())
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// offeredTo returns what is offered to a customer and held now.
func (s *store) offeredTo(ctx context.Context, userID int64, now time.Time) ([]*order, error) {
	return s.orders(ctx, `user_id = $1 AND state = 'offered' AND held_until > $2 ORDER BY created_at LIMIT 10`, userID, now.UnixMilli())
}

// unclear returns paid orders of which the outcome is not known, oldest first, some at a time.
func (s *store) unclear(ctx context.Context, limit int) ([]*order, error) {
	return s.orders(ctx, `state = 'pending' ORDER BY paid_at LIMIT $1`, limit)
}

func (s *store) orders(ctx context.Context, where string, args ...any) (list []*order, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+orderColumns+` FROM orders WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		o, err := scanOrder(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, rows.Err()
}

// addVouchers reads the vouchers of orders, all at once.
func (s *store) addVouchers(ctx context.Context, list []*order) error {
	references, byReference := make([]string, len(list)), make(map[string]*order, len(list))
	for i, o := range list {
		references[i], byReference[o.Reference] = o.Reference, o
	}
	asked, err := json.Marshal(references)
	if err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT `+voucherColumns+` FROM vouchers
		WHERE reference IN (SELECT value FROM json_each($1)) ORDER BY id`, string(asked))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err tells
	for rows.Next() {
		v, err := scanVoucher(rows)
		if err != nil {
			return err
		}
		o := byReference[v.Reference]
		o.Vouchers = append(o.Vouchers, *v)
	}
	return rows.Err()
}

const voucherColumns = `id, reference, coupon_id, state, paid, last_day, used_at, used_shop, withdrawn`

func scanVoucher(row interface{ Scan(...any) error }) (*voucher, error) {
	var v voucher
	var used int64
	err := row.Scan(&v.ID, &v.Reference, &v.CouponID, &v.State, &v.Paid, &v.LastDay, &used, &v.UsedShop, &v.Withdrawn)
	if used > 0 {
		v.UsedAt = time.UnixMilli(used)
	}
	return &v, err
}
