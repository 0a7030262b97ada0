package demo

import (
	"reflect"
	"slices"
	"testing"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
)

func newDatabase(t *testing.T) (*storage.DB, *vault.Vault) {
	t.Helper()
	folder := t.TempDir()
	db, err := storage.OpenOrCreate(t.Context(), "sqlite:"+folder+"/giftimbiz.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // the test is over
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := db.OpenVault(t.Context(), storagetest.Masters())
	if err != nil {
		t.Fatal(err)
	}
	return db, keys
}

// TestASecondFillKeepsWhatWorksAndHandsOutTheRestAnew fills one database again and again, as starts of the demo do.
func TestASecondFillKeepsWhatWorksAndHandsOutTheRestAnew(t *testing.T) {
	db, keys := newDatabase(t)
	clk := clock.NewManual(storagetest.Noon)
	fill := func(kept *Credentials) *Credentials {
		t.Helper()
		made, err := Fill(t.Context(), db, keys, clk, Options{Offers: 5, Seed: 1, Kept: kept})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	first := fill(nil)
	if len(first.Partners) != 2 || len(first.Sellers) != 60 || first.Console.Password == "" || first.Partners[0].Balance == 0 {
		t.Fatalf("%d partners, %d sellers", len(first.Partners), len(first.Sellers))
	}
	if again := fill(first); !reflect.DeepEqual(again, first) {
		t.Error("what works was not kept")
	}
	lost := fill(nil)
	if lost.Partners[0].PartnerKey == first.Partners[0].PartnerKey || lost.Partners[0].Balance != first.Partners[0].Balance {
		t.Errorf("other keys for the same partner: balance %d, want %d", lost.Partners[0].Balance, first.Partners[0].Balance)
	}
	if made := fill(&Credentials{Partners: lost.Partners}); slices.Equal(made.Sellers, lost.Sellers) || len(made.Sellers) != 60 {
		t.Error("codes that are missing were not handed out anew")
	}
}

func TestADatabaseWithOtherPartnersIsRefused(t *testing.T) {
	db, keys := newDatabase(t)
	clk := clock.NewManual(storagetest.Noon)
	if err := db.Join(t.Context(), clk); err != nil {
		t.Fatal(err)
	}
	p := gift.Partner{Name: "real", Title: "Real", State: gift.Active}
	if _, err := OpenPartner(t.Context(), db, keys, clk, p, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := Fill(t.Context(), db, keys, clk, Options{Offers: 5, Seed: 1}); err == nil {
		t.Error("sample stock was put beside real partners")
	}
}
