package storage_test

import (
	"database/sql"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// TestLocksAreTakenInOneOrder: who waits for one row must not hold another that its holder may want next. PostgreSQL would find that
// out after a second, in which both stand still and what else they hold.
func TestLocksAreTakenInOneOrder(t *testing.T) {
	dsn := migratedPostgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	raw := rawDB(t, "pgx", dsn)
	demo := h.Partner(gift.Partner{Name: "demo"}, 1000)
	e := addEndpoint(h, demo)
	if _, err := h.DB.LeaseEndpoints(t.Context(), "a holder", []int64{e.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.ExecContext(t.Context(), `UPDATE account_days_cursor SET next_day = 30000`); err != nil {
		t.Fatal(err)
	}
	const atOnce = ` FOR NO KEY UPDATE NOWAIT`
	for what, c := range map[string]struct {
		held string // by somebody else
		do   func() error
		next string // what that one may want next, and finds locked or not
		free bool
	}{
		"a new endpoint: clock, partner": {
			`UPDATE change_clock SET seq = seq`,
			func() error {
				_, err := h.DB.AddEndpoint(t.Context(), webhook.Endpoint{PartnerID: demo, URL: "https://shop.example/hooks"}, sealed, h.Clock.Now())
				return err
			},
			`SELECT 1 FROM partners` + atOnce, true,
		},
		"an endpoint given up: partner, endpoint": {
			`UPDATE partners SET title = title`,
			func() error { return h.DB.GiveUpEndpoint(t.Context(), "a holder", e.ID, "gone", h.Clock.Now()) },
			`SELECT 1 FROM endpoints` + atOnce, true,
		},
		"a deposit on a closed day: accounts, closings": {
			`UPDATE account_days_cursor SET next_day = next_day`,
			func() error {
				_, err := h.DB.Deposit(t.Context(), "demo", 5, "", "", h.Clock.Now())
				return err
			},
			`SELECT 1 FROM accounts WHERE kind = 'prepaid'` + atOnce, false,
		},
	} {
		t.Run(what, func(t *testing.T) {
			other, err := raw.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = other.Rollback() }()
			if _, err := other.ExecContext(t.Context(), c.held); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- c.do() }()
			awaitLocked(t, raw, 1)
			if got := free(t, other, c.next); got != c.free {
				t.Errorf("what comes next is free: %v", got)
			}
			if err := other.Rollback(); err != nil {
				t.Error(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	if n := h.DB.Retries(); n != 0 {
		t.Errorf("%d transactions were begun again", n)
	}
}

// free tells whether a transaction gets a lock at once.
func free(t *testing.T, tx *sql.Tx, query string) bool {
	t.Helper()
	var one int
	return tx.QueryRowContext(t.Context(), query).Scan(&one) == nil
}
