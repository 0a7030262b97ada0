package storage_test

import (
	"errors"
	"strings"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// TestOnlyAReferenceIsADuplicateDeposit makes the deposit's own number be taken: no reason to believe that the money is
// booked.
func TestOnlyAReferenceIsADuplicateDeposit(t *testing.T) {
	for driver, newURL := range map[string]func(testing.TB) string{"sqlite": migratedSQLiteURL, "pgx": migratedPostgresURL} {
		t.Run(driver, func(t *testing.T) {
			dsn := newURL(t)
			h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
			h.Partner(gift.Partner{Name: "demo"}, 0)
			raw := rawDB(t, driver, strings.TrimPrefix(dsn, "sqlite:"))
			next := int64(h.DB.IDs().Next()) + 1
			_, err := raw.ExecContext(t.Context(), `INSERT INTO ledger_transactions (id, kind, memo, at) VALUES ($1, 'x', '', 0)`, next)
			if err != nil {
				t.Fatal(err)
			}
			deposit := func() error {
				_, err := h.DB.Deposit(t.Context(), "demo", 500, "KB-1", "", h.Clock.Now())
				return err
			}
			if err := deposit(); err == nil || errors.Is(err, storage.ErrDuplicate) {
				t.Errorf("a taken number: %v", err)
			}
			if _, err := raw.ExecContext(t.Context(), `DELETE FROM ledger_transactions WHERE id = $1`, next); err != nil {
				t.Fatal(err)
			}
			if err := deposit(); err != nil {
				t.Error(err)
			}
			if err := deposit(); !errors.Is(err, storage.ErrDuplicate) || !strings.Contains(err.Error(), `"KB-1"`) {
				t.Errorf("a taken reference: %v", err)
			}
			if got := h.Balance("demo"); got != 500 {
				t.Errorf("balance %d", got)
			}
		})
	}
}

// TestAnUnansweredDepositSaysSo lets the server's process end at COMMIT.
func TestAnUnansweredDepositSaysSo(t *testing.T) {
	dsn := migratedPostgresURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Partner(gift.Partner{Name: "demo"}, 0)
	raw := rawDB(t, "pgx", dsn)
	for _, statement := range []string{
		`CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$`,
		`CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON ledger_transactions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION leave()`,
	} {
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for reference, want := range map[string]string{
		"KB-1": `again with the reference "KB-1"`,
		"":     `Look at the balance of "demo"`,
	} {
		_, err := h.DB.Deposit(t.Context(), "demo", 500, reference, "", h.Clock.Now())
		if !errors.Is(err, storage.ErrUnanswered) || !strings.Contains(err.Error(), want) {
			t.Errorf("with the reference %q: %v", reference, err)
		}
	}
}

// TestNothingIsDepositedForAPartnerThatLeft: nobody could take it off its account again.
func TestNothingIsDepositedForAPartnerThatLeft(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "gone"}, 1000)
		_, err := h.DB.ChangePartner(t.Context(), "gone", 0, h.Clock.Now(), func(p *gift.Partner) error {
			p.State = gift.Withdrawn
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.Deposit(t.Context(), "gone", 500, "r", "", h.Clock.Now()); !errors.Is(err, gift.ErrWithdrawn) {
			t.Errorf("%v", err)
		}
		if got := h.Balance("gone"); got != 1000 {
			t.Errorf("balance %d", got)
		}
	})
}
