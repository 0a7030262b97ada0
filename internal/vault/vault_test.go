package vault_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"giftimbiz/internal/vault"
)

// Keys of the tests.
const (
	master1 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	master2 = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
)

// masters reads master keys.
func masters(t testing.TB, lines ...string) *vault.Masters {
	t.Helper()
	m, err := vault.Parse([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// open opens the keys of a database.
func open(t testing.TB, m *vault.Masters, keys []vault.WrappedKey) *vault.Vault {
	t.Helper()
	v, err := m.Open(keys)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// firstKeys are those of all vaults that oneKey returns.
var firstKeys = sync.OnceValue(func() []vault.WrappedKey {
	m, err := vault.Parse([]byte("master 1 " + master1))
	if err != nil {
		panic(err)
	}
	return m.FirstKeys()
})

func oneKey(t testing.TB) *vault.Vault {
	t.Helper()
	return open(t, masters(t, "master 1 "+master1), firstKeys())
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
