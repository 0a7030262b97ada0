// Package client talks to a GiftiMBiz server as a partner does. It signs in by itself, renews its access token before
// it expires, and turns result codes into errors. It needs nothing but the standard library.
//
//	c := client.New(client.Options{BaseURL: "https://gift.example", Credentials: creds})
//	answer, err := c.Call(ctx, "giftimbiz/listAll", url.Values{"site": {"gift"}})
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxAnswer bounds what is read of an answer: a list of 1,000 rows has less than 1 MiB.
const maxAnswer = 16 << 20

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
	HTTP        *http.Client // default: a client with a timeout of 30 s
	Language    string       // of messages: "ko" (default) or "en"
}

// Client is a partner's connection to a server. Its methods may be called from any goroutine.
type Client struct {
	opt Options

	mu      sync.Mutex
	token   string    // guarded by mu
	renewAt time.Time // guarded by mu
}

// New returns a client. It does not connect yet.
func New(opt Options) *Client {
	opt.BaseURL = strings.TrimRight(opt.BaseURL, "/")
	if opt.HTTP == nil {
		opt.HTTP = &http.Client{Timeout: 30 * time.Second}
	}
	return &Client{opt: opt}
}

// Error is an answer whose result is not success.
type Error struct {
	Code      string // the result code, such as PD
	Message   string
	Status    int // of HTTP
	RequestID string
	Body      json.RawMessage // the whole answer
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Code returns the result code of an error made by this package, or "".
func Code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Option changes one call.
type Option func(http.Header)

// IdempotencyKey makes a purchase safe to repeat: the same key and the same purchase give the first answer again.
func IdempotencyKey(key string) Option {
	return func(h http.Header) { h.Set("Idempotency-Key", key) }
}

// Call posts to an endpoint, named by its path below /api/v1/ such as "giftimbiz/listAll", and returns the answer. The
// partner's id and credentials are added. A result other than success is an *Error; then the answer is in its Body.
func (c *Client) Call(ctx context.Context, endpoint string, params url.Values, options ...Option) (json.RawMessage, error) {
	if endpoint == tokenEndpoint {
		return c.signIn(ctx)
	}
	token, err := c.accessToken(ctx)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Access-Token": {token}, "Refresh-Token": {c.opt.Credentials.RefreshToken}}
	for _, option := range options {
		option(header)
	}
	return c.post(ctx, endpoint, params, header)
}

const tokenEndpoint = "common/getAccessToken"

// accessToken returns a token that is good for another while; callers that come together share one renewal.
func (c *Client) accessToken(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && time.Now().Before(c.renewAt) {
		return c.token, nil
	}
	body, err := c.signIn(ctx)
	if err != nil {
		return "", err
	}
	var answer struct {
		Token     string `json:"token"`
		ExpiresIn int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("read the access token: %w", err)
	}
	if answer.Token == "" {
		return "", errors.New("the server sent no access token")
	}
	c.token = answer.Token
	c.renewAt = time.Now().Add(time.Duration(answer.ExpiresIn) * time.Second * 9 / 10)
	return c.token, nil
}

func (c *Client) signIn(ctx context.Context) (json.RawMessage, error) {
	return c.post(ctx, tokenEndpoint, nil, http.Header{"X-Refresh-Token": {c.opt.Credentials.RefreshToken}})
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
	if c.opt.Language != "" {
		req.Header.Set("Accept-Language", c.opt.Language)
	}
	resp, err := c.opt.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read to its end or is of no use
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return body, failure(resp, body)
}

// failure returns nil when the answer's result is success: the string "0000", or the number 0 of getAccessToken.
func failure(resp *http.Response, body []byte) error {
	var answer struct {
		Result  any    `json:"result"`
		Message string `json:"msg"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return fmt.Errorf("the server answered %s with something other than JSON", resp.Status)
	}
	code := fmt.Sprint(answer.Result)
	if code == "0000" || code == "0" {
		return nil
	}
	return &Error{
		Code: code, Message: answer.Message, Status: resp.StatusCode, RequestID: resp.Header.Get("X-Request-Id"), Body: body,
	}
}
