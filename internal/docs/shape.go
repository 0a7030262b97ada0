package docs

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"giftimbiz/internal/locale"
)

// shaper changes what was parsed into what pages show: programs that say the same in several languages become tabs, wide
// tables get a frame to move in, and links between the files lead from page to page.
type shaper struct{ lang string }

// Transform implements parser.ASTTransformer.
func (s shaper) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	src := reader.Source()
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		switch block := n.(type) {
		case *ast.FencedCodeBlock:
			n = gather(doc, block, src)
		case *east.Table:
			frame := &framed{columns: len(block.Alignments)}
			if frame.columns == 3 {
				label(block, src)
			}
			doc.ReplaceChild(doc, block, frame)
			frame.AppendChild(frame, block)
			n = frame
		}
	}
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // it returns no error
		if link, ok := n.(*ast.Link); ok && entering {
			link.Destination = []byte(s.address(string(link.Destination)))
		}
		return ast.WalkContinue, nil
	})
}

// address makes of a link between files, or to this server, one between pages.
func (s shaper) address(to string) string {
	if here, ok := strings.CutPrefix(to, exampleURL); ok {
		return here
	}
	first := slugs[0] + "." + s.lang + ".md"
	if strings.HasPrefix(to, first) { // it has no name of its own
		return "/docs/" + s.lang + "/" + strings.TrimPrefix(to, first)
	}
	return strings.Replace(to, "."+s.lang+".md", "", 1)
}

// gather puts the programs that follow each other without words between them into tabs.
func gather(doc *ast.Document, first *ast.FencedCodeBlock, src []byte) ast.Node {
	group := &tabs{}
	doc.ReplaceChild(doc, first, group)
	group.AppendChild(group, first)
	for {
		next, ok := group.NextSibling().(*ast.FencedCodeBlock)
		if !ok || string(next.Language(src)) == string(first.Language(src)) {
			return group
		}
		doc.RemoveChild(doc, next)
		group.AppendChild(group, next)
	}
}

// tabs is one program in several languages, or one block of code.
type tabs struct{ ast.BaseBlock }

// framed is a table in a frame.
type framed struct {
	ast.BaseBlock
	columns int
}

// label tells each cell of a table what its column is called: on a telephone rows become paragraphs, without the headings.
func label(table *east.Table, src []byte) {
	var names []string
	for n := table.FirstChild().FirstChild(); n != nil; n = n.NextSibling() {
		names = append(names, textUnder(n, src))
	}
	for row := table.FirstChild().NextSibling(); row != nil; row = row.NextSibling() {
		i := 0
		for cell := row.FirstChild(); cell != nil && i < len(names); cell = cell.NextSibling() {
			cell.SetAttributeString("data-label", []byte(names[i]))
			i++
		}
	}
}

var (
	kindTabs   = ast.NewNodeKind("DocsTabs")
	kindFramed = ast.NewNodeKind("DocsFramed")
)

func (*tabs) Kind() ast.NodeKind             { return kindTabs }
func (n *tabs) Dump(src []byte, level int)   { ast.DumpHelper(n, src, level, nil, nil) }
func (*framed) Kind() ast.NodeKind           { return kindFramed }
func (n *framed) Dump(src []byte, level int) { ast.DumpHelper(n, src, level, nil, nil) }

// pieces writes what goldmark does not know, and headings and code in our way.
type pieces struct{ lang locale.Language }

// RegisterFuncs implements renderer.NodeRenderer.
func (p pieces) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(kindTabs, p.tabs)
	reg.Register(kindFramed, p.framed)
	reg.Register(ast.KindFencedCodeBlock, p.code)
	reg.Register(ast.KindHeading, p.heading)
	reg.Register(east.KindTaskCheckBox, p.box)
}

func (p pieces) tabs(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	class := "one"
	if n.ChildCount() > 1 {
		class = "tabs"
	}
	return surround(w, entering, `<div class="`+class+`">`, "</div>\n")
}

func (p pieces) framed(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	class, label := "frame", "표"
	switch n.(*framed).columns { // too many for a telephone: rows become paragraphs there
	case 4:
		class += " cards"
	case 3:
		class += " cards three"
	}
	if p.lang == locale.English {
		label = "Table"
	}
	return surround(w, entering, `<div class="`+class+`" tabindex="0" role="region" aria-label="`+label+`">`, "</div>\n")
}

func surround(w util.BufWriter, entering bool, before, after string) (ast.WalkStatus, error) {
	text := after
	if entering {
		text = before
	}
	_, err := w.WriteString(text)
	return ast.WalkContinue, err
}

// box is to be ticked on paper: a page would forget it.
func (p pieces) box(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	return surround(w, entering, `<span class="box" aria-hidden="true"></span>`, "")
}

// names of languages on tabs.
var languageNames = map[string]string{"sh": "Shell", "php": "PHP", "go": "Go", "js": "JavaScript", "json": "JSON"}

func (p pieces) code(w util.BufWriter, src []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block := n.(*ast.FencedCodeBlock)
	lang := string(block.Language(src))
	var body strings.Builder
	for i := range block.Lines().Len() {
		line := block.Lines().At(i)
		body.Write(line.Value(src))
	}
	_, err := w.WriteString(`<figure class="code" data-lang="` + lang + `"><figcaption>` + languageNames[lang] +
		`</figcaption><pre tabindex="0"><code>` + highlight(lang, body.String()) + "</code></pre></figure>\n")
	return ast.WalkSkipChildren, err
}

// heading links to itself.
func (p pieces) heading(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	h := n.(*ast.Heading)
	tag := "h" + string(rune('0'+h.Level))
	id, _ := h.AttributeString("id")
	name, _ := id.([]byte)
	if entering {
		return surround(w, true, "<"+tag+` id="`+string(name)+`">`, "")
	}
	if h.Level == 1 {
		return surround(w, false, "", "</"+tag+">\n")
	}
	return surround(w, false, "", ` <a class="anchor" href="#`+string(name)+`" aria-hidden="true" tabindex="-1">#</a></`+tag+">\n")
}
