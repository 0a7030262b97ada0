package console

import (
	"bytes"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
)

//go:embed *.html
var templateFiles embed.FS

// pageFile is the name of a page's file without ".html", in a language.
type pageFile struct {
	name string
	lang locale.Language
}

// pages are the templates of all pages with the layout around them. Each is read when it is first shown: those that nobody looks at
// would be most of what a node that only sells has in memory.
var pages = findPages()

func findPages() map[pageFile]func() *template.Template {
	names, err := templateFiles.ReadDir(".")
	if err != nil {
		panic(err)
	}
	all := map[pageFile]func() *template.Template{}
	for _, lang := range []locale.Language{locale.Korean, locale.English} {
		layout := sync.OnceValue(func() *template.Template {
			return template.Must(template.New("layout").Funcs(functions(lang)).ParseFS(templateFiles, "layout.html", "parts.html"))
		})
		for _, file := range names {
			name := strings.TrimSuffix(file.Name(), ".html")
			if name != "layout" && name != "parts" {
				all[pageFile{name, lang}] = sync.OnceValue(func() *template.Template {
					return template.Must(template.Must(layout().Clone()).ParseFS(templateFiles, file.Name()))
				})
			}
		}
	}
	return all
}

// functions are what templates may call.
func functions(lang locale.Language) template.FuncMap {
	return template.FuncMap{
		"t":    func(ko, en string) string { return text{ko, en}.in(lang) },
		"say":  func(t text) string { return t.in(lang) },
		"lang": func() string { return text{"ko", "en"}.in(lang) },
		"won":  func(w gift.Won) string { return won(w, lang) },
		"n":    grouped,
		"day":  func(d gift.Day) string { return d.Start().Format("2006-01-02") },
		"time": func(t time.Time) string { return t.In(gift.Seoul).Format("2006-01-02 15:04:05") },
		"list": func(values ...any) []any { return values },
		"n64":  func(w gift.Won) string { return grouped(int64(w)) }, // of figures that may be money or not
		"newest": func(days []office.DaySales) []office.DaySales {
			days = slices.Clone(days)
			slices.Reverse(days)
			return days
		},
		"in":    func(t text) string { return t.in(lang) },
		"clock": func(t time.Time) string { return t.In(gift.Seoul).Format("15:04:05") },
		"hex":   hex.EncodeToString,
		"words": func(w office.Words) string { return text{w.Korean, w.English}.in(lang) },
		"role":  func(r office.Role) string { return roleNames[r].in(lang) },
		"int64": func(n int) int64 { return int64(n) },
		"join":  path.Join,
	}
}

// won writes an amount as people read it.
func won(w gift.Won, lang locale.Language) string {
	if lang == locale.English {
		if w < 0 {
			return "−₩" + grouped(int64(-w))
		}
		return "₩" + grouped(int64(w))
	}
	return grouped(int64(w)) + "원"
}

// grouped writes a number with a comma before every third digit.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "−", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// view is what the layout needs; Page is what the page itself needs.
type view struct {
	Title    string
	Exchange string          // its name
	Operator office.Operator // zero for those who have not signed in
	Menu     []menuItem
	Address  string // of this page
	Notice   string // what was done just now
	Page     any
}

// May lets templates leave out what the reader may not do.
func (v view) May(permission string) bool {
	p, ok := permissionNames[permission]
	return ok && v.Operator.Role.May(p)
}

var permissionNames = map[string]office.Permission{
	"edit stock": office.EditStock, "edit partners": office.EditPartners, "reveal": office.Reveal,
	"refund": office.Refund, "move money": office.MoveMoney, "manage": office.Manage,
}

// render makes a page before anything of it is sent.
func (q *request) render(status int, page string, title text, data any) error {
	v := view{
		Title: title.in(q.lang), Exchange: q.exchangeName(), Operator: q.operator, Address: q.URL.RequestURI(),
		Notice: q.takeNotice(), Page: data,
	}
	if q.operator.ID != 0 {
		v.Menu = q.menu()
	}
	return q.send(status, page, "layout", v)
}

// renderPart makes a part of a page, a template of its own, for a page that is open already. Within it, the page's data is
// .Page, as in the page.
func (q *request) renderPart(page, part string, data any) error {
	return q.send(http.StatusOK, page, part, view{Operator: q.operator, Address: q.URL.RequestURI(), Page: data})
}

func (q *request) send(status int, page, part string, v view) error {
	var b bytes.Buffer
	if err := pages[pageFile{page, q.lang}]().ExecuteTemplate(&b, part, v); err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.WriteHeader(status)
	_, err := b.WriteTo(q.w)
	return ignoreGone(err)
}

// ignoreGone drops the error of a reader who left: there is nobody to tell.
func ignoreGone(error) error { return nil }

// redirect sends the browser to another page of the console, by GET.
func (q *request) redirect(address string) error {
	http.Redirect(q.w, q.Request, address, http.StatusSeeOther)
	return nil
}
