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
	"time"
)

const (
	v1Root = "/api/v1/"
	v2Root = "/api/v2"

	maxAnswer = 16 << 20 // bytes; a list of 1,000 rows has less than 1 MiB
	userAgent = "giftimbiz-go"

	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// request is a call, from its first attempt to its last.
type request struct {
	v1           bool // else v2
	method, path string
	query        url.Values
	body         []byte
	header       http.Header
	once         http.Header // of the first attempt only

	signIn     bool          // it gets a token, so it goes without
	repeatable bool          // done twice it does no more than done once
	keyed      bool          // the server does it once, by its Idempotency-Key
	within     time.Duration // bounds an attempt; 0 = what the HTTP client does
	into       io.Writer     // takes the answer to a call that went well, however long it is
}

func newV2(method, path string, options []Option) *request {
	r := &request{method: method, path: v2Root + path, header: http.Header{}, once: http.Header{}, repeatable: method == http.MethodGet}
	for _, option := range options {
		option(r)
	}
	return r
}

// answer is what the server said, read to its end.
type answer struct {
	status string // such as "200 OK"
	code   int
	header http.Header
	body   []byte
}

// text is nil when there is no answer.
func (a *answer) text() json.RawMessage {
	if a == nil || len(a.body) == 0 {
		return nil
	}
	return a.body
}

// replayed tells whether it is the answer to an earlier attempt, given again.
func (a *answer) replayed() bool { return a.header.Get("Idempotent-Replayed") == "true" }

// read decodes the answer to a call that went well. Its error shows nothing of the answer, which may hold a voucher's number.
func (a *answer) read(into any) error {
	err := json.Unmarshal(a.body, into)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		return &strangeAnswer{a, "something else than it should, in " + wrongType.Field}
	}
	return &strangeAnswer{a, "something else than it should"}
}

// try makes an attempt. An access token that the server does not take any more is renewed once: such a call was refused before
// anything was done.
func (c *Client) try(ctx context.Context, r *request, n int) (*answer, error) {
	if r.signIn {
		return c.exchange(ctx, r, n, "")
	}
	for again := false; ; again = true {
		token, err := c.tokens.get(ctx)
		if err != nil {
			return nil, &signInError{err}
		}
		a, err := c.exchange(ctx, r, n, token)
		if again || !deadToken(err) {
			return a, err
		}
		c.tokens.drop(token)
	}
}

// exchange sends a request and reads the answer. What is not a success is an error; then there may be an answer, too.
func (c *Client) exchange(ctx context.Context, r *request, n int, token string) (*answer, error) {
	if r.within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.within)
		defer cancel()
	}
	req, err := c.newRequest(ctx, r, n, token)
	if err != nil {
		return nil, &refusedHere{err}
	}
	sender := &c.http
	if r.into != nil {
		sender = &c.stream
	}
	resp, err := sender.Do(req)
	if err != nil {
		return nil, &noAnswer{err}
	}
	defer func() { _ = resp.Body.Close() }() // it was read to its end or is of no use
	if r.into != nil && resp.StatusCode == http.StatusOK {
		return nil, copyTo(r.into, resp)
	}
	return readAnswer(resp, r)
}

func readAnswer(resp *http.Response, r *request) (*answer, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, &noAnswer{fmt.Errorf("read the answer: %w", err)}
	}
	a := &answer{status: resp.Status, code: resp.StatusCode, header: resp.Header, body: body}
	return a, failure(a, r)
}

// newRequest makes what is sent of a request at its n-th attempt, counted from 0.
func (c *Client) newRequest(ctx context.Context, r *request, n int, token string) (*http.Request, error) {
	address := c.opt.BaseURL + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.keyed {
		// Without this net/http sends what has an Idempotency-Key again by itself when a connection breaks. What the first may have
		// done would be hidden behind what comes of the second, such as that the server is busy, or gone.
		req.GetBody = nil
	}
	req.Header.Set("User-Agent", userAgent)
	if c.opt.Language != "" {
		req.Header.Set("Accept-Language", c.opt.Language)
	}
	switch {
	case r.v1 || r.signIn:
		req.Header.Set("Content-Type", formType)
	case len(r.body) > 0:
		req.Header.Set("Content-Type", jsonType)
	}
	c.authorize(req, r, token)
	for name, values := range r.header {
		req.Header[name] = values
	}
	if n == 0 {
		for name, values := range r.once {
			req.Header[name] = values
		}
	}
	return req, nil
}

// authorize adds what proves who calls.
func (c *Client) authorize(req *http.Request, r *request, token string) {
	who := c.Credentials()
	switch {
	case r.v1:
		req.Header.Set("Partnerkey", who.PartnerKey)
		req.Header.Set("Partnertoken", who.PartnerToken)
		if !r.signIn {
			req.Header.Set("Refresh-Token", who.RefreshToken)
			req.Header.Set("Access-Token", token)
		}
	case r.signIn:
		req.SetBasicAuth(url.QueryEscape(who.PartnerKey), url.QueryEscape(who.PartnerToken)) // as RFC 6749 §2.3.1 has it
	default:
		req.Header.Set("Authorization", "Bearer "+token)
	}
}

// get asks for something and decodes it.
func get[T any](ctx context.Context, c *Client, path string, query url.Values, options []Option) (*T, error) {
	r := newV2(http.MethodGet, path, options)
	r.query = query
	return ask[T](ctx, c, r)
}

// post sends in as JSON and decodes the answer. repeatable calls do no more when they are done twice.
func post[T any](ctx context.Context, c *Client, path string, in any, repeatable bool, options []Option) (*T, error) {
	r, err := withBody(http.MethodPost, path, in, options)
	if err != nil {
		return nil, err
	}
	r.repeatable = repeatable
	return ask[T](ctx, c, r)
}

func withBody(method, path string, in any, options []Option) (*request, error) {
	r := newV2(method, path, options)
	body, err := json.Marshal(in)
	r.body = body
	return r, err
}

func ask[T any](ctx context.Context, c *Client, r *request) (*T, error) {
	a, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	into := new(T)
	return into, a.read(into)
}

// act sends a request whose answer says nothing but that it was done.
func (c *Client) act(ctx context.Context, r *request) error {
	_, err := c.do(ctx, r)
	return err
}
