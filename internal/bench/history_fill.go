package bench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"giftimbiz/internal/gift"
	"github.com/jackc/pgx/v5"
)

const (
	historyDays = 365
	// answersFor is less than the 35 days that answers are kept, so that none is forgotten while we measure.
	answersFor = 34 * 24 * time.Hour
	// bigEvery makes every so many orders the big partner's.
	bigEvery = 10
	// historyPage is how many orders a page of the history list has.
	historyPage = 20
)

// past is a year of single purchases: order 0, 1, 2, … one every step, each of the next offer in turn. Every tenth is
// partner 1's, the others are spread over all others.
type past struct {
	orders    int64 // a multiple of offers
	offers    int64
	partners  int64 // beside partner 1
	began     int64 // when order 0 was, in milliseconds since 1970
	step      int64 // milliseconds
	freeUnits int64 // have the ids 1 to freeUnits; those that are sold follow
	price     int64
	face      int64
}

// newPast is at least so many orders, and so many that partner 1 has three pages more than its share of them.
func newPast(orders int, m *market, face int64) past {
	offers := int64(1 + m.coldOffers)
	rounds := (int64(orders)+3*historyPage*bigEvery)/offers + 1
	p := past{
		orders: rounds * offers, offers: offers, partners: int64(m.partners), price: m.sale.Price, face: face,
		freeUnits: m.hotUnits + int64(m.coldOffers)*m.eachCold,
	}
	const day = 24 * time.Hour
	p.step = max(1, (historyDays*day-time.Hour).Milliseconds()/p.orders) // the last one is an hour old
	p.began = time.Now().UnixMilli() - (historyDays * day).Milliseconds()
	return p
}

// id is the number of order i.
func (p past) id(i int64) gift.ID { return gift.FirstIDAt(time.UnixMilli(p.began + i*p.step)) }

// unit is what was sold in order i.
func (p past) unit(i int64) int64 { return p.freeUnits + i%p.offers*p.perOffer() + 1 + i/p.offers }

// pinOf is what stands on a unit of partner 1.
func pinOf(unit int64) string { return fmt.Sprintf("%016d", unit) }

// perOffer is how many of each offer were sold.
func (p past) perOffer() int64 { return p.orders / p.offers }

// bigOrders is how many orders partner 1 has.
func (p past) bigOrders() int64 { return (p.orders + bigEvery - 1) / bigEvery }

// bigOrder returns which order of all is the one of partner 1 that has so many newer ones.
func (p past) bigOrder(newer int64) (i int64) { return (p.bigOrders() - 1 - newer) * bigEvery }

// view names the columns of all orders. i counts them.
func (p past) view() string {
	zero := gift.ID(0).Time()
	perMillisecond := int64(gift.FirstIDAt(zero.Add(time.Millisecond)))
	return fmt.Sprintf(`CREATE VIEW bench_past AS
SELECT i, (at - %[1]d) * %[2]d AS id, at, partner, 1000000000 + partner AS account, 16 + i %% 16 AS sales, offer, position,
    %[3]d + (offer - 1) * %[4]d + position AS unit, %[5]d::BIGINT AS price, %[6]d::BIGINT AS face
FROM (SELECT i, %[7]d + i * %[8]d AS at, 1 + i %% %[9]d AS offer, 1 + i / %[9]d AS position,
          CASE WHEN i %% %[10]d = 0 THEN 1 ELSE 2 + (hashint8(i) & 2147483647) %% %[11]d::BIGINT END AS partner
      FROM generate_series(0::BIGINT, %[12]d - 1) i) x`,
		zero.UnixMilli(), perMillisecond, p.freeUnits, p.perOffer(), p.price, p.face, p.began, p.step, p.offers, bigEvery,
		p.partners, p.orders)
}

// fill puts the past into a database that has never sold anything. Each table is emptied and filled in one transaction
// without its indexes, in the form that a vacuum would leave. Two of them are filled at a time.
func (p past) fill(ctx context.Context, url string, seal func(int64, string) ([]byte, error)) error {
	err := withPostgres(ctx, url, func(ctx context.Context, conn *pgx.Conn) error {
		return execAll(ctx, conn, []string{p.view()})
	})
	if err != nil {
		return err
	}
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = p.fillTables(ctx, url, p.units(seal), p.answers(), p.sales()) })
	wg.Go(func() { errs[1] = p.fillTables(ctx, url, p.items(), p.entries()) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	return withPostgres(ctx, url, p.finish)
}

// filled says how a table is filled.
type filled struct {
	table string
	rows  string                                 // a query of what it gets
	kept  string                                 // a query of what it had and keeps; "" = nothing
	more  func(context.Context, *pgx.Conn) error // adds further rows; may be nil
}

func (p past) units(seal func(int64, string) ([]byte, error)) filled {
	return filled{
		table: "units",
		rows: fmt.Sprintf(`SELECT %d + (o - 1) * %[2]d + p, o, p, substr(sha256(int8send(i)) || sha256(int8send(i)), 1, 52), sha256(int8send(i))
FROM (SELECT o, p, (p - 1) * %[3]d + o - 1 AS i
      FROM generate_series(1::BIGINT, %[3]d) o CROSS JOIN generate_series(1::BIGINT, %[2]d) p) x
WHERE i %% %[4]d <> 0`, p.freeUnits, p.perOffer(), p.offers, bigEvery),
		kept: fmt.Sprintf(`SELECT id, offer_id, position + %d, number, number_hash FROM kept`, p.perOffer()),
		// Numbers that are looked at in a history can be read.
		more: func(ctx context.Context, conn *pgx.Conn) error {
			columns := []string{"id", "offer_id", "position", "number", "number_hash"}
			i := int64(-bigEvery)
			_, err := conn.CopyFrom(ctx, pgx.Identifier{"units"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
				if i += bigEvery; i >= p.orders {
					return nil, nil
				}
				unit := p.unit(i)
				sealed, err := seal(unit, pinOf(unit))
				hash := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
				return []any{unit, 1 + i%p.offers, 1 + i/p.offers, sealed, hash[:]}, err
			}))
			return err
		},
	}
}

