// Package fold brings names to the form in which they are compared.
package fold

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Name returns a name without what does not tell names apart: it is composed (NFKC, so full and half width are one), and
// spaces and invisible characters are gone. Case stays. A folded name folds to itself.
func Name(s string) string {
	return norm.NFKC.String(visible(norm.NFKC.String(s))) // letters that only a space parted may compose
}

// Search returns a name, or a word somebody looks for, as names are searched: as Name does it, and without case. A folded
// name folds to itself.
func Search(s string) string {
	folded := cases.Fold().String(Name(s))
	return Name(strings.ToLower(folded)) // Fold exchanges the two cases of Cherokee
}

func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.C, r) {
			return -1
		}
		return r
	}, s)
}
