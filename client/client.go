// Package client talks to a GiftiMBiz server as a partner does. It signs in by itself, renews its access token before
// it expires or when the server no longer takes it, and turns result codes into errors. It needs nothing but the standard
// library.
//
//	c := client.New(client.Options{BaseURL: "https://gift.example", Credentials: creds})
//	answer, err := c.Call(ctx, "giftimbiz/listAll", url.Values{"site": {"gift"}})
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	tokenEndpoint = "common/getAccessToken"
	maxAnswer     = 16 << 20 // bytes; a list of 1,000 rows has less than 1 MiB
)

// Credentials are what the operator hands to a partner (guide §2).
type Credentials struct {
	PartnerID    string `json:"partner_id"`
	PartnerKey   string `json:"partnerkey"`
	PartnerToken string `json:"partnertoken"`
	RefreshToken string `json:"refresh_token"`
}

// Options configure a Client. BaseURL and Credentials are required.
type Options struct {
	BaseURL     string // such as https://gift.example, without a path
	Credentials Credentials
	HTTP        *http.Client // default: a client with a timeout of 30 s; redirects are refused whatever it says
	Language    string       // of messages: "ko" (default) or "en"
}

// Client is a partner's connection to a server. Its methods may be called from any goroutine.
type Client struct {
	opt    Options
	http   http.Client
	tokens tokens
}

// New returns a client. It does not connect yet.
func New(opt Options) *Client {
	opt.BaseURL = strings.TrimRight(opt.BaseURL, "/")
	c := &Client{opt: opt, http: http.Client{Timeout: 30 * time.Second}}
	if opt.HTTP != nil {
		c.http = *opt.HTTP
	}
	// A redirect would take the credentials to wherever it points.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.tokens.fetch = c.fetchToken
	return c
}

// Option changes one call.
type Option func(http.Header)

// IdempotencyKey makes a purchase safe to repeat: the same key and the same purchase give the first answer again.
func IdempotencyKey(key string) Option {
	return func(h http.Header) { h.Set("Idempotency-Key", key) }
}

// Call posts to an endpoint, named by its path below /api/v1/ such as "giftimbiz/listAll", and returns the answer. The
// partner's id and credentials are added. A result other than success is an *Error; then the answer is returned, too.
func (c *Client) Call(ctx context.Context, endpoint string, params url.Values, options ...Option) (json.RawMessage, error) {
	if endpoint == tokenEndpoint {
		return c.signIn(ctx)
	}
	for again := false; ; again = true {
		token, err := c.tokens.get(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := c.call(ctx, endpoint, params, token, options)
		if again || !deadToken[Code(err)] {
			return answer, err
		}
		c.tokens.drop(token) // it was refused before anything was done, so asking again is safe
	}
}

// deadToken has the codes that say that an access token is of no use any more, whatever it was: expired, malformed, made
// with other keys, revoked.
var deadToken = map[string]bool{"T1": true, "T2": true, "T3": true, "T4": true, "T6": true, "TOKEN08": true, "Z": true}

func (c *Client) call(
	ctx context.Context, endpoint string, params url.Values, token string, options []Option,
) (json.RawMessage, error) {
	header := http.Header{"Access-Token": {token}, "Refresh-Token": {c.opt.Credentials.RefreshToken}}
	for _, option := range options {
		option(header)
	}
	return c.post(ctx, endpoint, params, header)
}

func (c *Client) signIn(ctx context.Context) (json.RawMessage, error) {
	return c.post(ctx, tokenEndpoint, nil, http.Header{"X-Refresh-Token": {c.opt.Credentials.RefreshToken}})
}

// fetchToken signs in and returns the access token and how long it works.
func (c *Client) fetchToken(ctx context.Context) (string, time.Duration, error) {
	body, err := c.signIn(ctx)
	if err != nil {
		return "", 0, err
	}
	var answer struct {
		Token     string `json:"token"`
		ExpiresIn int64  `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", 0, fmt.Errorf("read the access token: %w", err)
	}
	if answer.Token == "" {
		return "", 0, errors.New("the server sent no access token")
	}
	return answer.Token, time.Duration(answer.ExpiresIn) * time.Second, nil
}

func (c *Client) post(ctx context.Context, endpoint string, params url.Values, header http.Header) (json.RawMessage, error) {
	form := url.Values{"partner_id": {c.opt.Credentials.PartnerID}}
	for name, values := range params {
		form[name] = values
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.opt.BaseURL+"/api/v1/"+endpoint,
		strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Partnerkey", c.opt.Credentials.PartnerKey)
	req.Header.Set("Partnertoken", c.opt.Credentials.PartnerToken)
	resp, body, err := c.send(req)
	if err != nil {
		return nil, err
	}
	return body, failure(resp, body)
}

// send returns the head of the answer and what was read of its body: one byte more than maxAnswer at most.
func (c *Client) send(req *http.Request) (head *http.Response, body []byte, err error) {
	if c.opt.Language != "" {
		req.Header.Set("Accept-Language", c.opt.Language)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read to its end or is of no use
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the answer: %w", err)
	}
	return resp, body, nil
}
