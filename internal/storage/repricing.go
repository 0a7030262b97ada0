package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// ruledProducts are the products that a rule is for, with its rates.
const ruledProducts = `SELECT p.id, p.name, b.id, b.name,
       COALESCE(rb.rate_far, rc.rate_far, ra.rate_far), COALESCE(rb.rate_mid, rc.rate_mid, ra.rate_mid),
       COALESCE(rb.rate_near, rc.rate_near, ra.rate_near)
FROM products p JOIN brands b ON b.id = p.brand_id
LEFT JOIN price_rules rb ON rb.scope = 'brand' AND rb.scope_id = b.id
LEFT JOIN price_rules rc ON rc.scope = 'category' AND rc.scope_id = b.category_id
LEFT JOIN price_rules ra ON ra.scope = 'all' AND ra.scope_id = 0
WHERE COALESCE(rb.id, rc.id, ra.id) IS NOT NULL`

// ruledProduct is a product with the rates of its rule.
type ruledProduct struct {
	name    string
	brandID int64
	brand   string
	rates   gift.Rates
}

// readRuled reads the products that a rule is for. There are few of them for each brand, and many offers for each of them:
// those are read without their names.
func readRuled(ctx context.Context, tx *sql.Tx) (map[int64]ruledProduct, error) {
	rows, err := tx.QueryContext(ctx, ruledProducts)
	if err != nil {
		return nil, err
	}
	ruled := map[int64]ruledProduct{}
	err = scanAll(rows, func(row scanner) error {
		var id int64
		var p ruledProduct
		err := row.Scan(&id, &p.name, &p.brandID, &p.brand, &p.rates.Far, &p.rates.Mid, &p.rates.Near)
		ruled[id] = p
		return err
	})
	return ruled, err
}

// Repricing sums up what applying the price rules would do on a day. It reads all offers that are not expired.
func (db *DB) Repricing(ctx context.Context, today gift.Day) (r office.Repricing, err error) {
	sums := newRevaluation(today)
	err = db.wholeSnapshot(ctx, func(tx *sql.Tx) error {
		_, err := eachRepriced(ctx, tx, byID, []any{int64(today)}, sums.add)
		return err
	})
	return office.Repricing{Total: sums.total, Brands: sums.byBrand(), Digest: sums.digest()}, err
}

// RepricedAfter returns offers whose prices would differ, the first to expire first: those after one, or from the first (0).
func (db *DB) RepricedAfter(ctx context.Context, today gift.Day, after, limit int64) (rows []office.RepricedOffer, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		last := office.RepricedOffer{ID: after, LastDay: today}
		if after != 0 {
			err := tx.QueryRowContext(ctx, `SELECT last_day FROM offers WHERE id = $1`, after).Scan(&last.LastDay)
			if err != nil {
				return absent(err)
			}
		}
		for int64(len(rows)) < limit {
			read, err := eachRepriced(ctx, tx, byLastDay, []any{int64(last.LastDay), last.ID}, func(o office.RepricedOffer) {
				rows = append(rows, o)
			})
			if err != nil || read.n < repricedAtOnce {
				return err
			}
			last = read.last
		}
		return nil
	})
	return rows[:min(int64(len(rows)), limit)], err
}

// repricedAtOnce is how many offers are read to find those of a page.
const repricedAtOnce = 2000

// Those that an import under way has written have no place on the change clock yet. The orders in which offers are read: all of them, or some of them by an index.
var (
	byID      = `last_day >= $1 AND kind = 1 AND changed_seq <> 0 ORDER BY id`
	byLastDay = fmt.Sprintf(`(last_day, id) > ($1, $2) AND kind = 1 AND changed_seq <> 0 ORDER BY last_day, id LIMIT %d`, repricedAtOnce)
)

// readOffers tells how many offers were read, and which was the last.
type readOffers struct {
	n    int
	last office.RepricedOffer
}

