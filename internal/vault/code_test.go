package vault_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"giftimbiz/internal/vault"
)

func TestACodeFitsItsOwnHashOnly(t *testing.T) {
	v := oneKey(t)
	hash, err := v.HashCode("4821")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(hash, "4821") {
		t.Error("the hash shows the code")
	}
	again, _ := v.HashCode("4821")
	if hash == again {
		t.Error("two hashes of one code are equal: no salt")
	}
	for _, test := range []struct {
		name, hash, code string
		want             bool
	}{
		{"the code", hash, "4821", true},
		{"the code, other salt", again, "4821", true},
		{"another code", hash, "4822", false},
		{"no code", hash, "", false},
		{"a code beyond all bounds", hash, strings.Repeat("4", 2000), false},
		{"no hash", "", "4821", false},
		{"plain text instead of a hash", "4821", "4821", false},
		{"a cheaper hash", strings.Replace(hash, "m=16384", "m=8", 1), "4821", false},
		{"a cut hash", hash[:len(hash)-4], "4821", false},
		{"salt only", hash[:strings.LastIndex(hash, "$")], "4821", false},
		{"empty salt and hash", hash[:strings.Index(hash, "p=1$")+4] + "$", "4821", false},
	} {
		if got, err := v.CheckCode(t.Context(), test.hash, test.code); got != test.want || err != nil {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
}

func TestAHashWithoutThePepperIsWorthless(t *testing.T) {
	hash, _ := oneKey(t).HashCode("4821")
	other := vault.Fresh()
	if fits, err := other.CheckCode(t.Context(), hash, "4821"); fits || err != nil {
		t.Error("fits under another root key:", fits, err)
	}
}

func TestACodeBeyondAllBoundsIsNotHashed(t *testing.T) {
	if _, err := oneKey(t).HashCode(strings.Repeat("4", 1025)); !errors.Is(err, vault.ErrCodeTooLong) {
		t.Errorf("error %v", err)
	}
}

func TestManyCodesAtOnceAreAllChecked(t *testing.T) {
	v := oneKey(t)
	hash, _ := v.HashCode("4821")
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			code, want := "4821", true
			if i%2 == 1 {
				code, want = "9999", false
			}
			if got, err := v.CheckCode(t.Context(), hash, code); got != want || err != nil {
				t.Errorf("code %s: want %v, got %v, %v", code, want, got, err)
			}
		})
	}
	wg.Wait()
}

func TestWhoHasLeftIsNotChecked(t *testing.T) {
	v := oneKey(t)
	hash, _ := v.HashCode("4821")
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if fits, err := v.CheckCode(ctx, hash, "4821"); fits || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", fits, err)
	}
}

func BenchmarkCheckCode(b *testing.B) {
	v := oneKey(b)
	hash, _ := v.HashCode("4821")
	for b.Loop() {
		if fits, err := v.CheckCode(b.Context(), hash, "4821"); !fits || err != nil {
			b.Fatal(fits, err)
		}
	}
}
