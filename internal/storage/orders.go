package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
)

// ordersLookedAt bounds the orders that one page looks through for those that fit filters which its index does not know.
const ordersLookedAt = 5000

// Orders returns a page of orders, newest first. A page costs the same however many orders there are: it walks one index,
// and tries filters which that index does not know on a bounded number of orders.
func (db *DB) Orders(ctx context.Context, q office.OrderQuery) (page office.OrderPage, err error) {
	if q.Limit < 1 || q.Limit > maxPage {
		return page, fmt.Errorf("storage: no page of %d orders", q.Limit)
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		s := orderSearch{OrderQuery: q}
		if q.Partner != "" {
			err := tx.QueryRowContext(ctx, `SELECT id FROM partners WHERE name = $1`, q.Partner).Scan(&s.partner)
			if errors.Is(err, sql.ErrNoRows) {
				return nil // nobody's orders
			}
			if err != nil {
				return err
			}
		}
		page, err = s.read(ctx, tx)
		return err
	})
	return page, err
}

// orderSearch is a query for orders on its way to SQL.
type orderSearch struct {
	office.OrderQuery
	partner int64 // 0 = any
	args    arguments
}

// arguments are the values of a query whose text is put together.
type arguments []any

// add adds a value and returns its placeholder.
func (a *arguments) add(v any) string {
	*a = append(*a, v)
	return "$" + strconv.Itoa(len(*a))
}

const orderRowColumns = `SELECT r.id, r.sandbox, r.kind, r.at, r.amount, p.id, p.name, p.title,
    COUNT(*), COUNT(i.used_at), COUNT(i.cancelled_at),
    CAST(COALESCE(SUM(CASE WHEN i.cancelled_at IS NOT NULL THEN i.paid END), 0) AS BIGINT),
    (SELECT COALESCE(d.name, m.product, '') FROM order_items x JOIN offers o ON o.id = x.offer_id
     LEFT JOIN products d ON d.id = o.product_id LEFT JOIN campaigns m ON m.id = o.campaign_id
     WHERE x.partner_id = r.partner_id AND x.kind = r.kind AND x.order_id = r.id AND x.line = 1)
FROM `

// orderRowJoins follow a relation k of the orders' ids. CROSS JOIN keeps SQLite from beginning elsewhere.
const orderRowJoins = ` CROSS JOIN orders r CROSS JOIN partners p CROSS JOIN order_items i
WHERE r.id = k.id AND p.id = r.partner_id AND i.partner_id = r.partner_id AND i.kind = r.kind AND i.order_id = r.id
GROUP BY r.id, p.id ORDER BY r.id DESC`

func scanOrderRow(row scanner, o *office.OrderRow) error {
	var at sql.NullInt64
	err := row.Scan(&o.ID, (*asBool)(&o.Sandbox), &o.Kind, &at, &o.Amount, &o.PartnerID, &o.Partner, &o.PartnerTitle,
		&o.Items, &o.Used, &o.Refunded, &o.PaidBack, &o.Product)
	o.At = fromMillis(at)
	return err
}

// queries returns the query for a page and, when filters may leave it short, the one that tells where its walk ended, which
// takes the first arguments only.
func (s *orderSearch) queries() (page, ended string, endedArgs []any) {
	walk, k := s.walk()
	endedArgs = s.args
	keys := limited(walk, s.Limit+1)
	if filters := s.filters(k); len(filters) > 0 {
		walk = limited(walk, ordersLookedAt)
		ended = `SELECT COUNT(*), COALESCE(MIN(w.id), 0) FROM (` + walk + `) w`
		keys = limited(`SELECT w.id FROM (`+walk+`) w CROSS JOIN orders r
WHERE r.id = w.id AND `+strings.Join(filters, " AND "), s.Limit+1)
	}
	return orderRowColumns + `(` + keys + `) k` + orderRowJoins, ended, endedArgs
}

func (s *orderSearch) read(ctx context.Context, tx *sql.Tx) (page office.OrderPage, err error) {
	query, ended, endedArgs := s.queries()
	page.Orders, err = collect(ctx, tx, func(row scanner) (o office.OrderRow, err error) {
		err = scanOrderRow(row, &o)
		return o, err
	}, query, s.args...)
	switch n := int(s.Limit); {
	case err != nil:
	case len(page.Orders) > n:
		page.Orders, page.Next = page.Orders[:n], page.Orders[n-1].ID
	case ended != "": // a walk that ended because it was long enough goes on where it ended
		var looked int64
		var last gift.ID
		err = tx.QueryRowContext(ctx, ended, endedArgs...).Scan(&looked, &last)
		if looked >= ordersLookedAt {
			page.Next, page.Searched = last, true
		}
	}
	return page, err
}

// limited puts a query that selects ids into their order, the newest first. The number stands in the text: the planner
// reckons with it.
func limited(query string, n int64) string {
	return query + ` ORDER BY 1 DESC LIMIT ` + strconv.FormatInt(n, 10)
}

