package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"giftimbiz/internal/gift"
)

// maxPage is how many items one page of a history has at most.
const maxPage = 1000

// What is selected of a bought item, in the order of boughtRow's places.
const (
	boughtColumns = `SELECT i.order_id, i.line, r.sandbox, i.unit_id, i.face, i.paid, r.at, i.used_at,
       COALESCE(i.used_seller, 0), i.cancelled_at, i.link_serial,
       CASE WHEN r.sandbox = 1 THEN (SELECT buyer.clock_ahead FROM partners buyer WHERE buyer.id = r.partner_id) ELSE 0 END,
       o.id, o.kind, COALESCE(o.product_id, 0), COALESCE(o.campaign_id, 0), o.face,
       o.price_far, o.price_mid, o.price_near, o.last_day, o.stopped, o.once_per,
       c.id, c.kind, c.name, c.thumb, c.sort, `

	giftColumns = `b.id, b.category_id, b.name, b.thumb, b.in_use, p.id, p.brand_id, p.name, p.face, p.thumb,
       CASE WHEN r.sandbox = 0 THEN u.number END `

	giftJoins = `
JOIN orders r ON r.id = i.order_id
JOIN offers o ON o.id = i.offer_id
JOIN units u ON u.id = i.unit_id
JOIN products p ON p.id = o.product_id
JOIN brands b ON b.id = p.brand_id
JOIN categories c ON c.id = b.category_id`

	starColumns = `m.id, m.shop_id, m.coupon_name, m.product, m.terms, m.free, m.price, m.org_price, m.discount,
       m.member_type, m.maker, m.thumb, m.image, m.image2,
       s.id, s.category_id, s.name, s.thumb, s.province, s.district, s.town, s.map_url `

	starJoins = `
JOIN orders r ON r.id = i.order_id
JOIN offers o ON o.id = i.offer_id
JOIN campaigns m ON m.id = o.campaign_id
JOIN shops s ON s.id = m.shop_id
JOIN categories c ON c.id = s.category_id`
)

// Which items a query is about; $1 is the partner and $2 what the name says. CROSS JOIN keeps SQLite from putting the
// tables in another order.
const (
	itemsOfKind = `order_items i WHERE i.partner_id = $1 AND i.kind = $2`

	itemsOfOffer = `order_items i WHERE i.partner_id = $1 AND i.kind = 2 AND i.offer_id = $2`

	itemsOfCampaign = `offers f CROSS JOIN order_items i
WHERE f.campaign_id = $2 AND i.partner_id = $1 AND i.kind = 2 AND i.offer_id = f.id`
)

// selection is a history query on its way to SQL.
type selection struct {
	items string // one of the texts above
	what  int64  // its $2
	// from ≤ order id < to. IDs are in time order, so days are such ranges too.
	from, to gift.ID
	// counted says that no sums are kept for what is selected.
	counted bool
}

// History returns a page of a partner's bought items, newest first, items of an order as they were named. The first page
// and a page After an item cost the same however much was bought before; totals cost the same unless OrderID, OfferID
// or CampaignID is given. The page and its totals are of one state of the database.
func (db *DB) History(ctx context.Context, q gift.HistoryQuery) (h gift.History, err error) {
	if q.Limit < 1 || q.Limit > maxPage || q.Offset < 0 {
		return h, fmt.Errorf("storage: no page of %d items from the %dth", q.Limit, q.Offset)
	}
	if q.Kind != gift.StarCoupon && (q.OfferID != 0 || q.CampaignID != 0) {
		return h, errors.New("storage: only the history of star coupons is kept by offer and campaign")
	}
	s, err := db.selectionOf(ctx, q)
	if err != nil {
		return h, err
	}
	if err = db.ask(ctx, s.page(q, &h.Items), s.totals(q, &h)); int64(len(h.Items)) > q.Limit {
		h.Items, h.More = h.Items[:q.Limit], true
	}
	return h, err
}

func (db *DB) selectionOf(ctx context.Context, q gift.HistoryQuery) (s selection, err error) {
	s = selection{items: itemsOfKind, what: int64(q.Kind), to: math.MaxInt64, counted: true}
	switch {
	case q.OfferID != 0:
		s.items, s.what = itemsOfOffer, q.OfferID
	case q.CampaignID != 0:
		s.items, s.what = itemsOfCampaign, q.CampaignID
	case q.OrderID == 0:
		s.counted = false
	}
	if q.From != 0 {
		s.from = gift.FirstIDAt(q.From.Start())
	}
	if q.To != 0 {
		s.to = gift.FirstIDAt(q.To.End())
	}
	s.from = max(s.from, q.Oldest)
	if q.OrderID != 0 {
		s.from, s.to = max(s.from, q.OrderID), min(s.to, q.OrderID+1)
	}
	if q.OfferID != 0 && q.CampaignID != 0 {
		err = db.emptyUnlessOf(ctx, &s, q.OfferID, q.CampaignID)
	}
	return s, err
}

