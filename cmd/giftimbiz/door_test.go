package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/console"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/redeem"
)

// TestTheDoor tries what is tried on every server that stands in the Internet: one server, on which everything was sold that has a page,
// and many requests. docs/security.md says which threat each part answers.
func TestTheDoor(t *testing.T) {
	d := openDoor(t)
	t.Run("every answer has headers that keep it safe, and believes no request's host", func(t *testing.T) { d.in(t).answersEverywhere() })
	t.Run("nobody is led elsewhere after signing in", func(t *testing.T) { d.in(t).nextLeadsNowhereElse() })
	t.Run("no form of another site is taken", func(t *testing.T) { d.in(t).formsOfOthers() })
	t.Run("no path leads out of its folder", func(t *testing.T) { d.in(t).pathsOut() })
	t.Run("no request hides in another", func(t *testing.T) { d.in(t).smuggled() })
	t.Run("a session is the browser's own and ends", func(t *testing.T) { d.in(t).sessions() })
	t.Run("what people write stays text", func(t *testing.T) { d.in(t).textsStayTexts() })
}

// prober is a server with everything that can be looked at, and an admin who may look at it.
type prober struct {
	*walk
	public   []string // pages that whoever has the address sees
	endpoint int64    // of a partner
}

func openDoor(t *testing.T) *prober {
	t.Helper()
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db")
	live(s)
	d := &prober{walk: &walk{s: s}, endpoint: hook(s, "https://127.0.0.1/elsewhere")}
	d.hire(office.Admin)
	c := s.as("demo")
	c.header.Set("Idempotency-Key", t.Name())
	tid := c.call("giftimbiz/buyStarcoupon", "md_idx", "1350", "msl_idx", "188", "msc_idx", "0", "cash", "0", "product", "김말이 3개").
		wants("0000").text("tid")
	c.header.Del("Idempotency-Key")
	order, _, err := gift.ParseRef(tid)
	if err != nil {
		t.Fatal(err)
	}
	links := redeem.NewLinks(s.node.Vault, "")
	_, vouchers := c.buyTwo()
	seller := s.seller(37)
	kept, err := s.node.DB.Seller(t.Context(), seller.SellerID)
	if err != nil || kept == nil {
		t.Fatal(kept, err)
	}
	d.public = []string{
		links.PageURL(order, 1), links.QRPath(order, 1), vouchers[0], links.SellerURL(*kept), "/r/counter", "/r/list", "/r/list.csv",
		"/r/nothing", "/v/nothing", "/UPLOAD/nothing.png", "/Form/nothing", "/UPLOAD/qr/nothing.png", "/UPLOAD/barcode/nothing.png",
		"/", "/nothing", "/healthz", "/readyz", "/metrics", "/llms.txt", "/docs", "/docs/", "/docs/en/", "/docs/api/v2", "/docs/nothing",
		"/docs/openapi/v2.json", "/console", "/console/sign-in", "/console/nothing", "/console/assets/nothing.js", "/api/nothing", "/api/v2/nothing",
	}
	return d
}

// in returns the door for use by a subtest.
func (d *prober) in(t *testing.T) *prober {
	return &prober{walk: &walk{s: d.s.in(t), cookies: d.cookies}, public: d.public, endpoint: d.endpoint}
}

// asked is a request of the walk, and what came of it.
type asked struct {
	what   string
	path   string
	answer answer
}

// everywhere asks for every route there is, with a header more, and calls visit for each answer: the public's pages, every endpoint of both
// versions of the API, and every page and form of the console, as an admin and as nobody.
func (d *prober) everywhere(visit func(asked), more ...string) {
	ask := func(method, path, cookie string) {
		header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		if cookie != "" {
			header.Set("Cookie", cookie)
		}
		for i := 0; i < len(more); i += 2 {
			header.Set(more[i], more[i+1])
		}
		visit(asked{method + " " + path, path, d.ask(method, path, header)})
	}
	for _, path := range d.public {
		ask(http.MethodGet, path, "")
	}
	for _, version := range []string{"v1", "v2"} {
		var doc struct{ Paths map[string]map[string]any }
		if err := json.Unmarshal(publishedText(version), &doc); err != nil || len(doc.Paths) < 13 {
			d.s.t.Fatal(len(doc.Paths), err)
		}
		for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
			for _, method := range []string{"get", "post", "put", "delete", "patch"} {
				if doc.Paths[path][method] != nil {
					ask(strings.ToUpper(method), wildcard.ReplaceAllString(strings.ReplaceAll(path, "_", ""), "1"), "")
				}
			}
		}
	}
	for _, route := range console.Routes() {
		method, path, ok := strings.Cut(route.Pattern, " ")
		if ok && method == http.MethodPost {
			ask(method, wildcard.ReplaceAllString(path, "1"), "")
		}
	}
	d.each(http.MethodGet, func(_ console.Route, path string) { ask(http.MethodGet, path, d.cookies[office.Admin]) })
}

