package fold

import (
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func TestNamesAreFolded(t *testing.T) {
	for _, tc := range []struct{ in, name, search string }{
		{"", "", ""},
		{" \t\u00a0\u3000\u200b", "", ""},
		{"아이스 카페 아메리카노 T", "아이스카페아메리카노T", "아이스카페아메리카노t"},
		{"ＣＵ　１９０ml", "CU190ml", "cu190ml"},
		{norm.NFD.String("카페라떼"), "카페라떼", "카페라떼"},
		{"ﾊﾟﾝ", "パン", "パン"},
		{"ＡＢＣ｜①", "ABC|1", "abc|1"},
		{"Straße", "Straße", "strasse"},
		{"한\u200b글\x00", "한글", "한글"},
		{"ㅎ ㅏ", "하", "하"},
		{"a\u0301 A\u0301", "áÁ", "áá"},
		{"\xff", "\ufffd", "\ufffd"},
	} {
		if got := Name(tc.in); got != tc.name {
			t.Errorf("Name(%q) = %q, want %q", tc.in, got, tc.name)
		}
		if got := Search(tc.in); got != tc.search {
			t.Errorf("Search(%q) = %q, want %q", tc.in, got, tc.search)
		}
	}
}

// Names are folded when they are stored in memory and again when they are compared: both must come to the same.
func FuzzFoldedNamesFoldToThemselves(f *testing.F) {
	for _, seed := range []string{
		"아이스 카페 아메리카노 T", "ＣＵ　１９０ml", "ㅎ ㅏ", "ㅅㅌㅄ", "Straße", "İstanbul", "ΐ ᾴ", "α\u200b\u0345", "ﬁ ﷺ", "\xe2\u200b\x80\x8b", "ᄀ ᅡ ᆨ",
		"\u00b4 \u0344", "ꭰ Ꭰ", "Å Å", "\u1e9b\u0323", "¹x\x8co \u0345 \u0308\u0301",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for what, fold := range map[string]func(string) string{"Name": Name, "Search": Search} {
			once := fold(s)
			if again := fold(once); again != once {
				t.Errorf("%s(%q) = %q, and again %q", what, s, once, again)
			}
			for _, r := range once {
				if unicode.IsSpace(r) || unicode.Is(unicode.C, r) {
					t.Errorf("%s(%q) = %q has %U", what, s, once, r)
				}
			}
		}
		if Search(Name(s)) != Search(s) {
			t.Errorf("%q is searched as %q, its name as %q", s, Search(s), Search(Name(s)))
		}
	})
}