// emptyUnlessOf makes a selection empty when the offer is not the campaign's. An offer never becomes another one's.
func (db *DB) emptyUnlessOf(ctx context.Context, s *selection, offerID, campaignID int64) error {
	err := db.read.QueryRowContext(ctx, `SELECT id FROM offers WHERE id = $1 AND campaign_id = $2`, offerID, campaignID).
		Scan(&offerID)
	if errors.Is(err, sql.ErrNoRows) {
		s.to = s.from
		return nil
	}
	return classify(err)
}

// page asks for one item more than the page has. It finds the keys of the page first and looks up the rest for those
// only.
func (s selection) page(q gift.HistoryQuery, items *[]gift.BoughtItem) question {
	before := gift.Place{OrderID: s.to}
	if q.After.OrderID != 0 && q.After.OrderID < s.to {
		before = q.After
	}
	columns, joins, scan := ofKind(q.Kind)
	return question{
		query: boughtColumns + columns + `FROM (
    SELECT i.partner_id, i.kind, i.order_id, i.line FROM ` + s.items + `
      AND i.order_id >= $3 AND (i.order_id, i.line) < ($4, $5)
    ORDER BY i.order_id DESC, i.line DESC LIMIT $6 OFFSET $7) k
CROSS JOIN order_items i` + joins + `
WHERE i.partner_id = k.partner_id AND i.kind = k.kind AND i.order_id = k.order_id AND i.line = k.line
ORDER BY k.order_id DESC, k.line DESC`,
		args: []any{q.PartnerID, s.what, int64(s.from), int64(before.OrderID), before.Line, q.Limit + 1, q.Offset},
		scan: func(row scanner) error {
			*items = append(*items, gift.BoughtItem{})
			return scan(row, &(*items)[len(*items)-1])
		},
	}
}

// daysOfPartner are partner $1's days from $2 to $3. Of two bounds of the day itself, PostgreSQL would find so few rows that it looks
// for the days of all partners first.
const daysOfPartner = `partner_id = $1 AND day >= $2 AND (partner_id, day) <= ($1, $3)`

// totals asks for the sums of the days' figures, or of the selected items where no figures are kept.
func (s selection) totals(q gift.HistoryQuery, h *gift.History) question {
	scan := func(row scanner) error { return row.Scan(&h.Total, &h.Spent, &h.Face) }
	if s.counted {
		return question{
			`SELECT COUNT(*), CAST(COALESCE(SUM(i.paid), 0) AS BIGINT),
CAST(COALESCE(SUM(i.face), 0) AS BIGINT) FROM ` + s.items + ` AND i.order_id >= $3 AND i.order_id < $4`,
			[]any{q.PartnerID, s.what, int64(s.from), int64(s.to)},
			scan,
		}
	}
	last := q.To
	if last == 0 {
		last = math.MaxInt32
	}
	return question{
		`SELECT CAST(COALESCE(SUM(items), 0) AS BIGINT),
CAST(COALESCE(SUM(spent), 0) AS BIGINT), CAST(COALESCE(SUM(face), 0) AS BIGINT)
FROM partner_days WHERE ` + daysOfPartner + ` AND kind = $4`,
		[]any{q.PartnerID, int64(q.From), int64(last), int64(q.Kind)},
		scan,
	}
}

// itemKey is the primary key of order_items. Items never move, so a key once found stays right.
type itemKey struct {
	partnerID int64
	kind      gift.Kind
	orderID   gift.ID
	line      int64
}

// BoughtItem returns a line of an order, or nil when there is none or the order is not the partner's. partnerID 0 = of
// any partner.
func (db *DB) BoughtItem(ctx context.Context, partnerID int64, orderID gift.ID, line int64) (*gift.BoughtItem, error) {
	key := itemKey{orderID: orderID, line: line}
	err := db.read.QueryRowContext(ctx,
		`SELECT partner_id, kind FROM orders WHERE id = $1 AND ($2 = 0 OR partner_id = $2)`, int64(orderID), partnerID).
		Scan(&key.partnerID, &key.kind)
	if err != nil {
		return nil, absent(err)
	}
	return db.boughtAt(ctx, key)
}

// sandboxSeen is how many of a partner's sandbox orders of one coupon are looked through for one that is neither used
// nor cancelled.
const sandboxSeen = 64

