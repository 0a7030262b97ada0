package purchase

import (
	"testing"
)

// FuzzValidKey takes idempotency keys: one that is taken can be sent again in a header, as it is.
func FuzzValidKey(f *testing.F) {
	for _, key := range []string{"", "a", "8e03978e-40d5-43e8-bc93-6894a57f9324", "two words", "\x7f", "키", "line\n"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		want := key != "" && len(key) <= 255
		for _, c := range []byte(key) {
			want = want && c > ' ' && c < 0x7f
		}
		if got := ValidKey(key); got != want {
			t.Errorf("%q: %v", key, got)
		}
	})
}
