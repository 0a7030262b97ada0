// Package locale chooses the language in which a reader is answered.
package locale

import (
	"strconv"
	"strings"
)

// Language is one of those that pages and messages are written in.
type Language int

const (
	Korean Language = iota // for whoever asks for neither
	English
)

// Of returns the language to answer in for the value of an Accept-Language header: of Korean and English, whatever
// region or script stands with it, the one that the reader likes better.
func Of(acceptLanguage string) Language {
	best, liking := Korean, 0.0
	for entry := range strings.SplitSeq(acceptLanguage, ",") {
		tag, weight, weighted := strings.Cut(entry, ";")
		lang, ok := base(strings.TrimSpace(tag))
		if !ok {
			continue
		}
		q := 1.0
		if weighted {
			q = quality(strings.TrimSpace(weight))
		}
		if q > liking { // equally liked ones stand in order
			best, liking = lang, q
		}
	}
	return best
}

func base(tag string) (Language, bool) {
	primary, _, _ := strings.Cut(tag, "-")
	switch {
	case strings.EqualFold(primary, "ko"):
		return Korean, true
	case strings.EqualFold(primary, "en"):
		return English, true
	}
	return Korean, false
}

// quality reads "q=0.8"; 0, not wanted, for what is no such thing.
func quality(weight string) float64 {
	name, value, _ := strings.Cut(weight, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") || !(q <= 1) {
		return 0
	}
	return q
}
