package client

import (
	"context"
	"strconv"
	"time"
)

// Partner is who the client calls for.
type Partner struct {
	ID                     string    `json:"id"`
	Title                  string    `json:"title"`
	Mode                   string    `json:"mode"`                     // live or sandbox
	DailyLimit             int64     `json:"daily_limit"`              // purchases a day in Seoul; 0 = any number
	DuplicateWindowSeconds int64     `json:"duplicate_window_seconds"` // in which API v1 takes equal purchases without a key for one
	Clock                  time.Time `json:"clock"`                    // its now, which a sandbox partner can move
}

// Partner returns who the client calls for.
func (c *Client) Partner(ctx context.Context, options ...Option) (*Partner, error) {
	return get[Partner](ctx, c, "/partner", nil, options)
}

// Category is a category of offers.
type Category struct {
	ID       int64  `json:"id"`
	Kind     Kind   `json:"kind"`
	Name     string `json:"name"`
	ImageURL string `json:"image_url"`
}

// Categories lists the categories of a kind, or of both when it is "".
func (c *Client) Categories(ctx context.Context, kind Kind, options ...Option) ([]Category, error) {
	p := params{}
	p.text("kind", string(kind))
	return whole[Category](ctx, c, "/categories", p, options)
}

// Brand is a brand of gifticons.
type Brand struct {
	ID         int64  `json:"id"`
	CategoryID int64  `json:"category_id"`
	Name       string `json:"name"`
	ImageURL   string `json:"image_url"`
	InUse      bool   `json:"in_use"`
}

// Brands lists the brands of a category, or all when it is 0.
func (c *Client) Brands(ctx context.Context, categoryID int64, options ...Option) ([]Brand, error) {
	p := params{}
	p.number("category_id", categoryID)
	return whole[Brand](ctx, c, "/brands", p, options)
}

// whole asks for a list to its end. It is for lists that are short.
func whole[T any](ctx context.Context, c *Client, path string, p params, options []Option) (all []T, err error) {
	for item, err := range pages("", func(cursor string) (*Page[T], error) {
		p.text("cursor", cursor)
		return list[T](ctx, c, path, p, options)
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

// numbered is the path of something that has a number.
func numbered(path string, id int64) string { return path + "/" + strconv.FormatInt(id, 10) }

// Offer returns a gifticon on sale; ErrOfferUnknown when it is not.
func (c *Client) Offer(ctx context.Context, id int64, options ...Option) (*Offer, error) {
	return get[Offer](ctx, c, numbered("/offers", id), nil, options)
}

// Coupon returns a star coupon on sale; ErrOfferUnknown when it is not.
func (c *Client) Coupon(ctx context.Context, id int64, options ...Option) (*Coupon, error) {
	return get[Coupon](ctx, c, numbered("/coupons", id), nil, options)
}
