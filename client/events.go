package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// LatestEvent stands for the last event there is; see Events.
const LatestEvent = "latest"

// Event is something that happened, as webhooks tell it, too.
type Event struct {
	ID   string          `json:"id"` // the same wherever the event is told
	Type string          `json:"type"`
	At   time.Time       `json:"timestamp"`
	Data json.RawMessage `json:"data"`
}

// EventPage is what happened, at most 100 events in their order.
type EventPage struct {
	Events []Event `json:"events"`
	Next   string  `json:"next"` // the after of the next call
}

// eventWait bounds how long the server is asked to wait: less than its answers may take at all.
const eventWait = 20 * time.Second

// Events returns what happened after the event named, "" = all that is kept, LatestEvent = nothing but where to go on. If
// there is nothing yet, the server waits for it up to wait, at most 20 s. It is for sandbox partners. What the server does not
// grant is an *Error; its code is that of the problem, such as sandbox-only.
func (c *Client) Events(ctx context.Context, after string, wait time.Duration) (EventPage, error) {
	query := url.Values{"wait": {strconv.Itoa(int(min(max(wait, 0), eventWait) / time.Second))}}
	if after != "" {
		query.Set("after", after)
	}
	for again := false; ; again = true {
		token, err := c.tokens.get(ctx)
		if err != nil {
			return EventPage{}, err
		}
		page, err := c.getEvents(ctx, query, token)
		var e *Error
		if again || !errors.As(err, &e) || e.Status != http.StatusUnauthorized {
			return page, err
		}
		c.tokens.drop(token)
	}
}

func (c *Client) getEvents(ctx context.Context, query url.Values, token string) (page EventPage, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.opt.BaseURL+"/api/v2/events?"+query.Encode(), http.NoBody)
	if err != nil {
		return page, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, body, err := c.send(req)
	if err != nil {
		return page, err
	}
	if resp.StatusCode != http.StatusOK {
		return page, problem(resp, body)
	}
	if err := json.Unmarshal(body, &page); err != nil || len(body) > maxAnswer {
		return page, fmt.Errorf("the server answered %s with something other than events; is the base URL right?", resp.Status)
	}
	return page, nil
}

// problem returns the error that an answer is, by RFC 9457.
func problem(resp *http.Response, body []byte) error {
	var p struct {
		Type   string `json:"type"`
		Detail string `json:"detail"`
	}
	code, ok := "", json.Unmarshal(body, &p) == nil
	if i := strings.LastIndex(p.Type, ":"); i >= 0 {
		code = p.Type[i+1:]
	}
	if !ok || code == "" {
		return fmt.Errorf("the server answered %s without saying why; is the base URL right?", resp.Status)
	}
	return &Error{
		Code: code, Message: p.Detail, Status: resp.StatusCode, RequestID: resp.Header.Get("X-Request-Id"), Body: body,
	}
}
