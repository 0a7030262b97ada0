package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// TestNoStatementOfARequestReadsAWholeTable asks PostgreSQL itself what was read, on a database without statistics: the
// state in which its planner likes to read everything, and in which a plan once made is kept while tables grow.
func TestNoStatementOfARequestReadsAWholeTable(t *testing.T) {
	dsn := postgresURL(t)
	const units, purchases = 5000, 200
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(2, units)
	p := h.Partner(gift.Partner{Name: "demo", DuplicateSec: 10}, 10_000_000)
	forgetReads(t, dsn)
	t.Run("trade", func(t *testing.T) { // its end closes the node's connections, which then hand in their figures
		here := *h
		here.T = t
		trade(t, here.SecondNode(), p, purchases)
	})
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // only read
	rows, err := db.QueryContext(t.Context(), `SELECT relname, seq_tup_read, COALESCE(idx_tup_fetch, 0)
FROM pg_stat_user_tables WHERE relname IN ('units', 'orders', 'order_items', 'entries', 'idempotency_answers')`)
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
	if err := rows.Err(); err != nil || seen != 5 {
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

// TestWhatReadsAllReadsTablesWhole: through an index, a large table takes many times longer.
func TestWhatReadsAllReadsTablesWhole(t *testing.T) {
	dsn := postgresURL(t)
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
	forgetReads(t, dsn)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	_, popularity := db.Popularity(t.Context(), 0)
	_, _, since := db.CatalogSince(t.Context(), 0)
	if err := errors.Join(popularity, since, db.Close()); err != nil { // its connections hand in their figures
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, table := range []string{"offers", "item_sales"} {
		var whole, found int64
		for whole+found == 0 { // until the figures are in
			err := raw.QueryRowContext(ctx, `SELECT seq_tup_read, COALESCE(idx_tup_fetch, 0)
FROM pg_stat_user_tables WHERE relname = $1`, table).Scan(&whole, &found)
			if err != nil {
				t.Fatal(err)
			}
		}
		if whole < 1350 || found > 100 { // the planner itself looks into indexes
			t.Errorf("%s: %d rows were read without an index and %d with one", table, whole, found)
		}
	}
}

func forgetReads(t *testing.T, dsn string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // nothing is lost
	if _, err := db.ExecContext(context.Background(), `SELECT pg_stat_reset()`); err != nil {
		t.Fatal(err)
	}
}
