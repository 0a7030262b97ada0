package client

import (
	"context"
	"time"
)

// WithoutPauses has a client send calls again at once, for tests that do it often.
func (c *Client) WithoutPauses() *Client {
	c.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return c
}
