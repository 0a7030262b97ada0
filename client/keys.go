package client

import (
	"context"
	"time"
)

// Key tells of a partner's keys when they were made and until when they work.
type Key struct {
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // the zero time = they are those in use
}

// Keys lists the partner's keys that work. The keys themselves are shown once, when they are made.
func (c *Client) Keys(ctx context.Context, options ...Option) ([]Key, error) {
	return whole[Key](ctx, c, "/keys", params{}, options)
}

// RotatedKeys are new keys.
type RotatedKeys struct {
	Credentials
	PreviousExpiresAt time.Time `json:"previous_expires_at"` // until then those of before work, too
}

// RotateKeys gets the partner other keys and signs in with them from now on. Store them before you do anything else: they are shown
// once. Those of before work for graceHours more, 0 to 720. It is not sent again when its answer was lost: then sign in with the keys
// of before while they work, and rotate again. With 0 they do not: a lost answer shuts the partner out, until the operator helps.
func (c *Client) RotateKeys(ctx context.Context, graceHours int, options ...Option) (*RotatedKeys, error) {
	in := struct {
		GraceHours int `json:"grace_hours"`
	}{graceHours}
	keys, err := post[RotatedKeys](ctx, c, "/keys/rotate", in, false, options)
	if err != nil {
		return nil, err
	}
	c.use(keys.Credentials)
	return keys, nil
}
