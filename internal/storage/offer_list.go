package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// What one page of a list of offers costs at most, however many offers there are.
const (
	lookedAt   = 5_000 // offers that are looked at to fill it
	namesFound = 100   // products or campaigns that are found by a name
	farFuture  = math.MaxInt32
)

// offerPath is an index on which offers are found in the order of a column and their id: from one place, which is left out,
// up to another.
type offerPath struct {
	column   string // "" = by id alone
	also     string // what the index is limited to
	from, to int64  // of the column
	after    int64  // the id that stands at from; 0 = before all
	whole    bool   // all that is on the path matches, or it is one product's or campaign's: it is not cut
}

// OfferList returns a page of offers. Each page reads a bounded number of them through an index; one on which few match
// may be short although the list goes on.
func (db *DB) OfferList(ctx context.Context, q office.OfferQuery) (page office.OfferPage, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		l := offerLister{ctx: ctx, tx: tx, q: q}
		paths, err := l.paths()
		if err != nil {
			return err
		}
		page.Narrow = l.narrow
		for i := range paths {
			if err := l.follow(paths[i], &page); err != nil || page.Next != 0 {
				return err
			}
		}
		return nil
	})
	return page, err
}

type offerLister struct {
	ctx    context.Context
	tx     *sql.Tx
	q      office.OfferQuery
	narrow bool
	after  office.OfferRow // where the page begins; zero = at the start
}

