package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

// house is the shop on a real server. What the shop does in the background, a test does by hand, when it wants it.
type house struct {
	t      *testing.T
	server *clienttest.Server
	shop   *shop
	web    *httptest.Server
	api    *client.Client
	moving sync.RWMutex // whoever has it moves the server's clock
}

func newHouse(t *testing.T) *house {
	t.Helper()
	server := clienttest.New(t)
	return openHouse(t, server, &config{
		Data: t.TempDir(), BaseURL: server.URL, Credentials: server.Credentials(clienttest.Live),
		GiveUpAfter: 10 * time.Minute, CheckEvery: time.Minute,
	})
}

// openHouse opens a shop on a server, on a folder that another may have used before.
func openHouse(t *testing.T, server *clienttest.Server, cfg *config) *house {
	t.Helper()
	h := &house{t: t, server: server, api: server.Client(clienttest.Live)}
	h.web = httptest.NewUnstartedServer(http.HandlerFunc(h.answer))
	cfg.PublicURL = "http://" + h.web.Listener.Addr().String()
	var err error
	if h.shop, err = newShop(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	h.shop.showWithin = time.Minute // tests want to see what became of a purchase, however busy the machine is
	h.shop.log = slog.New(slog.NewTextHandler(t.Output(), nil))
	h.shop.catalogue.log = h.shop.log
	h.web.Start()
	t.Cleanup(func() {
		h.shop.live.end()
		h.web.Close()
		h.shop.background.Wait()
		_ = h.shop.store.Close() // the folder goes with it
	})
	h.follow()
	return h
}

// answer has webhooks wait while the clock moves.
func (h *house) answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == webhookPath {
		h.moving.RLock()
		defer h.moving.RUnlock()
	}
	h.shop.routes().ServeHTTP(w, r)
}

// advance moves the server's clock, and has the shop know of it before it looks at a webhook again: it would refuse one that is signed
// by a clock that is not the one it knows, and the server would send it again after minutes only.
func (h *house) advance(d time.Duration) {
	h.t.Helper()
	h.moving.Lock()
	defer h.moving.Unlock()
	h.server.Advance(d)
	h.follow()
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// follow has the shop ask for what changed, and for what it asks for rarely, too.
func (h *house) follow() {
	h.t.Helper()
	h.shop.catalogue.framed = time.Time{}
	h.must(h.shop.catalogue.follow(h.t.Context()))
}

// browser is a customer's.
type browser struct {
	h    *house
	http *http.Client
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	h.must(err)
	return &browser{h, &http.Client{Jar: jar, Timeout: time.Minute}}
}

// page is what a browser shows.
type page struct {
	status int
	path   string
	header http.Header
	body   string
}

func (b *browser) get(path string) page {
	b.h.t.Helper()
	resp, err := b.http.Get(b.h.web.URL + path)
	return b.read(resp, err)
}

func (b *browser) post(path string, form url.Values) page {
	b.h.t.Helper()
	resp, err := b.http.PostForm(b.h.web.URL+path, form)
	return b.read(resp, err)
}

func (b *browser) read(resp *http.Response, err error) page {
	b.h.t.Helper()
	b.h.must(err)
	defer func() { _ = resp.Body.Close() }() // it was read to its end
	body, err := io.ReadAll(resp.Body)
	b.h.must(err)
	return page{resp.StatusCode, resp.Request.URL.Path, resp.Header, string(body)}
}

// wants fails the test unless the page says something.
func (p page) wants(t *testing.T, status int, text string) page {
	t.Helper()
	if p.status != status || !strings.Contains(p.body, text) {
		t.Fatalf("%s is %d, want %d, with %q in\n%s", p.path, p.status, status, text, p.main())
	}
	return p
}

var mainPart = regexp.MustCompile(`(?s)<main.*</main>`)

func (p page) main() string { return mainPart.FindString(p.body) }

// choco is the path of the guide's own offer, which is on sale at every server.
const choco = "/item/gifticon/18411"

// proposed has a browser hold something, and returns the reference of its order.
func (b *browser) proposed(item string) (reference string) {
	b.h.t.Helper()
	p := b.post(item+"/buy", nil).wants(b.h.t, http.StatusOK, `id="pay"`)
	return strings.TrimPrefix(p.path, "/orders/")
}

func (b *browser) pay(reference string) page {
	b.h.t.Helper()
	return b.post("/orders/"+reference+"/pay", nil)
}

// orders is how many the partner has.
func (h *house) orders() int {
	h.t.Helper()
	page, err := h.api.Orders(h.t.Context(), client.HistoryQuery{})
	h.must(err)
	return len(page.Data)
}

// points returns what the shop's only customer has.
func (h *house) points() (n int64) {
	h.t.Helper()
	h.must(h.shop.store.db.QueryRowContext(h.t.Context(), `SELECT points FROM users`).Scan(&n))
	return n
}

func (h *house) wantPoints(want int64) {
	h.t.Helper()
	if n := h.points(); n != want {
		h.t.Errorf("the customer has %d points, want %d", n, want)
	}
}

// stored returns an order as it stands in the database.
func (h *house) stored(reference string) *order {
	h.t.Helper()
	list, err := h.shop.store.orders(h.t.Context(), `reference = $1`, reference)
	h.must(err)
	if len(list) != 1 {
		h.t.Fatalf("there is no order %s", reference)
	}
	h.must(h.shop.store.addVouchers(h.t.Context(), list))
	return list[0]
}

// aCoupon is the path of a star coupon that costs something.
func (h *house) aCoupon() string {
	h.t.Helper()
	for _, it := range h.shop.catalogue.shelves().list(client.Star, popular, nil) {
		if it.Price > 0 {
			return "/item/star/" + text64(it.ID)
		}
	}
	h.t.Fatal("there is no star coupon")
	return ""
}

// eventually waits for a state.
func (h *house) eventually(what string, is func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			h.t.Fatalf("not after a minute: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
