package client

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Credentials are what the operator hands to a partner (guide §2).
type Credentials struct {
	PartnerID    string `json:"partner_id"`
	PartnerKey   string `json:"partnerkey"`
	PartnerToken string `json:"partnertoken"`
	RefreshToken string `json:"refresh_token"` // for calls of API v1 only
}

// String names the partner only, so that keys do not get into logs.
func (c Credentials) String() string { return "credentials of " + c.PartnerID }

// LogValue is what String returns.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Options configure a Client. BaseURL and Credentials are required.
type Options struct {
	// BaseURL is where the server is, such as https://gift.example, without a path.
	BaseURL     string
	Credentials Credentials
	// HTTP sends the requests. Default: a client with a timeout of 30 s per attempt. Redirects are refused whatever it says. Its Transport
	// must not send a purchase again by itself: only Client knows what an answer lost on the way means.
	HTTP *http.Client
	// Language is that of messages: "ko" (default) or "en".
	Language string
	// Retries is how often a call that may be repeated is sent again after it failed: 0 = 4 times, negative = never, 10 at most.
	Retries int
	// Patience is for how long a purchase whose outcome is unknown is asked for when its context has no deadline: 0 = 2 minutes.
	Patience time.Duration
}

const (
	defaultTimeout  = 30 * time.Second
	defaultRetries  = 4
	mostRetries     = 10
	defaultPatience = 2 * time.Minute
	idleConnections = 32
)

// Client is a partner's connection to a server. Its methods may be called from any goroutine.
type Client struct {
	opt    Options
	http   http.Client // with a timeout
	stream http.Client // for answers that may take as long as they are; without one, unless the caller's own has one
	tokens tokens
	pause  func(ctx context.Context, d time.Duration) error

	mu          sync.Mutex
	credentials Credentials // guarded by mu: RotateKeys replaces them
}

// New returns a client. It does not connect yet.
func New(opt Options) *Client {
	opt.BaseURL = strings.TrimRight(opt.BaseURL, "/")
	switch {
	case opt.Retries < 0:
		opt.Retries = 0
	case opt.Retries == 0:
		opt.Retries = defaultRetries
	}
	opt.Retries = min(opt.Retries, mostRetries)
	if opt.Patience <= 0 {
		opt.Patience = defaultPatience
	}
	c := &Client{opt: opt, pause: pause, credentials: opt.Credentials}
	if opt.HTTP != nil {
		c.http, c.stream = *opt.HTTP, *opt.HTTP
	} else {
		transport := newTransport()
		c.http, c.stream = http.Client{Timeout: defaultTimeout, Transport: transport}, http.Client{Transport: transport}
	}
	// A redirect would take the credentials to wherever it points.
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http.CheckRedirect, c.stream.CheckRedirect = refuse, refuse
	c.tokens.fetch = c.fetchToken
	return c
}

// newTransport is what net/http does, but keeps more than two connections for whoever makes many calls at a time.
func newTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport // the program has put another in its place
	}
	transport := standard.Clone()
	transport.MaxIdleConnsPerHost = idleConnections
	return transport
}

// String names the partner and the server only, so that keys and tokens do not get into logs.
func (c *Client) String() string {
	return "client of " + c.Credentials().PartnerID + " at " + c.opt.BaseURL
}

// Credentials returns what the client signs in with: those of its Options, or the last that RotateKeys got.
func (c *Client) Credentials() Credentials {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.credentials
}

// use signs in with other credentials from now on.
func (c *Client) use(credentials Credentials) {
	c.mu.Lock()
	c.credentials = credentials
	c.mu.Unlock()
	c.tokens.forget()
}

// Option changes one call.
type Option func(*request)

// IdempotencyKey makes a purchase by Call or Do safe to repeat: the same key and the same purchase give the first answer again.
// It has 1 to 255 visible ASCII characters. Purchase makes one by itself.
func IdempotencyKey(key string) Option {
	return func(r *request) {
		r.header.Set("Idempotency-Key", key)
		r.keyed = key != ""
	}
}

// Call posts to an endpoint of API v1, named by its path below /api/v1/ such as "giftimbiz/listAll", and returns the answer. The
// partner's id and credentials are added. A result other than success is an *Error; then the answer is returned, too. V1 has a
// method for each endpoint; Call is for what they do not cover. A purchase is sent again only under an IdempotencyKey.
func (c *Client) Call(ctx context.Context, endpoint string, params url.Values, options ...Option) (json.RawMessage, error) {
	a, err := c.do(ctx, c.v1Request(endpoint, params, options))
	return a.text(), err
}

// Do sends a request to API v2. path is that below /api/v2, such as "/offers"; body is JSON, nil = none. What the server does
// not grant is an *Error; then the answer is returned, too. There is a method for everything in API v2; Do is for what they do
// not cover. It is sent again when it is a GET or DELETE, or under an IdempotencyKey.
func (c *Client) Do(
	ctx context.Context, method, path string, query url.Values, body json.RawMessage, options ...Option,
) (json.RawMessage, error) {
	r := newV2(method, "/"+strings.TrimLeft(path, "/"), options)
	r.query, r.body = query, body
	r.repeatable = method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete
	a, err := c.do(ctx, r)
	return a.text(), err
}
