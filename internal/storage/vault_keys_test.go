package storage_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
)

// emptyEngines make databases without a schema.
var emptyEngines = map[string]func(testing.TB) string{"sqlite": sqliteURL, "postgres": postgresURL}

func masterKeys(t *testing.T, lines ...string) *vault.Masters {
	t.Helper()
	m, err := vault.Parse([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestADatabaseAcceptsOnlyTheKeysItWasFilledWith starts servers with one key file after another on the same database.
func TestADatabaseAcceptsOnlyTheKeysItWasFilledWith(t *testing.T) {
	key := func(letter string) string { return strings.Repeat(letter, 43) }
	for engine, url := range emptyEngines {
		t.Run(engine, func(t *testing.T) {
			db, _ := opener(url)(t)
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.Join(t.Context(), clock.NewManual(storagetest.Noon)); err != nil {
				t.Fatal(err)
			}
			root := ""
			for _, start := range []struct {
				name, keys, refusal string
				rewrap              bool
			}{
				{name: "first", keys: "master 1 " + key("A")},
				{name: "again", keys: "master 1 " + key("A")},
				{name: "another key", keys: "master 1 " + key("E"), refusal: "master key 1 is another one"},
				{name: "another number", keys: "master 2 " + key("A"), refusal: "master key 1 is missing"},
				{name: "a newer key was added", keys: "master 1 " + key("A") + ",master 2 " + key("E")},
				{name: "and taken away again", keys: "master 1 " + key("A")},
				{name: "it took over", keys: "master 1 " + key("A") + ",master 2 " + key("E"), rewrap: true},
				{name: "the old one alone", keys: "master 1 " + key("A"), refusal: "master key 2 is missing"},
				{name: "the newer one alone", keys: "master 2 " + key("E")},
			} {
				m := masterKeys(t, start.keys)
				if start.rewrap {
					if n, err := db.RewrapKeys(t.Context(), m, storagetest.Noon); n != 2 || err != nil {
						t.Errorf("%s: %d keys, %v", start.name, n, err)
					}
					if n, err := db.RewrapKeys(t.Context(), m, storagetest.Noon); n != 0 || err != nil {
						t.Errorf("%s, again: %d keys, %v", start.name, n, err)
					}
				}
				v, err := db.OpenVault(t.Context(), m)
				if start.refusal != "" {
					if !errors.Is(err, vault.ErrOtherKeys) || !strings.Contains(err.Error(), start.refusal) {
						t.Errorf("%s: %v, want %q", start.name, err, start.refusal)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", start.name, err)
				}
				if root == "" {
					root = v.Fingerprint()
				}
				if v.Fingerprint() != root {
					t.Errorf("%s: another root key", start.name)
				}
			}
		})
	}
}

func TestNodesThatStartTogetherOnANewDatabaseAgreeOnItsKeys(t *testing.T) {
	for engine, url := range emptyEngines {
		t.Run(engine, func(t *testing.T) {
			db, again := opener(url)(t)
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			nodes := []*storage.DB{db, again(), again(), again()}
			vaults := make([]*vault.Vault, len(nodes))
			var wg sync.WaitGroup
			for i, node := range nodes {
				wg.Go(func() {
					var err error
					if vaults[i], err = node.OpenVault(t.Context(), storagetest.Masters()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if t.Failed() {
				return
			}
			sealed, err := vaults[0].Seal(1, "n")
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range vaults {
				if plain, err := v.Open(1, sealed); err != nil || plain != "n" || v.Fingerprint() != vaults[0].Fingerprint() {
					t.Errorf("%q, %v", plain, err)
				}
			}
		})
	}
}

func TestADatabaseWithPartnersAndWithoutKeysGetsNone(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Partner(gift.Partner{Name: "demo"}, 0)
		out.alter(`DELETE FROM vault_keys`)
		if _, err := h.DB.OpenVault(t.Context(), storagetest.Masters()); err == nil || !strings.Contains(err.Error(), "no keys") {
			t.Errorf("error %v", err)
		}
	})
}
