package vault_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"giftimbiz/internal/vault"
)

func TestWhatIsSealedOpensAgain(t *testing.T) {
	v := oneKey(t)
	rapid.Check(t, func(t *rapid.T) {
		id, plain := rapid.Int64().Draw(t, "id"), rapid.String().Draw(t, "plain")
		sealed, err := v.Seal(id, plain)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := v.Open(id, sealed); err != nil || opened != plain {
			t.Errorf("opened %q, %v; want %q", opened, err, plain)
		}
	})
}

func TestASealedValueNeverRepeatsAndNoByteOfItMayChange(t *testing.T) {
	v := oneKey(t)
	if err := v.Learn([]vault.WrappedKey{newDataKey(t, v, 2, 1)}); err != nil {
		t.Fatal(err)
	}
	sealed, _ := v.Seal(7, "1234-5678-9012")
	again, _ := v.Seal(7, "1234-5678-9012")
	if bytes.Equal(sealed, again) {
		t.Error("the same text sealed twice gives the same bytes")
	}
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 3 // in the key's number: 1 becomes 2, a key that exists
		if _, err := v.Open(7, damaged); err == nil {
			t.Errorf("opens with byte %d changed", i)
		}
		if _, err := v.Open(7, sealed[:i]); err == nil {
			t.Errorf("opens when cut to %d bytes", i)
		}
	}
}

func TestLookupHashesDependOnKindValueAndRootKey(t *testing.T) {
	v, other := oneKey(t), vault.Fresh()
	seen := map[string]string{}
	for name, hash := range map[string][]byte{
		"plain":        v.Lookup("voucher", "1234"),
		"other value":  v.Lookup("voucher", "1235"),
		"other kind":   v.Lookup("partner-key", "1234"),
		"border moved": v.Lookup("voucher1", "234"),
		"other root":   other.Lookup("voucher", "1234"),
		"token key":    v.TokenKey(),
	} {
		if twin, taken := seen[string(hash)]; taken || len(hash) != 32 {
			t.Errorf("%s: %d bytes, same as %q", name, len(hash), twin)
		}
		seen[string(hash)] = name
	}
}

func TestAVaultNeverPrintsItsKeys(t *testing.T) {
	v := oneKey(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, v); got != "vault "+v.Fingerprint() {
			t.Errorf("%s prints %d characters that are not the fingerprint", verb, len(got))
		}
	}
}

func TestTheTokenKeyCannotBeChangedFromOutside(t *testing.T) {
	v := oneKey(t)
	v.TokenKey()[0] ^= 1
	if !bytes.Equal(v.TokenKey(), oneKey(t).TokenKey()) {
		t.Error("a caller changed the vault's key")
	}
}

func TestNoCharacterOfACapabilityMayChange(t *testing.T) {
	v := oneKey(t)
	token := v.Capability("qr", []byte("123456789"))
	for i := range token {
		replacement := "A"
		if token[i] == 'A' {
			replacement = "B"
		}
		if _, ok := v.OpenCapability("qr", token[:i]+replacement+token[i+1:]); ok {
			t.Errorf("opens with character %d changed", i)
		}
	}
	if _, ok := v.OpenCapability("qr", strings.Repeat("A", 1<<20)); ok {
		t.Error("a megabyte opens")
	}
}

func FuzzOpenCapability(f *testing.F) {
	v := oneKey(f)
	f.Add(v.Capability("qr", []byte("123456789")))
	f.Fuzz(func(t *testing.T, token string) {
		if data, ok := v.OpenCapability("qr", token); ok && v.Capability("qr", data) != token {
			t.Errorf("%q opens but is not what Capability makes", token)
		}
	})
}
