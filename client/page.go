package client

import (
	"context"
	"errors"
	"iter"
)

// Page is a part of a list.
type Page[T any] struct {
	Data []T    `json:"data"`
	Next string `json:"next"` // the Cursor of the next page; "" = this is the last

	// Of the catalogue only:
	Total int64  `json:"total"` // how many there are on all pages
	Sync  string `json:"sync"`  // the Since of a later OfferChanges or CouponChanges, which tells what changed after this
}

var errSamePage = errors.New("the server sent the same page again")

// pages goes through a list, page by page, as long as the caller goes on.
func pages[T any](cursor string, fetch func(cursor string) (*Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for at := cursor; ; {
			page, err := fetch(at)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range page.Data {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			if page.Next == at {
				yield(none, errSamePage)
				return
			}
			at = page.Next
		}
	}
}

// list asks for a page of a list.
func list[T any](ctx context.Context, c *Client, path string, p params, options []Option) (*Page[T], error) {
	return get[Page[T]](ctx, c, path, map[string][]string(p), options)
}
