package server

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// patience is how long a test waits for what comes at once, on a machine however busy.
const patience = programtest.Patience

// house is a started node on the sample stock, with a clock to move.
type house struct {
	t     testing.TB
	node  *Node
	clock *clock.Manual
	url   string
	made  *demo.Credentials
}

// startHouse starts a node; change may configure what a test needs otherwise.
func startHouse(t testing.TB, change ...func(*Config)) *house {
	t.Helper()
	return startHouseOn(t, storage.OpenOrCreate, change...)
}

// startHouseOn is startHouse on a database that is opened in another way.
func startHouseOn(t testing.TB, open func(context.Context, string) (*storage.DB, error), change ...func(*Config)) *house {
	t.Helper()
	ctx, folder := t.Context(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := open(ctx, "sqlite:"+folder+"/giftimbiz.db")
	must(err)
	t.Cleanup(func() { _ = db.Close() }) // the test is over
	_, err = db.Migrate(ctx)
	must(err)
	keys, err := db.OpenVault(ctx, storagetest.Masters())
	must(err)
	h := &house{t: t, clock: clock.NewManual(storagetest.Noon)}
	h.made, err = demo.Fill(ctx, db, keys, h.clock, demo.Options{Offers: 20, Seed: 1, Quick: true})
	must(err)
	cfg := Config{
		Logger: slog.New(slog.DiscardHandler), Clock: h.clock, DB: db, Vault: keys,
		Listening: "127.0.0.1:0", PublicURL: "https://gift.example",
	}
	for _, f := range change {
		f(&cfg)
	}
	h.node, err = New(ctx, cfg)
	must(err)
	h.node.Start()
	door := NewFront(h.node.Logger)
	door.Trace(h.node.Tracer)
	door.Open(h.node.Routes())
	web := httptest.NewServer(door)
	h.url = web.URL
	t.Cleanup(func() {
		web.Close()
		h.node.Stop()
	})
	return h
}

// caller is a signed-in partner with headers that a test may change.
type caller struct {
	h      *house
	id     string
	header http.Header
}

func (h *house) as(name string) *caller {
	h.t.Helper()
	p, err := h.made.Partner(name)
	if err != nil {
		h.t.Fatal(err)
	}
	c := &caller{h: h, id: p.PartnerID, header: http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Partnerkey":   {p.PartnerKey}, "Partnertoken": {p.PartnerToken}, "X-Refresh-Token": {p.RefreshToken},
	}}
	var signedIn struct{ Token string }
	if a := c.call("common/getAccessToken", url.Values{}); json.Unmarshal(a.body, &signedIn) != nil || signedIn.Token == "" {
		h.t.Fatalf("%s cannot sign in: %s", name, a.body)
	}
	c.header.Del("X-Refresh-Token")
	c.header.Set("Refresh-Token", p.RefreshToken)
	c.header.Set("Access-Token", signedIn.Token)
	return c
}

func (c *caller) call(endpoint string, form url.Values) answer {
	c.h.t.Helper()
	form.Set("partner_id", c.id)
	return c.h.send(http.MethodPost, c.h.url+"/api/v1/"+endpoint, c.header, form.Encode())
}

// answer is what came back; code and message are those of an API.
type answer struct {
	status        int
	header        http.Header
	body          []byte
	code, message string
}

func (h *house) send(method, target string, header http.Header, body string) answer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header = header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		h.t.Fatal(err)
	}
	var said struct{ Result, Msg string }
	_ = json.Unmarshal(a.body, &said) // pages and pictures are not JSON
	a.code, a.message = said.Result, said.Msg
	return a
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	programtest.Eventually(t, what, done)
}

// in returns the house for use by a subtest.
func (h *house) in(t testing.TB) *house {
	sub := *h
	sub.t = t
	return &sub
}
