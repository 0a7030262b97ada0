package docs

import (
	"html"
	"regexp"
	"strings"
)

// What stands out in code: comments, texts, words of the language.
var (
	hashComments  = `(?m:(?:^|[ \t])#[^\n]*)`
	slashComments = `(?m:(?:^|[ \t])//[^\n]*)`
	quotedTexts   = "\"(?:[^\"\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\n]|\\\\.)*'|`[^`]*`"

	tokens = map[string]*regexp.Regexp{
		"sh":   tokensOf(hashComments, quotedTexts, "export|local|echo|curl|jq|shift"),
		"php":  tokensOf(slashComments, quotedTexts, "function|return|if|foreach|for|as|throw|new|exit|global|static|array|string|int|bool|true|false|null"),
		"go":   tokensOf(slashComments, quotedTexts, "package|import|func|return|if|switch|case|default|var|defer|nil|error"),
		"js":   tokensOf(slashComments, quotedTexts, "import|from|const|let|async|await|function|return|if|for|of|try|catch|throw|new|undefined"),
		"json": tokensOf(`\z\A`, quotedTexts, "true|false|null"),
	}
)

func tokensOf(comments, texts, words string) *regexp.Regexp {
	return regexp.MustCompile("(" + comments + ")|(" + texts + `)|\b(` + words + `)\b`)
}

// classes are those of the groups of a token.
var classes = []string{"c", "s", "k"}

// highlight returns code as HTML. What stands for a reader's key can be filled in by the page.
func highlight(lang, code string) string {
	var b strings.Builder
	at := 0
	if re := tokens[lang]; re != nil {
		for _, m := range re.FindAllStringSubmatchIndex(code, -1) {
			for i, class := range classes {
				if from, to := m[2+2*i], m[3+2*i]; from >= 0 {
					b.WriteString(escaped(code[at:from]) + `<span class="` + class + `">` + escaped(code[from:to]) + "</span>")
					at = to
				}
			}
		}
	}
	b.WriteString(escaped(code[at:]))
	return b.String()
}

// keyNames are the names under which the page knows a reader's keys, by what stands for them in a guide.
var keyNames = strings.NewReplacer(
	"YOUR-PARTNER-ID", slot("partner_id", "YOUR-PARTNER-ID"),
	"YOUR-PARTNERKEY", slot("partnerkey", "YOUR-PARTNERKEY"),
	"YOUR-PARTNERTOKEN", slot("partnertoken", "YOUR-PARTNERTOKEN"),
	"YOUR-REFRESH-TOKEN", slot("refresh_token", "YOUR-REFRESH-TOKEN"),
	exampleURL, slot("base_url", exampleURL),
)

func slot(name, text string) string { return `<span data-key="` + name + `">` + text + "</span>" }

func escaped(code string) string { return keyNames.Replace(html.EscapeString(code)) }
