// Package locale chooses the language in which a reader is answered.
package locale

import "golang.org/x/text/language"

// Language is one of those that pages and messages are written in.
type Language int

const (
	Korean Language = iota // for whoever did not ask for another
	English
)

var matcher = language.NewMatcher([]language.Tag{language.Korean, language.English})

// Of returns the language to answer in for the value of an Accept-Language header.
func Of(acceptLanguage string) Language {
	if acceptLanguage == "" {
		return Korean
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return Korean
	}
	_, i, _ := matcher.Match(wanted...)
	return Language(i)
}
