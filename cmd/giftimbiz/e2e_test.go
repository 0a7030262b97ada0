package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/contract"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/server"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// TestMain runs the tests and ends and removes what they shared.
func TestMain(m *testing.M) {
	code := m.Run()
	sqliteTemplate.remove()
	postgresTemplate.remove()
	programtest.Remove()
	os.Exit(code)
}

// testServer is a node in the test's own process, on the sample stock as of the guide's time, with a clock to move.
type testServer struct {
	t     testing.TB
	node  *server.Node
	clock *clock.Manual
	url   string
	made  *demo.Credentials
	cfg   *config
}

func startServer(t testing.TB, database string, change ...func(*config)) *testServer {
	t.Helper()
	cfg := &config{Data: t.TempDir(), Database: database, LogLevel: "error", LogFormat: "text", PublicURL: "https://gift.example"}
	for _, f := range change {
		f(cfg)
	}
	s := &testServer{t: t, clock: clock.NewManual(storagetest.Noon), cfg: cfg, made: copySample(t, cfg)}
	db := s.openDB()
	s.serve(db)
	t.Cleanup(func() { storagetest.Healthy(t, db) })
	return s
}

// startEmpty starts a node on an empty database.
func startEmpty(t testing.TB, database string) *testServer {
	t.Helper()
	cfg := &config{Data: t.TempDir(), Database: database, LogLevel: "error", LogFormat: "text", PublicURL: "https://gift.example"}
	s := &testServer{t: t, clock: clock.NewManual(storagetest.Noon), cfg: cfg, made: &demo.Credentials{}}
	db := s.openDB()
	s.serve(db)
	t.Cleanup(func() { storagetest.Healthy(t, db) })
	return s
}

// second starts another node on the same database, with the same clock and keys.
func (s *testServer) second() *testServer {
	s.t.Helper()
	other := &testServer{t: s.t, clock: s.clock, cfg: s.cfg, made: s.made}
	other.serve(other.openDB())
	return other
}

func (s *testServer) openDB() *storage.DB {
	s.t.Helper()
	asked := &plans{}
	s.t.Cleanup(func() { asked.check(s.t, s.cfg.Database) })
	db, err := storage.OpenWatched(s.t.Context(), s.cfg.database(), asked.note)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = db.Close() }) // the test is over
	if _, err := db.Migrate(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return db
}

func (s *testServer) serve(db *storage.DB) {
	s.t.Helper()
	n, err := newNode(s.t.Context(), s.cfg, db, s.clock, "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	n.Start()
	door := server.NewFront(n.Logger)
	door.Open(n.Routes())
	web := httptest.NewServer(contract.Watch(s.t, door, published()...))
	s.node, s.url = n, web.URL
	s.t.Cleanup(func() {
		web.Close()
		n.Stop()
	})
}

// in returns the server for use by a subtest.
func (s *testServer) in(t testing.TB) *testServer {
	sub := *s
	sub.t = t
	return &sub
}

// sync makes the node see what a command line changed, without waiting for its loop.
func (s *testServer) sync() {
	s.t.Helper()
	if err := s.node.Refresh(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// caller is a partner with headers that a test may spoil.
type caller struct {
	s      *testServer
	header http.Header
	id     string
}

// as signs a partner in, with an access token of its own.
func (s *testServer) as(name string) *caller {
	s.t.Helper()
	p, err := s.made.Partner(name)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &caller{s: s, id: p.PartnerID, header: http.Header{
		"Partnerkey": {p.PartnerKey}, "Partnertoken": {p.PartnerToken}, "X-Refresh-Token": {p.RefreshToken},
	}}
	a := c.call("common/getAccessToken", nil)
	c.header.Del("X-Refresh-Token")
	c.header.Set("Refresh-Token", p.RefreshToken)
	c.header.Set("Access-Token", a.text("token"))
	return c
}

// answer is a decoded answer.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
	fields map[string]any
}

// call posts parameters as a form, given as name, value, name, value, …
func (c *caller) call(endpoint string, params ...any) answer {
	c.s.t.Helper()
	form := url.Values{"partner_id": {c.id}}
	for i := 0; i+1 < len(params); i += 2 {
		form.Set(fmt.Sprint(params[i]), fmt.Sprint(params[i+1]))
	}
	return c.post(endpoint, "application/x-www-form-urlencoded", form.Encode())
}

func (c *caller) post(endpoint, contentType, body string) answer {
	c.s.t.Helper()
	header := c.header.Clone()
	header.Set("Content-Type", contentType)
	return c.s.send(http.MethodPost, c.s.url+"/api/v1/"+endpoint, header, body)
}

func (s *testServer) send(method, target string, header http.Header, body string) answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	a := answer{t: s.t, status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		s.t.Fatal(err)
	}
	_ = json.Unmarshal(a.body, &a.fields) // pages and pictures are not JSON
	return a
}

// code returns the result code; success is "0000" or, of getAccessToken, "0".
func (a answer) code() string { return fmt.Sprint(a.fields["result"]) }

func (a answer) text(name string) string {
	a.t.Helper()
	text, ok := a.fields[name].(string)
	if !ok {
		a.t.Fatalf("no text %q in %s", name, a.body)
	}
	return text
}

// rows returns the named list of objects.
func (a answer) rows(name string) []map[string]any {
	a.t.Helper()
	list, ok := a.fields[name].([]any)
	if !ok {
		a.t.Fatalf("no list %q in %s", name, a.body)
	}
	rows := make([]map[string]any, len(list))
	for i := range list {
		rows[i] = list[i].(map[string]any)
	}
	return rows
}

// wants fails the test unless the answer has the code.
func (a answer) wants(code string) answer {
	a.t.Helper()
	if a.code() != code {
		a.t.Fatalf("result %s, want %s: %s", a.code(), code, a.body)
	}
	return a
}

// open makes another partner with a balance, as the command line does, and lets the node see it.
func (s *testServer) open(p gift.Partner, balance gift.Won) {
	s.t.Helper()
	p.State, p.Title = gift.Active, p.Name
	made, err := demo.OpenPartner(s.t.Context(), s.node.DB, s.node.Vault, s.clock, p, balance)
	if err != nil {
		s.t.Fatal(err)
	}
	s.made.Partners = append(s.made.Partners, *made)
	s.sync()
}

// setPartner changes a partner as the command line does and lets the node see it.
func (s *testServer) setPartner(name string, change func(*gift.Partner)) {
	s.t.Helper()
	_, err := s.node.DB.ChangePartner(s.t.Context(), name, 0, s.clock.Now(), func(p *gift.Partner) error {
		change(p)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.sync()
}
