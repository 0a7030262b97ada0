package locale

import "testing"

func TestEnglishIsForThoseWhoPreferItToKorean(t *testing.T) {
	for header, want := range map[string]Language{
		"":                            Korean,
		"ko":                          Korean,
		"ko-KR,ko;q=0.9,en;q=0.8":     Korean,
		"en":                          English,
		"en-US,en;q=0.9,ko;q=0.8":     English,
		"ko;q=0.5,en;q=0.7":           English,
		"de-DE,en;q=0.5":              English,
		"ja":                          Korean,
		"*":                           Korean,
		"en;q=banana":                 Korean,
		"\x00":                        Korean,
		";;;,,,":                      Korean,
		"en-GB-oxendict, ko-KR;q=0.1": English,
	} {
		if got := Of(header); got != want {
			t.Errorf("%q: %d, want %d", header, got, want)
		}
	}
}