// known are the conditions that a walk fulfils by itself.
type known struct{ partner, kind, refunded bool }

// walk selects the ids of orders by the index that knows most, within the time asked for.
func (s *orderSearch) walk() (query string, k known) {
	from, to := s.args.add(int64(s.first())), s.args.add(int64(s.end()))
	between := func(column string) string { return column + ` >= ` + from + ` AND ` + column + ` < ` + to }
	switch {
	case s.OrderID != 0:
		return `SELECT id FROM orders WHERE id = ` + s.args.add(int64(s.OrderID)) + ` AND ` + between("id"), k
	case s.Key != "" || s.Tail != nil:
		return s.found(between), k
	case s.State == office.SomeRefunded:
		return `SELECT DISTINCT order_id AS id FROM refunds WHERE ` + between("order_id"), known{refunded: true}
	case s.partner == 0:
		return `SELECT id FROM orders WHERE ` + between("id"), k
	}
	// Every order has a line 1. The orders of each kind are in their order; of both, enough of each is.
	ofKind := func(kind gift.Kind) string {
		return `SELECT order_id AS id FROM order_items WHERE partner_id = ` + s.args.add(s.partner) + ` AND kind = ` + s.args.add(int64(kind)) +
			` AND line = 1 AND ` + between("order_id")
	}
	if s.Kind != 0 {
		return ofKind(s.Kind), known{partner: true, kind: true}
	}
	enough := int64(ordersLookedAt)
	if s.State == "" {
		enough = s.Limit + 1
	}
	return `SELECT id FROM (SELECT id FROM (` + limited(ofKind(gift.Gifticon), enough) + `) g
UNION ALL SELECT id FROM (` + limited(ofKind(gift.StarCoupon), enough) + `) c) b`, known{partner: true}
}

// found selects the orders of a partner's key or reference, of a number's tail, or of either. Sandbox orders show numbers of
// their own, so the tail of the unit they name says nothing of them. The look-ups are subqueries of one row each: of a join,
// PostgreSQL begins at the sales as soon as there are many.
func (s *orderSearch) found(between func(string) string) string {
	var parts []string
	if s.Key != "" {
		parts = s.ofPartners()
	}
	if s.Tail != nil {
		parts = append(parts, `SELECT (SELECT i.order_id FROM order_items i WHERE i.unit_id = u.id AND i.test_order = 0) AS id
FROM units u WHERE u.tail_hash = `+s.args.add(s.Tail))
	}
	return `SELECT id FROM (` + strings.Join(parts, " UNION ") + `) f WHERE ` + between("id")
}

// ofPartners selects the orders of a key, in either version of the API, and of a reference.
func (s *orderSearch) ofPartners() (parts []string) {
	of := ""
	if s.partner != 0 {
		of = ` WHERE p.id = ` + s.args.add(s.partner)
	}
	for _, key := range []string{s.Key, purchase.SecondKeys + s.Key} {
		hash := sha256.Sum256([]byte(key))
		parts = append(parts, `SELECT (SELECT a.order_id FROM idempotency_answers a
    WHERE a.partner_id = p.id AND a.key_hash = `+s.args.add(hash[:])+`) AS id FROM partners p`+of)
	}
	return append(parts, `SELECT (SELECT o.id FROM orders o WHERE o.partner_id = p.id AND o.reference = `+s.args.add(s.Key)+`) AS id
FROM partners p`+of)
}

// first and end bound the numbers of the orders asked for: first ≤ number < end.
func (s *orderSearch) first() gift.ID {
	if s.From == 0 {
		return 1 // not 0, which an answer kept under a key has that is a refusal
	}
	return gift.FirstIDAt(s.From.Start())
}

func (s *orderSearch) end() gift.ID {
	end := gift.ID(math.MaxInt64)
	if s.To != 0 {
		end = gift.FirstIDAt(s.To.End())
	}
	if s.Before != 0 {
		end = min(end, s.Before)
	}
	return end
}

// filters are conditions on orders r that a walk did not know.
func (s *orderSearch) filters(k known) (list []string) {
	const items = `EXISTS (SELECT 1 FROM order_items i
WHERE i.partner_id = r.partner_id AND i.kind = r.kind AND i.order_id = r.id AND `
	if s.partner != 0 && !k.partner {
		list = append(list, `r.partner_id = `+s.args.add(s.partner))
	}
	if s.Kind != 0 && !k.kind {
		list = append(list, `r.kind = `+s.args.add(int64(s.Kind)))
	}
	if s.State == office.SomeUsed {
		list = append(list, items+`i.used_at IS NOT NULL)`)
	}
	if s.State == office.SomeRefunded && !k.refunded {
		list = append(list, items+`i.cancelled_at IS NOT NULL)`)
	}
	return list
}
