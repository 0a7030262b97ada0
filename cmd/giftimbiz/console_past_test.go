package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// longPast says how much a house has behind it: a year of orders of one voucher each, spread evenly.
type longPast struct {
	orders, offers int64
	partners       int64 // the first has made every tenth order
}

// pastOfSize is small, unless the environment asks for more: GIFTIMBIZ_TEST_ORDERS=1000000 GIFTIMBIZ_TEST_OFFERS=200000.
func pastOfSize(t testing.TB) longPast {
	t.Helper()
	past := longPast{orders: 5_000, offers: 1_000, partners: 50}
	for name, value := range map[string]*int64{"GIFTIMBIZ_TEST_ORDERS": &past.orders, "GIFTIMBIZ_TEST_OFFERS": &past.offers} {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			*value = n
		}
	}
	return past
}

// startWithPast starts a node on a database that has been in use for a year.
func startWithPast(t testing.TB, database string, past longPast) *testServer {
	t.Helper()
	cfg := &config{Data: t.TempDir(), Database: database, LogLevel: "error", LogFormat: "text", PublicURL: "https://gift.example"}
	s := &testServer{t: t, clock: clock.NewManual(storagetest.Noon), cfg: cfg, made: &demo.Credentials{}}
	past.stock(s)
	past.sell(t, database)
	db := s.openDB()
	s.serve(db)
	return s
}

// stock loads offers and opens partners.
func (p longPast) stock(s *testServer) {
	s.t.Helper()
	ctx := s.t.Context()
	db, err := storage.OpenOrCreate(ctx, s.cfg.Database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // everything is committed
	if _, err := db.Migrate(ctx); err != nil {
		s.t.Fatal(err)
	}
	v, err := s.cfg.vault(ctx, db)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := db.Join(ctx, s.clock); err != nil {
		s.t.Fatal(err)
	}
	if err := db.Load(ctx, listStock(int(p.offers), gift.DayOf(s.clock.Now()))); err != nil {
		s.t.Fatal(err)
	}
	for i := range p.partners {
		partner := gift.Partner{Name: fmt.Sprintf("partner%d", i+1), Title: fmt.Sprintf("Partner %d", i+1), State: gift.Active}
		made, err := demo.OpenPartner(ctx, db, v, s.clock, partner, benchBalance)
		if err != nil {
			s.t.Fatal(err)
		}
		s.made.Partners = append(s.made.Partners, *made)
	}
}

// sell writes the year's orders, with all that belongs to them, as purchases would have.
func (p longPast) sell(t testing.TB, database string) {
	t.Helper()
	driver, bytes, tidy := "pgx", "decode('00000001', 'hex') || convert_to(CAST(unit_id AS TEXT), 'UTF8')", "VACUUM ANALYZE"
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, database, bytes, tidy = "sqlite", file, "CAST(X'00000001' || CAST(unit_id AS TEXT) AS BLOB)", "PRAGMA wal_checkpoint(TRUNCATE)"
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // everything is committed
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		began := time.Now()
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Logf("%v: %.60s", took.Round(time.Second), statement)
		}
	}
	run(`CREATE TEMPORARY TABLE sold AS SELECT row_number() OVER (ORDER BY id) - 1 AS n, id AS offer_id, product_id, face, price_mid AS price
FROM offers WHERE kind = 1 ORDER BY id LIMIT ` + fmt.Sprint(max(1, p.orders/5)))
	run(`CREATE UNIQUE INDEX sold_n ON sold (n)`)
	run(`CREATE UNIQUE INDEX sold_offer ON sold (offer_id)`)
	offers, unit := scalar(t, conn, `SELECT COUNT(*) FROM sold`), scalar(t, conn, `SELECT MAX(id) FROM units`)
	for _, statement := range p.statements(offers, max(1, p.orders/offers), unit, bytes) {
		run(statement)
	}
	run(tidy)
}

func scalar(t testing.TB, conn *sql.Conn, query string) (n int64) {
	t.Helper()
	if err := conn.QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	return n
}

