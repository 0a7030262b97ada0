package office

import (
	"time"

	"giftimbiz/internal/gift"
)

// PriceScope says what a price rule is for.
type PriceScope string

// The scopes, the narrowest last: it wins.
const (
	ScopeAll      PriceScope = "all"
	ScopeCategory PriceScope = "category"
	ScopeBrand    PriceScope = "brand"
)

// PriceRule makes the prices of gifticons from their face values. It does nothing until it is applied.
type PriceRule struct {
	ID      int64
	Scope   PriceScope
	ScopeID int64  // the category or brand; 0 for all
	Name    string // of the category or brand; not stored
	Rates   gift.Rates
	Version int64
}

// Repricing is what applying the price rules would do as of a day.
type Repricing struct {
	Total  Revalued
	Brands []Revalued // by how much their margin changes, most first
	Digest string     // of all offers that would change, as they are and as they would be
}

// Revalued sums up what becomes of the stock of a brand, or of all. There is no cost price: what was paid for a voucher does
// not depend on what it is sold for, so the margin changes by as much as the sales value does.
type Revalued struct {
	BrandID int64
	Brand   string
	Offers  int64
	Units   int64    // in stock
	Face    gift.Won // the face value of the stock
	Before  gift.Won // the stock at the prices in force
	After   gift.Won // the stock at the prices that would be in force
}

// Margin returns by how much the margin would change if all of the stock were sold today.
func (r Revalued) Margin() gift.Won { return r.After - r.Before }

// RepricedOffer is an offer with the prices that it would get.
type RepricedOffer struct {
	ID      int64
	Name    string
	BrandID int64
	Brand   string
	Face    gift.Won
	LastDay gift.Day
	Stock   int64
	Before  gift.Tiers
	After   gift.Tiers
}

// RepricingRun is how far the price rules, applied at a time, are. Offers that somebody changed since the preview stay as they
// are: Changed is at most Done, and that Offers.
type RepricingRun struct {
	ID      int64 // 0 = there was none
	By      string
	At      time.Time
	Running bool
	Offers  int64 // to get new prices
	Done    int64
	Changed int64 // of those done
}

// Left returns how many offers stayed as somebody had changed them.
func (r RepricingRun) Left() int64 { return r.Done - r.Changed }

// PricesBy returns what makes prices of face values by the rules, and tells whether there is one: a brand's goes before its
// category's, and that before the one for all.
func PricesBy(rules []PriceRule) func(b gift.Brand, face gift.Won) (gift.Tiers, bool) {
	type scope struct {
		kind PriceScope
		id   int64
	}
	rates := make(map[scope]gift.Rates, len(rules))
	for _, r := range rules {
		rates[scope{r.Scope, r.ScopeID}] = r.Rates
	}
	return func(b gift.Brand, face gift.Won) (gift.Tiers, bool) {
		for _, s := range []scope{{ScopeBrand, b.ID}, {ScopeCategory, b.CategoryID}, {ScopeAll, 0}} {
			if r, ok := rates[s]; ok {
				return r.Of(face), true
			}
		}
		return gift.Tiers{}, false
	}
}
