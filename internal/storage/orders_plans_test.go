package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// manyOrders is more than one page looks through, several times.
const manyOrders = 17_000

// fillOrders makes orders up, a thousand a second from Noon on, without stock or money: the doctor would not like them. All
// are gifticons of partner 1 but the oldest, a coupon of partner 2.
var fillOrders = []string{
	`INSERT INTO partners (id, name, title, state, sandbox, created_at, changed_seq) VALUES (1, 'one', '', 1, 0, 0, 1), (2, 'two', '', 1, 0, 0, 1)`,
	`INSERT INTO accounts (id, kind, owner_id, balance) VALUES (1000000001, 'prepaid', 1, 0), (1000000002, 'prepaid', 2, 0)`,
	`INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {many})
SELECT {first} + i * CAST(4194304 AS BIGINT), CASE i WHEN 0 THEN 2 ELSE 1 END, CASE i WHEN 0 THEN 2 ELSE 1 END, 0, 940, i, {at} + i FROM n`,
	`INSERT INTO units (id, offer_id, position, number, number_hash, tail_hash)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {many})
SELECT 1000000 + i, 1, 1000 + i, NULL, NULL, CASE WHEN i % 1000 = 7 THEN {tail} END FROM n`,
	`INSERT INTO order_items (partner_id, kind, order_id, line, test_order, offer_id, unit_id, face, paid)
SELECT partner_id, kind, id, 1, 0, CASE kind WHEN 1 THEN 1 ELSE 1350 END, 1000000 + at - {at}, 1400, 940 FROM orders`,
	`INSERT INTO entries (account_id, txn_id, amount)
SELECT 1000000000 + partner_id, id, -940 FROM orders UNION ALL SELECT 16, id, 940 FROM orders`,
	`INSERT INTO idempotency_answers (partner_id, key_hash, request, order_id, body, at)
SELECT partner_id, {hash}, {hash}, id, {hash}, at FROM orders`,
}

func fill(t *testing.T, raw *sql.DB, sqlite bool) {
	t.Helper()
	tail, hash := "'tail-7'::bytea", "int8send(id)"
	if sqlite {
		tail, hash = "CAST('tail-7' AS BLOB)", "CAST(id AS BLOB)"
	}
	words := strings.NewReplacer("{many}", itoa(manyOrders), "{first}", itoa(int64(gift.FirstIDAt(storagetest.Noon))),
		"{at}", itoa(storagetest.Noon.UnixMilli()), "{tail}", tail, "{hash}", hash)
	for _, statement := range fillOrders {
		if _, err := raw.ExecContext(t.Context(), words.Replace(statement)); err != nil {
			t.Fatal(err)
		}
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// bigHouse is a database with many orders.
func bigHouse(t *testing.T, dsn, driver, name string) (*storage.DB, *sql.DB) {
	t.Helper()
	db, _ := opener(func(testing.TB) string { return dsn })(t)
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	(&storagetest.House{T: t, DB: db}).Stock(1, 0)
	raw := rawDB(t, driver, name)
	raw.SetMaxOpenConns(1)
	fill(t, raw, driver == "sqlite")
	if driver != "sqlite" { // what the filling read is not counted later
		if _, err := raw.ExecContext(t.Context(), `SELECT pg_stat_force_next_flush()`); err != nil {
			t.Fatal(err)
		}
	}
	return db, raw
}

// searches are queries for a page of orders; the filtered ones try a filter on many orders that do not fit it.
var searches = map[string]struct {
	q        office.OrderQuery
	partner  int64
	filtered bool
}{
	"all":                 {q: office.OrderQuery{}},
	"further on":          {q: office.OrderQuery{Before: gift.FirstIDAt(storagetest.Noon.Add(9000 * time.Millisecond))}},
	"day":                 {q: office.OrderQuery{From: gift.DayOf(storagetest.Noon), To: gift.DayOf(storagetest.Noon)}},
	"number":              {q: office.OrderQuery{OrderID: gift.FirstIDAt(storagetest.Noon)}},
	"partner":             {q: office.OrderQuery{Partner: "one"}, partner: 1},
	"partner of few":      {q: office.OrderQuery{Partner: "two"}, partner: 2},
	"partner and kind":    {q: office.OrderQuery{Partner: "one", Kind: gift.Gifticon}, partner: 1},
	"tail":                {q: office.OrderQuery{Tail: storagetest.Tail(7)}},
	"tail and key":        {q: office.OrderQuery{Tail: storagetest.Tail(7), Key: "k"}},
	"key":                 {q: office.OrderQuery{Key: "k"}},
	"key of a partner":    {q: office.OrderQuery{Key: "k", Partner: "one"}, partner: 1},
	"refunded":            {q: office.OrderQuery{State: office.SomeRefunded}},
	"refunded of partner": {q: office.OrderQuery{State: office.SomeRefunded, Partner: "one"}, partner: 1},
	"kind":                {q: office.OrderQuery{Kind: gift.StarCoupon}, filtered: true},
	"used":                {q: office.OrderQuery{State: office.SomeUsed}, filtered: true},
	"used of partner":     {q: office.OrderQuery{State: office.SomeUsed, Partner: "one"}, partner: 1, filtered: true},
}

// TestSearchesForOrdersWalkIndexes asks SQLite for its plans: it may run through partners and through what it found, but not
// through what was sold.
func TestSearchesForOrdersWalkIndexes(t *testing.T) {
	dsn := migratedSQLiteURL(t)
	_, raw := bigHouse(t, dsn, "sqlite", "file:"+strings.TrimPrefix(dsn, "sqlite:"))
	whole := regexp.MustCompile(`^SCAN (orders|order_items|units|idempotency_answers|refunds|accounts|entries|[raui])\b`)
	for name, s := range searches {
		t.Run(name, func(t *testing.T) {
			s.q.Limit = 50
			query, args := storage.OrderQueries(s.q, s.partner)
			rows, err := raw.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, args...)
			if err != nil {
				t.Fatal(err)
			}
			steps := 0
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				steps++
				if whole.MatchString(detail) {
					t.Error(detail)
				}
			}
			if err := rows.Err(); err != nil || steps == 0 {
				t.Fatal(steps, err)
			}
		})
	}
}

