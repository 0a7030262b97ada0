package vault_test

import (
	"bytes"
	"strings"
	"testing"

	"giftimbiz/internal/vault"
)

// Keys of the tests.
const (
	rootKey  = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	dataKey1 = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
	dataKey2 = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
)

// parse makes a vault of key lines.
func parse(t testing.TB, lines ...string) *vault.Vault {
	t.Helper()
	v, err := vault.Parse([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func oneKey(t testing.TB) *vault.Vault {
	t.Helper()
	return parse(t, "root "+rootKey, "data 1 "+dataKey1)
}

func TestANumberIsReadOnlyAsTheUnitItWasSealedFor(t *testing.T) {
	v := oneKey(t)
	sealed, err := v.Seal(7, "1234567890")
	if err != nil || bytes.Contains(sealed, []byte("1234567890")) {
		t.Fatalf("sealed %q, %v", sealed, err)
	}
	if plain, err := v.Open(7, sealed); err != nil || plain != "1234567890" {
		t.Errorf("opened %q, %v", plain, err)
	}
	damaged := bytes.Clone(sealed)
	damaged[len(damaged)-1] ^= 1
	other := bytes.Clone(sealed)
	other[0] = 9
	for name, bad := range map[string][]byte{"damaged": damaged, "empty": nil, "unknown key": other} {
		if _, err := v.Open(7, bad); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if _, err := v.Open(8, sealed); err == nil {
		t.Error("opened as another unit's")
	}
}

func TestANewDataKeySealsAndTheOldStillOpens(t *testing.T) {
	old := oneKey(t)
	sealed, err := old.Seal(1, "n")
	if err != nil {
		t.Fatal(err)
	}
	both := parse(t, "root "+rootKey, "data 1 "+dataKey1, "data 2 "+dataKey2)
	if plain, err := both.Open(1, sealed); err != nil || plain != "n" {
		t.Errorf("the old key's number: %q, %v", plain, err)
	}
	again, err := both.Seal(1, "n")
	if err != nil || again[3] != 2 {
		t.Errorf("sealed with key %d, %v", again[3], err)
	}
	if both.Fingerprint() != old.Fingerprint() || !bytes.Equal(both.Lookup("voucher", "n"), old.Lookup("voucher", "n")) {
		t.Error("a new data key changed what is looked up")
	}
}

func TestACapabilityCannotBeChangedOrUsedForSomethingElse(t *testing.T) {
	v := oneKey(t)
	token := v.Capability("qr", []byte("order 1"))
	if data, ok := v.OpenCapability("qr", token); !ok || string(data) != "order 1" {
		t.Errorf("opened %q, %v", data, ok)
	}
	if _, ok := v.OpenCapability("barcode", token); ok {
		t.Error("opened as another kind")
	}
	for _, bad := range []string{"", "a", "!", token[:len(token)-1], "A" + token[1:], token + "AAAA", token + "\n"} {
		if _, ok := v.OpenCapability("qr", bad); ok {
			t.Errorf("opened %q", bad)
		}
	}
}
