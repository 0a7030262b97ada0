package locale

import (
	"strings"
	"testing"
)

// FuzzOf reads Accept-Language: the case of letters does not matter, what nobody asked for changes nothing, and whoever names one
// language only gets that one.
func FuzzOf(f *testing.F) {
	for _, header := range []string{"", "ko-KR,ko;q=0.9,en;q=0.8", "en;q=NaN", "*", "en;q=0,*", ";;;,,,", "\x00", "EN-us;q=1e-9,ko;q=-0", "en;q=0x1p-2"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := Of(header)
		if got != Korean && got != English {
			t.Fatalf("language %d", got)
		}
		if got == English && !strings.Contains(strings.ToLower(header), "en") {
			t.Errorf("%q asks for no English", header)
		}
		for how, same := range map[string]string{
			"in capitals": strings.ToUpper(header), "twice": header + "," + header, "before others": header + ",fr,de;q=0.1,*",
			"behind others": "fr, de;q=0.1," + header,
		} {
			// Letters of other scripts may change for good in capitals.
			if small, again := strings.ToLower(header), strings.ToLower(same); how == "in capitals" && again != small {
				continue
			}
			if other := Of(same); other != got {
				t.Errorf("%q is %d, and %s %d", header, got, how, other)
			}
		}
	})
}
