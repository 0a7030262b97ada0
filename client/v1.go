package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// V1 has a method for each endpoint of API v1, named as the guide names it. Get it from Client.V1.
type V1 struct{ c *Client }

// V1 returns the calls of API v1, for programs that are built on the guide. New programs find more in the methods of Client itself,
// which are those of API v2. Both see the same offers, orders and vouchers.
func (c *Client) V1() V1 { return V1{c} }

// v1Read are the endpoints that change nothing.
var v1Read = map[string]bool{
	tokenEndpoint: true, "giftimbiz/cateGift": true, "giftimbiz/listAll": true, "giftimbiz/giftDetail": true,
	"giftimbiz/buyGifticonList": true, "giftimbiz/cateStar": true, "giftimbiz/starListAll": true, "giftimbiz/starDetail": true,
	"giftimbiz/buyStarcouponList": true, "gifticon/getQRImg": true,
}

// v1Request makes a call of API v1. The parameters go as a form.
func (c *Client) v1Request(endpoint string, params url.Values, options []Option) *request {
	r := &request{
		v1: true, method: http.MethodPost, path: v1Root + endpoint, header: http.Header{}, once: http.Header{},
		repeatable: v1Read[endpoint],
	}
	if r.signIn = endpoint == tokenEndpoint; r.signIn {
		r.header.Set("X-Refresh-Token", c.Credentials().RefreshToken)
	}
	form := url.Values{"partner_id": {c.Credentials().PartnerID}}
	for name, values := range params {
		form[name] = values
	}
	r.body = []byte(form.Encode())
	for _, option := range options {
		option(r)
	}
	return r
}

// v1Ask calls an endpoint and decodes its answer.
func v1Ask[T any](ctx context.Context, v V1, endpoint string, params url.Values, options []Option) (*T, error) {
	return ask[T](ctx, v.c, v.c.v1Request(endpoint, params, options))
}

// params collects parameters; what is empty or 0 is left out.
type params url.Values

func (p params) text(name, value string) {
	if value != "" {
		url.Values(p).Set(name, value)
	}
}

func (p params) number(name string, n int64) {
	if n != 0 {
		url.Values(p).Set(name, strconv.FormatInt(n, 10))
	}
}

// V1Token is an access token (guide §2).
type V1Token struct {
	Token     string `json:"token"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

// GetAccessToken issues an access token (guide §2). All other calls get one by themselves.
func (v V1) GetAccessToken(ctx context.Context) (*V1Token, error) {
	return v1Ask[V1Token](ctx, v, tokenEndpoint, nil, nil)
}

// V1Time is a time as API v1 writes it, such as 2025-09-15 12:00:00 in Seoul; the zero time stands for none.
type V1Time struct{ time.Time }

// UnmarshalJSON reads the time; an empty text is the zero time.
func (t *V1Time) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `""`, "null":
		*t = V1Time{}
		return nil
	}
	at, err := time.ParseInLocation(`"`+time.DateTime+`"`, string(text), seoul)
	t.Time = at
	return err
}

// MarshalJSON writes the time as API v1 does.
func (t V1Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte(`""`), nil
	}
	return t.In(seoul).AppendFormat(nil, `"`+time.DateTime+`"`), nil
}

// joined writes what API v1 separates with |.
func joined[T any](items []T, text func(T) string) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = text(item)
	}
	return strings.Join(parts, "|")
}
