// Package partnerapi is the HTTP API that partners call: the 13 endpoints of the v1 guide. It reads the wire, checks
// credentials and parameters, asks the engines, and puts their outcomes into the guide's words and codes.
package partnerapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"sync/atomic"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/rate"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/rehearsal"
)

// Buyer makes purchases durable; see purchase.Engine.
type Buyer interface {
	Buy(ctx context.Context, req purchase.Request) (purchase.Outcome, error)
}

// History tells what was bought.
type History interface {
	// History returns a page of a partner's items, newest first.
	History(ctx context.Context, q gift.HistoryQuery) (gift.History, error)
	// BoughtCoupon returns a coupon of an order; nil when the partner has no such order or it has no such coupon.
	BoughtCoupon(ctx context.Context, partnerID int64, orderID gift.ID, unitID int64) (*gift.BoughtItem, error)
}

// Numbers decrypts voucher numbers.
type Numbers interface {
	Open(unitID int64, sealed []byte) (string, error)
}

// Config is what New needs. RateLimit, Failures, Observe and TrustedProxies may be left out.
type Config struct {
	Authority *credential.Authority
	Catalog   *catalog.Catalog
	Buyer     Buyer
	History   History
	Counter   *redeem.Counter
	Links     *redeem.Links
	Numbers   Numbers
	Clock     clock.Clock
	Logger    *slog.Logger
	PublicURL string // where the world reaches this server, without a path

	// RateLimit is how many requests a second a partner may make of this node for long, and half of how many at once, up to
	// rate.Most; 0 = any number.
	RateLimit int
	// Failures counts wrong credentials; nil = they are not counted.
	Failures *rate.Failures
	// Observe is told of every answer.
	Observe func(Answered)
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
}

type api struct {
	Config
	endpoints map[string]*endpoint
	limits    *rate.Limiter[int64]
	turns     atomic.Uint64 // of naming free coupons

	stage rehearsal.Stage
	large *largeBodies
}

// endpoint is one path of the API.
type endpoint struct {
	name   string
	path   string // what a request's Pattern is, as of http.ServeMux
	serve  func(*call) error
	signIn func(*call) error
	writes bool // changes something: its answers are logged even when all is well
	buys   bool
}

// New returns the handler of everything below /api/. It panics when a part is missing.
func New(cfg Config) http.Handler {
	if cfg.Authority == nil || cfg.Catalog == nil || cfg.Buyer == nil || cfg.History == nil || cfg.Counter == nil ||
		cfg.Links == nil || cfg.Numbers == nil || cfg.Clock == nil || cfg.Logger == nil {
		panic("partnerapi: New needs all parts of Config")
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Answered) {}
	}
	a := &api{Config: cfg, limits: newLimits(cfg.RateLimit), large: newLargeBodies(maxLargeBodies, maxLargeBodiesOfOne, cfg.TrustedProxies)}
	a.endpoints = routes()
	return a
}

// routes is every path of the API (guide §2–§14).
func routes() map[string]*endpoint {
	const (
		common   = "/api/v1/common/"
		biz      = "/api/v1/giftimbiz/"
		gifticon = "/api/v1/gifticon/"
	)
	all := map[string]*endpoint{
		common + "getAccessToken":     {serve: (*call).getAccessToken, signIn: (*call).signInForToken},
		biz + "cateGift":              {serve: (*call).cateGift},
		biz + "listAll":               {serve: (*call).listAll},
		biz + "giftDetail":            {serve: (*call).giftDetail},
		biz + "buyGifticoupon":        {serve: (*call).buyGifticoupon, writes: true, buys: true},
		biz + "buyGifticonList":       {serve: (*call).buyGifticonList},
		biz + "cateStar":              {serve: (*call).cateStar},
		biz + "starListAll":           {serve: (*call).starListAll},
		biz + "starDetail":            {serve: (*call).starDetail},
		biz + "buyStarcoupon":         {serve: (*call).buyStarcoupon, writes: true, buys: true},
		biz + "buyStarcouponList":     {serve: (*call).buyStarcouponList},
		gifticon + "getQRImg":         {serve: (*call).getQRImg},
		gifticon + "setUseStarCoupon": {serve: (*call).setUseStarCoupon, writes: true},
	}
	for path, e := range all {
		e.name, e.path = path[len("/api/v1/"):], path
		if e.signIn == nil {
			e.signIn = (*call).signIn
		}
	}
	return all
}

// other stands for all paths that are no endpoint.
var other = &endpoint{name: "other"}

// Owns tells whether a path is the API's to answer, however its slashes stand.
func Owns(urlPath string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(urlPath, "/"), "/")
	return first == "api"
}

// find returns the endpoint, or why the request can have none. Doubled slashes, as a base URL that ends in one makes them,
// and the spaces that the guide prints in two of its paths do no harm.
func (a *api) find(r *http.Request) (*endpoint, error) {
	e := a.endpoints[r.URL.Path]
	if e == nil {
		e = a.endpoints[path.Clean("/"+strings.ReplaceAll(r.URL.Path, " ", ""))]
	}
	if e == nil {
		return other, &failure{reply: unknownPath, status: http.StatusNotFound}
	}
	if r.Method != http.MethodPost {
		return e, &failure{reply: wrongMethod, status: http.StatusMethodNotAllowed, allow: http.MethodPost}
	}
	return e, nil
}

// ServeHTTP answers one request, whatever happens.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := newCall(a, w, r)
	defer c.release()
	var err error
	c.endpoint, err = a.find(r)
	r.Pattern = c.endpoint.path
	if err == nil {
		err = c.run()
	}
	c.finish(err)
}
