// Package partnerv2 is version 2 of the HTTP API that partners call, beside the v1 guide: the same rooms behind JSON, bearer
// tokens, problems as RFC 9457 has them, and what the guide lacks.
package partnerv2

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
	"giftimbiz/internal/peer"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/rehearsal"
	"giftimbiz/internal/requestid"
	"giftimbiz/internal/webhook"
)

// Root is where the API's addresses begin.
const Root = "/api/v2/"

// Authority tells who calls; see credential.Authority.
type Authority interface {
	CheckAccess(access credential.Header, from netip.Addr) (*credential.Identity, *credential.Fault)
	CheckClient(key, token string, from netip.Addr) (*credential.Identity, *credential.Fault)
	Issue(partner gift.Partner, keyGeneration int64) string
	AccessTTL() time.Duration
	keyMaker
}

// Store is what the API needs of the database.
type Store interface {
	eventStore
	quoteStore
	orderStore
	accountStore
	webhookStore
	catalog.ChangeSource
	sandboxStore
}

// Config is what New needs. RateLimit, Observe and TrustedProxies may be left out.
type Config struct {
	Authority Authority
	Store     Store
	Catalog   *catalog.Catalog
	Buyer     Buyer
	Links     *redeem.Links
	Numbers   Numbers
	Secrets   Sealer         // encrypts webhooks' secrets
	Webhooks  *webhook.Guard // tells where webhooks may lead
	Counter   Counter
	Clock     clock.Clock
	Logger    *slog.Logger
	PublicURL string // where the world reaches this server, without a path

	// RateLimit is how many requests a second a partner may make of this node for long, and half of how many at once, up to
	// MaxRateLimit; 0 = any number.
	RateLimit int
	// Observe is told of every answer.
	Observe func(office.Answered)
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
}

// API answers everything below Root.
type API struct {
	Config
	mux    *http.ServeMux
	first  *http.ServeMux // of the routes that say so
	other  http.Handler   // of paths that do not exist
	origin string         // PublicURL without a slash at its end
	limits *limits
	polls  polls
	stage  rehearsal.Stage

	underWay underWay

	stopping chan struct{}
	stop     sync.Once
}

// route is one thing that can be asked for. Its pattern is a path below Root, as of http.ServeMux.
type route struct {
	method  string
	pattern string
	serve   func(*call) error
	open    bool // anybody may ask; else only partners, who are signed in before serve
	first   bool // goes before another route whose pattern fits as well
	buys    bool // a purchase, or what is decided like one
}

// routes is all there is.
func routes() []route {
	return slices.Concat(
		tokenRoutes(),
		catalogueRoutes(),
		eventRoutes(),
		quoteRoutes(),
		orderRoutes(),
		voucherRoutes(),
		accountRoutes(),
		webhookRoutes(),
		sandboxRoutes(),
	)
}

// New panics when a part is missing.
func New(cfg Config) *API {
	if cfg.Authority == nil || cfg.Store == nil || cfg.Catalog == nil || cfg.Buyer == nil || cfg.Links == nil ||
		cfg.Numbers == nil || cfg.Secrets == nil || cfg.Webhooks == nil || cfg.Counter == nil ||
		cfg.Clock == nil || cfg.Logger == nil {
		panic("partnerv2: New needs all parts of Config")
	}
	if cfg.Observe == nil {
		cfg.Observe = func(office.Answered) {}
	}
	a := &API{
		Config: cfg, mux: http.NewServeMux(), first: http.NewServeMux(), origin: strings.TrimRight(cfg.PublicURL, "/"),
		limits: newLimits(cfg.RateLimit), polls: polls{byPartner: map[int64]int{}}, underWay: newUnderWay(), stopping: make(chan struct{}),
	}
	for pattern, byMethod := range byPattern(routes()) {
		mux := a.mux
		if byMethod[http.MethodGet].first {
			mux = a.first
		}
		mux.Handle(Root+pattern, a.handler(pattern, byMethod))
	}
	a.other = a.handler("other", nil)
	a.mux.Handle("/", a.other)
	return a
}

// byPattern gathers routes that differ in their methods only.
func byPattern(list []route) map[string]map[string]route {
	all := map[string]map[string]route{}
	for _, r := range list {
		if all[r.pattern] == nil {
			all[r.pattern] = map[string]route{}
		}
		all[r.pattern][r.method] = r
		if r.method == http.MethodGet {
			all[r.pattern][http.MethodHead] = r
		}
	}
	return all
}

