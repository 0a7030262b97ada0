package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// LatestEvent stands for the last event there is; see Events.
const LatestEvent = "latest"

// EventPage is what happened, at most 100 events in their order.
type EventPage struct {
	Events []Event `json:"events"`
	Next   string  `json:"next"` // the after of the next call
}

// eventWait bounds how long the server is asked to wait: less than its answers may take at all.
const eventWait = 20 * time.Second

// Events returns what happened after the event named, "" = all that is kept, LatestEvent = nothing but where to go on. If there is
// nothing yet, the server waits for it up to wait, at most 20 s. It is for sandbox partners: ErrSandboxOnly. Live partners have
// webhooks.
func (c *Client) Events(ctx context.Context, after string, wait time.Duration, options ...Option) (EventPage, error) {
	p := params{"wait": {strconv.Itoa(int(min(max(wait, 0), eventWait) / time.Second))}}
	p.text("after", after)
	r := newV2(http.MethodGet, "/events", options)
	r.query = url.Values(p)
	page, err := ask[EventPage](ctx, c, r)
	if err != nil {
		return EventPage{}, err
	}
	return *page, nil
}

// FollowEvents goes through what happens after the event named, as Events does, and waits for more, until the caller stops, ctx ends
// or a call fails: the ID of the last event is where to go on.
func (c *Client) FollowEvents(ctx context.Context, after string, options ...Option) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			page, err := c.Events(ctx, after, eventWait, options...)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range page.Events {
				if !yield(e, nil) {
					return
				}
			}
			after = page.Next
		}
	}
}
