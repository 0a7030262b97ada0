package storage_test

import (
	"errors"
	"strings"
	"testing"

	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
)

// TestADatabaseAcceptsOnlyTheKeysItWasFilledWith starts servers with one key file after another on the same database.
func TestADatabaseAcceptsOnlyTheKeysItWasFilledWith(t *testing.T) {
	key := func(letter string) string { return strings.Repeat(letter, 43) }
	root, data1, data2 := "root "+key("A")+"\n", "data 1 "+key("E")+"\n", "data 2 "+key("I")+"\n"
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		for _, start := range []struct{ name, keys, refusal string }{
			{"first", root + data1, ""},
			{"again", root + data1, ""},
			{"another root key", "root " + key("U") + "\n" + data1, "root key is another one"},
			{"the data key was replaced", root + "data 1 " + key("M"), "data key 1 is another one"},
			{"the data key has another number", root + "data 3 " + key("E"), "data key 1 is missing"},
			{"a data key was added", root + data1 + data2, ""},
			{"the newer key is missing", root + data1, "data key 2 is missing"},
			{"the newer key is another", root + data1 + "data 2 " + key("M"), "data key 2 is another one"},
			{"the refused keys left no trace", root + data2 + data1, ""},
		} {
			v, err := vault.Parse([]byte(start.keys))
			if err != nil {
				t.Fatal(err)
			}
			err = h.DB.BindKeys(t.Context(), v.Fingerprint(), v.DataFingerprints())
			if start.refusal == "" && err != nil {
				t.Errorf("%s: %v", start.name, err)
			}
			if start.refusal != "" && (!errors.Is(err, storage.ErrOtherKeys) || !strings.Contains(err.Error(), start.refusal)) {
				t.Errorf("%s: %v, want %q", start.name, err, start.refusal)
			}
		}
	})
}
