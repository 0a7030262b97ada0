package client

import (
	"context"
	"errors"
	"net/http"
	"time"
)

const (
	tokenPath     = v2Root + "/token"
	tokenEndpoint = "common/getAccessToken"
)

// fetchToken signs in and returns the access token and how long it works. Both APIs take it.
func (c *Client) fetchToken(ctx context.Context) (string, time.Duration, error) {
	r := &request{method: http.MethodPost, path: tokenPath, body: []byte("grant_type=client_credentials"), signIn: true}
	a, err := c.exchange(ctx, r, 0, "")
	if err != nil {
		return "", 0, err
	}
	var token struct {
		Token     string `json:"access_token"`
		ExpiresIn int64  `json:"expires_in"` // seconds
	}
	if err := a.read(&token); err != nil {
		return "", 0, err
	}
	if token.Token == "" {
		return "", 0, &strangeAnswer{a, "no access token"}
	}
	return token.Token, time.Duration(token.ExpiresIn) * time.Second, nil
}

// deadTokens has the codes by which API v1 says that an access token is of no use any more, whatever it was: expired, malformed,
// made with other keys, revoked.
var deadTokens = map[string]bool{"T1": true, "T2": true, "T3": true, "T4": true, "T6": true, "TOKEN08": true, "Z": true}

// deadToken tells whether a call was refused because of its access token.
func deadToken(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	if e.Type != "" {
		return e.Status == http.StatusUnauthorized
	}
	return deadTokens[e.Code]
}
