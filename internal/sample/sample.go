// Package sample makes up a catalogue to try the exchange with: the categories of the integration guide and its own
// sample records, and as many more offers, shops, coupons and pictures as asked for. Its voucher numbers redeem nothing.
package sample

import "giftimbiz/internal/gift"

// DefaultOffers is how many gift offers are made unless told otherwise.
const DefaultOffers = 2000

// Options say what to make.
type Options struct {
	Offers int      // gift offers beside the guide's own; 0 = DefaultOffers
	Seed   int64    // the same seed and day make the same set
	Today  gift.Day // dates are relative to it, but those of the guide's records
	Bare   bool     // without pictures, which take most of the time
}

// Set is a whole catalogue. Nothing in it refers to anything outside it.
type Set struct {
	Categories []gift.Category
	Brands     []gift.Brand
	Products   []gift.Product
	Shops      []gift.Shop
	Campaigns  []gift.Campaign
	Offers     []gift.Offer // Stock counts their units
	Units      []Unit
	Sellers    []Seller
	Sales      []Sale
	Pictures   []Picture
}

// Unit is one voucher or coupon.
type Unit struct {
	ID       int64
	OfferID  int64
	Position int64  // 1, 2, … within the offer
	Number   string // the voucher number, 12 to 16 digits; empty in star coupons
}

// Seller may redeem a shop's coupons.
type Seller struct {
	ID     int64
	ShopID int64
	Name   string
}

// Sale is how many of a product (gifticons) or of a campaign's coupons (star coupons) were sold on a day.
type Sale struct {
	Kind   gift.Kind
	ItemID int64
	Day    gift.Day
	Sold   int64
}

// Picture is a file that the catalogue refers to by its path.
type Picture struct {
	Path        string
	ContentType string
	Body        []byte
}

// Partner is a partner to open, with its prepaid balance.
type Partner struct {
	gift.Partner
	Balance gift.Won
}

// Make makes a set, which depends on the options alone.
func Make(opt Options) *Set {
	s := makeRows(opt)
	if !opt.Bare {
		s.Pictures = drawAll(s)
	}
	return s
}

// Partners are those who buy from any set: one live, one sandbox.
func Partners() []Partner {
	return []Partner{
		{gift.Partner{Name: "demo", Title: "데모 매체사", State: gift.Active, DuplicateSec: 10}, 10_000_000},
		{gift.Partner{Name: "devtest1", Title: "개발 테스트", State: gift.Active, Sandbox: true, DuplicateSec: 10}, 10_000_000},
	}
}
