package docs

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"giftimbiz/internal/locale"
)

//go:embed guides
var guideFiles embed.FS

// slugs names the guides in the order of the menu. The first is the overview.
var slugs = []string{
	"overview", "first-purchase", "never-twice", "vouchers", "webhooks", "sandbox", "codes", "reconciliation", "going-live",
}

// exampleURL stands in guides for this server's address.
const exampleURL = "https://gift.example"

// guide is a page of text in one language.
type guide struct {
	Slug     string
	Title    string
	HTML     template.HTML // made of embedded text only
	Markdown []byte
	Sections []section
}

// section is a heading and the text below it, up to the next one.
type section struct {
	Level     int
	ID, Title string
	Text      string // without markup, for the search
}

// Path is where the guide is, below its language.
func (g *guide) Path() string {
	if g.Slug == slugs[0] {
		return ""
	}
	return g.Slug
}

func codeOf(lang locale.Language) string {
	if lang == locale.English {
		return "en"
	}
	return "ko"
}

// readGuides reads all guides of a language. The texts without markup say how to get keys: by themselves, where sandboxes are lent.
func readGuides(lang locale.Language, publicURL string, lends bool, codes []outcome) ([]*guide, error) {
	programs, err := readPrograms(lang)
	if err != nil {
		return nil, err
	}
	keys, err := keysText(lang, lends)
	if err != nil {
		return nil, err
	}
	var list []*guide
	for _, slug := range slugs {
		source, err := guideSource(slug, lang, codes, programs)
		if err != nil {
			return nil, err
		}
		g, err := render(slug, lang, source)
		if err != nil {
			return nil, fmt.Errorf("guide %s: %w", slug, err)
		}
		g.HTML = template.HTML(strings.ReplaceAll(string(g.HTML), exampleURL, template.HTMLEscapeString(publicURL))) //nolint:gosec // ours
		g.Markdown = plainMarkdown(strings.Replace(source, keysMark+"\n", keys, 1), lang, publicURL)
		list = append(list, g)
	}
	return list, nil
}

var (
	codesMark   = regexp.MustCompile(`<!-- codes: ([a-z]+) -->`)
	programMark = regexp.MustCompile(`<!-- program: ([a-z0-9-]+) -->`)
	anyMark     = regexp.MustCompile(`(?m)^<!-- .* -->\n\n?`)
	headingID   = regexp.MustCompile(`(?m)^(#+ .*) \{#[a-z0-9-]+\}$`)
	fenceInfo   = regexp.MustCompile("(?m)^```([a-z]+) [a-z0-9]+$")
)

// guideSource is a guide's Markdown with tables of codes and programs put in.
func guideSource(slug string, lang locale.Language, codes []outcome, programs map[string]string) (string, error) {
	raw, err := guideFiles.ReadFile("guides/" + slug + "." + codeOf(lang) + ".md")
	if err != nil {
		return "", err
	}
	source := codesMark.ReplaceAllStringFunc(string(raw), func(mark string) string {
		return codeTable(codes, codesMark.FindStringSubmatch(mark)[1], lang)
	})
	source = programMark.ReplaceAllStringFunc(source, func(mark string) string {
		name := programMark.FindStringSubmatch(mark)[1]
		if programs[name] == "" {
			err = fmt.Errorf("guide %s: there is no program %q", slug, name)
		}
		return programs[name]
	})
	return source, err
}

// keysText says how a program gets keys.
func keysText(lang locale.Language, lends bool) (string, error) {
	if !lends {
		return wordsOf(lang).KeysOperator + "\n", nil
	}
	raw, err := guideFiles.ReadFile("guides/keys." + codeOf(lang) + ".md")
	return string(raw), err
}

// inKorean makes the programs ask for Korean messages.
var inKorean = strings.NewReplacer(
	"Accept-Language: en", "Accept-Language: ko", "'Accept-Language': 'en'", "'Accept-Language': 'ko'", `Language: "en"`, `Language: "ko"`,
)

// readPrograms returns the programs that guides of both languages show, by their names.
func readPrograms(lang locale.Language) (map[string]string, error) {
	raw, err := guideFiles.ReadFile("guides/programs.md")
	if err != nil {
		return nil, err
	}
	programs := map[string]string{}
	for part := range strings.SplitSeq(string(raw), "\n## ") {
		name, blocks, _ := strings.Cut(part, "\n")
		programs[name] = strings.TrimSpace(blocks)
		if lang == locale.Korean {
			programs[name] = inKorean.Replace(programs[name])
		}
	}
	return programs, nil
}

// plainMarkdown is what readers without a browser get.
func plainMarkdown(source string, lang locale.Language, publicURL string) []byte {
	source = headingID.ReplaceAllString(source, "$1")
	source = fenceInfo.ReplaceAllString(source, "```$1")
	source = anyMark.ReplaceAllString(source, "")
	source = strings.ReplaceAll(source, "."+codeOf(lang)+".md", ".md") // as they are served
	return []byte(strings.ReplaceAll(source, exampleURL, publicURL))
}

// keysMark stands where a guide shows the reader's keys.
const keysMark = "<!-- keys -->"

func render(slug string, lang locale.Language, source string) (*guide, error) {
	md := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.TaskList),
		goldmark.WithParserOptions(parser.WithAttribute(), parser.WithASTTransformers(util.Prioritized(shaper{codeOf(lang)}, 100))),
		goldmark.WithRendererOptions(
			html.WithUnsafe(), // for keysMark; the text is our own
			renderer.WithNodeRenderers(util.Prioritized(pieces{lang}, 100)),
		),
	)
	src := []byte(source)
	doc := md.Parser().Parse(text.NewReader(src))
	var out bytes.Buffer
	if err := md.Renderer().Render(&out, src, doc); err != nil {
		return nil, err
	}
	g := &guide{Slug: slug, HTML: template.HTML(out.String()), Sections: sectionsOf(doc, src)} //nolint:gosec // our own text
	if len(g.Sections) == 0 || g.Sections[0].Level != 1 {
		return nil, fmt.Errorf("it does not begin with a title")
	}
	g.Title = g.Sections[0].Title
	return g, nil
}

// sectionsOf cuts a guide at its headings.
func sectionsOf(doc ast.Node, src []byte) (list []section) {
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			id, _ := h.AttributeString("id")
			name, _ := id.([]byte)
			list = append(list, section{Level: h.Level, ID: string(name), Title: textUnder(h, src)})
			continue
		}
		if len(list) > 0 {
			list[len(list)-1].Text += " " + textUnder(n, src)
		}
	}
	return list
}

// textUnder returns the words of a part of a guide, programs left out.
func textUnder(n ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // it returns no error
		if !entering {
			if n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.FencedCodeBlock, *ast.HTMLBlock:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			b.Write(n.Segment.Value(src))
			if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}
