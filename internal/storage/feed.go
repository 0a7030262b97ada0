package storage

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"

	"giftimbiz/internal/catalog"
)

var _ catalog.ChangeSource = (*DB)(nil)

// LastChange implements catalog.ChangeSource.
func (db *DB) LastChange(ctx context.Context) (int64, error) { return db.changeSeq(ctx) }

// OffersChanged implements catalog.ChangeSource.
func (db *DB) OffersChanged(ctx context.Context, q catalog.ChangeQuery) (list []catalog.ChangedOffer, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		loads, err := readLoads(ctx, tx, q.Since)
		if err != nil {
			return err
		}
		return loads.walk(q, func(s stretch, limit int) (int, error) {
			rows, err := tx.QueryContext(ctx, offersByChange(limit), s.from, s.after, s.to)
			if err != nil {
				return 0, err
			}
			n := len(list)
			list, err = loads.appendOffers(list, rows)
			return len(list) - n, err
		})
	})
	return list, err
}

// namedTables are the tables of names.
var namedTables = map[catalog.Named]string{
	catalog.Products: "products", catalog.Brands: "brands", catalog.Campaigns: "campaigns", catalog.Shops: "shops",
	catalog.Categories: "categories",
}

// NamesChanged implements catalog.ChangeSource.
func (db *DB) NamesChanged(ctx context.Context, of catalog.Named, q catalog.ChangeQuery) (list []catalog.ChangedName, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		loads, err := readLoads(ctx, tx, q.Since)
		if err != nil {
			return err
		}
		return loads.walk(q, func(s stretch, limit int) (int, error) {
			rows, err := tx.QueryContext(ctx, namesByChange(of, limit), s.from, s.after, s.to)
			if err != nil {
				return 0, err
			}
			n := len(list)
			err = scanAll(rows, func(row scanner) error {
				var name catalog.ChangedName
				var changed, added int64
				err := row.Scan(&name.Place.ID, &changed, &added)
				name.Place.Seq, name.New = loads.seq(changed), changed == added
				list = append(list, name)
				return err
			})
			return len(list) - n, err
		})
	})
	return list, err
}

// OffersByLastDay implements catalog.ChangeSource.
func (db *DB) OffersByLastDay(ctx context.Context, q catalog.TurnQuery) (list []catalog.ChangedOffer, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		loads, err := readLoads(ctx, tx, q.Since)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, offersByLastDay(q.Limit), int64(q.Day), q.After, int64(q.LastDay))
		if err != nil {
			return err
		}
		list, err = loads.appendOffers(list, rows)
		return err
	})
	return list, err
}

// changedOffers reads offers with the numbers of what of them changed. A join might begin at the other table; and of a limit that
// is not written out, or one behind other conditions, PostgreSQL may think that it is better to read everything and sort it.
const changedOffers = `SELECT o.id, o.kind, COALESCE(o.product_id, 0), COALESCE(o.campaign_id, 0), o.face, o.price_far, o.price_mid,
o.price_near, o.last_day, o.stopped, o.once_per, o.last_position - o.next_position + 1,
o.changed_seq, o.added_seq, o.stocked_seq, o.priced_seq, o.altered_seq,
COALESCE((SELECT NULLIF(p.changed_seq, p.added_seq) FROM products p WHERE p.id = o.product_id),
    (SELECT NULLIF(m.changed_seq, m.added_seq) FROM campaigns m WHERE m.id = o.campaign_id), 0),
COALESCE((SELECT NULLIF(b.changed_seq, b.added_seq) FROM brands b
        WHERE b.id = (SELECT p.brand_id FROM products p WHERE p.id = o.product_id)),
    (SELECT NULLIF(s.changed_seq, s.added_seq) FROM shops s
        WHERE s.id = (SELECT m.shop_id FROM campaigns m WHERE m.id = o.campaign_id)), 0)
`

func offersByChange(limit int) string {
	return changedOffers + `FROM (SELECT * FROM offers WHERE (changed_seq, id) > ($1, $2) AND changed_seq <= $3
    ORDER BY changed_seq, id LIMIT ` + strconv.Itoa(limit) + `) o ORDER BY o.changed_seq, o.id`
}

