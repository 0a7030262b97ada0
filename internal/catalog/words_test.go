package catalog

import (
	"slices"
	"strings"
	"testing"

	"giftimbiz/internal/fold"
)

func TestWordsAreFolded(t *testing.T) {
	for search, want := range map[string][]string{
		"":               nil,
		" \u3000 \u200b": nil,
		"카페 라떼":          {"카페", "라떼"},
		"ＣＵ tall Tall":   {"tall", "cu"},
		"카 카페라떼 라떼 페라":   {"카페라떼"},
		"카페 페라":          {"카페", "페라"},
		"ㅅㅌ ㅅㅌㅄ":         {fold.Search("ㅅㅌㅂㅅ")},
		"ㅅㅌ 스타":          {fold.Search("ㅅㅌ"), "스타"},
		"하 ㅎ\u200bㅏ":     {"하"},
	} {
		if got := foldWords(search); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", search, got, want)
		}
	}
}

func TestASearchOfTooManyWordsFindsNothing(t *testing.T) {
	const alphabet = "아이스카페메리노초콜릿드링크에몽남양너랑나분식김말무료권마트편의점커피음스타벅"
	s := &stock{}
	rows := cafe()
	rows.Categories[0].Name = alphabet
	s.put(rows)
	c, _ := opened(t, s)
	var words []string
	for _, r := range []rune(alphabet)[:MaxWords] {
		words = append(words, string(r))
	}
	enough := strings.Join(words, " ")
	more := enough + " 벅"
	same := enough + " " + enough + " 아이스카페"
	for search, want := range map[string]int{enough: 3, same: 3, more: 0} {
		if got := c.Index().Gifts(GiftQuery{Words: search, MaxPrice: -1, Limit: 9}).Total; got != want {
			t.Errorf("%q: %d found, want %d", search, got, want)
		}
		if TooManyWords(search) != (want == 0) {
			t.Errorf("%q: too many words: %v", search, TooManyWords(search))
		}
	}
	if p := c.Index().Stars(StarQuery{Words: more}); p.Total != 0 {
		t.Errorf("%d star coupons found", p.Total)
	}
}

func FuzzWordsOfASearch(f *testing.F) {
	for _, seed := range []string{
		"스타벅스 카페", "ㅅㅌㅂㅅ ㅅㅌㅄ", "ＣＵ　gs25", "ㅎ ㅏ 하", "a\x00b \x00", "카 카페 카페라떼", "\xff \xe1\x84", "ㄱㄱ ㄲ", "İ i ı", "ᄀ ᆨ ㄱ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, search string) {
		words := foldWords(search)
		text := searchText(strings.Fields(search)) // every word is a name, or its consonants stand there
		for i, word := range words {
			if word == "" || strings.ContainsRune(word, 0) {
				t.Errorf("%q has the word %q", search, word)
			}
			if again := foldWords(word); len(again) != 1 || again[0] != word {
				t.Errorf("%q has the word %q, which folds to %q", search, word, again)
			}
			if _, initials := asInitials(word); !initials && !strings.Contains(text, word) {
				t.Errorf("%q: its word %q is not in %q", search, word, text)
			}
			for _, other := range words[:i] {
				if strings.Contains(other, word) {
					t.Errorf("%q has %q, a part of %q", search, word, other)
				}
			}
		}
	})
}
