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

// WithPauses is WithoutPauses of a caller whose context ends in the pause after so many: however slow the machine is, calls are sent so
// often.
func (c *Client) WithPauses(most int) *Client {
	c.pause = func(context.Context, time.Duration) error {
		if most--; most < 0 {
			return context.Canceled
		}
		return nil
	}
	return c
}
