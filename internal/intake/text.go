package intake

import (
	"fmt"

	"giftimbiz/internal/locale"
	"giftimbiz/internal/sheet"
)

// Text is a message in both languages.
type Text struct {
	Korean  string `json:"ko"`
	English string `json:"en"`
}

// In returns the message in a language.
func (t Text) In(lang locale.Language) string {
	if lang == locale.English {
		return t.English
	}
	return t.Korean
}

func say(korean, english string, values ...any) Text {
	return Text{fmt.Sprintf(korean, values...), fmt.Sprintf(english, values...)}
}

// Refusal is why a file as a whole is not loaded.
type Refusal struct {
	Line int // 0 = the file as a whole
	Text Text
}

// Error implements error, in English.
func (r *Refusal) Error() string {
	if r.Line > 0 {
		return fmt.Sprintf("line %d: %s", r.Line, r.Text.English)
	}
	return r.Text.English
}

// In says the refusal in a language.
func (r *Refusal) In(lang locale.Language) string {
	if r.Line == 0 {
		return r.Text.In(lang)
	}
	return say("%d행: %s", "line %d: %s", r.Line, r.Text.In(lang)).In(lang)
}

// refusalOf makes a refusal of what is wrong with a file.
func refusalOf(p *sheet.Problem) *Refusal {
	return &Refusal{Line: p.Line, Text: Text{p.Korean, p.English}}
}
