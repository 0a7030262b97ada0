package catalog

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"giftimbiz/internal/fold"
)

// searchText returns the text in which words are looked for: the folded names, then the initial consonants of each run
// of their syllables, all parted by zero bytes.
func searchText(names []string) string {
	var text, heads strings.Builder
	for _, name := range names {
		name = fold.Search(name)
		text.WriteString(name)
		text.WriteByte(0)
		writeInitials(&heads, name)
	}
	return text.String() + strings.TrimRight(heads.String(), "\x00")
}

const (
	firstSyllable = 0xAC00 // 가
	lastSyllable  = 0xD7A3 // 힣
	firstInitial  = 0x1100 // ᄀ, as NFKC writes a lone ㄱ
	lastInitial   = 0x1112 // ᄒ
	perInitial    = 21 * 28
)

// writeInitials writes the initial consonants of a folded name's syllables, with a zero byte where other letters stand
// between them. Lone consonants of the name are in the name itself already, but a run may go through them.
func writeInitials(b *strings.Builder, folded string) {
	open := false
	for _, r := range folded {
		switch {
		case r >= firstSyllable && r <= lastSyllable:
			b.WriteRune(firstInitial + (r-firstSyllable)/perInitial)
			open = true
		case r >= firstInitial && r <= lastInitial:
			b.WriteRune(r)
			open = true
		case open:
			b.WriteByte(0)
			open = false
		}
	}
	if open {
		b.WriteByte(0)
	}
}

// MaxWords is how many words a search may have, not counting those that are parts of others.
const MaxWords = 16

// TooManyWords tells whether a search has more than MaxWords words. It finds nothing, then.
func TooManyWords(text string) bool {
	return len(strings.Fields(text)) > MaxWords && len(foldWords(text)) > MaxWords
}

// foldWords returns the words of a search, folded, the longest first, without those that are parts of others: whatever
// has the others has them. A word of nothing but consonants asks for initials.
func foldWords(s string) (words []string) {
	for _, word := range strings.Fields(s) {
		if initials, ok := asInitials(word); ok {
			word = initials
		} else {
			word = fold.Search(word)
		}
		if word != "" {
			words = append(words, word)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var longer strings.Builder // no word has a zero byte
	return slices.DeleteFunc(words, func(word string) bool {
		implied := strings.Contains(longer.String(), word)
		if !implied {
			longer.WriteString(word)
			longer.WriteByte(0)
		}
		return implied
	})
}

// joined are the consonants that keyboards make of two typed in a row.
var joined = map[rune]string{
	'ㄳ': "ㄱㅅ", 'ㄵ': "ㄴㅈ", 'ㄶ': "ㄴㅎ", 'ㄺ': "ㄹㄱ", 'ㄻ': "ㄹㅁ", 'ㄼ': "ㄹㅂ", 'ㄽ': "ㄹㅅ", 'ㄾ': "ㄹㅌ", 'ㄿ': "ㄹㅍ",
	'ㅀ': "ㄹㅎ", 'ㅄ': "ㅂㅅ",
}

// asInitials returns a word of consonants only (ㄱ–ㅎ) as initial consonants.
func asInitials(word string) (initials string, ok bool) {
	var b strings.Builder
	for _, r := range word {
		if pair, ok := joined[r]; ok {
			b.WriteString(pair)
			continue
		}
		b.WriteRune(r)
	}
	initials = norm.NFKC.String(b.String())
	for _, r := range initials {
		if r < firstInitial || r > lastInitial {
			return "", false
		}
	}
	return initials, initials != ""
}
