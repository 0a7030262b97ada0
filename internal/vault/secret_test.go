package vault_test

import (
	"errors"
	"testing"

	"giftimbiz/internal/vault"
)

func TestASecretOpensForItsKindAndOwnerOnly(t *testing.T) {
	v := vault.Fresh()
	sealed, err := v.SealSecret("second factor", 7, "JBSWY3DP")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := v.OpenSecret("second factor", 7, sealed); plain != "JBSWY3DP" || err != nil {
		t.Errorf("%q, %v", plain, err)
	}
	number, err := v.Seal(7, "1234")
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (string, error){
		"another owner":      func() (string, error) { return v.OpenSecret("second factor", 8, sealed) },
		"another kind":       func() (string, error) { return v.OpenSecret("other", 7, sealed) },
		"as a voucher":       func() (string, error) { return v.Open(7, sealed) },
		"a voucher's number": func() (string, error) { return v.OpenSecret("", 7, number) },
		"cut short":          func() (string, error) { return v.OpenSecret("second factor", 7, sealed[:3]) },
		"of an unknown key": func() (string, error) {
			return v.OpenSecret("second factor", 7, append([]byte{9, 9, 9, 9}, sealed[4:]...))
		},
		"damaged, last letter": func() (string, error) {
			return v.OpenSecret("second factor", 7, append(sealed[:len(sealed)-1:len(sealed)-1], sealed[len(sealed)-1]^1))
		},
	} {
		if plain, err := open(); !errors.Is(err, vault.ErrUnreadable) || plain != "" {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
}