func offersByLastDay(limit int) string {
	return changedOffers + `FROM (SELECT * FROM offers WHERE (last_day, id) > ($1, $2) AND last_day <= $3
    ORDER BY last_day, id LIMIT ` + strconv.Itoa(limit) + `) o ORDER BY o.last_day, o.id`
}

func namesByChange(of catalog.Named, limit int) string {
	added := "added_seq"
	if of == catalog.Categories {
		added = "0"
	}
	return `SELECT id, changed_seq, ` + added + ` FROM ` + namedTables[of] + ` WHERE (changed_seq, id) > ($1, $2) AND changed_seq <= $3
ORDER BY changed_seq, id LIMIT ` + strconv.Itoa(limit)
}

// loadPlaces are the loads with a place on the change clock after a number, in their order. Rows have a load's id where others
// have the number itself.
type loadPlaces struct {
	since int64
	ids   []int64
	seqs  []int64
	byID  map[int64]int64
}

func readLoads(ctx context.Context, tx *sql.Tx, since int64) (*loadPlaces, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, seq FROM loads WHERE seq > $1 ORDER BY seq`, since)
	if err != nil {
		return nil, err
	}
	l := &loadPlaces{since: since, byID: map[int64]int64{}}
	return l, scanAll(rows, func(row scanner) error {
		var id, seq int64
		err := row.Scan(&id, &seq)
		l.ids, l.seqs, l.byID[id] = append(l.ids, id), append(l.seqs, seq), seq
		return err
	})
}

// seq returns the place on the change clock of what a row has; 0 when it is not after since.
func (l *loadPlaces) seq(number int64) int64 {
	if number < 0 {
		return l.byID[number]
	}
	return number
}

// after tells whether what a row has is a place after since.
func (l *loadPlaces) after(number int64) bool { return l.seq(number) > l.since }

// stretch is a part of the order of changes that one index has in one piece: numbers from, those of higher ids than after
// only, up to to.
type stretch struct{ from, after, to int64 }

// walk reads rows in the order of their changes, each load at its place, until there are as many as asked for.
func (l *loadPlaces) walk(q catalog.ChangeQuery, read func(s stretch, limit int) (rows int, err error)) error {
	from, left := q.After, q.Limit
	visit := func(s stretch) error {
		if left <= 0 || s.from > s.to {
			return nil
		}
		n, err := read(s, left)
		left -= n
		return err
	}
	first, _ := slices.BinarySearch(l.seqs, from.Seq)
	for i := first; i < len(l.seqs) && l.seqs[i] <= q.UpTo; i++ {
		after := int64(math.MinInt64)
		if l.seqs[i] == from.Seq {
			after = from.ID
		} else if err := visit(stretch{from.Seq, from.ID, l.seqs[i] - 1}); err != nil {
			return err
		}
		if err := visit(stretch{l.ids[i], after, l.ids[i]}); err != nil {
			return err
		}
		from = catalog.ChangePlace{Seq: l.seqs[i], ID: math.MaxInt64}
	}
	return visit(stretch{from.Seq, from.ID, q.UpTo})
}

// appendOffers reads rows of changedOffers.
func (l *loadPlaces) appendOffers(list []catalog.ChangedOffer, rows *sql.Rows) ([]catalog.ChangedOffer, error) {
	err := scanAll(rows, func(row scanner) error {
		var o catalog.ChangedOffer
		var changed, added, stocked, priced, altered, item, group int64
		err := row.Scan(&o.ID, &o.Kind, &o.ProductID, &o.CampaignID, &o.Face, &o.Tiers.Far, &o.Tiers.Mid, &o.Tiers.Near,
			&o.LastDay, (*asBool)(&o.Stopped), (*asBool)(&o.OncePer), &o.Stock, &changed, &added, &stocked, &priced, &altered,
			&item, &group)
		o.Place = catalog.ChangePlace{Seq: l.seq(changed), ID: o.ID}
		o.Added, o.Restocked, o.Priced, o.Altered = l.after(added), l.after(stocked), l.after(priced), l.after(altered)
		o.Moved = l.after(item) || l.after(group)
		list = append(list, o)
		return err
	})
	return list, err
}