// eachRepriced calls fn for the gifticons on a part of a table whose prices would differ.
func eachRepriced(ctx context.Context, tx *sql.Tx, where string, args []any, fn func(office.RepricedOffer)) (read readOffers, err error) {
	ruled, err := readRuled(ctx, tx)
	if err != nil || len(ruled) == 0 {
		return read, err
	}
	rows, err := tx.QueryContext(ctx, `SELECT id, product_id, face, last_day, last_position - next_position + 1,
price_far, price_mid, price_near FROM offers WHERE `+where, args...)
	if err != nil {
		return read, err
	}
	var o office.RepricedOffer
	var product int64
	dest := []any{&o.ID, &product, &o.Face, &o.LastDay, &o.Stock, &o.Before.Far, &o.Before.Mid, &o.Before.Near}
	err = scanAll(rows, func(row scanner) error {
		if err := row.Scan(dest...); err != nil {
			return err
		}
		read.n++
		read.last = o
		p, found := ruled[product]
		if o.After = p.rates.Of(o.Face); found && o.After != o.Before {
			o.Name, o.BrandID, o.Brand = p.name, p.brandID, p.brand
			fn(o)
		}
		return nil
	})
	return read, err
}

// revaluation adds up what becomes of the stock.
type revaluation struct {
	today  gift.Day
	total  office.Revalued
	brands map[int64]*office.Revalued
	hash   hash.Hash
}

func newRevaluation(today gift.Day) *revaluation {
	return &revaluation{today: today, brands: map[int64]*office.Revalued{}, hash: sha256.New()}
}

func (v *revaluation) add(o office.RepricedOffer) {
	brand := v.brands[o.BrandID]
	if brand == nil {
		brand = &office.Revalued{BrandID: o.BrandID, Brand: o.Brand}
		v.brands[o.BrandID] = brand
	}
	units, left := gift.Won(o.Stock), int(o.LastDay-v.today)
	for _, sum := range []*office.Revalued{&v.total, brand} {
		sum.Offers++
		sum.Units += o.Stock
		sum.Face += units * o.Face
		sum.Before += units * o.Before.At(left)
		sum.After += units * o.After.At(left)
	}
	var line [8 * 8]byte
	for i, n := range []gift.Won{
		gift.Won(o.ID), o.Face, o.Before.Far, o.Before.Mid, o.Before.Near, o.After.Far, o.After.Mid, o.After.Near,
	} {
		binary.BigEndian.PutUint64(line[8*i:], uint64(n))
	}
	_, _ = v.hash.Write(line[:]) // never fails
}

func (v *revaluation) digest() string { return hex.EncodeToString(v.hash.Sum(nil)) }

func (v *revaluation) byBrand() []office.Revalued {
	list := make([]office.Revalued, 0, len(v.brands))
	for _, brand := range v.brands {
		list = append(list, *brand)
	}
	slices.SortFunc(list, func(a, b office.Revalued) int {
		return cmp.Or(cmp.Compare(max(b.Margin(), -b.Margin()), max(a.Margin(), -a.Margin())), cmp.Compare(a.BrandID, b.BrandID))
	})
	return list
}

// execSet runs a set statement in an ordinary transaction and returns how many rows it changed. Where the engine takes values
// one by one, the input is cut into pieces, and the text for the largest, which are all but the last, is prepared once.
func (db *DB) execSet(ctx context.Context, tx *sql.Tx, st *setStatement, input ...any) (changed int64, err error) {
	all, most := columnar(input), db.dialect.maxRows
	if most == 0 {
		return rowsOf(tx.ExecContext(ctx, st.sql(db.dialect, 0), input...))
	}
	large, err := tx.PrepareContext(ctx, st.sql(db.dialect, most))
	if err != nil {
		return 0, err
	}
	defer func() { _ = large.Close() }() // the transaction's end closes it too
	from := 0
	for _, size := range chunks(all.rows(), most) {
		var n int64
		if args := all.values(nil, from, from+size); size == most {
			n, err = rowsOf(large.ExecContext(ctx, args...))
		} else {
			n, err = rowsOf(tx.ExecContext(ctx, st.sql(db.dialect, size), args...))
		}
		if err != nil {
			return changed, err
		}
		changed += n
		from += size
	}
	return changed, nil
}

func rowsOf(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
