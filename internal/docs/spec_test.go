package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"giftimbiz/internal/locale"
)

const testURL = "https://gift.example"

func outcomesOf(t *testing.T) []outcome {
	t.Helper()
	codes, err := readOutcomes()
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func loadSpec(t *testing.T, version string, lang locale.Language) (*spec, *openapi3.T) {
	t.Helper()
	s, err := specOf(version, lang, testURL, outcomesOf(t))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(s.yaml)
	if err != nil {
		t.Fatalf("%s: %v", version, err)
	}
	return s, doc
}

// eachSpec looks at both documents in both languages.
func eachSpec(t *testing.T, test func(t *testing.T, version string, lang locale.Language)) {
	for _, version := range Versions {
		for lang, name := range map[locale.Language]string{locale.English: "en", locale.Korean: "ko"} {
			t.Run(version+"-"+name, func(t *testing.T) { test(t, version, lang) })
		}
	}
}

func TestTheDocumentsAreOpenAPI(t *testing.T) {
	eachSpec(t, func(t *testing.T, version string, lang locale.Language) {
		s, doc := loadSpec(t, version, lang)
		if err := doc.Validate(t.Context()); err != nil {
			t.Error(err)
		}
		if asJSON, err := openapi3.NewLoader().LoadFromData(s.json); err != nil {
			t.Error(err)
		} else if asJSON.Paths.Len() != doc.Paths.Len() {
			t.Errorf("%d paths as JSON, %d as YAML", asJSON.Paths.Len(), doc.Paths.Len())
		}
		if doc.Servers[0].URL != testURL {
			t.Errorf("the server is %s", doc.Servers[0].URL)
		}
		for _, ours := range []string{koreanKey, codesKey, commonKey, "<<"} {
			if strings.Contains(string(s.yaml), ours) {
				t.Errorf("%s is served", ours)
			}
		}
		hangul := regexp.MustCompile(`\p{Hangul}`)
		if title := doc.Info.Title; hangul.MatchString(title) != (lang == locale.Korean) {
			t.Errorf("the title is %q", title)
		}
	})
}

func TestEveryTextIsThereInBothLanguages(t *testing.T) {
	hangul := regexp.MustCompile(`\p{Hangul}`)
	for _, version := range Versions {
		korean, _ := loadSpec(t, version, locale.Korean)
		for _, o := range korean.operations {
			if !hangul.MatchString(o.Summary) {
				t.Errorf("%s %s has the summary %q in Korean", version, o.ID, o.Summary)
			}
			if o.Text != "" && !hangul.MatchString(o.Text) {
				t.Errorf("%s %s has the description %q in Korean", version, o.ID, o.Text)
			}
		}
		for _, text := range regexp.MustCompile(`[ {]description: "([^"]{4,})"`).FindAllSubmatch(korean.yaml, -1) {
			if !hangul.Match(text[1]) {
				t.Errorf("%s has a description without Korean: %s", version, text[1])
			}
		}
		for _, text := range regexp.MustCompile(`[ {]description: ([^"|\s{][^,}\n]{3,})`).FindAllSubmatch(korean.yaml, -1) {
			t.Errorf("%s has a description that was not translated: %s", version, text[1])
		}
	}
}

func TestEveryOperationIsDescribed(t *testing.T) {
	for version, want := range map[string]int{"v1": 13, "v2": 43} {
		s, doc := loadSpec(t, version, locale.English)
		if n := len(s.operations); n != want {
			t.Errorf("%s has %d operations, want %d", version, n, want)
		}
		for path, item := range doc.Paths.Map() {
			for method, o := range item.Operations() {
				if o.OperationID == "" || o.Summary == "" || len(o.Tags) != 1 || o.Responses.Len() < 5 {
					t.Errorf("%s %s lacks an id, a summary, a tag or answers", method, path)
				}
			}
		}
	}
}

// neverSaid is a problem that version 2 has a row for and cannot have: its purchases have keys.
const neverSaid = "repeated"

// TestEveryCodeHasARow compares the table with what the two surfaces can say.
func TestEveryCodeHasARow(t *testing.T) {
	codes := outcomesOf(t)
	known := func(word string) bool {
		for i := range codes {
			if codes[i].is(word) {
				return true
			}
		}
		return false
	}
	found := func(file, pattern, prefix string) (n int) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			if n++; !known(prefix+strings.Join(word[1:], "")) && word[len(word)-1] != neverSaid {
				t.Errorf("%s says %s, which has no row", file, word[1:])
			}
		}
		return n
	}
	if n := found("../partnerapi/codes.go", `\{"([A-Z0-9]+)", "`, ""); n < 60 {
		t.Errorf("only %d answers of version 1 found", n)
	}
	files, err := filepath.Glob("../partnerv2/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var problems int
	for _, file := range files {
		problems += found(file, `kind: +"([a-z-]+)"|: +\{"([a-z-]+)", http\.Status`, problemPrefix)
	}
	if problems < 10 {
		t.Errorf("only %d problems of version 2 found", problems)
	}
	_, doc := loadSpec(t, "v2", locale.English)
	for _, problem := range doc.Components.Schemas["Problem"].Value.Properties["type"].Value.Enum {
		if !known(problem.(string)) {
			t.Errorf("%s has no row", problem)
		}
	}
}

func TestEveryRowIsOfACodeThereIs(t *testing.T) {
	_, v1 := loadSpec(t, "v1", locale.English)
	_, v2 := loadSpec(t, "v2", locale.English)
	problems := v2.Components.Schemas["Problem"].Value.Properties["type"].Value.Enum
	for _, o := range outcomesOf(t) {
		if o.V1 != "" && o.V1 != "0000" && !strings.Contains(enums(v1), " "+o.V1+" ") {
			t.Errorf("no schema of version 1 has the code %s", o.V1)
		}
		for name := range o.V2 {
			if !contains(problems, problemPrefix+name) {
				t.Errorf("version 2 has no problem %s", name)
			}
		}
		if o.En.Means == "" || o.En.Do == "" || o.Ko.Means == "" || o.Ko.Do == "" {
			t.Errorf("the row %s %v lacks a text", o.V1, o.types())
		}
	}
}

func enums(doc *openapi3.T) string {
	words := " L "
	for _, schema := range doc.Components.Schemas {
		if result := schema.Value.Properties["result"]; result != nil {
			for _, word := range result.Value.Enum {
				words += word.(string) + " "
			}
		}
	}
	return words
}

func contains(list []any, word string) bool {
	for _, item := range list {
		if item == word {
			return true
		}
	}
	return false
}
