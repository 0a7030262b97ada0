package gift

import (
	"strconv"
	"strings"
	"unicode"
)

// FitsProducts tells whether a buyer's text names the products of its items: all names in order joined with "|", the
// one name when all are the same, or "first name 외 N건". Spaces and full-width forms make no difference. Each item may
// have several right names.
func FitsProducts(text string, items [][]string) bool {
	if len(items) == 0 {
		return false
	}
	text = foldName(text)
	return fitsJoined(text, items) || fitsSame(text, items) || fitsAndMore(text, items)
}

func fitsJoined(text string, items [][]string) bool {
	parts := strings.Split(text, "|")
	if len(parts) != len(items) {
		return false
	}
	for i, part := range parts {
		if !isOneOf(part, items[i]) {
			return false
		}
	}
	return true
}

func fitsSame(text string, items [][]string) bool {
	for _, names := range items {
		if !isOneOf(text, names) {
			return false
		}
	}
	return true
}

func fitsAndMore(text string, items [][]string) bool {
	more := "외" + strconv.Itoa(len(items)-1) + "건"
	first, ok := strings.CutSuffix(text, more)
	return ok && len(items) > 1 && isOneOf(first, items[0])
}

func isOneOf(folded string, names []string) bool {
	for _, name := range names {
		if name != "" && foldName(name) == folded {
			return true
		}
	}
	return false
}

// foldName drops spaces and turns full-width ASCII into plain ASCII.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return -1
		case r >= 0xFF01 && r <= 0xFF5E:
			return r - 0xFEE0
		}
		return r
	}, s)
}
