package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const headColumns = `SELECT r.id, r.kind, r.sandbox, r.amount, r.at, COALESCE(r.reference, '') FROM `

func scanHead(row scanner) (h gift.OrderHead, err error) {
	var at sql.NullInt64
	err = row.Scan(&h.ID, &h.Kind, (*asBool)(&h.Sandbox), &h.Amount, &at, &h.Reference)
	h.At = fromMillis(at)
	return h, err
}

// OrderHead returns a partner's order without its items, or nil when it has none of that number.
func (db *DB) OrderHead(ctx context.Context, partnerID int64, id gift.ID) (*gift.OrderHead, error) {
	h, err := scanHead(db.read.QueryRowContext(ctx, headColumns+`orders r WHERE r.id = $1 AND r.partner_id + 0 = $2`,
		int64(id), partnerID))
	if err != nil {
		return nil, absent(err)
	}
	return &h, nil
}

// OrderPage returns a page of a partner's orders, newest first, and whether there are more. It costs the same however many
// there are.
func (db *DB) OrderPage(ctx context.Context, q gift.OrderQuery) (heads []gift.OrderHead, more bool, err error) {
	if q.Limit < 1 || q.Limit > maxPage || q.PartnerID == 0 {
		return nil, false, fmt.Errorf("storage: no page of %d orders of partner %d", q.Limit, q.PartnerID)
	}
	query, args := orderPageQuery(q)
	heads, err = collect(ctx, db.read, scanHead, query, args...)
	if int64(len(heads)) > q.Limit {
		heads, more = heads[:q.Limit], true
	}
	return heads, more, classify(err)
}

func orderPageQuery(q gift.OrderQuery) (query string, args []any) {
	s := orderSearch{
		OrderQuery: office.OrderQuery{Kind: q.Kind, From: q.From, To: q.To, Before: q.Before, Limit: q.Limit}, partner: q.PartnerID,
	}
	walk, _ := s.walk()
	return headColumns + `(` + limited(walk, q.Limit+1) + `) k CROSS JOIN orders r WHERE r.id = k.id ORDER BY r.id DESC`, s.args
}

// OrderItems returns all items of a partner's order, in the order in which they were named; none when the order is not the
// partner's.
func (db *DB) OrderItems(ctx context.Context, partnerID int64, orderID gift.ID) (items []gift.BoughtItem, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		var kind gift.Kind
		err := tx.QueryRowContext(ctx, `SELECT kind FROM orders WHERE id = $1 AND partner_id + 0 = $2`, int64(orderID), partnerID).
			Scan(&kind)
		if err != nil {
			return absent(err)
		}
		columns, joins, scan := ofKind(kind)
		items, err = collect(ctx, tx, func(row scanner) (i gift.BoughtItem, err error) {
			err = scan(row, &i)
			return i, err
		}, boughtColumns+columns+`FROM order_items i`+joins+`
WHERE i.partner_id = $1 AND i.kind = $2 AND i.order_id = $3 ORDER BY i.line DESC`, partnerID, int64(kind), int64(orderID))
		return err
	})
	return items, classify(err)
}

// VoucherPage is History without its totals, and of both kinds together when q.Kind is 0; then Offset has to be. It tells
// whether there are more.
func (db *DB) VoucherPage(ctx context.Context, q gift.HistoryQuery) (items []gift.BoughtItem, more bool, err error) {
	kinds := []gift.Kind{q.Kind}
	if q.Kind == 0 {
		kinds = []gift.Kind{gift.Gifticon, gift.StarCoupon}
	}
	if q.Limit < 1 || q.Limit > maxPage || q.Offset < 0 || len(kinds) > 1 && q.Offset > 0 {
		return nil, false, fmt.Errorf("storage: no page of %d items from the %dth", q.Limit, q.Offset)
	}
	if q.Kind != gift.StarCoupon && (q.OfferID != 0 || q.CampaignID != 0) {
		return nil, false, errors.New("storage: only the history of star coupons is kept by offer and campaign")
	}
	pages := make([][]gift.BoughtItem, len(kinds))
	questions := make([]question, len(kinds))
	for n, kind := range kinds {
		q.Kind = kind
		s, err := db.selectionOf(ctx, q)
		if err != nil {
			return nil, false, err
		}
		questions[n] = s.page(q, &pages[n])
	}
	err = db.ask(ctx, questions...)
	for _, page := range pages {
		items = merged(items, page)
	}
	if int64(len(items)) > q.Limit {
		items, more = items[:q.Limit], true
	}
	return items, more, err
}

// merged puts two pages of different orders into one, newest first.
func merged(a, b []gift.BoughtItem) []gift.BoughtItem {
	if len(a) == 0 {
		return b
	}
	all := make([]gift.BoughtItem, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].OrderID > b[0].OrderID {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}
