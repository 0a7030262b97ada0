package storage_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
)

// TestACallerThatLeavesBreaksNoConnection leaves at every moment of a transaction's beginning.
func TestACallerThatLeavesBreaksNoConnection(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 5)
		p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
		for n := range 1000 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%400)*100*time.Nanosecond)
			_, _ = h.DB.Committed(ctx, []int64{p}, []gift.ID{1}) // it may have been in time
			cancel()
		}
		if out := h.Buy(p, "", 1); out.Refusal != nil {
			t.Error(out.Refusal)
		}
		if _, err := h.DB.Deposit(t.Context(), "demo", 5, "", "", h.Clock.Now()); err != nil {
			t.Error(err)
		}
	})
}

// TestPurchasesDoNotWaitForSlowReads lets as many readers as there are connections wait for a table.
func TestPurchasesDoNotWaitForSlowReads(t *testing.T) {
	dsn := postgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(1, 5)
	p := h.Partner(gift.Partner{Name: "demo"}, 100_000)
	raw := rawDB(t, "pgx", dsn)
	lock, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.ExecContext(t.Context(), `LOCK TABLE media IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	const readers = 20
	read := make(chan error, readers)
	for range readers {
		go func() {
			_, err := h.DB.Media(t.Context(), "/UPLOAD/b.png")
			read <- err
		}()
	}
	awaitLocked(t, raw, 16)
	if out := h.Buy(p, "", 1); out.Refusal != nil {
		t.Error(out.Refusal)
	}
	if err := lock.Rollback(); err != nil {
		t.Error(err)
	}
	for range readers {
		if err := <-read; err != nil {
			t.Error(err)
		}
	}
}

// TestReadsDoNotWaitForSandboxesThatAreReset lets more resets than there are connections wait for a partner.
func TestReadsDoNotWaitForSandboxesThatAreReset(t *testing.T) {
	dsn := postgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	id := h.Partner(gift.Partner{Name: "trial", Sandbox: true}, 100_000)
	raw := rawDB(t, "pgx", dsn)
	lock, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.ExecContext(t.Context(), `UPDATE accounts SET balance = balance WHERE kind = 'prepaid'`); err != nil {
		t.Fatal(err)
	}
	const resets = 20
	done := make(chan error, resets)
	for range resets {
		go func() {
			_, err := h.DB.ResetSandbox(t.Context(), id, h.Clock.Now())
			done <- err
		}()
	}
	awaitLocked(t, raw, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := h.DB.Partner(ctx, "trial"); err != nil {
		t.Error(err)
	}
	if err := lock.Rollback(); err != nil {
		t.Error(err)
	}
	for range resets {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestADatabaseMayHaveAnotherIsolationByDefault: a transaction that first waits for a lock must see what its holder did.
func TestADatabaseMayHaveAnotherIsolationByDefault(t *testing.T) {
	dsn := postgresURL(t)
	raw := rawDB(t, "pgx", dsn)
	name, _, _ := strings.Cut(dsn[strings.LastIndex(dsn, "/")+1:], "?")
	_, err := raw.ExecContext(t.Context(), `ALTER DATABASE `+name+` SET default_transaction_isolation = 'repeatable read'`)
	if err != nil {
		t.Fatal(err)
	}
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	p := h.Partner(gift.Partner{Name: "demo"}, 1000)
	for what, waits := range map[string]func(order gift.ID) bool{
		"an order": func(order gift.ID) bool {
			found, err := h.DB.Committed(t.Context(), []int64{p}, []gift.ID{order})
			return err == nil && found[order]
		},
		"a balance": func(gift.ID) bool {
			balance, err := h.DB.Deposit(t.Context(), "demo", 5, "", "", h.Clock.Now())
			return err == nil && balance == 1005
		},
	} {
		order := h.DB.IDs().Next()
		tx, err := raw.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			`UPDATE accounts SET balance = balance WHERE kind = 'prepaid'`,
			`INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at) SELECT $1, 1, 1, 0, 0, 0, 0`,
		} {
			args := []any{int64(order)}[:strings.Count(statement, "$1")]
			if _, err := tx.ExecContext(t.Context(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		saw := make(chan bool)
		go func() { saw <- waits(order) }()
		awaitLocked(t, raw, 1)
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if !<-saw {
			t.Errorf("%s that was there when the lock came was not seen", what)
		}
		if _, err := raw.ExecContext(t.Context(), `DELETE FROM orders WHERE id = $1`, int64(order)); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitLocked waits until n sessions of the database wait for a lock.
func awaitLocked(t *testing.T, raw *sql.DB, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for waiting := 0; waiting < n; {
		err := raw.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			t.Fatalf("%d of %d sessions wait: %v", waiting, n, err)
		}
	}
}

// TestASandboxIsResetWithOneConnection: whoever has a connection asks by it for all. Resets that asked for a second one would wait
// for each other for ever where all that there are wait for the partner whose reset is under way.
func TestASandboxIsResetWithOneConnection(t *testing.T) {
	dsn := postgresURL(t)
	if strings.Contains(dsn, "?") {
		dsn += "&pool_max_conns=1"
	} else {
		dsn += "?pool_max_conns=1"
	}
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(2, 5)
	id := h.Partner(gift.Partner{Name: "trial", Sandbox: true}, 100_000)
	if out := h.Buy(id, "key", 1, 2); out.Refusal != nil {
		t.Fatal(out.Refusal)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	later := func(time.Duration) (time.Duration, error) { return 200 * 24 * time.Hour, nil }
	if _, err := h.DB.SetClock(ctx, id, h.Clock.Now(), later); err != nil {
		t.Fatal(err)
	}
	if orders, err := h.DB.ResetSandbox(ctx, id, h.Clock.Now()); orders != 1 || err != nil {
		t.Fatal(orders, err)
	}
}
