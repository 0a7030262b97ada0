package docs

import (
	"cmp"
	"html"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"giftimbiz/internal/fold"
	"giftimbiz/internal/locale"
)

const (
	mostResults = 30
	mostQuery   = 200 // bytes
	mostWords   = 8
	aroundHit   = 70 // characters of text on each side of what was found
)

// index is what can be found in a language: sections of guides, and operations. Words are found within others, as Korean asks for.
type index struct{ entries []entry }

type entry struct {
	Title, In, Address string // In is the guide or the API
	text               string
	foldedTitle        string
	folded             string // title and text
}

func newIndex(lang locale.Language, guides []*guide, operations []operation) *index {
	ix := &index{}
	for _, g := range guides {
		for _, s := range g.Sections {
			address := "/docs/" + codeOf(lang) + "/" + g.Path()
			if s.Level > 1 {
				address += "#" + s.ID
			}
			ix.add(entry{Title: s.Title, In: g.Title, Address: address, text: s.Text})
		}
	}
	for _, o := range operations {
		ix.add(entry{
			Title: o.Summary, In: "API " + o.Version + " · " + o.Method + " " + o.Path,
			Address: "/docs/api/" + o.Version + "?lang=" + codeOf(lang) + strings.TrimPrefix(o.Anchor(), "/docs/api/"+o.Version),
			text:    strings.Join(strings.Fields(o.ID+" "+o.Path+" "+o.Text), " "),
		})
	}
	return ix
}

func (ix *index) add(e entry) {
	e.foldedTitle = fold.Search(e.Title)
	e.folded = e.foldedTitle + " " + fold.Search(e.text)
	ix.entries = append(ix.entries, e)
}

// result is an entry that was found, with the text around the first word.
type result struct {
	entry
	Excerpt template.HTML
	score   int
}

// find returns what has all words, titles first.
func (ix *index) find(query string) (list []result) {
	words := strings.Fields(query)
	words = words[:min(len(words), mostWords)]
	if len(words) == 0 {
		return nil
	}
	for _, e := range ix.entries {
		score := 0
		for _, word := range words {
			folded := fold.Search(word)
			switch {
			case strings.Contains(e.foldedTitle, folded):
				score += 10
			case strings.Contains(e.folded, folded):
				score++
			default:
				score = -1000
			}
		}
		if score > 0 {
			list = append(list, result{entry: e, score: score, Excerpt: excerpt(e.text, words[0])})
		}
	}
	slices.SortStableFunc(list, func(a, b result) int { return cmp.Compare(b.score, a.score) })
	return list[:min(len(list), mostResults)]
}

// excerpt is the text around a word, which is marked.
func excerpt(text, word string) template.HTML {
	word = strings.ToLower(word) // which can be shorter or longer
	at := strings.Index(strings.ToLower(text), word)
	if at < 0 || at+len(word) > len(text) {
		return template.HTML(html.EscapeString(firstRunes(text, 2*aroundHit))) //nolint:gosec // escaped
	}
	before, hit, after := text[:at], text[at:at+len(word)], text[at+len(word):]
	if n := utf8.RuneCountInString(before); n > aroundHit {
		before = "…" + string([]rune(before)[n-aroundHit:])
	}
	marked := html.EscapeString(before) + "<mark>" + html.EscapeString(hit) + "</mark>" + html.EscapeString(firstRunes(after, aroundHit))
	return template.HTML(marked) //nolint:gosec // escaped
}

func firstRunes(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return text
}

func (h *handler) find(w http.ResponseWriter, r *http.Request) {
	lang := languageOf(r)
	query := strings.ToValidUTF8(r.URL.Query().Get("q"), "")
	if len(query) > mostQuery {
		query = strings.ToValidUTF8(query[:mostQuery], "")
	}
	page, err := h.pages.results(lang, query, h.search[lang].find(query))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	send(w, http.StatusOK, page)
}