// statements sell so many vouchers of each offer in turn; lastUnit is the highest number of those that stay.
func (p longPast) statements(offers, each, lastUnit int64, bytes string) []string {
	const year = 365 * 24 * time.Hour
	orders := offers * each
	began := storagetest.Noon.Add(-year).UnixMilli()
	step := (year - time.Hour).Milliseconds() / orders
	first := int64(gift.FirstIDAt(storagetest.Noon.Add(-year)))
	perMillisecond := int64(gift.FirstIDAt(storagetest.Noon) - gift.FirstIDAt(storagetest.Noon.Add(-time.Millisecond)))
	return []string{
		fmt.Sprintf(`CREATE TEMPORARY TABLE past AS WITH RECURSIVE numbers (i) AS (
    SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < %d - 1)
SELECT i, %d + i * %d * %d AS id, %d + i * %d AS at, CASE WHEN i %% 10 = 0 THEN 1 ELSE 2 + i * 7919 %% %d END AS partner_id,
    1 + i / %d AS position, %d + i AS unit_id, 16 + i %% 16 AS sales, sold.*
FROM numbers JOIN sold ON n = i %% %d`,
			orders, first, step, perMillisecond, began, step, p.partners-1, offers, lastUnit+1, offers),
		`CREATE INDEX past_i ON past (i)`,
		fmt.Sprintf(`UPDATE units SET position = position + %d WHERE offer_id IN (SELECT offer_id FROM sold)`, each),
		`INSERT INTO units (id, offer_id, position, number, number_hash)
SELECT unit_id, offer_id, position, ` + bytes + `, ` + bytes + ` FROM past ORDER BY i`,
		`INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at)
SELECT id, partner_id, 1, 0, price, i, at FROM past ORDER BY i`,
		`INSERT INTO order_items (partner_id, kind, order_id, line, test_order, offer_id, unit_id, face, paid)
SELECT partner_id, 1, id, 1, 0, offer_id, unit_id, face, price FROM past ORDER BY partner_id, i`,
		`INSERT INTO entries (account_id, txn_id, amount) SELECT a.id, past.id, -price FROM past
JOIN accounts a ON a.kind = 'prepaid' AND a.owner_id = partner_id WHERE price > 0 ORDER BY a.id, past.id`,
		`INSERT INTO entries (account_id, txn_id, amount) SELECT sales, id, price FROM past WHERE price > 0 ORDER BY sales, i`,
		`INSERT INTO partner_days (partner_id, day, kind, orders, items, spent, face)
SELECT partner_id, (at + 32400000) / 86400000, 1, COUNT(*), COUNT(*), SUM(price), SUM(face) FROM past GROUP BY 1, 2`,
		`UPDATE accounts SET balance = balance - (SELECT SUM(spent) FROM partner_days WHERE partner_id = owner_id)
WHERE kind = 'prepaid' AND owner_id IN (SELECT partner_id FROM partner_days)`,
		`UPDATE accounts SET balance = balance + COALESCE((SELECT SUM(price) FROM past WHERE sales = accounts.id), 0) WHERE kind = 'sales'`,
		fmt.Sprintf(`UPDATE offers SET next_position = 1 + %[1]d, last_position = last_position + %[1]d,
    last_order = (SELECT p.id FROM sold s JOIN past p ON p.i = s.n + %[2]d WHERE s.offer_id = offers.id),
    last_partner = (SELECT p.partner_id FROM sold s JOIN past p ON p.i = s.n + %[2]d WHERE s.offer_id = offers.id)
WHERE id IN (SELECT offer_id FROM sold)`, each, orders-offers),
		`INSERT INTO item_sales (day, kind, item_id, sold) SELECT (at + 32400000) / 86400000, 1, product_id, COUNT(*) FROM past
WHERE TRUE GROUP BY 1, 3 ON CONFLICT (day, kind, item_id) DO UPDATE SET sold = item_sales.sold + excluded.sold`,
		`UPDATE item_sales_cursor SET up_to = (SELECT MAX(id) + 1 FROM past)`,
		`DROP TABLE past`,
		`DROP TABLE sold`,
	}
}
