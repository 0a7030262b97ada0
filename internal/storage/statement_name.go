package storage

import (
	"strings"
	"sync"
	"sync/atomic"
)

// Names of statements that are remembered, and how long a name may be, in bytes. Texts are constants of this package, or made of
// few parts, so there are some hundred.
const (
	namesKept = 2048
	nameLimit = 200
)

var (
	names      sync.Map // of string by text
	namesCount atomic.Int64
)

// nameOf says in few words what a statement does and to which table first: "INSERT order_items". It has nothing else of the text.
func nameOf(text string) string {
	if name, ok := names.Load(text); ok {
		return name.(string)
	}
	name := makeName(text)
	if namesCount.Load() < namesKept {
		if _, had := names.LoadOrStore(text, name); !had {
			namesCount.Add(1)
		}
	}
	return name
}

// nameOfAll names statements that are sent together.
func nameOfAll(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = nameOf(text)
	}
	name := strings.Join(all, ", ")
	if len(name) > nameLimit {
		name = name[:nameLimit]
		name = name[:strings.LastIndex(name, ",")] + ", …"
	}
	return name
}

// makeName looks for the verb outside of parentheses, and for the first table behind it. Of relations that a statement makes up
// for itself, what they are made of counts.
func makeName(text string) string {
	verb, expects := "", false
	made := map[string]bool{"input": true}
	words := wordsOf(text)
	for i, w := range words {
		upper := strings.ToUpper(w.text)
		switch {
		case verb == "" && w.depth == 0 && i+1 < len(words) && startsRelation(words, i):
			made[w.text] = true
		case verb == "" && w.depth == 0 && upper != "WITH" && upper != "RECURSIVE" && upper != "AS" && upper != "MATERIALIZED":
			verb, expects = upper, upper == "UPDATE"
		case verb == "":
		case upper == "FROM" || upper == "JOIN" || upper == "INTO":
			expects = true
		case expects && isTable(w.text) && !made[w.text]:
			return verb + " " + w.text
		default:
			expects = expects && (upper == "LATERAL" || upper == "ONLY")
		}
	}
	return verb
}

// startsRelation tells whether a word is the name of a relation in a WITH clause: "input (a, b) AS (" or "x AS (".
func startsRelation(words []word, i int) bool {
	for _, w := range words[i+1:] {
		if w.depth == 0 {
			return strings.EqualFold(w.text, "AS")
		}
	}
	return false
}

func isTable(text string) bool {
	return text == strings.ToLower(text) && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_0123456789") == ""
}

// word is a word of a statement, and how many parentheses it is inside of.
type word struct {
	text  string
	depth int
}

// wordsOf leaves out comments, quoted texts, numbers and signs.
func wordsOf(text string) (words []word) {
	depth := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "/*"):
			i = after(text, i+2, "*/")
		case strings.HasPrefix(text[i:], "--"):
			i = after(text, i+2, "\n")
		case c == '\'':
			i = after(text, i+1, "'")
		case isLetter(c):
			end := i
			for end < len(text) && (isLetter(text[end]) || text[end] >= '0' && text[end] <= '9') {
				end++
			}
			words = append(words, word{text[i:end], depth})
			i = end
		default:
			switch c {
			case '(':
				depth++
			case ')':
				depth--
			}
			i++
		}
	}
	return words
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// after returns where the text goes on behind an end that is looked for from a place on.
func after(text string, from int, end string) int {
	if i := strings.Index(text[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(text)
}
