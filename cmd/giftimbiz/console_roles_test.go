package main

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"giftimbiz/internal/console"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
)

// openRoutes are those that need no sign-in. One more has to be a decision.
var openRoutes = []string{
	"GET /console", "/console/", "GET /console/sign-in", "POST /console/sign-in", "GET /console/sign-in/code",
	"POST /console/sign-in/code", "POST /console/language",
}

func TestOnlyTheWayInIsOpenToEverybody(t *testing.T) {
	for _, route := range console.Routes() {
		if route.Open && !slices.Contains(openRoutes, route.Pattern) {
			t.Errorf("%s is open to everybody", route.Pattern)
		}
	}
}

// TestAViewerSendsOnlyWhatConcernsItself looks at the forms that need no more than to be signed in.
func TestAViewerSendsOnlyWhatConcernsItself(t *testing.T) {
	for _, route := range console.Routes() {
		verb, path, _ := strings.Cut(route.Pattern, " ")
		own := path == "/console/sign-out" || path == "/console/account" || strings.HasPrefix(path, "/console/account/")
		if !route.Open && verb != http.MethodGet && route.Needs == office.See && !own {
			t.Errorf("a viewer may send %s", route.Pattern)
		}
	}
}

// TestEachRoleMayWhatItsPermissionsSay walks every route as every role, as nobody, and by forged requests.
func TestEachRoleMayWhatItsPermissionsSay(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		w := &walk{s: startServer(t, database)}
		for _, role := range office.Roles() {
			w.hire(role)
		}
		w.s.theJobs() // what becomes due at the start changes tables; nothing else does until the clock moves
		w.unchanged("nobody", w.asNobody)
		w.unchanged("forged", w.byForgery)
		for _, role := range office.Roles() {
			w.unchanged(string(role)+" looking", func() { w.look(role) })
			w.unchanged(string(role)+" overstepping", func() { w.overstep(role) })
		}
		for _, role := range office.Roles() { // from here on, things change
			w.act(role)
		}
	})
}

// walk goes over the console's routes.
type walk struct {
	s       *testServer
	cookies map[office.Role]string
}

const (
	walkPassword  = "a password for the walk"
	consoleOrigin = "https://gift.example" // of startServer
)

// hire makes an operator and signs in.
func (w *walk) hire(role office.Role) {
	w.s.t.Helper()
	hash, err := w.s.node.Vault.HashCode(walkPassword)
	if err != nil {
		w.s.t.Fatal(err)
	}
	o := office.Operator{Email: string(role) + "@walk.example", Name: string(role), Role: role, PasswordHash: hash}
	if err := w.s.node.DB.SetOperator(w.s.t.Context(), o, w.s.clock.Now()); err != nil {
		w.s.t.Fatal(err)
	}
	w.signIn(role)
}

func (w *walk) signIn(role office.Role) {
	w.s.t.Helper()
	form := url.Values{"email": {string(role) + "@walk.example"}, "password": {walkPassword}}
	a := w.send(http.MethodPost, "/console/sign-in", form, "Origin", consoleOrigin)
	if w.cookies == nil {
		w.cookies = map[office.Role]string{}
	}
	for _, cookie := range a.cookies {
		if strings.HasSuffix(cookie.Name, "giftimbiz") && cookie.Value != "" {
			w.cookies[role] = cookie.Name + "=" + cookie.Value
			return
		}
	}
	w.s.t.Fatalf("%s cannot sign in: HTTP %d", role, a.status)
}

// reply is the head of an answer.
type reply struct {
	status  int
	to      string // where it redirects
	cookies []*http.Cookie
}

// toSignIn tells whether the answer asks to sign in.
func (r reply) toSignIn() bool {
	return r.status == http.StatusSeeOther && strings.HasPrefix(r.to, "/console/sign-in")
}

// send sends a form with headers given as name, value, name, value, …, and follows no redirect.
func (w *walk) send(method, path string, form url.Values, header ...string) reply {
	w.s.t.Helper()
	req, err := http.NewRequestWithContext(w.s.t.Context(), method, w.s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.s.t.Fatalf("%s %s: %v", method, path, err)
	}
	_ = resp.Body.Close() // some pages never end
	return reply{resp.StatusCode, resp.Header.Get("Location"), resp.Cookies()}
}

func (w *walk) as(role office.Role, method, path string) reply {
	w.s.t.Helper()
	return w.send(method, path, nil, "Cookie", w.cookies[role], "Origin", consoleOrigin, "Sec-Fetch-Site", "same-origin")
}

var wildcard = regexp.MustCompile(`\{[a-z]+(\.\.\.)?\}`)

