package docs

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"giftimbiz/internal/locale"
)

//go:embed codes.yaml
var codesFile []byte

// problemPrefix is how the types of problems begin.
const problemPrefix = "urn:giftimbiz:problem:"

// outcome is what an answer means and what to do about it. See the head of codes.yaml.
type outcome struct {
	Group string
	V1    string         // the result code of version 1; "" = it never says this
	Code  string         // what a problem carries where V1 is empty
	V2    map[string]int // types without their prefix, and their HTTP status
	En    advice
	Ko    advice
}

type advice struct{ Means, Do string }

func (o *outcome) in(lang locale.Language) advice {
	if lang == locale.English {
		return o.En
	}
	return o.Ko
}

// is tells whether a word is the outcome's code of version 1 or one of its problem types.
func (o *outcome) is(word string) bool {
	if problem, ok := strings.CutPrefix(word, problemPrefix); ok {
		_, has := o.V2[problem]
		return has
	}
	return o.V1 == word
}

// types returns the problem types in the order of the alphabet.
func (o *outcome) types() []string {
	names := make([]string, 0, len(o.V2))
	for name := range o.V2 {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func readOutcomes() ([]outcome, error) {
	var all []outcome
	if err := yaml.Unmarshal(codesFile, &all); err != nil {
		return nil, fmt.Errorf("codes.yaml: %w", err)
	}
	return all, nil
}

// codeTable is the Markdown table of a group: both versions side by side.
func codeTable(all []outcome, group string, lang locale.Language) string {
	var b strings.Builder
	if lang == locale.English {
		b.WriteString("| Version 1 | Version 2 | Meaning | What to do |\n|---|---|---|---|\n")
	} else {
		b.WriteString("| v1 | v2 | 뜻 | 할 일 |\n|---|---|---|---|\n")
	}
	for i := range all {
		o := &all[i]
		if o.Group != group {
			continue
		}
		said := o.in(lang)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", codeCell(o), problemCell(o), said.Means, said.Do)
	}
	return b.String()
}

// codeCell shows in brackets what version 1 never says and problems of version 2 carry.
func codeCell(o *outcome) string {
	if o.V1 == "" {
		return "(`" + o.Code + "`)"
	}
	return "`" + o.V1 + "`"
}

func problemCell(o *outcome) string {
	if len(o.V2) == 0 {
		return "–"
	}
	var cells []string
	for _, name := range o.types() {
		cells = append(cells, fmt.Sprintf("`%s` %d", name, o.V2[name]))
	}
	return strings.Join(cells, ", ")
}

// wordTable explains the words of an enumeration: what they mean and what to do.
func wordTable(all []outcome, words []string, lang locale.Language) string {
	var b strings.Builder
	if lang == locale.English {
		b.WriteString("| | Meaning | What to do |\n|---|---|---|\n")
	} else {
		b.WriteString("| | 뜻 | 할 일 |\n|---|---|---|\n")
	}
	for _, word := range words {
		for i := range all {
			if o := &all[i]; o.is(word) {
				said := o.in(lang)
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.TrimPrefix(word, problemPrefix), said.Means, said.Do)
			}
		}
	}
	return b.String()
}
