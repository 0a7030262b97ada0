package storage_test

import (
	"database/sql"
	"testing"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// TestACounterReadsLittleWhateverWasRedeemed asks PostgreSQL what a redemption, its undo and all that pages ask for read.
func TestACounterReadsLittleWhateverWasRedeemed(t *testing.T) {
	dsn := migratedPostgresURL(t)
	const orders = 20_000
	var order gift.ID
	var unit, shop int64
	t.Run("fill", func(t *testing.T) { // its end closes the connections, which then hand in their figures
		_, raw := yearOf(t, "pgx", dsn, orders)
		err := raw.QueryRowContext(t.Context(), `SELECT i.order_id, i.unit_id, c.shop_id FROM order_items i
JOIN offers o ON o.id = i.offer_id JOIN campaigns c ON c.id = o.campaign_id WHERE i.used_at IS NULL ORDER BY i.order_id DESC LIMIT 1`).
			Scan(&order, &unit, &shop)
		if err != nil {
			t.Fatal(err)
		}
	})
	raw := rawDB(t, "pgx", dsn)
	forgetReads(t, dsn, nil, raw)
	t.Run("counter", func(t *testing.T) {
		db, err := storage.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }() // its figures are what matters
		now := storagetest.Noon
		if err := db.Join(t.Context(), clock.NewManual(now)); err != nil {
			t.Fatal(err)
		}
		if item, err := db.CouponAtShop(t.Context(), shop, unit); err != nil || item == nil || item.OrderID != order {
			t.Fatalf("%+v, %v", item, err)
		}
		use := redeem.Use{OrderID: order, Line: 1, SellerID: shop, ShopID: shop, Via: redeem.ViaShift, Device: []byte("d"), At: now}
		if won, err := db.MarkUsed(t.Context(), use); err != nil || !won {
			t.Fatal(won, err)
		}
		r, err := db.Redemption(t.Context(), order, 1)
		if err != nil || r == nil {
			t.Fatal(r, err)
		}
		undo := redeem.Undo{RedemptionID: r.ID, OrderID: order, Line: 1, SellerID: shop, Via: redeem.ViaShift, At: now}
		if won, err := db.UndoUse(t.Context(), undo); err != nil || !won {
			t.Fatal(won, err)
		}
		if s, err := db.Shift(t.Context(), []byte("none"), now); s != nil || err != nil {
			t.Fatal(s, err)
		}
	})
	alone(t, raw)
	checkReads(t, raw, 400)
}

// alone waits until all other connections are gone: by then they have handed in their figures.
func alone(t *testing.T, raw *sql.DB) {
	t.Helper()
	conn, err := raw.Conn(t.Context()) // one, however many raw would take
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // nothing is lost
	soon(t, "all other connections are gone", func() bool {
		var others int
		err := conn.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
		if err != nil {
			t.Fatal(err)
		}
		return others == 0
	})
}
