package partnerv2_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/partnerv2"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

// desk is the API on a real database, with partners who have keys.
type desk struct {
	*storagetest.House
	api       *partnerv2.API
	catalog   *catalog.Catalog
	vault     *vault.Vault
	authority *credential.Authority
	dsn       string
	log       *strings.Builder
	secrets   map[string]credential.Secrets // by the partner's name
	tokens    map[string]string
	ids       map[string]int64
}

// local is where tests' own servers are.
var local = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// newDesk has the partners demo and other, who have 100,000 won, and devtest1, who is a sandbox. Webhooks may lead to the machine
// itself as well.
func newDesk(t *testing.T) *desk {
	t.Helper()
	return newDeskOn(t, "sqlite:"+storagetest.MigratedFile(t))
}

// newDeskOn is newDesk on a database at a URL.
func newDeskOn(t *testing.T, dsn string) *desk {
	t.Helper()
	d := &desk{dsn: dsn, secrets: map[string]credential.Secrets{}, tokens: map[string]string{}, ids: map[string]int64{}}
	d.House = storagetest.NewHouse(t, func(t testing.TB) (*storage.DB, func() *storage.DB) {
		open := func() *storage.DB {
			db, err := storage.OpenOrCreate(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() }) // the test is over
			return db
		}
		return open(), open
	})
	d.vault = vault.Fresh()
	d.authority = credential.NewAuthority(credential.Config{
		Vault: d.vault, Clock: d.Clock, Directory: credential.NewDirectory(d.DB), AccessTTL: 1000 * 24 * time.Hour, // many days pass
	})
	d.serve()
	d.open(gift.Partner{Name: "demo"}, 100_000)
	d.open(gift.Partner{Name: "other"}, 100_000)
	d.open(gift.Partner{Name: "devtest1", Sandbox: true}, 100_000)
	return d
}

// serve makes the API.
func (d *desk) serve() { d.serveWith(d.Engine) }

// serveWith makes the API with another engine.
func (d *desk) serveWith(buyer partnerv2.Buyer) {
	d.T.Helper()
	d.log = &strings.Builder{}
	d.catalog = catalog.New(d.DB, d.Clock, func(dst []byte, _ *catalog.View) []byte { return dst })
	d.api = partnerv2.New(partnerv2.Config{
		Authority: d.authority, Store: d.DB, Catalog: d.catalog, Buyer: buyer, Links: redeem.NewLinks(d.vault, origin), Numbers: d.vault,
		Secrets: d.vault, Webhooks: webhook.NewGuard(local), Counter: nobody{}, Clock: d.Clock, Logger: slog.New(slog.NewTextHandler(d.log, nil)), PublicURL: origin,
	})
}

// origin is where the world reaches the API.
const origin = "https://gift.example"

// open opens a partner who has signed in.
func (d *desk) open(p gift.Partner, balance gift.Won) {
	d.T.Helper()
	p.State = gift.Active
	secrets, keys := d.authority.NewKeys(p)
	id, err := d.DB.CreatePartner(d.T.Context(), p, keys, d.Clock.Now())
	if err == nil {
		_, err = d.DB.Deposit(d.T.Context(), p.Name, balance, "", "opening", d.Clock.Now())
	}
	if err == nil {
		err = d.authority.Refresh(d.T.Context())
	}
	if err != nil {
		d.T.Fatal(err)
	}
	d.secrets[p.Name], d.ids[p.Name], d.tokens[p.Name] = secrets, id, d.authority.Issue(p, keys.ID)
}

// reply is an answer.
type reply struct {
	t      testing.TB
	status int
	head   http.Header
	body   string
}

// call asks as a partner, with a JSON body unless that is "". More are headers, names and values.
func (d *desk) call(partner, method, path, body string, more ...string) reply {
	d.T.Helper()
	return d.callIn(d.T.Context(), partner, method, path, body, more...)
}

// callIn is call in a context, in which the caller stays.
func (d *desk) callIn(ctx context.Context, partner, method, path, body string, more ...string) reply {
	d.T.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(ctx, method, "/api/v2/"+path, content)
	r.Header.Set("Authorization", "Bearer "+d.tokens[partner])
	r.Header.Set("Accept-Language", "en")
	r.RemoteAddr = "192.0.2.9:4711"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	w := httptest.NewRecorder()
	d.api.ServeHTTP(w, r)
	return reply{d.T, w.Code, w.Header(), w.Body.String()}
}

// want is call that must end with a status.
func (d *desk) want(status int, partner, method, path, body string, more ...string) reply {
	d.T.Helper()
	a := d.call(partner, method, path, body, more...)
	if a.status != status {
		d.T.Fatalf("%s %s %s as %s: %d %s", method, path, body, partner, a.status, a.body)
	}
	return a
}

// refused fails the test unless the answer is a problem of a kind, with the code that the first version has for it.
func (a reply) refused(status int, kind, code string) reply {
	a.t.Helper()
	var p struct {
		Type, Title, Detail, Code string
		Status                    int
		RequestID                 string `json:"request_id"`
	}
	a.into(&p)
	if a.status != status || p.Status != status || p.Type != "urn:giftimbiz:problem:"+kind || p.Code != code || p.Detail == "" ||
		p.RequestID == "" {
		a.t.Errorf("%d %s, want %d %s %s", a.status, a.body, status, kind, code)
	}
	return a
}

func (a reply) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.t.Fatalf("%s: %v", a.body, err)
	}
}

// members are the names of an object's members.
func (a reply) members() string {
	var all map[string]any
	a.into(&all)
	return strings.Join(slices.Sorted(maps.Keys(all)), " ")
}

// sink is a partner's server, which keeps what it is sent and answers 204.
type sink struct {
	*httptest.Server
	mu  sync.Mutex
	got []sent // guarded by mu
}

// sent is a request that a sink got.
type sent struct {
	id, body string
	head     http.Header
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.got = append(s.got, sent{r.Header.Get("webhook-id"), string(body), r.Header})
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(s.Close)
	return s
}

// came returns all that came so far.
func (s *sink) came() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// deliver starts what tells partners.
func (d *desk) deliver() {
	s := webhook.New(webhook.Options{
		Store: d.DB, Secrets: d.vault, Clock: d.Clock, Guard: webhook.NewGuard(local), Patience: time.Second, Timeout: time.Minute,
	})
	d.DB.OnEvents(s.Nudge)
	s.Start()
	d.T.Cleanup(s.Stop)
}

// soon waits until something is so.
func (d *desk) soon(what string, so func() bool) {
	d.T.Helper()
	ctx, cancel := context.WithTimeout(d.T.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			d.T.Fatalf("not within a minute: %s", what)
		case <-tick.C:
		}
	}
}