// each calls visit for each route that is not open, with an address of it.
func (w *walk) each(method string, visit func(route console.Route, path string)) {
	for _, route := range console.Routes() {
		verb, path, ok := strings.Cut(route.Pattern, " ")
		if !ok {
			verb, path = "", route.Pattern
		}
		if route.Open || verb != "" && verb != method {
			continue
		}
		value := map[string]string{http.MethodGet: "1", http.MethodPost: "999999"}[method] // what is there, and what is not
		path = strings.TrimSuffix(path, "{$}")
		path = strings.NewReplacer("{name}", "demo").Replace(path)
		visit(route, wildcard.ReplaceAllString(path, value))
	}
}

func (w *walk) asNobody() {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w.each(method, func(_ console.Route, path string) {
			for _, cookie := range []string{"", "__Secure-giftimbiz=made-up"} {
				if a := w.send(method, path, nil, "Cookie", cookie); !a.toSignIn() {
					w.s.t.Errorf("%s %s without sign-in: HTTP %d, to %q", method, path, a.status, a.to)
				}
			}
		})
	}
}

// byForgery makes an administrator's browser send what another site wants.
func (w *walk) byForgery() {
	forgeries := [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site", "Origin", "https://other.gift.example"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Origin", "http://gift.example"},
	}
	w.each(http.MethodPost, func(_ console.Route, path string) {
		for _, headers := range forgeries {
			a := w.send(http.MethodPost, path, nil, append(headers, "Cookie", w.cookies[office.Admin])...)
			if a.status != http.StatusForbidden {
				w.s.t.Errorf("POST %s with %q: HTTP %d", path, headers, a.status)
			}
		}
	})
}

// look opens every page.
func (w *walk) look(role office.Role) {
	w.each(http.MethodGet, func(route console.Route, path string) {
		a := w.as(role, http.MethodGet, path)
		if w.wrong(role, route, a) || a.toSignIn() {
			w.s.t.Errorf("GET %s as %s: HTTP %d, to %q", path, role, a.status, a.to)
		}
	})
}

// overstep sends every form that the role may not.
func (w *walk) overstep(role office.Role) {
	w.each(http.MethodPost, func(route console.Route, path string) {
		if role.May(route.Needs) {
			return
		}
		if a := w.as(role, http.MethodPost, path); w.wrong(role, route, a) {
			w.s.t.Errorf("POST %s as %s: HTTP %d", path, role, a.status)
		}
	})
}

// act sends every form that the role may, empty and about what is not there: that is refused, but not for who sends it.
func (w *walk) act(role office.Role) {
	w.each(http.MethodPost, func(route console.Route, path string) {
		if !role.May(route.Needs) {
			return
		}
		if w.as(role, http.MethodGet, "/console/").toSignIn() { // what was sent before ended the session
			w.signIn(role)
		}
		if a := w.as(role, http.MethodPost, path); w.wrong(role, route, a) {
			w.s.t.Errorf("POST %s as %s: HTTP %d", path, role, a.status)
		}
	})
}

// wrong tells whether the answer fails, or does not fit what the role may do.
func (w *walk) wrong(role office.Role, route console.Route, a reply) bool {
	return a.status >= http.StatusInternalServerError || (a.status == http.StatusForbidden) == role.May(route.Needs)
}

// unchanged fails the test when anything in the database changes meanwhile.
func (w *walk) unchanged(who string, during func()) {
	w.s.t.Helper()
	before := digests(w.s.t, w.s.cfg.Database)
	during()
	after := digests(w.s.t, w.s.cfg.Database)
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] {
			w.s.t.Errorf("%s: table %s changed", who, table)
		}
	}
}

// digests returns a hash of each table's rows but those that a node changes by itself.
func digests(t testing.TB, database string) map[string]string {
	t.Helper()
	driver, tables := "pgx", `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, database, tables = "sqlite", file, `SELECT name FROM sqlite_schema WHERE type = 'table'`
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it only read
	all := map[string]string{}
	for _, row := range readRows(t, db, tables) {
		if table := row[0]; table != "node_leases" {
			lines := []string{}
			for _, cells := range readRows(t, db, "SELECT * FROM "+table) {
				lines = append(lines, fmt.Sprintf("%q", cells))
			}
			slices.Sort(lines)
			sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
			all[table] = hex.EncodeToString(sum[:])
		}
	}
	return all
}

func readRows(t testing.TB, db *sql.DB, query string) (all [][]string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // read to its end below
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		cells, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(cells))
		for i, cell := range cells {
			if texts[i] = cell.String; !cell.Valid {
				texts[i] = "NULL"
			}
		}
		all = append(all, texts)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
