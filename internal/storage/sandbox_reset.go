package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// How much one transaction of a reset forgets at most: orders of so many items, or so many rows of what has none.
const (
	resetItems = 1000
	resetRows  = 2000
)

// ResetSandbox makes a sandbox partner forget what it did: orders with all that became of them, quotes, references, answers kept
// under keys, and its events; and puts its clock back. It returns how many orders those were. Balance, keys, limits and endpoints
// stay. It takes a part at a time, each of them whole: what is bought meanwhile is forgotten as a whole, or stays. Broken off, it
// is safe to repeat. ErrNotFound: there is no such sandbox partner.
func (db *DB) ResetSandbox(ctx context.Context, partnerID int64, now time.Time) (orders int64, err error) {
	if _, err := db.SetClock(ctx, partnerID, now, func(time.Duration) (time.Duration, error) { return 0, nil }); err != nil {
		return 0, err
	}
	last, err := db.lastOrder(ctx, partnerID)
	if err != nil {
		return 0, err
	}
	for more := true; more; {
		var r *sandboxReset
		err := db.retry(ctx, func() (err error) {
			r = &sandboxReset{DB: db, partner: partnerID, last: last}
			more, err = r.part(ctx)
			return err
		})
		if err != nil {
			return orders, err
		}
		orders += r.orders
	}
	return orders, nil
}

// lastOrder is up to which order is forgotten: those bought later would keep a reset going.
func (db *DB) lastOrder(ctx context.Context, partnerID int64) (last gift.ID, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(last), 0) FROM (
    SELECT MAX(order_id) AS last FROM order_items WHERE partner_id = $1 AND kind = 1
    UNION ALL SELECT MAX(order_id) FROM order_items WHERE partner_id = $1 AND kind = 2) x`, partnerID).Scan(&last)
	return last, classify(err)
}

// sandboxReset is one transaction of a reset. It holds the partner's account, so that nothing is bought meanwhile, and the rows of
// the house's notices, so that nobody is told of what goes, and the partner's own, so that nothing is told again to its endpoints.
type sandboxReset struct {
	*DB
	s       session
	partner int64
	last    gift.ID
	orders  int64 // that went
}

// part forgets some and tells whether there may be more.
func (r *sandboxReset) part(ctx context.Context) (more bool, err error) {
	s, release, err := r.beginWalk(ctx)
	if err != nil {
		return false, classify(err)
	}
	defer release()
	r.s = s
	if _, err = r.ownWalk(ctx, r.s, r.partner, time.Time{}); err == nil {
		r.s.query(lockPartner, func(scanner) error { return nil }, []int64{r.partner})
		err = r.s.flush(ctx)
	}
	if err == nil {
		more, err = r.forget(ctx)
	}
	return more, r.end(ctx, s, err)
}

// forget begins with what names orders or is named by none, and goes on to orders once that is little.
func (r *sandboxReset) forget(ctx context.Context) (more bool, err error) {
	for _, remove := range []func(context.Context) (int, error){
		r.removeQuotes, r.removeReferences, r.removeAnswers,
		func(ctx context.Context) (int, error) { return r.removeEvents(ctx, resetRows) },
	} {
		if n, err := remove(ctx); n == resetRows || err != nil {
			return true, err
		}
	}
	for _, kind := range []gift.Kind{gift.Gifticon, gift.StarCoupon} {
		orders, err := r.chosen(ctx, kind)
		if err != nil {
			return false, err
		}
		if len(orders) > 0 {
			return true, r.removeOrders(ctx, kind, orders)
		}
	}
	return false, nil
}

var lockPartner = over("id bigint", `SELECT partners.id FROM partners WHERE partners.id IN (SELECT id FROM input) `+lockRow)

var (
	resetQuoteItems = over("id bigint", `DELETE FROM quote_items WHERE quote_id IN (SELECT id FROM input)`)
	resetQuotes     = over("id bigint", `DELETE FROM quotes WHERE id IN (SELECT id FROM input) AND sandbox = 1`)
	resetReferences = over("partner_id bigint, reference text", `
