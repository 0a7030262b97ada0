package archtest

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wordRule says which words must not stand in some files. Words are put together from parts, so that this file passes its
// own test.
type wordRule struct {
	name    string
	word    *regexp.Regexp
	files   func(f *file) bool
	because string
}

// speaksTheWire names, besides partnerapi, what is written or sent in the words of the wire: measurements, credentials.json, and
// tests that buy.
var speaksTheWire = []string{
	"internal/partnerapi", "internal/bench", "internal/demo/credentials.go", "internal/server/admission_test.go",
	"internal/faults",
}

var wordRules = []wordRule{
	{
		"words of the wire stay where the wire is spoken",
		regexp.MustCompile(`\b(?:(?:mb|mc|md|gm|ms|msc|msl|msu)_[a-z]+|m_` + `type|sell_` + `price[123]|dis` + `price|make` + `starid|manage` + `code)\b`),
		func(f *file) bool {
			return isCode(f) && within(f.path, "internal") && !within(f.path, speaksTheWire...)
		},
		"inside there are partners, offers, products, campaigns and coupons",
	},
	{
		"no file names a place of the machine it was written on",
		regexp.MustCompile(`/` + `work/|\bshared/` + `(?:spec|design|data|hooks)\b`),
		func(*file) bool { return true },
		"a clone must make sense anywhere",
	},
	{
		"nothing is left for later in the code",
		regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME|XX` + `X)\b`),
		func(f *file) bool { return isCode(f) && path.Base(f.path) != "swagger-ui-bundle.js" }, // which is not ours
		"do it, or leave it out",
	},
}

func TestWordsStandWhereTheyBelong(t *testing.T) {
	files := projectFiles(t)
	for _, rule := range wordRules {
		t.Run(rule.name, func(t *testing.T) {
			for _, f := range files {
				if !rule.files(f) {
					continue
				}
				for _, at := range rule.word.FindAllIndex(f.text, -1) {
					line := 1 + strings.Count(string(f.text[:at[0]]), "\n")
					t.Errorf("%s:%d has %q\n%s: %s", f.path, line, f.text[at[0]:at[1]], rule.name, rule.because)
				}
			}
		})
	}
}

func isCode(f *file) bool {
	return slices.Contains([]string{".go", ".sql", ".html", ".sh", ".js", ".css"}, path.Ext(f.path))
}

// mayReadTheClock names the rooms that measure or are the clock. The client runs in other people's programs, and examples are such.
var mayReadTheClock = []string{"internal/clock", "internal/pgtest", "internal/programtest", "internal/faults", "internal/bench", "client", "examples"}

func TestOnlyTheClockReadsTheTimeOfDay(t *testing.T) {
	for _, f := range projectFiles(t) {
		if f.source == nil || f.isTest() || within(f.source.room, mayReadTheClock...) {
			continue
		}
		name := importedAs(f.source.syntax, "time")
		ast.Inspect(f.source.syntax, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := selector.X.(*ast.Ident)
			if ok && from.Name == name && slices.Contains([]string{"Now", "Since", "Until"}, selector.Sel.Name) {
				t.Errorf("%s uses time.%s; take a clock.Clock, so that tests and `demo --now` move all times together",
					f.source.fset.Position(selector.Pos()), selector.Sel.Name)
			}
			return true
		})
	}
}

// importedAs returns the name under which a file imports a standard package, or "" when it does not.
func importedAs(syntax *ast.File, imported string) string {
	for _, spec := range syntax.Imports {
		if spec.Path.Value != strconv.Quote(imported) {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(imported)
	}
	return ""
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range projectFiles(t) {
		if f.source == nil || f.isTest() {
			continue
		}
		want := "Package " + f.source.name + " "
		if f.source.name == "main" {
			want = "Command " + path.Base(f.source.room) + " "
		}
		doc := f.source.syntax.Doc.Text()
		documented[f.source.room] = documented[f.source.room] || strings.HasPrefix(doc, want)
	}
	for room, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment; one file of it begins with \"// Package %s …\"", room, path.Base(room))
		}
	}
}

// Sizes that keep a reader's eye on one thing.
const (
	maxFunctionLines = 70
	maxFileLines     = 400
)

func TestFunctionsAndFilesStayShort(t *testing.T) {
	for _, f := range projectFiles(t) {
		if f.source == nil || f.isTest() {
			continue
		}
		line := func(n ast.Node) (from, to int) {
			return f.source.fset.Position(n.Pos()).Line, f.source.fset.Position(n.End()).Line
		}
		if n := strings.Count(string(f.text), "\n"); n > maxFileLines {
			t.Errorf("%s has %d lines, %d are allowed", f.path, n, maxFileLines)
		}
		for _, decl := range f.source.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if from, to := line(fn); to-from+1 > maxFunctionLines {
				t.Errorf("%s:%d: %s has %d lines, %d are allowed", f.path, from, fn.Name.Name, to-from+1, maxFunctionLines)
			}
		}
	}
}