func (p past) sales() filled {
	return filled{table: "orders", rows: `
SELECT id, partner, 1::SMALLINT, 0::SMALLINT, price, hashint8extended(partner * 100000 + offer, 0), at FROM bench_past`}
}

func (p past) items() filled {
	return filled{table: "order_items", rows: `
SELECT partner, 1::SMALLINT, id, 1::BIGINT, 0::BIGINT, offer, unit, face, price,
    NULL::BIGINT, NULL::BIGINT, NULL::TEXT, NULL::BIGINT FROM bench_past`}
}

func (p past) entries() filled {
	return filled{
		table: "entries",
		rows: `SELECT CASE side WHEN 1 THEN account ELSE sales END, id, CASE side WHEN 1 THEN -price ELSE price END
FROM bench_past CROSS JOIN generate_series(1, 2) side`,
		kept: `SELECT account_id, txn_id, amount FROM kept`,
	}
}

func (p past) answers() filled {
	return filled{table: "idempotency_answers", rows: fmt.Sprintf(`
SELECT partner, sha256(int8send(id)), sha256(int8send(offer)), id,
    convert_to('{"result":"0000","message":"bought","tid":"20251123-06C8ZQ4T1N0G2"}', 'UTF8'), at
FROM bench_past WHERE at > %d`, time.Now().Add(-answersFor).UnixMilli())}
}

func (p past) fillTables(ctx context.Context, url string, tables ...filled) error {
	return withPostgres(ctx, url, func(ctx context.Context, conn *pgx.Conn) error {
		return withPostgres(ctx, url, func(ctx context.Context, from *pgx.Conn) error {
			for _, f := range tables {
				err := rebuilt(ctx, conn, []string{f.table}, func() error { return f.fill(ctx, from, conn) })
				if err != nil {
					return fmt.Errorf("fill %s: %w", f.table, err)
				}
			}
			return nil
		})
	})
}

func (f filled) fill(ctx context.Context, from, conn *pgx.Conn) error {
	begin := []string{"CREATE TEMPORARY TABLE kept AS TABLE " + f.table, "BEGIN", "TRUNCATE " + f.table}
	if err := execAll(ctx, conn, begin); err != nil {
		return err
	}
	if err := pour(ctx, from, conn, f.rows, f.table); err != nil {
		return err
	}
	if f.more != nil {
		if err := f.more(ctx, conn); err != nil {
			return err
		}
	}
	var end []string
	if f.kept != "" {
		end = append(end, "INSERT INTO "+f.table+" "+f.kept)
	}
	return execAll(ctx, conn, append(end, "COMMIT", "DROP TABLE kept"))
}

// pour copies the rows of a query into an empty table, as rows that everybody sees and no vacuum has to look at.
func pour(ctx context.Context, from, to *pgx.Conn, query, table string) error {
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		_, err := from.PgConn().CopyTo(ctx, w, "COPY ("+query+") TO STDOUT (FORMAT binary)")
		w.CloseWithError(err)
		read <- err
	}()
	_, err := to.PgConn().CopyFrom(ctx, r, "COPY "+table+" FROM STDIN (FORMAT binary, FREEZE)")
	r.CloseWithError(io.ErrClosedPipe) // ends the reading when the writing failed
	if readErr := <-read; err == nil {
		err = readErr
	}
	return err
}

// finish brings offers, balances and figures up to what was sold, and leaves the database as its upkeep would.
func (p past) finish(ctx context.Context, conn *pgx.Conn) error {
	last := (p.perOffer() - 1) * p.offers // before the last round
	return execAll(ctx, conn, []string{
		"SET max_parallel_workers_per_gather = 2",
		fmt.Sprintf(`INSERT INTO partner_days SELECT partner_id, (at + 32400000) / 86400000, 1, COUNT(*), COUNT(*), SUM(amount), COUNT(*) * %d
FROM orders GROUP BY 1, 2`, p.face),
		fmt.Sprintf(`INSERT INTO item_sales SELECT day, 1, 1, SUM(items) FROM partner_days WHERE day > %d GROUP BY day`,
			int64(gift.DayOf(time.Now()))-30),
		fmt.Sprintf(`UPDATE item_sales_cursor SET up_to = %d`, int64(p.id(p.orders))),
		fmt.Sprintf(`UPDATE offers SET next_position = %[1]d + 1, last_position = last_position + %[1]d,
    last_partner = r.partner_id, last_order = r.id
FROM orders r, order_items i WHERE r.id >= %[2]d AND i.partner_id = r.partner_id AND i.kind = 1 AND i.order_id = r.id
    AND offers.id = i.offer_id`, p.perOffer(), int64(p.id(last))),
		`UPDATE accounts SET balance = balance - spent
FROM (SELECT partner_id, SUM(spent) AS spent FROM partner_days GROUP BY 1) d WHERE kind = 'prepaid' AND owner_id = partner_id`,
		fmt.Sprintf(`UPDATE accounts SET balance = (%d + 15 - owner_id) / 16 * %d WHERE kind = 'sales'`, p.orders, p.price),
		"DROP VIEW bench_past",
		"VACUUM ANALYZE", "CHECKPOINT",
	})
}