DELETE FROM closed_references WHERE (partner_id, reference) IN (SELECT partner_id, reference FROM input)`)
	resetAnswers = over("partner_id bigint, key_hash bytea", `
DELETE FROM idempotency_answers WHERE (partner_id, key_hash) IN (SELECT partner_id, key_hash FROM input)`)
	resetDeliveries = over("endpoint_id bigint, event_id bigint", `
DELETE FROM deliveries WHERE (endpoint_id, event_id) IN (SELECT endpoint_id, event_id FROM input)`)
	resetEvents = over("id bigint", `DELETE FROM events WHERE id IN (SELECT id FROM input)`)
)

func (r *sandboxReset) removeQuotes(ctx context.Context) (int, error) {
	ids, err := collectIn(ctx, r.s, scanID, `SELECT id FROM quotes WHERE partner_id = $1 AND sandbox = 1 ORDER BY id LIMIT $2`,
		r.partner, resetRows)
	r.s.exec(resetQuoteItems, -1, ids)
	r.s.exec(resetQuotes, -1, ids)
	return len(ids), errors.Join(err, r.s.flush(ctx))
}

func (r *sandboxReset) removeReferences(ctx context.Context) (int, error) {
	names, err := collectIn(ctx, r.s, func(row scanner) (name string, err error) { return name, row.Scan(&name) },
		`SELECT reference FROM closed_references WHERE partner_id = $1 ORDER BY reference LIMIT $2`, r.partner, resetRows)
	r.s.exec(resetReferences, -1, repeat(r.partner, len(names)), names)
	return len(names), errors.Join(err, r.s.flush(ctx))
}

func (r *sandboxReset) removeAnswers(ctx context.Context) (int, error) {
	keys, err := collectIn(ctx, r.s, func(row scanner) (key []byte, err error) { return key, row.Scan(&key) },
		`SELECT key_hash FROM idempotency_answers WHERE partner_id = $1 AND order_id <= $2 ORDER BY key_hash LIMIT $3`,
		r.partner, int64(r.last), resetRows)
	r.s.exec(resetAnswers, -1, repeat(r.partner, len(keys)), keys)
	return len(keys), errors.Join(err, r.s.flush(ctx))
}

func (r *sandboxReset) removeEvents(ctx context.Context, limit int) (int, error) {
	ids, err := collectIn(ctx, r.s, scanID,
		`SELECT id FROM events WHERE partner_id = $1 AND order_id <= $2 ORDER BY id LIMIT $3`, r.partner, int64(r.last), limit)
	if err != nil {
		return 0, err
	}
	endpoints, err := collectIn(ctx, r.s, scanID, `SELECT id FROM endpoints WHERE partner_id = $1 ORDER BY id`, r.partner)
	for _, endpoint := range endpoints {
		r.s.exec(resetDeliveries, -1, repeat(endpoint, len(ids)), ids)
	}
	r.s.exec(resetEvents, -1, ids)
	return len(ids), errors.Join(err, r.s.flush(ctx))
}

// chosen returns the newest orders of a kind, of so many items. The newest go first, because a claim of a once-per-partner offer
// stands for its newest purchase.
func (r *sandboxReset) chosen(ctx context.Context, kind gift.Kind) ([]int64, error) {
	orders, err := collectIn(ctx, r.s, scanID, `SELECT order_id FROM order_items
WHERE partner_id = $1 AND kind = $2 AND order_id <= $3 ORDER BY order_id DESC, line DESC LIMIT $4`,
		r.partner, int64(kind), int64(r.last), resetItems)
	return slices.Compact(orders), err
}

var (
	resetOrderItems = over("partner_id bigint, kind bigint, order_id bigint", `
DELETE FROM order_items WHERE (partner_id, kind, order_id) IN (SELECT partner_id, kind, order_id FROM input) AND test_order > 0
RETURNING order_id, offer_id, face`)
	resetRefundItems = over("id bigint", `DELETE FROM refund_items WHERE order_id IN (SELECT id FROM input)`)
	resetRefunds     = over("id bigint", `DELETE FROM refunds WHERE order_id IN (SELECT id FROM input)`)
	resetRedemptions = over("id bigint", `DELETE FROM redemptions WHERE order_id IN (SELECT id FROM input) AND test_order > 0`)
	resetClaims      = over("partner_id bigint, offer_id bigint, last_order bigint", `
