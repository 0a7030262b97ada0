package bench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"giftimbiz/internal/gift"
)

const (
	historyDays = 365
	// answersFor is less than the 35 days that answers are kept, so that none is forgotten while we measure.
	answersFor = 34 * 24 * time.Hour
	// bigEvery makes every so many orders the big partner's.
	bigEvery = 10
	// historyPage is how many orders a page of the history list has.
	historyPage = 20
	// firstAccount is the account of partner 0, firstSales the first of the accounts that are credited.
	firstAccount, firstSales, salesAccounts = 1_000_000_000, 16, 16
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
func newPast(orders int, a *arena, face int64) past {
	offers := int64(1 + a.coldOffers)
	rounds := (int64(orders)+3*historyPage*bigEvery)/offers + 1
	p := past{
		orders: rounds * offers, offers: offers, partners: int64(a.partners), price: a.sale.Price, face: face,
		freeUnits: a.hotUnits + int64(a.coldOffers)*a.eachCold,
	}
	const day = 24 * time.Hour
	p.step = max(1, (historyDays*day-time.Hour).Milliseconds()/p.orders) // the last one is an hour old
	p.began = time.Now().UnixMilli() - (historyDays * day).Milliseconds()
	return p
}

// perOffer is how many of each offer were sold.
func (p *past) perOffer() int64 { return p.orders / p.offers }

// at is when order i was made, in milliseconds since 1970.
func (p *past) at(i int64) int64 { return p.began + i*p.step }

// id is the number of order i.
func (p *past) id(i int64) gift.ID { return gift.FirstIDAt(time.UnixMilli(p.at(i))) }

// offer and position say what was sold in order i, unit is its id.
func (p *past) offer(i int64) int64    { return 1 + i%p.offers }
func (p *past) position(i int64) int64 { return 1 + i/p.offers }
func (p *past) unit(i int64) int64 {
	return p.freeUnits + (p.offer(i)-1)*p.perOffer() + p.position(i)
}

// partner is who bought in order i.
func (p *past) partner(i int64) int64 {
	if i%bigEvery == 0 {
		return 1
	}
	return 2 + int64(scattered(i)%uint64(p.partners))
}

// sales is the account that order i was credited to.
func (p *past) sales(i int64) int64 { return firstSales + i%salesAccounts }

// bigOrders is how many orders partner 1 has.
func (p *past) bigOrders() int64 { return (p.orders + bigEvery - 1) / bigEvery }

// bigOrder returns which order of all is the one of partner 1 that has so many newer ones.
func (p *past) bigOrder(newer int64) (i int64) { return (p.bigOrders() - 1 - newer) * bigEvery }

// pinOf is what stands on a unit of partner 1.
func pinOf(unit int64) string { return fmt.Sprintf("%016d", unit) }

// scattered spreads numbers evenly (it is the finalizer of SplitMix64).
func scattered(i int64) uint64 {
	z := uint64(i)*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// tails is how many last four digits there are.
const tails = 10_000

func hashOf(i int64) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	return sum[:]
}

// fill puts the past into a database that has never sold anything. Each table is emptied and filled in one transaction
// without its indexes. Two tables are filled at a time.
func (p *past) fill(ctx context.Context, url string, seal func(int64, string) ([]byte, error)) error {
	units := filled{"units", func(r *rowWriter) error { return p.writeUnits(r, seal) }, fmt.Sprintf(
		`SELECT id, offer_id, position + %d, number, number_hash, tail_hash FROM kept`, p.perOffer()), ""}
	answers := filled{"idempotency_answers", p.writeAnswers, "", ""}
	orders := filled{"orders", p.writeOrders, "", "(id, partner_id, kind, sandbox, amount, fingerprint, at)"}
	items := filled{"order_items", p.writeItems, "", ""}
	entries := filled{"entries", p.writeEntries, `SELECT account_id, txn_id, amount FROM kept`, ""}
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = fillTables(ctx, url, units, answers, orders) })
	wg.Go(func() { errs[1] = fillTables(ctx, url, items, entries) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	return withPostgres(ctx, url, p.finish)
}

// filled says how a table is filled.
type filled struct {
	table string
	rows  func(*rowWriter) error
	kept  string // a query of what it had and keeps; "" = nothing
	// columns are those that rows writes, in brackets; "" = all.
	columns string
}

func fillTables(ctx context.Context, url string, tables ...filled) error {
	return withPostgres(ctx, url, func(ctx context.Context, conn *pgx.Conn) error {
		for _, f := range tables {
			err := rebuilt(ctx, conn, []string{f.table}, func() error { return f.fill(ctx, conn) })
			if err != nil {
				return fmt.Errorf("fill %s: %w", f.table, err)
			}
		}
		return nil
	})
}

func (f filled) fill(ctx context.Context, conn *pgx.Conn) error {
	begin := []string{"CREATE TEMPORARY TABLE kept AS TABLE " + f.table, "BEGIN", "TRUNCATE " + f.table}
	if err := execAll(ctx, conn, begin); err != nil {
		return err
	}
	if err := pour(ctx, conn, f.table+f.columns, f.rows); err != nil {
		return err
	}
	var end []string
	if f.kept != "" {
		end = append(end, "INSERT INTO "+f.table+" "+f.kept)
	}
	return execAll(ctx, conn, append(end, "COMMIT", "DROP TABLE kept"))
}

// writeUnits writes what was sold, in the order in which it was put into stock: offer by offer. Numbers of the big partner
// can be read in its history; the others are never looked at.
func (p *past) writeUnits(r *rowWriter, seal func(int64, string) ([]byte, error)) error {
	sealed, err := seal(1, pinOf(1))
	if err != nil {
		return err
	}
	for offer := range p.offers {
		for round := range p.perOffer() {
			i := round*p.offers + offer
			if p.partner(i) == 1 {
				if sealed, err = seal(p.unit(i), pinOf(p.unit(i))); err != nil {
					return err
				}
			}
			if !r.row(6) {
				return r.err
			}
			r.bigint(p.unit(i), p.offer(i), p.position(i))
			r.bytea(sealed, hashOf(i), hashOf(-1 - i%tails)[:8])
		}
	}
	return nil
}

func (p *past) writeOrders(r *rowWriter) error {
	for i := int64(0); i < p.orders && r.row(7); i++ {
		r.bigint(int64(p.id(i)), p.partner(i))
		r.smallint(int16(gift.Gifticon), 0)
		r.bigint(p.price, int64(scattered(p.partner(i)*p.offers+p.offer(i))), p.at(i))
	}
	return r.err
}

func (p *past) writeItems(r *rowWriter) error {
	for i := int64(0); i < p.orders && r.row(14); i++ {
		r.bigint(p.partner(i))
		r.smallint(int16(gift.Gifticon))
		r.bigint(int64(p.id(i)), 1, 0, p.offer(i), p.unit(i), p.face, p.price)
		r.null(4)
		r.bigint(0)
	}
	return r.err
}

func (p *past) writeEntries(r *rowWriter) error {
	for i := int64(0); i < p.orders && r.row(3); i++ {
		r.bigint(firstAccount+p.partner(i), int64(p.id(i)), -p.price)
		r.row(3)
		r.bigint(p.sales(i), int64(p.id(i)), p.price)
	}
	return r.err
}

func (p *past) writeAnswers(r *rowWriter) error {
	body := []byte(`{"result":"0000","message":"bought","tid":"20251123-06C8ZQ4T1N0G2"}`)
	since := (time.Now().Add(-answersFor).UnixMilli() - p.began) / p.step
	for i := max(0, since); i < p.orders && r.row(6); i++ {
		r.bigint(p.partner(i))
		r.bytea(hashOf(i), hashOf(-i))
		r.bigint(int64(p.id(i)))
		r.bytea(body)
		r.bigint(p.at(i))
	}
	return r.err
}

// finish brings offers, balances and figures up to what was sold, and leaves the database as its upkeep would.
func (p *past) finish(ctx context.Context, conn *pgx.Conn) error {
	last := p.orders - p.offers // the first of the last round
	perOffer := int64(p.id(last+1) - p.id(last))
	return execAll(ctx, conn, []string{
		fmt.Sprintf(`INSERT INTO partner_days (partner_id, day, kind, orders, items, spent, face)
SELECT partner_id, (at + 32400000) / 86400000, 1, COUNT(*), COUNT(*), COUNT(*) * %d, COUNT(*) * %d FROM orders GROUP BY 1, 2`,
			p.price, p.face),
		fmt.Sprintf(`INSERT INTO item_sales (day, kind, item_id, sold)
SELECT day, 1, 1, SUM(items) FROM partner_days WHERE day > %d GROUP BY day`, int64(gift.DayOf(time.Now()))-30),
		fmt.Sprintf(`UPDATE item_sales_cursor SET up_to = %d`, int64(p.id(p.orders))),
		"DELETE FROM account_days", "UPDATE account_days_cursor SET next_day = 0", // the server sums the past up
		fmt.Sprintf(`UPDATE unused_coupons_cursor SET up_to = %d`, p.at(p.orders)), // there is no coupon in it
		fmt.Sprintf(`UPDATE offers SET next_position = 1 + %[1]d, last_position = last_position + %[1]d,
    last_order = %[2]d + (id - 1) * %[3]d, last_partner = (SELECT partner_id FROM orders r WHERE r.id = %[2]d + (offers.id - 1) * %[3]d)`,
			p.perOffer(), int64(p.id(last)), perOffer),
		`UPDATE accounts SET balance = balance - spent
FROM (SELECT partner_id, SUM(spent) AS spent FROM partner_days GROUP BY 1) d WHERE kind = 'prepaid' AND owner_id = partner_id`,
		fmt.Sprintf(`UPDATE accounts SET balance = (%d + %[2]d - 1 - owner_id) / %[2]d * %[3]d WHERE kind = 'sales'`,
			p.orders, salesAccounts, p.price),
		"VACUUM ANALYZE", "CHECKPOINT",
	})
}
