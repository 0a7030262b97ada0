package vault_test

import (
	"bytes"
	"testing"

	"giftimbiz/internal/vault"
)

func TestNumbersThatEndAlikeShareATail(t *testing.T) {
	v, other := oneKey(t), vault.Fresh()
	want := v.Tail("1234")
	if len(want) == 0 || bytes.Equal(want, other.Tail("1234")) {
		t.Fatal("a tail is not keyed")
	}
	for _, number := range []string{"9000-1111-1234", "12 34", "00001234 "} {
		if !bytes.Equal(v.Tail(number), want) {
			t.Errorf("%q does not end in 1234", number)
		}
	}
	if bytes.Equal(v.Tail("4321"), want) || !bytes.Equal(v.Tail("x9ab-c"), v.Tail("9ABC")) {
		t.Error("tails are told apart by other things than their letters and digits")
	}
	for _, short := range []string{"", "123", "- - 1 2 3"} {
		if v.Tail(short) != nil {
			t.Errorf("%q has a tail", short)
		}
	}
}
