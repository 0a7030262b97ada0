package main

import (
	"database/sql"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"giftimbiz/internal/console"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
)

// evil is a name as somebody makes it who wants to run something in an operator's browser, in a template or in a spreadsheet.
const evil = `=1+1"'><b data-evil onclick=evil()>{{.Secret}}${7*7}</b><script>evil()</script><!--`

// evilColumns are those that people write, in tables that have rows on the sample stock.
var evilColumns = map[string][]string{
	"partners": {"title"}, "operators": {"name"}, "categories": {"name"}, "brands": {"name"}, "products": {"name"}, "shops": {"name", "town"},
	"sellers": {"name"}, "campaigns": {"coupon_name", "product", "terms", "maker"}, "audit": {"note"}, "ledger_transactions": {"memo"},
	"sessions": {"agent"}, "partner_calls": {"message"},
}

// textsStayTexts writes evil into every column that people write, and looks at every page and file that shows them, by a node that knows
// nothing else.
func (d *prober) textsStayTexts() {
	t := d.s.t
	d.spoilNames()
	s := d.s.second()
	shown, cookie := 0, d.cookies[office.Admin]
	look := func(page string, doc *html.Node) {
		if showsEvil(t, page, doc) {
			shown++
		}
	}
	pages := crawlBy(t, s.url, cookie, pathShape, look)
	for _, page := range d.public {
		if strings.HasPrefix(page, "/docs") || page == "/llms.txt" { // they show nothing that people write here
			continue
		}
		if doc := fetchAny(t, s.url+page, cookie); doc != nil {
			look(page, doc)
		}
	}
	t.Logf("%d pages and those of the public, of which %d show such a name", len(pages), shown)
	if len(pages) < 40 || shown < 30 {
		t.Errorf("%d pages, of which %d show such a name: the test looks at the wrong things", len(pages), shown)
	}
	d.filesHoldNoFormulas(s, cookie)
}

// pathShape is a page's shape whatever it is asked for.
func pathShape(page string) string {
	path, _, _ := strings.Cut(shape(page), "?")
	return path
}

// keepTheTrail puts the notes of the audit trail back in the end: it is a chain, and the doctor would see what was done to it.
func (d *prober) keepTheTrail(db *sql.DB) {
	t := d.s.t
	rows, err := db.QueryContext(t.Context(), `SELECT id, note FROM audit`)
	if err != nil {
		t.Fatal(err)
	}
	notes := map[int64]string{}
	for rows.Next() {
		var id int64
		var note string
		if err := rows.Scan(&id, &note); err != nil {
			t.Fatal(err)
		}
		notes[id] = note
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for id, note := range notes {
			if _, err := db.Exec(`UPDATE audit SET note = ? WHERE id = ?`, note, id); err != nil {
				t.Error(err)
			}
		}
	})
}

// spoilNames changes the database by itself: a form might refuse what an earlier version or another program let in.
func (d *prober) spoilNames() {
	t := d.s.t
	db := programtest.Raw(t, d.s.cfg.Database)
	d.keepTheTrail(db)
	for table, columns := range evilColumns {
		for _, column := range columns {
			programtest.Eventually(t, table+" has rows to spoil", func() bool { // calls are kept a little later
				res, err := db.ExecContext(t.Context(), `UPDATE `+table+` SET `+column+` = ?`, evil)
				if err != nil {
					t.Fatal(table, column, err)
				}
				n, err := res.RowsAffected()
				return n > 0 && err == nil
			})
		}
	}
}

// fetchAny returns a page, or nil for what is none.
func fetchAny(t testing.TB, address, cookie string) *html.Node {
	t.Helper()
	resp := fetchRaw(t, address, cookie)
	defer func() { _ = resp.Body.Close() }()
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	doc, err := html.Parse(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func fetchRaw(t testing.TB, address, cookie string) *http.Response {
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
	if resp.StatusCode >= http.StatusInternalServerError {
		t.Errorf("%s: HTTP %d", address, resp.StatusCode)
	}
	return resp
}

// showsEvil tells whether a page shows such a name, and fails when the name became more than text.
func showsEvil(t testing.TB, page string, doc *html.Node) (shown bool) {
	for node := range doc.Descendants() {
		if node.Type == html.TextNode && strings.Contains(node.Data, "{{.Secret}}") {
			shown = true
			if p := node.Parent; p != nil && (p.Data == "script" || p.Data == "style") {
				t.Errorf("%s: a name stands in a %s", page, p.Data)
			}
		}
		if node.Type == html.CommentNode && strings.Contains(node.Data, "evil") {
			t.Errorf("%s: a name began a comment", page)
		}
		for _, a := range node.Attr {
			if a.Key == "data-evil" || strings.HasPrefix(a.Key, "on") || node.Data == "script" && a.Key == "src" && !strings.HasPrefix(a.Val, "/") {
				t.Errorf("%s: <%s %s=%q>", page, node.Data, a.Key, a.Val)
			}
			if (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				t.Errorf("%s: %s=%q", page, a.Key, a.Val)
			}
		}
		if node.Data == "script" && node.FirstChild != nil && strings.Contains(node.FirstChild.Data, "evil") {
			t.Errorf("%s: a name became a script", page)
		}
	}
	return shown
}

// filesHoldNoFormulas reads every list that the console hands out as a file.
func (d *prober) filesHoldNoFormulas(s *testServer, cookie string) {
	t, held := d.s.t, 0
	of := map[string]string{"PARTNER": "demo", "ENDPOINT": strconv.FormatInt(d.endpoint, 10), "OFFER": "1350", "SHOP": "37"}
	for _, list := range console.Lists() {
		address, query, _ := strings.Cut(list.Page(of[list.Of]), "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		values.Set("format", "csv")
		resp := fetchRaw(t, s.url+address+"?"+values.Encode(), cookie)
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("%s: HTTP %d, %s", list.Name, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
		rows, err := csv.NewReader(resp.Body).ReadAll()
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(list.Name, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.Contains(cell, "{{.Secret}}") {
					held++
				}
				if _, err := strconv.ParseInt(cell, 10, 64); err != nil && cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
					t.Errorf("%s: a spreadsheet computes %q", list.Name, cell)
				}
			}
		}
	}
	if held < 20 {
		t.Errorf("only %d cells hold such a name", held)
	}
}