// paths chooses the narrowest way to what is asked for.
func (l *offerLister) paths() ([]offerPath, error) {
	q := &l.q
	if q.After != 0 {
		var err error
		l.after, err = scanOffer(l.tx.QueryRowContext(l.ctx, "SELECT "+offerColumns+" FROM offers o WHERE o.id = $1", q.After))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	today := int64(q.Today)
	switch id, isNumber := strconv.ParseInt(q.Words, 10, 64); {
	case q.Words != "" && isNumber == nil:
		return []offerPath{{from: id - 1, to: id, after: max(id-1, q.After)}}, nil
	case q.ProductID != 0:
		return []offerPath{l.within("product_id", q.ProductID)}, nil
	case q.CampaignID != 0:
		return []offerPath{l.within("campaign_id", q.CampaignID)}, nil
	case q.Words != "" || q.BrandID != 0 || q.ShopID != 0:
		return l.named()
	case q.State == office.Stopped:
		return []offerPath{{also: "AND o.stopped = 1", after: q.After, to: math.MaxInt64, whole: q.Kind == 0}}, nil
	case q.State == office.Expiring:
		return []offerPath{l.between(today, today+q.Days)}, nil
	case q.State == office.OnSale, q.State == office.SoldOut:
		return []offerPath{l.between(today, farFuture)}, nil
	case q.State == office.Expired:
		p := l.between(math.MinInt32, today-1)
		p.whole = q.Kind == 0
		return []offerPath{p}, nil
	case q.Kind == gift.StarCoupon:
		p := offerPath{column: "campaign_id", also: "AND o.campaign_id IS NOT NULL", to: math.MaxInt64, whole: true}
		p.from, p.after = l.after.CampaignID, l.after.ID
		return []offerPath{p}, nil
	}
	return []offerPath{{after: q.After, to: math.MaxInt64, whole: q.Kind == 0}}, nil
}

// between is the path of the offers whose last day is one of some days, from where the page begins.
func (l *offerLister) between(first, last int64) offerPath {
	p := offerPath{column: "last_day", from: first, to: last}
	if l.after.ID != 0 && int64(l.after.LastDay) >= first {
		p.from, p.after = int64(l.after.LastDay), l.after.ID
	}
	return p
}

// within is the path of one product's or campaign's offers.
func (l *offerLister) within(column string, id int64) offerPath {
	p := offerPath{column: column, from: id, to: id, also: "AND o." + column + " IS NOT NULL", whole: true}
	if l.after.ProductID == id || l.after.CampaignID == id {
		p.after = l.after.ID
	}
	return p
}

// named are the paths of the products and campaigns that a name, a brand or a shop leads to, from where the page begins.
func (l *offerLister) named() ([]offerPath, error) {
	var paths []offerPath
	begun := l.after.ID == 0
	each := func(column string, ids []int64) {
		for _, id := range ids {
			here := column == "product_id" && id == l.after.ProductID || column == "campaign_id" && id == l.after.CampaignID
			if begun = begun || here; begun {
				paths = append(paths, l.within(column, id))
			}
		}
	}
	if l.q.Kind != gift.StarCoupon && l.q.ShopID == 0 {
		ids, err := l.find("products", []string{"name"}, "brand_id", l.q.BrandID)
		if err != nil {
			return nil, err
		}
		each("product_id", ids)
	}
	if l.q.Kind != gift.Gifticon && l.q.BrandID == 0 {
		ids, err := l.find("campaigns", []string{"coupon_name", "product"}, "shop_id", l.q.ShopID)
		if err != nil {
			return nil, err
		}
		each("campaign_id", ids)
	}
	return paths, nil
}

// find returns the numbers of products or campaigns by their names and what they belong to. Of a brand or shop it returns
// all, by a name the first.
func (l *offerLister) find(table string, names []string, parent string, parentID int64) (ids []int64, err error) {
	where, args, limit := "TRUE", []any{}, ""
	if parentID != 0 {
		args = append(args, parentID)
		where = "t." + parent + " = $1"
	}
	if l.q.Words != "" {
		condition, value := nameLike("t", names, l.q.Words)
		args = append(args, value)
		where += " AND " + strings.ReplaceAll(condition, "$?", "$"+strconv.Itoa(len(args)))
		limit = " LIMIT " + strconv.Itoa(namesFound+1)
	}
	rows, err := l.tx.QueryContext(l.ctx, "SELECT t.id FROM "+table+" t WHERE "+where+" ORDER BY t.id"+limit, args...)
	if err != nil {
		return nil, err
	}
	err = scanAll(rows, func(row scanner) error {
		var id int64
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if limit != "" && len(ids) > namesFound {
		ids, l.narrow = ids[:namesFound], true
	}
	return ids, err
}

// follow adds the offers on a path that match, until the page is full.
func (l *offerLister) follow(p offerPath, page *office.OfferPage) error {
	key, range1 := "o.id", "o.id > $1 AND o.id <= $2"
	args := []any{p.after, p.to}
	if p.column != "" {
		key = "o." + p.column + ", o.id"
		range1 = "(" + key + ") > ($1, $2) AND (" + key + ") <= ($3, $4)"
		args = []any{p.from, p.after, p.to, int64(math.MaxInt64)}
	}
	var bound int64 // the last offer that is looked at; 0 = all are
	if !p.whole {
		err := l.tx.QueryRowContext(l.ctx, fmt.Sprintf("SELECT o.id FROM offers o WHERE %s %s ORDER BY %s LIMIT 1 OFFSET %d",
			range1, p.also, key, lookedAt-1), args...).Scan(&bound)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return l.read(p, key, range1, args, bound, page)
}

func (l *offerLister) read(p offerPath, key, range1 string, args []any, bound int64, page *office.OfferPage) error {
	if bound != 0 && p.column == "" {
		args[1] = bound
	} else if bound != 0 { // paths of one kind are whole, so this is one of days
		at, err := scanOffer(l.tx.QueryRowContext(l.ctx, "SELECT "+offerColumns+" FROM offers o WHERE o.id = $1", bound))
		if err != nil {
			return err
		}
		args[2], args[3] = int64(at.LastDay), bound
	}
	room := l.q.Limit - int64(len(page.Rows))
	rows, err := l.tx.QueryContext(l.ctx, "SELECT "+offerColumns+offerNames+" FROM offers o"+offerJoins+"WHERE "+range1+" "+p.also+
		l.matching()+" ORDER BY "+key+" LIMIT "+strconv.FormatInt(room+1, 10), args...)
	if err != nil {
		return err
	}
	err = scanAll(rows, func(row scanner) error {
		o, err := scanNamedOffer(row)
		if int64(len(page.Rows)) == l.q.Limit {
			page.Next = page.Rows[l.q.Limit-1].ID
		} else {
			page.Rows = append(page.Rows, o)
		}
		return err
	})
	if err == nil && page.Next == 0 {
		page.Next = bound
	}
	return err
}

// matching is what the offers on a path must fulfil beside.
func (l *offerLister) matching() string {
	var b strings.Builder
	if l.q.Kind != 0 {
		fmt.Fprintf(&b, " AND o.kind = %d", l.q.Kind)
	}
	const stocked, empty = " AND o.next_position <= o.last_position", " AND o.next_position > o.last_position"
	switch today := l.q.Today; l.q.State {
	case office.OnSale:
		fmt.Fprintf(&b, " AND o.last_day >= %d AND o.stopped = 0"+stocked, today)
	case office.Stopped:
		b.WriteString(" AND o.stopped = 1")
	case office.SoldOut:
		fmt.Fprintf(&b, " AND o.last_day >= %d"+empty, today)
	case office.Expiring:
		fmt.Fprintf(&b, " AND o.last_day BETWEEN %d AND %d AND o.stopped = 0"+stocked, today, int64(today)+l.q.Days)
	case office.Expired:
		fmt.Fprintf(&b, " AND o.last_day < %d", today)
	}
	return b.String()
}
