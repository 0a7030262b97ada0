package quote_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"giftimbiz/internal/quote"
)

// FuzzAppend writes texts as JSON: they are read as they were, behind whatever stands before them.
func FuzzAppend(f *testing.F) {
	for _, text := range []string{"", "초코 \"에몽\" \\", "\n\r\t\x00\x1f\x7f", "\xff\xfe half \xea\xb0", "<&>\u2028", "\ufffd"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		written := quote.Append([]byte("["), text)
		var read [1]string
		if err := json.Unmarshal(append(written, ']'), &read); err != nil {
			t.Fatalf("%q is written as %s: %v", text, written, err)
		}
		var want strings.Builder
		for _, r := range text { // each byte that is no UTF-8 is one U+FFFD
			want.WriteRune(r)
		}
		if read[0] != want.String() || !utf8.Valid(written) || len(written) > len("[\"\"")+6*len(text) {
			t.Errorf("%q is written as %s and read as %q", text, written, read[0])
		}
	})
}