DELETE FROM once_claims WHERE (partner_id, offer_id) IN (
    SELECT input.partner_id, input.offer_id FROM input WHERE NOT EXISTS (
        SELECT 1 FROM order_items i WHERE i.offer_id = input.offer_id AND i.test_order > 0 AND i.order_id > input.last_order
           AND i.partner_id + 0 = input.partner_id))`)
	resetOrders = over("id bigint, partner_id bigint", `
DELETE FROM orders WHERE id IN (SELECT id FROM input) AND partner_id + 0 IN (SELECT partner_id FROM input) AND sandbox = 1
RETURNING id, at, amount`)
	resetDays = over("partner_id bigint, day bigint, kind bigint, orders bigint, items bigint, spent bigint, face bigint", `
UPDATE partner_days SET orders = partner_days.orders - input.orders, items = partner_days.items - input.items,
    spent = partner_days.spent - input.spent, face = partner_days.face - input.face
FROM input WHERE partner_days.partner_id = input.partner_id AND partner_days.day = input.day AND partner_days.kind = input.kind`)
	resetEmptyDays = over("partner_id bigint", `
DELETE FROM partner_days WHERE partner_id IN (SELECT partner_id FROM input) AND orders = 0`)
)

// removeOrders takes the items first: whoever redeems or refunds one has its row locked, and has written all else when it lets
// go of it.
func (r *sandboxReset) removeOrders(ctx context.Context, kind gift.Kind, orders []int64) error {
	items, faces, offers := map[int64]int64{}, map[int64]int64{}, map[int64]bool{}
	r.s.query(resetOrderItems, func(row scanner) error {
		var order, offer, face int64
		err := row.Scan(&order, &offer, &face)
		items[order]++
		faces[order] += face
		offers[offer] = true
		return err
	}, repeat(r.partner, len(orders)), repeat(int64(kind), len(orders)), orders)
	if err := r.s.flush(ctx); err != nil {
		return err
	}
	if _, err := r.removeEvents(ctx, 2*resetRows+resetItems); err != nil { // those before, and what was told since of these items
		return err
	}
	for _, st := range []*setStatement{resetRefundItems, resetRefunds, resetRedemptions} {
		r.s.exec(st, -1, orders)
	}
	claims := slices.Sorted(maps.Keys(offers))
	r.s.exec(resetClaims, -1, repeat(r.partner, len(claims)), claims, repeat(int64(r.last), len(claims)))
	days := map[gift.Day]*purchase.DayCount{}
	r.s.query(resetOrders, func(row scanner) error {
		var id int64
		var at sql.NullInt64
		var amount gift.Won
		err := row.Scan(&id, &at, &amount)
		day := gift.DayOf(fromMillis(at))
		if days[day] == nil {
			days[day] = &purchase.DayCount{PartnerID: r.partner, Day: day, Kind: kind}
		}
		d := days[day]
		d.Orders, d.Items, d.Spent, d.Face = d.Orders+1, d.Items+items[id], d.Spent+amount, d.Face+gift.Won(faces[id])
		return err
	}, orders, repeat(r.partner, len(orders)))
	if err := r.s.flush(ctx); err != nil {
		return err
	}
	return r.countDown(ctx, days)
}

// countDown takes what went from the partner's days.
func (r *sandboxReset) countDown(ctx context.Context, days map[gift.Day]*purchase.DayCount) error {
	var list []purchase.DayCount
	for _, d := range days {
		r.orders += d.Orders
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b purchase.DayCount) int { return cmp.Compare(a.Day, b.Day) })
	r.s.exec(resetDays, len(list), dayColumns(list)...)
	r.s.exec(resetEmptyDays, -1, []int64{r.partner})
	return r.s.flush(ctx)
}