// ask sends a request and follows no redirect. Answers that never end are looked at as far as they came in a moment.
func (d *prober) ask(method, path string, header http.Header) answer {
	d.s.t.Helper()
	req, err := http.NewRequestWithContext(d.s.t.Context(), method, d.s.url+path, http.NoBody)
	if err != nil {
		d.s.t.Fatal(err)
	}
	req.Header = header
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		d.s.t.Fatalf("%s %s: %v", method, path, err)
	}
	a := answer{t: d.s.t, status: resp.StatusCode, header: resp.Header}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		if a.body, err = io.ReadAll(io.LimitReader(resp.Body, 16<<20)); err != nil {
			d.s.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	_ = resp.Body.Close() // it was read, or has no end
	return a
}

// raw sends bytes over a connection of its own and returns all that comes back until the server is silent or closes it.
func (d *prober) raw(text string) []*http.Response {
	d.s.t.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(d.s.url, "http://"), programtest.Patience)
	if err != nil {
		d.s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(programtest.Patience)); err != nil {
		d.s.t.Fatal(err)
	}
	// A server that refuses what is too long answers and hangs up before it has read all.
	if _, err := io.WriteString(conn, text); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		d.s.t.Fatal(err)
	}
	if half, ok := conn.(*net.TCPConn); ok && !strings.Contains(text, "Connection: close") {
		_ = half.CloseWrite() // the server answers what it has, and ends
	}
	var all []*http.Response
	for in := bufio.NewReader(conn); ; {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return all
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return all
		}
		resp.Body = io.NopCloser(strings.NewReader(string(body)))
		all = append(all, resp)
	}
}

// formsOfOthers sends every form from pages of other sites: as an admin who looks at one, as somebody who signs in, at a shop's counter.
func (d *prober) formsOfOthers() {
	paths := []string{"/console/sign-in", "/console/sign-in/code", "/console/language"}
	d.each(http.MethodPost, func(_ console.Route, path string) { paths = append(paths, path) })
	for _, page := range d.public {
		if strings.HasPrefix(page, "/r/") && page != "/r/list" && page != "/r/list.csv" && page != "/r/nothing" {
			paths = append(paths, page, strings.Replace(page, "/r/", "/r/undo/", 1))
		}
	}
	paths = append(paths, "/r/counter/sign-out")
	for _, path := range paths {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site", "Origin", "https://other.gift.example"},
			{"Origin", "https://evil.example"},
			{"Origin", "http://gift.example"},
		} {
			a := d.send(http.MethodPost, path, url.Values{"lang": {"en"}}, append(headers, "Cookie", d.cookies[office.Admin])...)
			if a.status != http.StatusForbidden && a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
				d.s.t.Errorf("POST %s with %q: HTTP %d", path, headers, a.status)
			}
		}
	}
	if len(paths) < 60 {
		d.s.t.Errorf("only %d forms: the walk looks at the wrong things", len(paths))
	}
}

// sessions has a browser bring a cookie that somebody else gave it, and looks at the one it gets, and what it is worth after signing out.
func (d *prober) sessions() {
	t := d.s.t
	form := url.Values{"email": {"admin@walk.example"}, "password": {walkPassword}}
	planted := "__Secure-giftimbiz=planted"
	a := d.send(http.MethodPost, "/console/sign-in", form, "Origin", consoleOrigin, "Cookie", planted)
	if len(a.cookies) != 1 {
		t.Fatalf("HTTP %d, cookies %v", a.status, a.cookies)
	}
	c := a.cookies[0]
	if c.Value == "planted" || len(c.Value) < 43 || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/console" ||
		c.Domain != "" || !strings.HasPrefix(c.Name, "__Secure-") || c.MaxAge > 12*60*60 {
		t.Errorf("the session's cookie is %s", strings.Replace(fmt.Sprint(c), c.Value, "…", 1))
	}
	mine := c.Name + "=" + c.Value
	if !d.send(http.MethodGet, "/console/account", nil, "Cookie", planted).toSignIn() {
		t.Error("the cookie that was brought along is a session")
	}
	if d.send(http.MethodGet, "/console/account", nil, "Cookie", mine).toSignIn() {
		t.Fatal("the new session is none")
	}
	d.send(http.MethodPost, "/console/sign-out", nil, "Cookie", mine, "Origin", consoleOrigin)
	if !d.send(http.MethodGet, "/console/account", nil, "Cookie", mine).toSignIn() {
		t.Error("who signed out is signed in")
	}
	for _, mine := range []string{d.cookies[office.Admin]} {
		if d.send(http.MethodGet, "/console/account", nil, "Cookie", mine).toSignIn() {
			t.Error("signing out here signed another browser out")
		}
	}
}
