package vault_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"giftimbiz/internal/vault"
)

// state returns the keys with one of them in another state.
func state(keys []vault.WrappedKey, number uint32, s vault.KeyState) []vault.WrappedKey {
	keys = slices.Clone(keys)
	for i := range keys {
		if keys[i].Number == number {
			keys[i].State = s
		}
	}
	return keys
}

func newDataKey(t testing.TB, v *vault.Vault, number, master uint32) vault.WrappedKey {
	t.Helper()
	k, err := v.NewDataKey(number, master)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestANewDataKeyOpensFirstSealsNextAndIsMissedByNobodyWhenItIsGone(t *testing.T) {
	one, two := oneKey(t), oneKey(t)
	learn := func(v *vault.Vault, keys []vault.WrappedKey) {
		t.Helper()
		if err := v.Learn(keys); err != nil {
			t.Fatal(err)
		}
	}
	old, err := one.Seal(1, "n")
	if err != nil {
		t.Fatal(err)
	}
	keys := append(slices.Clone(firstKeys()), newDataKey(t, one, 2, 1))
	learn(one, keys)
	learn(two, keys)
	if one.Sealing() != 1 {
		t.Error("it sealed before all had it")
	}
	keys = state(state(keys, 1, vault.Leaving), 2, vault.Sealing)
	learn(one, keys)
	sealed, err := one.Seal(1, "n")
	if err != nil || !bytes.HasPrefix(sealed, vault.Mark(2)) {
		t.Fatalf("sealed %x, %v", sealed, err)
	}
	if plain, err := two.Open(1, sealed); err != nil || plain != "n" {
		t.Errorf("another node, which does not seal with it yet: %q, %v", plain, err)
	}
	learn(one, []vault.WrappedKey{keys[0], keys[2]})
	if plain, err := one.Open(1, old); err != nil || plain != "n" {
		t.Errorf("read before it was sealed anew: %q, %v", plain, err)
	}
	if !bytes.Equal(one.Lookup("voucher", "n"), oneKey(t).Lookup("voucher", "n")) {
		t.Error("a new data key changed what is looked up")
	}
	started := open(t, masters(t, "master 1 "+master1), []vault.WrappedKey{keys[0], keys[2]})
	if _, err := started.Open(1, old); !errors.Is(err, vault.ErrUnreadable) {
		t.Errorf("with a key that is gone: %v", err)
	}
}

func TestOnlyTheRightMasterKeysOpenADatabasesKeys(t *testing.T) {
	keys := firstKeys()
	exchanged := slices.Clone(keys)
	exchanged[0].Sealed, exchanged[1].Sealed = keys[1].Sealed, keys[0].Sealed
	renamed := slices.Clone(keys)
	renamed[1].Number = 7
	swapped := slices.Clone(keys)
	swapped[1].Fingerprint = keys[0].Fingerprint
	right := "master 1 " + master1
	for name, test := range map[string]struct {
		masters, want string
		keys          []vault.WrappedKey
	}{
		"none of its number":     {"master 2 " + master2, "master key 1 is missing", keys},
		"another of its number":  {"master 1 " + master2, "master key 1 is another one", keys},
		"exchanged":              {right, "does not open the root key", exchanged},
		"under another number":   {right, "does not open the data key 7", renamed},
		"of another fingerprint": {right, "data key 1 is not the one", swapped},
	} {
		_, err := masters(t, test.masters).Open(test.keys)
		if !errors.Is(err, vault.ErrOtherKeys) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, some := range map[string][]vault.WrappedKey{
		"no root": keys[1:], "no data key": keys[:1], "none that seals": state(keys, 1, vault.Announced), "nothing": nil,
	} {
		if _, err := masters(t, right).Open(some); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestANewMasterKeyTakesOverAndTheOldIsNotMissed(t *testing.T) {
	both := masters(t, "master 1 "+master1, "master 2 "+master2)
	sealed, err := oneKey(t).Seal(1, "n")
	if err != nil {
		t.Fatal(err)
	}
	var keys []vault.WrappedKey
	for _, k := range firstKeys() {
		k, err := both.Rewrap(k)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	v := open(t, masters(t, "master 2 "+master2), keys)
	if plain, err := v.Open(1, sealed); err != nil || plain != "n" {
		t.Errorf("%q, %v", plain, err)
	}
	if again, err := both.Rewrap(keys[0]); err != nil || !bytes.Equal(again.Sealed, keys[0].Sealed) {
		t.Errorf("wrapped once more for nothing, %v", err)
	}
	if _, err := masters(t, "master 2 "+master2).Rewrap(firstKeys()[0]); !errors.Is(err, vault.ErrOtherKeys) {
		t.Errorf("without the old one: %v", err)
	}
}

func TestAKeyThatTheMastersDoNotOpenIsLeftOutAndToldOf(t *testing.T) {
	v := oneKey(t)
	both := masters(t, "master 1 "+master1, "master 2 "+master2)
	foreign := newDataKey(t, open(t, both, both.FirstKeys()), 2, 2)
	if err := v.Learn(append(slices.Clone(firstKeys()), foreign)); !errors.Is(err, vault.ErrOtherKeys) {
		t.Errorf("error %v", err)
	}
	if sealed, err := v.Seal(1, "n"); err != nil || !bytes.HasPrefix(sealed, vault.Mark(1)) {
		t.Errorf("it does not go on: %x, %v", sealed, err)
	}
	if err := v.Learn(both.FirstKeys()); !errors.Is(err, vault.ErrOtherKeys) {
		t.Errorf("the keys of another database: %v", err)
	}
}

func TestAMasterKeyIsNotTakenForAnotherOfItsNumber(t *testing.T) {
	if _, err := masters(t, "master 1 "+master2).Rewrap(firstKeys()[0]); !errors.Is(err, vault.ErrOtherKeys) {
		t.Errorf("error %v", err)
	}
}

// TestWhatWasReadBeforeTakesNothingBack: of two goroutines that read the keys, the one that read first may learn them last.
func TestWhatWasReadBeforeTakesNothingBack(t *testing.T) {
	v := oneKey(t)
	then := append(slices.Clone(firstKeys()), newDataKey(t, v, 2, 1))
	now := state(state(then, 1, vault.Leaving), 2, vault.Sealing)
	for _, keys := range [][]vault.WrappedKey{now, then} {
		if err := v.Learn(keys); err != nil {
			t.Fatal(err)
		}
	}
	if v.Sealing() != 2 {
		t.Errorf("data key %d seals", v.Sealing())
	}
}
