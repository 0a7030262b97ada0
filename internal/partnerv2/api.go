// Package partnerv2 is version 2 of the HTTP API that partners call, beside the v1 guide: JSON over GET, an access token of
// getAccessToken as "Authorization: Bearer …", and problems as RFC 9457 has them.
package partnerv2

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

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
	// Events returns a partner's events after one, and those for all, in the order of their numbers, limit at most. An event
	// may become visible after one with a higher number.
	Events(ctx context.Context, partner int64, after gift.ID, limit int) ([]gift.Event, error)
	// EventLag returns how old an event can be at most that is not visible yet.
	EventLag(ctx context.Context) (time.Duration, error)
}

// Config is what New needs. TrustedProxies may be left out.
type Config struct {
	Authority Authority
	Store     Store
	Clock     clock.Clock
	Logger    *slog.Logger
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
}

// API answers everything below Root.
type API struct {
	Config
	polls polls

	stopping chan struct{}
	stop     sync.Once
}

// route is a path of the API; all are asked by GET.
type route struct {
	name  string // for logs
	serve func(*call) error
}

// routes holds all there is by its path.
var routes = map[string]route{Root + "events": {"events", (*call).events}}

// New panics when a part is missing.
func New(cfg Config) *API {
	if cfg.Authority == nil || cfg.Store == nil || cfg.Clock == nil || cfg.Logger == nil {
		panic("partnerv2: New needs all parts of Config")
	}
	return &API{
		Config: cfg, polls: polls{byPartner: map[int64]int{}}, stopping: make(chan struct{}),
	}
}

// Stop answers all who wait for events, and everybody from now on, without waiting. It may be called again.
func (a *API) Stop() { a.stop.Do(func() { close(a.stopping) }) }

// Owns tells whether a path is this API's to answer: what it has, and what might stand below that. A client of the first version
// that names this one by mistake is answered by the first, as it can read.
func Owns(urlPath string) bool {
	rest, ok := strings.CutPrefix(urlPath, Root)
	first, _, _ := strings.Cut(rest, "/")
	_, known := routes[Root+first]
	return ok && known
}

// call is one request on its way to an answer.
type call struct {
	*API
	w  http.ResponseWriter
	r  *http.Request
	id string // of the request
}

// ServeHTTP answers one request, whatever happens.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{API: a, w: w, r: r, id: requestid.Give(w, r)}
	rt, ok := routes[r.URL.Path]
	err := error(notFound)
	if ok {
		err = c.run(rt)
	}
	if err == nil || r.Context().Err() != nil { // answered, or gone
		return
	}
	var p problem
	if !errors.As(err, &p) {
		p = failed
		a.Logger.Error("v2", "endpoint", rt.name, "request", c.id, "error", err)
	}
	p.send(w, c.id, locale.Of(r.Header.Get("Accept-Language")))
}

// run serves; a panic is this call's failure only.
func (c *call) run(rt route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.Logger.Error("panic", "endpoint", rt.name, "request", c.id, "panic", p, "stack", string(debug.Stack()))
			err = failed
		}
	}()
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return wrongMethod
	}
	return rt.serve(c)
}

// signIn finds out who calls.
func (c *call) signIn() (gift.Partner, error) {
	values := c.r.Header["Authorization"]
	access := credential.Header{Present: len(values) > 0}
	if access.Present {
		access.Value = values[0]
	}
	who, fault := c.Authority.CheckAccess(access, peer.Address(c.r, c.TrustedProxies))
	if fault == nil {
		return who.Partner, nil
	}
	c.Logger.Info("v2: refused", "request", c.id, "why", fault.Kind.String())
	switch fault.Kind {
	case credential.AccessMissing, credential.AccessEmpty:
		return gift.Partner{}, tokenMissing
	case credential.PartnerSuspended, credential.PartnerWithdrawn:
		return gift.Partner{}, partnerBarred
	case credential.AddressRefused:
		return gift.Partner{}, addressRefused
	case credential.AccessExpired:
		return gift.Partner{}, tokenExpired
	}
	return gift.Partner{}, tokenInvalid
}

// send answers with JSON that is ready.
func (c *call) send(body []byte) error {
	h := c.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = c.w.Write(body) // the caller is gone when this fails
	return nil
}