// TestSearchesForOrdersReadFewRows asks PostgreSQL what was read.
func TestSearchesForOrdersReadFewRows(t *testing.T) {
	dsn := migratedPostgresURL(t)
	db, raw := bigHouse(t, dsn, "pgx", dsn)
	for name, s := range searches {
		t.Run(name, func(t *testing.T) {
			most := int64(1200) // of 51 orders: the order, its item thrice, and what is found on the way
			if s.filtered {
				most = 4*5000 + 1200
			}
			s.q.Limit = 50
			countOrderReads(t, dsn, db, raw, most, func(db *storage.DB) error {
				page, err := db.Orders(t.Context(), s.q)
				if s.filtered && !page.Searched {
					t.Error("it looked through all orders")
				}
				return err
			})
		})
	}
	t.Run("one order", func(t *testing.T) {
		countOrderReads(t, dsn, db, raw, 2200, func(db *storage.DB) error {
			o, err := db.Order(t.Context(), gift.FirstIDAt(storagetest.Noon.Add(15*time.Second)))
			if err == nil && (!o.Keyed || len(o.Bookings) != 2) {
				t.Errorf("%+v", o)
			}
			return err
		})
	})
}

// countOrderReads fails when more rows are read than look needs, or any without an index.
func countOrderReads(t *testing.T, dsn string, node *storage.DB, raw *sql.DB, most int64, look func(*storage.DB) error) {
	t.Helper()
	forgetReads(t, dsn, node, raw)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(look(db), db.Close()); err != nil { // its connections hand in their figures
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var looks, whole, found int64
	for looks == 0 {
		err = raw.QueryRowContext(ctx, `SELECT SUM(idx_scan), SUM(seq_tup_read), SUM(idx_tup_fetch) FROM pg_stat_user_tables
WHERE relname IN ('units', 'orders', 'order_items', 'entries', 'idempotency_answers', 'refunds', 'accounts')`).
			Scan(&looks, &whole, &found)
		if err != nil {
			t.Fatal(err)
		}
	}
	if whole > 0 || found > most {
		t.Errorf("%d rows were read without an index and %d with one", whole, found)
	}
}

// TestWhoLooksForRareOrdersIsToldWhereToGoOn finds the one coupon behind more gifticons than a page looks through.
func TestWhoLooksForRareOrdersIsToldWhereToGoOn(t *testing.T) {
	dsn := migratedSQLiteURL(t)
	db, _ := bigHouse(t, dsn, "sqlite", "file:"+strings.TrimPrefix(dsn, "sqlite:"))
	q := office.OrderQuery{Kind: gift.StarCoupon, Limit: 50}
	for pages := 1; ; pages++ {
		page, err := db.Orders(t.Context(), q)
		if err != nil || pages > 5 {
			t.Fatal(pages, err)
		}
		if q.Before = page.Next; page.Next == 0 {
			if pages != 4 || len(page.Orders) != 1 || page.Orders[0].Kind != gift.StarCoupon {
				t.Errorf("page %d has %+v", pages, page.Orders)
			}
			return
		}
		if !page.Searched || len(page.Orders) != 0 {
			t.Fatalf("page %d: %+v", pages, page)
		}
	}
}
