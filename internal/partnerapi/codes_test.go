package partnerapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

// replies returns every text this package can answer with, as codes.go has them: code, Korean, English.
func replies(t *testing.T) (all []reply) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.CompositeLit)
		if !ok || len(literal.Elts) != 3 {
			return true
		}
		var texts []string
		for _, element := range literal.Elts {
			if text, ok := element.(*ast.BasicLit); ok && text.Kind == token.STRING {
				value, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, value)
			}
		}
		if len(texts) == 3 {
			all = append(all, reply{texts[0], texts[1], texts[2]})
		}
		return true
	})
	for reason, said := range refusals {
		all = append(all, said.under(reason))
	}
	all = append(all, wrongName.under(gift.NameMismatch))
	if len(all) < 60 {
		t.Fatalf("only %d texts found", len(all))
	}
	return all
}

var (
	placeholder = regexp.MustCompile(`\{[a-z]+\}`)
	hangul      = regexp.MustCompile(`\p{Hangul}`)
)

func TestEveryTextIsWholeInBothLanguages(t *testing.T) {
	codes := strings.Fields(`0000 T T1 T2 T3 T4 T5 T6 T7 M M1 M2 M3 M4 Q L N TOKEN00 TOKEN01 TOKEN02 TOKEN03 TOKEN04
		TOKEN05 TOKEN06 TOKEN07 TOKEN08 TOKEN09 Z UB PD PL PPA PC UP GPLF`)
	for _, r := range replies(t) {
		if !slices.Contains(codes, r.code) {
			t.Errorf("%s is no code of the guide", r.code)
		}
		ko, en := placeholder.FindAllString(r.ko, -1), placeholder.FindAllString(r.en, -1)
		slices.Sort(ko)
		slices.Sort(en)
		if !slices.Equal(ko, en) {
			t.Errorf("%q and %q do not say the same", r.ko, r.en)
		}
		if !hangul.MatchString(r.ko) || !strings.ContainsFunc(r.en, func(c rune) bool { return c >= 'a' && c <= 'z' }) {
			t.Errorf("%q or %q is in the wrong language", r.ko, r.en)
		}
	}
}

func TestEveryRefusalHasAnAnswerWithoutGaps(t *testing.T) {
	for reason := gift.MayNotSpend; reason <= gift.SellerLocked; reason++ {
		if refusals[reason].ko == "" || reason.Code() == "" {
			t.Errorf("reason %d has no answer", reason)
			continue
		}
		f := refusalOf(&gift.Refusal{
			Reason: reason, Item: -1, Amount: 940, Limit: 3, First: "20250915-0", When: "2025-09-15", Where: "너랑나랑분식",
		}, nil)
		if left := placeholder.FindString(f.Error()); left != "" {
			t.Errorf("reason %d leaves %s open", reason, left)
		}
	}
}

func TestEveryFaultOfACallerHasAnAnswer(t *testing.T) {
	for kind := credential.MissingCredential; kind <= credential.AccessOfAnother; kind++ {
		if callerFaults[kind].code == "" {
			t.Errorf("%v has no answer", kind)
		}
	}
}
