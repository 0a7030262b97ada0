// Package partnerv2 is version 2 of the HTTP API that partners call, beside the v1 guide: the same rooms behind JSON, bearer
// tokens, problems as RFC 9457 has them, and what the guide lacks.
package partnerv2

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/peer"
	"giftimbiz/internal/requestid"
)

// Root is where the API's addresses begin.
const Root = "/api/v2/"

// Authority tells who calls; see credential.Authority.
type Authority interface {
	CheckAccess(access credential.Header, from netip.Addr) (*credential.Identity, *credential.Fault)
}

// Store is what the API needs of the database.
type Store interface {
	eventStore
}

// Config is what New needs. TrustedProxies may be left out.
type Config struct {
	Authority Authority
	Store     Store
	Clock     clock.Clock
	Logger    *slog.Logger
	PublicURL string // where the world reaches this server, without a path
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
}

// API answers everything below Root.
type API struct {
	Config
	mux   *http.ServeMux
	polls polls

	stopping chan struct{}
	stop     sync.Once
}

// route is one thing that can be asked for. Its pattern is a path below Root, as of http.ServeMux.
type route struct {
	method  string
	pattern string
	serve   func(*call) error
	open    bool // anybody may ask; else only partners, who are signed in before serve
}

// routes is all there is.
func routes() []route {
	return slices.Concat(eventRoutes())
}

// New panics when a part is missing.
func New(cfg Config) *API {
	if cfg.Authority == nil || cfg.Store == nil || cfg.Clock == nil || cfg.Logger == nil {
		panic("partnerv2: New needs all parts of Config")
	}
	a := &API{
		Config: cfg, mux: http.NewServeMux(), polls: polls{byPartner: map[int64]int{}}, stopping: make(chan struct{}),
	}
	for pattern, byMethod := range byPattern(routes()) {
		a.mux.Handle(Root+pattern, a.handler(pattern, byMethod))
	}
	a.mux.Handle("/", a.handler("other", nil))
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

// Owns tells whether a path is this API's to answer: what it has, and what might stand below that. A client of the first version
// that names this one by mistake is answered by the first, as it can read.
func Owns(urlPath string) bool {
	rest, ok := strings.CutPrefix(urlPath, Root)
	first, _, _ := strings.Cut(rest, "/")
	return ok && firstSegments[first]
}

// firstSegments has what the patterns of all routes begin with.
var firstSegments = func() map[string]bool {
	all := map[string]bool{}
	for _, r := range routes() {
		first, _, _ := strings.Cut(r.pattern, "/")
		all[first] = true
	}
	return all
}()

// call is one request on its way to an answer.
type call struct {
	*API
	w       http.ResponseWriter
	r       *http.Request
	id      string // of the request
	lang    locale.Language
	partner gift.Partner // who calls; zero on an open route
	who     *credential.Identity
}

// ServeHTTP answers one request, whatever happens.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// handler answers all methods of a pattern; without any, it is of no path there is.
func (a *API) handler(pattern string, byMethod map[string]route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{API: a, w: w, r: r, id: requestid.Give(w, r), lang: locale.Of(r.Header.Get("Accept-Language"))}
		err := c.run(pattern, byMethod)
		if err == nil || r.Context().Err() != nil { // answered, or gone
			return
		}
		var p problem
		if !errors.As(err, &p) {
			p = failed
			a.Logger.Error("v2", "endpoint", pattern, "request", c.id, "error", err)
		}
		p.send(w, c.id, c.lang)
	})
}

// run finds out who calls and serves; a panic is this call's failure only.
func (c *call) run(pattern string, byMethod map[string]route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { // the answer is cut off on purpose
				panic(p)
			}
			c.Logger.Error("panic", "endpoint", pattern, "request", c.id, "panic", p, "stack", string(debug.Stack()))
			err = failed
		}
	}()
	if byMethod == nil {
		return notFound
	}
	rt, ok := byMethod[c.r.Method]
	if !ok {
		return wrongMethod(byMethod)
	}
	if !rt.open {
		if err := c.signIn(); err != nil {
			return err
		}
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
	who, fault := c.Authority.CheckAccess(access, peer.Address(c.r, c.TrustedProxies))
	if fault == nil {
		c.who, c.partner = who, who.Partner
		return nil
	}
	c.Logger.Info("v2: refused", "request", c.id, "why", fault.Kind.String())
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
	return tokenInvalid
}
