package storage_test

import (
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// TestDeliveringReadsWhatIsDueOnly asks PostgreSQL what was read where much was delivered, and much waits for later, with the
// statistics that tables have that were empty when they were taken, and with none.
func TestDeliveringReadsWhatIsDueOnly(t *testing.T) {
	t.Run("without statistics", func(t *testing.T) { countDeliveryReads(t, `SELECT 1`, `SELECT 1`) })
	t.Run("with statistics of empty tables", func(t *testing.T) { countDeliveryReads(t, `VACUUM ANALYZE`, `SELECT 1`) })
	t.Run("with statistics", func(t *testing.T) { countDeliveryReads(t, `SELECT 1`, `VACUUM ANALYZE`) })
}

func countDeliveryReads(t *testing.T, before, after string) {
	const delivered, later, due, orders, endpoints = 40_000, 20_000, 300, 20, 50
	dsn := migratedPostgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	out := outside{t, dsn, rawDB(t, "pgx", dsn)}
	p := h.Partner(gift.Partner{Name: "demo"}, 0)
	list := ordersOf(h, p, orders)
	for id := range int64(endpoints) {
		out.endpoint(id+1, p, "https://shop.example/hooks")
	}
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := out.raw.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	now := h.Clock.Now()
	run(before)
	run(`INSERT INTO events (id, type, partner_id, order_id, data) SELECT n, 'test.sent', $1, 0, '{}' FROM generate_series(1, CAST($2 AS INT)) n`, p, delivered+later+due)
	run(`INSERT INTO deliveries (endpoint_id, event_id, order_id, state, due_at)
SELECT 1, n, 0, CASE WHEN n <= $1 THEN 2 ELSE 1 END, CASE WHEN n <= $2 THEN CAST($3 AS BIGINT) + 3600000 ELSE CAST($3 AS BIGINT) END
FROM generate_series(1, CAST($4 AS INT)) n`, delivered, delivered+later, now.UnixMilli(), delivered+later+due)
	out.backlog(h, 1, list, 3)
	run(after)
	forgetReads(t, dsn, h.DB, out.raw)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	deliverByHand(t, db, now, due, orders)
	if err := db.Close(); err != nil { // its connections then hand in their figures
		t.Fatal(err)
	}
	read := func(what, table string) int64 {
		return out.one(`SELECT `+what+` FROM pg_stat_user_tables WHERE relname = $1`, table)
	}
	soon(t, "the figures are there", func() bool { return read("n_tup_upd", "deliveries") >= due && read("n_tup_upd", "endpoints") >= 2 })
	for _, table := range []string{"deliveries", "endpoints", "events"} {
		whole, found := read("seq_tup_read", table), read("idx_tup_fetch", table)
		if whole > 0 || found > 3*(due+3*orders) {
			t.Errorf("%s: %d rows were read without an index and %d with one", table, whole, found)
		}
	}
}

// deliverByHand does what a sender does, with a store of its own.
func deliverByHand(t *testing.T, db *storage.DB, now time.Time, due, orders int) {
	t.Helper()
	ctx := t.Context()
	if found, err := db.LookForDeliveries(ctx, "a", now, 10); err != nil || len(found.Free) != 1 {
		t.Fatal(found, err)
	}
	if got, err := db.LeaseEndpoints(ctx, "a", []int64{1}); err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	for round := range 3 {
		list, err := db.DueDeliveries(ctx, 1, now, due+orders)
		if want := orders + due*max(1-round, 0); err != nil || len(list) != want {
			t.Fatal(len(list), want, err)
		}
		for i := range list {
			list[i].State, list[i].Attempts, list[i].DueAt, list[i].TriedAt = webhook.Delivered, 1, now, now
		}
		if _, err := db.KeepResults(ctx, "a", list, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.HastenDeliveries(ctx, now); err != nil {
		t.Error(err)
	}
	if n, err := db.WaitingDeliveries(ctx, 100); err != nil || n != 100 {
		t.Error(n, err)
	}
	if err := db.ReleaseEndpoints(ctx, "a", []int64{1}); err != nil {
		t.Error(err)
	}
}
