package main

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"giftimbiz/internal/browsertest"
	"giftimbiz/internal/office"
)

// mostPages bounds a crawl. Pages of one shape (the same address but for numbers and values) are visited once.
const mostPages = 300

// crawl returns the addresses of the console's pages: all that can be reached by links and by forms that ask, which are
// sent with each of their fields filled.
func crawl(t testing.TB, base, cookie string) (pages []string) {
	t.Helper()
	return crawlBy(t, base, cookie, shape, func(string, *html.Node) {})
}

// crawlBy is crawl that tells pages apart by their shape, and shows each to visit.
func crawlBy(t testing.TB, base, cookie string, shape func(string) string, visit func(page string, doc *html.Node)) (pages []string) {
	t.Helper()
	waiting, known := []string{"/console/"}, map[string]bool{}
	for len(waiting) > 0 && len(pages) < mostPages {
		page := waiting[0]
		waiting = waiting[1:]
		if known[shape(page)] {
			continue
		}
		known[shape(page)] = true
		if doc := fetchPage(t, base+page, cookie); doc != nil {
			pages = append(pages, page)
			visit(page, doc)
			waiting = append(waiting, leadsTo(doc, page)...)
		}
	}
	return pages
}

var (
	// What differs between pages of one shape: numbers, order numbers, names of partners and keys.
	varies = regexp.MustCompile(`(TEST-)?[0-9]{8}-[0-9A-Z]{13}|[0-9]+`)
	value  = regexp.MustCompile(`=[^&]*`)
	named  = regexp.MustCompile(`^(/console/partners)/[^/?]+`)
)

func shape(page string) string {
	path, query, _ := strings.Cut(page, "?")
	if path != "/console/partners/new" {
		path = named.ReplaceAllString(path, "$1/*")
	}
	return varies.ReplaceAllString(path, "*") + "?" + value.ReplaceAllString(query, "=*")
}

// fetchPage returns a page, or nil for what is none: a file, something that never ends.
func fetchPage(t testing.TB, address, cookie string) *html.Node {
	t.Helper()
	resp := fetchRaw(t, address, cookie)
	defer func() { _ = resp.Body.Close() }() // read to its end below, or of no interest
	// A form may refuse what the crawl writes into it.
	if resp.StatusCode >= http.StatusBadRequest && resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%s: HTTP %d", address, resp.StatusCode)
	}
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	doc, err := html.Parse(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// leadsTo returns the console's addresses that a page leads to.
func leadsTo(doc *html.Node, page string) (all []string) {
	base, err := url.Parse(page)
	if err != nil {
		return nil
	}
	for node := range doc.Descendants() {
		switch {
		case node.Data == "a":
			all = appendAddress(all, base, attribute(node, "href"), nil)
		case node.Data == "form" && !strings.EqualFold(attribute(node, "method"), "post"):
			for _, fields := range fillings(node) {
				all = appendAddress(all, base, attribute(node, "action"), fields)
			}
		}
	}
	return all
}

func appendAddress(all []string, base *url.URL, reference string, fields url.Values) []string {
	u, err := base.Parse(reference)
	if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/console") || strings.HasPrefix(u.Path, "/console/assets/") {
		return all
	}
	if fields != nil {
		u.RawQuery = fields.Encode()
	}
	if u.Fragment = ""; u.Query().Has("format") { // the list as a file: see fetchFiles
		return all
	}
	return append(all, u.String())
}

// fetchFiles reads the files that pages lead to, those of one shape once, and returns how many.
func fetchFiles(t testing.TB, base, cookie string, pages []string) int {
	t.Helper()
	known := map[string]bool{}
	for _, page := range pages {
		doc := fetchPage(t, base+page, cookie)
		if doc == nil {
			continue
		}
		for node := range doc.Descendants() {
			file := attribute(node, "href")
			if node.Data == "a" && strings.Contains(file, "format=csv") && !known[shape(file)] {
				known[shape(file)] = true
				fetchFile(t, base+file, cookie)
			}
		}
	}
	return len(known)
}

func fetchFile(t testing.TB, address, cookie string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // it is read below
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n == 0 || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: HTTP %d, %d bytes, %v", address, resp.StatusCode, n, err)
	}
}

// fillings fills a form in several ways: as it stands, and each field by itself with something else.
func fillings(form *html.Node) []url.Values {
	stands, all := url.Values{}, []url.Values{{}}
	for node := range form.Descendants() {
		if name := attribute(node, "name"); name != "" {
			if attribute(node, "type") != "checkbox" {
				stands.Set(name, attribute(node, "value")) // of a list nothing: that is its first entry
			}
			for _, text := range choices(node) {
				all = append(all, url.Values{name: {text}})
			}
		}
	}
	for _, fields := range all {
		for name, texts := range stands {
			if !fields.Has(name) {
				fields[name] = texts
			}
		}
	}
	return all
}

// choices are what a field may be filled with.
func choices(field *html.Node) (texts []string) {
	switch field.Data {
	case "select":
		for option := range field.Descendants() {
			if text := attribute(option, "value"); option.Data == "option" && text != "" {
				return []string{text} // one will do
			}
		}
	case "input":
		kinds := map[string]string{"": "초코", "text": "초코", "search": "초코", "date": "2025-09-01", "number": "1", "checkbox": "on"}
		if text := kinds[attribute(field, "type")]; text != "" {
			return []string{text}
		}
	}
	return nil
}

func attribute(node *html.Node, name string) string {
	i := slices.IndexFunc(node.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return ""
	}
	return node.Attr[i].Val
}

// TestNoPageOfTheConsoleHasASeriousFault opens every page that can be reached in a browser.
func TestNoPageOfTheConsoleHasASeriousFault(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	live(s)
	w := &walk{s: s}
	w.hire(office.Admin)
	pages := crawl(t, s.url, w.cookies[office.Admin])
	t.Logf("%d pages: %q", len(pages), pages)
	for _, look := range []browsertest.Look{browsertest.Wide().In("ko"), browsertest.Narrow().In("en")} {
		o := &operator{Tab: browser.Open(t, s.url, look), browser: browser, look: look, s: s, english: look.Language == "en"}
		o.enter(look.Language + "@gift.example")
		for _, page := range onePerPath(pages) {
			o.Go(page)
			o.CheckLightAndDark("page" + strings.NewReplacer("/", "-", "?", "-", "*", "", "=", "").Replace(strings.TrimPrefix(shape(page), "/console")))
		}
	}
}

// onePerPath leaves out pages that differ from others by what is asked of a list only.
func onePerPath(pages []string) (some []string) {
	known := map[string]bool{}
	for _, page := range pages {
		path, _, _ := strings.Cut(shape(page), "?")
		if !known[path] {
			known[path] = true
			some = append(some, page)
		}
	}
	return some
}

// live lets partners buy and be told of it, so that pages have something to show.
func live(s *testServer) {
	s.t.Helper()
	c := s.as("demo")
	hook(s, "https://127.0.0.1/hooks")
	hook(s, "https://127.0.0.1/quiet")
	buyCoupon(c)
	for _, buyer := range []*caller{c, s.as("devtest1")} {
		buyer.call("giftimbiz/buyGifticoupon", "md_idx", chocoID, "cash", chocoPrice, "product", chocoName).wants("0000")
	}
}
