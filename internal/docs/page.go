package docs

import (
	"bytes"
	"embed"
	"html/template"
	"strings"

	"giftimbiz/internal/locale"
)

//go:embed templates
var templateFiles embed.FS

// pages makes pages of what they show.
type pages struct {
	templates *template.Template
	version   string
	lends     bool
	base      string
}

func pagesOf(cfg Config) pages {
	return pages{
		templates: template.Must(template.ParseFS(templateFiles, "templates/*.html")),
		version:   cfg.Version, lends: cfg.Sandboxes != nil, base: cfg.PublicURL,
	}
}

// view is what templates are given.
type view struct {
	*words
	Title   string
	Version string
	Lends   bool
	Base    string // this server's address
	Switch  string // the same page in the other language
	Here    string // the slug of a guide, or the version of the API
	Menu    []menuItem
	Query   string

	Guide   *guide
	Body    template.HTML
	Next    *menuItem
	Results []result

	API        string // its version
	Operations []operation
}

type menuItem struct{ Slug, Address, Title string }

func (p pages) view(lang locale.Language, title string) *view {
	w := wordsOf(lang)
	return &view{words: w, Title: title, Version: p.version, Lends: p.lends, Base: p.base, Menu: menuOf(lang)}
}

// menuOf lists the guides. Their titles are read once more, so that every page has them without knowing the guides.
func menuOf(lang locale.Language) (items []menuItem) {
	for _, slug := range slugs {
		raw, _ := guideFiles.ReadFile("guides/" + slug + "." + codeOf(lang) + ".md") // readGuides says what is missing
		line, _, _ := strings.Cut(string(raw), "\n")
		title := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(line, "# "), "{#top}"))
		g := guide{Slug: slug}
		items = append(items, menuItem{slug, "/docs/" + codeOf(lang) + "/" + g.Path(), title})
	}
	return items
}

func (p pages) guide(lang locale.Language, guides []*guide, i int) ([]byte, error) {
	g := guides[i]
	v := p.view(lang, g.Title)
	v.Guide, v.Here, v.Switch = g, g.Slug, "/docs/"+v.Other+"/"+g.Path()
	if i+1 < len(v.Menu) {
		v.Next = &v.Menu[i+1]
	}
	keys, err := p.execute("keys", v)
	if err != nil {
		return nil, err
	}
	v.Body = template.HTML(strings.Replace(string(g.HTML), keysMark, string(keys), 1)) //nolint:gosec // our own text and template
	return p.execute("guide", v)
}

func (p pages) api(lang locale.Language, version string, operations []operation) ([]byte, error) {
	v := p.view(lang, "API "+version)
	v.API, v.Here, v.Operations, v.Switch = version, version, operations, "/docs/api/"+version+"?lang="+v.Other
	return p.execute("api", v)
}

func (p pages) results(lang locale.Language, query string, list []result) ([]byte, error) {
	v := p.view(lang, wordsOf(lang).Search)
	v.Query, v.Results, v.Switch = query, list, "/docs/search?lang="+v.Other+"&q="+template.URLQueryEscaper(query)
	return p.execute("search", v)
}

func (p pages) notFound(lang locale.Language) ([]byte, error) {
	v := p.view(lang, wordsOf(lang).NotFound)
	v.Switch = "/docs/" + v.Other + "/"
	return p.execute("notfound", v)
}

func (p pages) execute(name string, v *view) ([]byte, error) {
	var out bytes.Buffer
	err := p.templates.ExecuteTemplate(&out, name, v)
	return out.Bytes(), err
}