// BoughtCoupon implements redeem.Store.
func (db *DB) BoughtCoupon(ctx context.Context, partnerID int64, orderID gift.ID, unitID int64) (*gift.BoughtItem, error) {
	// Added to, a column is not looked for in an index: PostgreSQL would sometimes read all that the partner bought.
	const keys = `SELECT partner_id, kind, order_id, line FROM order_items
WHERE unit_id = $1 AND kind + 0 = 2 AND ($2 = 0 OR partner_id + 0 = $2) `
	var key itemKey
	find := func(query string, args ...any) error {
		return db.read.QueryRowContext(ctx, query, append([]any{unitID, partnerID}, args...)...).
			Scan(&key.partnerID, &key.kind, &key.orderID, &key.line)
	}
	var err error
	if orderID != 0 {
		err = find(keys+`AND test_order IN (0, $3) AND order_id + 0 = $3`, int64(orderID))
	} else if err = find(keys + `AND test_order = 0`); errors.Is(err, sql.ErrNoRows) {
		// Each sandbox order shows the coupon that is free, so the same one may stand in many.
		err = find(`SELECT partner_id, kind, order_id, line FROM (
    SELECT partner_id, kind, order_id, line, used_at, cancelled_at FROM order_items
    WHERE kind = 2 AND unit_id = $1 AND partner_id = $2 AND test_order > 0
    ORDER BY test_order DESC LIMIT $3) x
ORDER BY CASE WHEN used_at IS NULL AND cancelled_at IS NULL THEN 0 ELSE 1 END, order_id DESC LIMIT 1`, sandboxSeen)
	}
	if err != nil {
		return nil, absent(err)
	}
	return db.boughtAt(ctx, key)
}

func (db *DB) boughtAt(ctx context.Context, key itemKey) (*gift.BoughtItem, error) {
	columns, joins, scan := ofKind(key.kind)
	var item gift.BoughtItem
	row := db.read.QueryRowContext(ctx, boughtColumns+columns+`FROM order_items i`+joins+`
WHERE i.partner_id = $1 AND i.kind = $2 AND i.order_id = $3 AND i.line = $4`,
		key.partnerID, int64(key.kind), int64(key.orderID), key.line)
	if err := scan(row, &item); err != nil {
		return nil, absent(err)
	}
	return &item, nil
}

// absent drops the error that says that a row does not exist.
func absent(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return classify(err)
}

// ofKind returns what is selected of bought items of a kind, and what scans the rows of one query.
func ofKind(kind gift.Kind) (columns, joins string, scan func(scanner, *gift.BoughtItem) error) {
	r := new(boughtRow)
	if kind == gift.StarCoupon {
		r.places = append(r.common(), r.star()...)
		return starColumns, starJoins, r.scan
	}
	r.places = append(r.common(), r.gift()...)
	return giftColumns, giftJoins, r.scan
}

// boughtRow is where the rows of a query go to, one after the other.
type boughtRow struct {
	item                gift.BoughtItem
	at, used, cancelled sql.NullInt64
	places              []any // in the above, in the order of the columns
}

func (r *boughtRow) scan(row scanner, into *gift.BoughtItem) error {
	r.item = gift.BoughtItem{}
	err := row.Scan(r.places...)
	r.item.At, r.item.UsedAt, r.item.CancelledAt = fromMillis(r.at), fromMillis(r.used), fromMillis(r.cancelled)
	*into = r.item
	return err
}

// common are the places of what both kinds have.
func (r *boughtRow) common() []any {
	i, o, c := &r.item, &r.item.Offer, &r.item.Category
	return []any{
		&i.OrderID, &i.Line, (*asBool)(&i.Sandbox), &i.UnitID, &i.Face, &i.Paid, &r.at, &r.used, &i.UsedBy, &r.cancelled, &i.LinkSerial,
		(*asDuration)(&i.ClockAhead), &o.ID, &o.Kind, &o.ProductID, &o.CampaignID, &o.Face,
		&o.Tiers.Far, &o.Tiers.Mid, &o.Tiers.Near, &o.LastDay, (*asBool)(&o.Stopped), (*asBool)(&o.OncePer),
		&c.ID, &c.Kind, &c.Name, &c.Thumb, &c.Sort,
	}
}

func (r *boughtRow) gift() []any {
	b, p := &r.item.Brand, &r.item.Product
	return []any{
		&b.ID, &b.CategoryID, &b.Name, &b.Thumb, (*asBool)(&b.InUse),
		&p.ID, &p.BrandID, &p.Name, &p.Face, &p.Thumb, &r.item.Sealed,
	}
}

func (r *boughtRow) star() []any {
	m, s := &r.item.Campaign, &r.item.Shop
	return []any{
		&m.ID, &m.ShopID, &m.CouponName, &m.Product, &m.Condition, (*asBool)(&m.Free), &m.Price,
		&m.OrgPrice, &m.Discount, &m.MemberType, &m.MakerID, &m.Thumb, &m.Image, &m.Image2,
		&s.ID, &s.CategoryID, &s.Name, &s.Thumb, &s.Province, &s.District, &s.Town, &s.MapURL,
	}
}
