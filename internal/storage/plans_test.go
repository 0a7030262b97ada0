package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// TestNoStatementOfARequestReadsAWholeTable asks PostgreSQL itself what was read, in the states in which its planner likes
// to read everything, and in which a plan once made is kept while tables grow: without statistics, and with statistics that
// were taken while nothing was sold.
func TestNoStatementOfARequestReadsAWholeTable(t *testing.T) {
	t.Run("without statistics", func(t *testing.T) { countReads(t, `SELECT 1`) })
	t.Run("with statistics of empty tables", func(t *testing.T) { countReads(t, `VACUUM ANALYZE`) })
}

// countReads trades after a statement, and fails when more rows were read than the trade is about.
func countReads(t *testing.T, before string) {
	t.Helper()
	dsn := migratedPostgresURL(t)
	const units, purchases = 5000, 200
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(2, units)
	p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 10_000_000)
	raw := rawDB(t, "pgx", dsn)
	if _, err := raw.ExecContext(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	forgetReads(t, dsn, h.DB, raw)
	t.Run("trade", func(t *testing.T) { // its end closes the node's connections, which then hand in their figures
		own, _ := opener(func(testing.TB) string { return dsn })(t)
		if err := own.Join(t.Context(), h.Clock); err != nil {
			t.Fatal(err)
		}
		engine := purchase.New(purchase.Options{Store: own, Clock: h.Clock, IDs: own.IDs(), Lanes: own.Lanes()})
		engine.Start()
		defer engine.Stop()
		trade(t, &storagetest.House{T: t, DB: own, Clock: h.Clock, Engine: engine}, p, purchases)
	})
	for read := int64(0); read < 10*purchases; { // it takes a moment until that is known
		err := raw.QueryRowContext(t.Context(), `SELECT SUM(COALESCE(idx_tup_fetch, 0)) FROM pg_stat_user_tables
WHERE relname IN ('units', 'orders', 'order_items')`).Scan(&read)
		if err != nil {
			t.Fatal(err)
		}
	}
	rows, err := raw.QueryContext(t.Context(), `SELECT relname, seq_tup_read, COALESCE(idx_tup_fetch, 0)
FROM pg_stat_user_tables WHERE relname IN ('units', 'orders', 'order_items', 'entries', 'idempotency_answers', 'once_claims')`)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for rows.Next() {
		var table string
		var whole, found int64
		if err := rows.Scan(&table, &whole, &found); err != nil {
			t.Fatal(err)
		}
		seen++
		if whole > 0 || found > 30*purchases { // a page of 5 items is read for each
			t.Errorf("%s: %d rows were read without an index and %d with one", table, whole, found)
		}
	}
	if err := rows.Err(); err != nil || seen != 6 {
		t.Fatal(seen, err)
	}
}