// Stop answers all who wait for events, and everybody from now on, without waiting. It may be called again.
func (a *API) Stop() { a.stop.Do(func() { close(a.stopping) }) }

// Owns tells whether a path is this API's to answer: all below its root, so that what is mistyped has an answer in its form. Only
// what begins as the paths of the first version do is left to that: a client of it that names the wrong version cannot read a
// problem.
func Owns(urlPath string) bool {
	rest, ok := strings.CutPrefix(urlPath+"/", Root)
	first, _, _ := strings.Cut(rest, "/")
	return ok && first != "common" && first != "giftimbiz" && first != "gifticon"
}

// call is one request on its way to an answer.
type call struct {
	*API
	w       http.ResponseWriter
	r       *http.Request
	began   time.Time
	id      string // of the request
	lang    locale.Language
	partner gift.Partner // who calls; zero on an open route
	who     *credential.Identity
	refusal *problem // what was answered instead of a success
	outcome rehearsal.Outcome
}

// now returns what the partner's own clock shows: it rules prices, expiry and what depends on them.
func (c *call) now() time.Time { return c.partner.Now(c.Clock.Now()) }

// index returns what is on sale on the partner's day.
func (c *call) index() *catalog.Index {
	if c.partner.ClockAhead == 0 {
		return c.Catalog.Index()
	}
	return c.Catalog.IndexOn(c.partner.Today(c.Clock.Now()))
}

// ServeHTTP answers one request, whatever happens.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := r.URL.EscapedPath(); path.Clean(p) != strings.TrimSuffix(p, "/") { // the mux would redirect, and few clients follow
		a.other.ServeHTTP(w, r)
		return
	}
	if _, pattern := a.first.Handler(r); pattern != "" {
		a.first.ServeHTTP(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// handler answers all methods of a pattern; without any, it is of no path there is.
func (a *API) handler(pattern string, byMethod map[string]route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{
			API: a, w: w, r: r, began: a.Clock.Now(), id: requestid.Give(w, r), lang: locale.Of(r.Header.Get("Accept-Language")),
		}
		rt, found := byMethod[r.Method]
		endpoint := "v2 other"
		if found {
			endpoint = "v2 " + rt.method + " " + pattern
		}
		c.finish(endpoint, rt.writes(), c.run(endpoint, rt, byMethod))
	})
}

// writes tells whether a route is one that changes something.
func (r route) writes() bool { return !r.open && r.method != http.MethodGet && r.method != "" }

// run finds out who calls and serves; a panic is this call's failure only.
func (c *call) run(endpoint string, rt route, byMethod map[string]route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { // the answer is cut off on purpose
				panic(p)
			}
			c.Logger.ErrorContext(c.r.Context(), "panic", "endpoint", endpoint, "panic", p, "stack", string(debug.Stack()))
			err = failed
		}
	}()
	switch {
	case byMethod == nil:
		return notFound
	case rt.serve == nil:
		return wrongMethod(byMethod)
	case rt.open:
		return rt.serve(c)
	}
	if err := c.signIn(); err != nil {
		return err
	}
	if err := c.countIn(); err != nil {
		return err
	}
	if err := c.rehearse(rt.buys); err != nil {
		return err
	}
	return rt.serve(c)
}

// signIn finds out who calls.
func (c *call) signIn() error {
	values := c.r.Header["Authorization"]
	access := credential.Header{Present: len(values) > 0}
	if access.Present {
		access.Value = values[0]
	}
	who, fault := c.Authority.CheckAccess(access, c.address())
	if fault == nil {
		c.who, c.partner = who, who.Partner
		return nil
	}
	switch fault.Kind {
	case credential.AccessMissing, credential.AccessEmpty:
		return tokenMissing
	case credential.PartnerSuspended:
		return partnerSuspended
	case credential.PartnerWithdrawn:
		return partnerWithdrawn
	case credential.AddressRefused:
		return addressRefused
	case credential.AccessExpired:
		return tokenExpired
	}
	return tokenInvalid.because(errors.New(fault.Kind.String()))
}

// address is where the call comes from.
func (c *call) address() netip.Addr { return peer.Address(c.r, c.TrustedProxies) }
