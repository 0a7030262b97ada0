package partnerv2_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/partnerv2"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

// showroom is a database with a small stock and two nodes that show it. The second may be behind the first, which is what a test
// refreshes when it says nothing else.
type showroom struct {
	*storagetest.House
	t       *testing.T
	shown   *clock.Manual // by which the nodes know what day it is
	nodes   [2]*showroomNode
	secrets credential.Secrets
	partner int64
	bearer  string

	mu       sync.Mutex
	answered []office.Answered // guarded by mu
}

type showroomNode struct {
	*partnerv2.API
	catalog   *catalog.Catalog
	directory *credential.Directory
	authority *credential.Authority
}

// demoPartner is who calls.
var demoPartner = gift.Partner{Name: "demo", Title: "데모 매체", State: gift.Active, DailyLimit: 7, DuplicateSec: 10}

func openShowroom(t *testing.T, change ...func(*partnerv2.Config)) *showroom {
	t.Helper()
	dsn := "sqlite:" + storagetest.MigratedFile(t)
	open := func(t testing.TB) (*storage.DB, func() *storage.DB) {
		open := func() *storage.DB {
			db, err := storage.OpenOrCreate(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() }) // the test is over
			return db
		}
		return open(), open
	}
	s := &showroom{House: storagetest.NewHouse(t, open), t: t, shown: clock.NewManual(storagetest.Noon)}
	keys := vault.Fresh()
	for i := range s.nodes {
		n := &showroomNode{directory: credential.NewDirectory(s.DB)}
		n.authority = credential.NewAuthority(credential.Config{Vault: keys, Clock: s.shown, Directory: n.directory})
		n.catalog = catalog.New(s.DB, s.shown, func(dst []byte, _ *catalog.View) []byte { return dst })
		cfg := partnerv2.Config{
			Authority: n.authority, Store: s.DB, Catalog: n.catalog, Buyer: s.Engine, Links: redeem.NewLinks(keys, origin),
			Numbers: keys, Secrets: keys, Webhooks: webhook.NewGuard(nil), Counter: nobody{}, Clock: s.shown, PublicURL: origin + "/",
			Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Observe: s.note,
		}
		for _, c := range change {
			c(&cfg)
		}
		n.API = partnerv2.New(cfg)
		s.nodes[i] = n
	}
	var made credential.Keys
	var err error
	s.secrets, made = s.nodes[0].authority.NewKeys(demoPartner)
	if s.partner, err = s.DB.CreatePartner(t.Context(), demoPartner, made, storagetest.Noon); err != nil {
		t.Fatal(err)
	}
	s.refresh(0)
	s.refresh(1)
	lasting := credential.NewAuthority(credential.Config{Vault: keys, Clock: s.shown, AccessTTL: 10 * 365 * 24 * time.Hour})
	s.bearer = "Bearer " + lasting.Issue(demoPartner, made.ID)
	return s
}

func (s *showroom) note(a office.Answered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = append(s.answered, a)
}

func (s *showroom) last() office.Answered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answered[len(s.answered)-1]
}

// refresh has a node read what changed.
func (s *showroom) refresh(node int) {
	s.t.Helper()
	if _, err := s.nodes[node].catalog.Refresh(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if err := s.nodes[node].directory.Refresh(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// send asks a node.
func (s *showroom) send(node int, r *http.Request) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.nodes[node].ServeHTTP(w, r)
	return w
}

// get asks the first node as the partner; headers come in pairs.
func (s *showroom) get(path string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v2/"+path, http.NoBody)
	r.Header.Set("Authorization", s.bearer)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.send(0, r)
}

// read asks for what must be there, and decodes it.
func (s *showroom) read(node int, path string, into any) {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v2/"+path, http.NoBody)
	r.Header.Set("Authorization", s.bearer)
	w := s.send(node, r)
	if w.Code != http.StatusOK {
		s.t.Fatalf("%s: HTTP %d, %s", path, w.Code, w.Body)
	}
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
	if _, err := d.Token(); err != io.EOF {
		s.t.Fatalf("%s: something stands behind the answer", path)
	}
}

// form posts a form to the token endpoint.
func (s *showroom) form(values url.Values, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v2/token", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.send(0, r)
}

// offerShown is an offer of either kind as lists have it.
type offerShown struct {
	ID       int64      `json:"id"`
	Kind     string     `json:"kind"`
	Status   string     `json:"status"`
	Change   string     `json:"change"`
	Product  *shownName `json:"product"`
	Brand    *shownName `json:"brand"`
	Campaign *shownName `json:"campaign"`
	Shop     *shownName `json:"shop"`
	Category shownName  `json:"category"`
	Free     *bool      `json:"free"`
	Face     int64      `json:"face_value"`
	Price    int64      `json:"price"`
	Prices   *struct {
		Far  int64 `json:"over_60_days"`
		Mid  int64 `json:"over_30_days"`
		Near int64 `json:"last_30_days"`
	} `json:"prices"`
	Percent int    `json:"discount_percent"`
	LastDay string `json:"last_day"`
	Once    bool   `json:"once_per_partner"`
}

// shownName is something with a name, and what else a list says of it.
type shownName struct {
	ID        int64   `json:"id"`
	Name      string  `json:"name"`
	Image     *string `json:"image_url"`
	Product   string  `json:"product"`
	Condition *string `json:"condition"`
	Province  string  `json:"province"`
	District  string  `json:"district"`
	Town      string  `json:"town"`
	Map       *string `json:"map_url"`
}

type offerList struct {
	Data  []offerShown `json:"data"`
	Next  string       `json:"next"`
	Total *int         `json:"total"`
	Sync  string       `json:"sync"`
}