// trade buys with and without keys, gifticons and star coupons, and looks into the history.
func trade(t *testing.T, h *storagetest.House, partner int64, purchases int) {
	t.Helper()
	for i := range purchases {
		key := fmt.Sprint(i)
		if i%2 == 0 {
			key = ""
		}
		h.Clock.Advance(time.Minute)
		if out := h.Buy(partner, key, 1); out.Refusal != nil {
			t.Fatal(out.Refusal)
		}
		star, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(partner, fmt.Sprint("s", i), 0))
		if err != nil || star.Refusal != nil {
			t.Fatal(star.Refusal, err)
		}
		if _, err := h.DB.BoughtCoupon(t.Context(), partner, 0, star.Coupons[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.History(t.Context(), gift.HistoryQuery{PartnerID: partner, Kind: gift.Gifticon, Limit: 5}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestACouponIsFoundWhateverElseWasBought looks for coupons of partners whose history is long, and of one whose coupon
// stands in many orders of others.
func TestACouponIsFoundWhateverElseWasBought(t *testing.T) {
	dsn := migratedPostgresURL(t)
	const orders, looks = 300, 20
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(1, orders)
	live := h.Partner(gift.Partner{Name: "live"}, 0)
	busy := h.Partner(gift.Partner{Name: "busy", Sandbox: true}, 0)
	quiet := h.Partner(gift.Partner{Name: "quiet", Sandbox: true}, 0)
	coupon := storagetest.StarOfferID*100_000 + int64(1)
	buy := func(partner int64, n int, coupon func(int) int64) {
		each(n, func(i int) {
			out, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(partner, fmt.Sprint(i), coupon(i)))
			if err != nil || out.Refusal != nil {
				t.Error(out.Refusal, err)
			}
		})
	}
	buy(quiet, 1, func(int) int64 { return coupon })
	buy(busy, orders, func(i int) int64 { return coupon + int64(i%2) })
	buy(live, orders, func(i int) int64 { return coupon + int64(i) })
	forgetReads(t, dsn, h.DB)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	for range looks {
		for _, partner := range []int64{live, quiet} {
			if item, err := db.BoughtCoupon(t.Context(), partner, 0, coupon); err != nil || item == nil {
				t.Fatal(item, err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if whole, found := readsOf(t, rawDB(t, "pgx", dsn), "order_items"); whole > 0 || found > 10*looks {
		t.Errorf("%d rows were read without an index and %d with one", whole, found)
	}
}

// TestTotalsOfAHistoryAreReadFromThePartnersOwnDays: where many partners bought on few days, PostgreSQL, which does not know of which
// days somebody will ask when it makes a plan for good, likes to look for the days first.
func TestTotalsOfAHistoryAreReadFromThePartnersOwnDays(t *testing.T) {
	dsn := migratedPostgresURL(t)
	const partners, looks = 1000, 20
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	partner := h.Partner(gift.Partner{Name: "one of many"}, 0)
	raw := rawDB(t, "pgx", dsn)
	for _, days := range []int{1, 30} {
		if _, err := raw.ExecContext(t.Context(), `
INSERT INTO partner_days (partner_id, day, kind, orders, items, spent, face)
SELECT $1 + p, d, 1, 1, 1, 1, 1 FROM generate_series(0, $2 - 1) p, generate_series(1, $3) d ON CONFLICT DO NOTHING`,
			partner, partners, days); err != nil {
			t.Fatal(err)
		}
		if _, err := raw.ExecContext(t.Context(), `VACUUM ANALYZE partner_days`); err != nil {
			t.Fatal(err)
		}
		forgetReads(t, dsn, h.DB, raw)
		db, err := storage.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		for range looks {
			for _, q := range []gift.HistoryQuery{{}, {From: 1}, {To: 1}, {From: 1, To: 1}} {
				q.PartnerID, q.Kind, q.Limit = partner, gift.Gifticon, 1
				found, err := db.History(t.Context(), q)
				if want := int64(days); err != nil || q.To == 0 && found.Total != want || q.To == 1 && found.Total != 1 {
					t.Fatalf("%+v: %+v, %v", q, found, err)
				}
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if whole, found := readsOf(t, raw, "partner_days"); whole > 0 || found > int64(4*days*looks) {
			t.Errorf("%d days: %d rows were read without an index and %d with one", days, whole, found)
		}
	}
	if _, err := raw.ExecContext(t.Context(), `DELETE FROM partner_days`); err != nil { // nothing was bought
		t.Fatal(err)
	}
}

// readsOf waits for PostgreSQL's figures about a table that was read by a connection now closed.
func readsOf(t *testing.T, raw *sql.DB, table string) (whole, found int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for whole+found == 0 {
		err := raw.QueryRowContext(ctx, `SELECT seq_tup_read, COALESCE(idx_tup_fetch, 0)
FROM pg_stat_user_tables WHERE relname = $1`, table).Scan(&whole, &found)
		if err != nil {
			t.Fatal(err)
		}
	}
	return whole, found
}

// TestWhatReadsAllReadsTablesWhole: through an index, a large table takes many times longer.
func TestWhatReadsAllReadsTablesWhole(t *testing.T) {
	dsn := migratedPostgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(1349, 0)
	var stock storage.Stock
	for day := range gift.Day(3000) {
		stock.Sales = append(stock.Sales, storage.ItemSale{Kind: gift.Gifticon, ItemID: 27935, Day: day, Sold: 1})
	}
	if err := h.DB.Load(t.Context(), &stock); err != nil {
		t.Fatal(err)
	}
	raw := rawDB(t, "pgx", dsn)
	if _, err := raw.ExecContext(t.Context(), `ANALYZE`); err != nil {
		t.Fatal(err)
	}
	forgetReads(t, dsn, h.DB, raw)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	_, popularity := db.Popularity(t.Context(), 0)
	_, _, since := db.CatalogSince(t.Context(), 0)
	if err := errors.Join(popularity, since, db.Close()); err != nil { // its connections hand in their figures
		t.Fatal(err)
	}
	for _, table := range []string{"offers", "item_sales"} {
		// The planner itself looks into indexes.
		if whole, found := readsOf(t, raw, table); whole < 1350 || found > 100 {
			t.Errorf("%s: %d rows were read without an index and %d with one", table, whole, found)
		}
	}
}

// forgetReads has PostgreSQL count what is read from now on. Connections hand in their figures late: some seconds after they are idle,
// or when they have ended. So all that there are, those of a node, if there is one, and those around it, are ended first.
func forgetReads(t *testing.T, dsn string, node *storage.DB, around ...*sql.DB) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // nothing is lost
	node.Reconnect()
	for _, raw := range around {
		raw.SetMaxIdleConns(0)
	}
	alone(t, db)
	if _, err := db.ExecContext(t.Context(), `SELECT pg_stat_reset()`); err != nil {
		t.Fatal(err)
	}
}

// TestTheAuditTrailIsReadByItsIndexes asks for the newest entries that few of many have in common.
func TestTheAuditTrailIsReadByItsIndexes(t *testing.T) {
	dsn := migratedPostgresURL(t)
	const entries, limit = 30_000, 10
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	raw := rawDB(t, "pgx", dsn)
	for _, text := range []string{
		`INSERT INTO audit SELECT n, n, n, n % 10, '', '', '', '', 'action' || n % 13, 'subject' || n % 301, '', '', '', '', '', ''
FROM generate_series(1, ` +
			fmt.Sprint(entries) + `) n`, `ANALYZE audit`,
	} {
		if _, err := raw.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	three, nobody := int64(3), int64(99)
	filters := []office.AuditFilter{
		{},
		{Operator: &three},
		{Operator: &nobody},
		{Action: "action3"},
		{Action: "none"},
		{Subject: "subject7"},
		{Operator: &three, Action: "none"},
		{Operator: &three, Action: "action3"},
		{Subject: "subject7", Action: "none"},
	}
	forgetReads(t, dsn, h.DB, raw)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range filters {
		if list, err := db.Audit(t.Context(), f, 0, limit); err != nil || len(list) > limit {
			t.Fatal(list, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if whole, found := readsOf(t, raw, "audit"); whole > 0 || found > int64(2*limit*len(filters)) {
		t.Errorf("%d rows were read without an index and %d with one", whole, found)
	}
	if _, err := raw.ExecContext(t.Context(), `DELETE FROM audit`); err != nil { // they are no chain
		t.Fatal(err)
	}
}

// TestADaysSalesCostARowForEachPartner reads a day of many, and the last two weeks.
func TestADaysSalesCostARowForEachPartner(t *testing.T) {
	dsn := migratedPostgresURL(t)
	const partners, days = 20, 1000
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	raw := rawDB(t, "pgx", dsn)
	today := gift.DayOf(h.Clock.Now())
	for i := range partners {
		_, err := raw.ExecContext(t.Context(), `INSERT INTO partner_days
SELECT $1::bigint, d, 1, 0, 0, 0, 0 FROM generate_series($2::bigint, $3::bigint) d`,
			h.Partner(gift.Partner{Name: fmt.Sprint("p", i)}, 0), int64(today)-days+1, int64(today))
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { // the doctor would miss the orders
		if _, err := raw.ExecContext(context.Background(), `DELETE FROM partner_days`); err != nil {
			t.Error(err)
		}
	})
	forgetReads(t, dsn, h.DB, raw)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := db.SalesByDay(t.Context(), today-13, today); err != nil || len(list) != 14 {
		t.Fatal(list, err)
	}
	if err := errors.Join(db.NoteSales(t.Context(), h.Clock.Now()), db.Close()); err != nil {
		t.Fatal(err)
	}
	if whole, found := readsOf(t, raw, "partner_days"); whole > 0 || found > 2*15*partners {
		t.Errorf("%d rows were read without an index and %d with one", whole, found)
	}
}

// TestNoticesReadWhatExpires and not what else was sold, whatever the planner knows.
func TestNoticesReadWhatExpires(t *testing.T) {
	for name, before := range map[string]string{"without statistics": `SELECT 1`, "with statistics of empty tables": `VACUUM ANALYZE`} {
		t.Run(name, func(t *testing.T) {
			dsn := migratedPostgresURL(t)
			h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
			o := outside{t, dsn, rawDB(t, "pgx", dsn)}
			if _, err := o.raw.ExecContext(t.Context(), before); err != nil {
				t.Fatal(err)
			}
			const others, expire = 400, 20
			h.Stock(2, 5000, func(o *gift.Offer) { o.LastDay = lastDay + gift.Day(10*(o.ID-1)) })
			partners := []int64{
				h.Partner(gift.Partner{Name: "live"}, 10_000_000),
				h.Partner(gift.Partner{Name: "test", Sandbox: true}, 10_000_000),
			}
			o.hear(partners[0])
			at := (lastDay - 30).Start()
			if _, err := h.DB.TellExpiry(t.Context(), at.Add(-24*time.Hour), 200); err != nil {
				t.Fatal(err)
			}
			for _, p := range partners {
				each(others, func(i int) { h.Buy(p, fmt.Sprint(i), 2) })
				each(expire, func(i int) { h.Buy(p, fmt.Sprint("x", i), 1) })
			}
			forgetReads(t, dsn, h.DB, o.raw)
			db, err := storage.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Join(t.Context(), h.Clock); err != nil {
				t.Fatal(err)
			}
			told, err := db.TellExpiry(t.Context(), at, 200)
			if err := errors.Join(err, db.Close()); err != nil || told != 2*expire { // its connections hand in their figures
				t.Fatalf("%d told, %v", told, err)
			}
			whole, found := o.reads(`'units', 'orders', 'order_items', 'events', 'deliveries', 'notices'`)
			if whole > 0 || found > 2*12*expire { // per item its unit, its line twice, and its order's other rows
				t.Errorf("%d rows were read without an index and %d with one", whole, found)
			}
		})
	}
}

// reads returns how many rows of tables PostgreSQL read since they were forgotten, without an index and with one, once it knows.
func (o outside) reads(tables string) (whole, found int64) {
	o.t.Helper()
	for looks := int64(0); looks == 0; {
		err := o.raw.QueryRowContext(o.t.Context(), `SELECT SUM(idx_scan), SUM(seq_tup_read), SUM(COALESCE(idx_tup_fetch, 0))
FROM pg_stat_user_tables WHERE relname IN (`+tables+`)`).Scan(&looks, &whole, &found)
		if err != nil {
			o.t.Fatal(err)
		}
	}
	return whole, found
}
