package locale

import (
	"strings"
	"testing"
)

func TestTheLanguageThatTheReaderLikesBetter(t *testing.T) {
	for header, want := range map[string]Language{
		"":                                 Korean,
		"ko":                               Korean,
		"ko-KR,ko;q=0.9,en;q=0.8":          Korean,
		"en":                               English,
		"EN-us":                            English,
		"en-US,en;q=0.9,ko;q=0.8":          English,
		"ko;q=0.5,en;q=0.7":                English,
		"en;q=0.5, ko ; q = 0.7":           Korean,
		"ko,en":                            Korean,
		"en,ko":                            English,
		"en-GB-oxendict, ko-KR;q=0.1":      English,
		"fr":                               Korean,
		"de-DE":                            Korean,
		"es-419":                           Korean,
		"it":                               Korean,
		"pt-BR":                            Korean,
		"ru":                               Korean,
		"nl,de;q=0.5":                      Korean,
		"ja":                               Korean,
		"zh-Hant-TW":                       Korean,
		"de-DE,en;q=0.5":                   English,
		"fr-CH, fr;q=0.9, en;q=0.8, *;q=0": English,
		"ja,ko;q=0.5,en;q=0.4":             Korean,
		"*":                                Korean,
		"en;q=0":                           Korean,
		"en;q=0,*":                         Korean,
		"en;q=banana":                      Korean,
		"en;q=NaN":                         Korean,
		"en;q=9,ko;q=0.1":                  Korean,
		"en;level=1":                       Korean,
		"eng":                              Korean,
		"kok,en":                           English,
		"\x00":                             Korean,
		";;;,,,":                           Korean,
	} {
		if got := Of(header); got != want {
			t.Errorf("%q: %d, want %d", header, got, want)
		}
	}
}

func TestChoosingTakesNoMemory(t *testing.T) {
	header := strings.Repeat("de-DE;q=0.9, en;q=0.5, ko-KR;q=0.7, ", 20)
	if n := testing.AllocsPerRun(100, func() { Of(header) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
