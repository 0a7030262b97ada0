package catalog

import (
	"context"
	"time"

	"giftimbiz/internal/gift"
)

// View is what is known of an offer on one day. Its pointers lead to values that nobody changes.
type View struct {
	Offer    gift.Offer
	Price    gift.Won // the price in force
	Percent  int      // the discount off the face value, rounded half up
	Category *gift.Category
	Brand    *gift.Brand    // gifticons only
	Product  *gift.Product  // gifticons only
	Campaign *gift.Campaign // star coupons only
	Shop     *gift.Shop     // star coupons only
}

// Encoder appends to dst what a list sends for an offer. It is called by one goroutine at a time, once for every change
// of the view, and must not keep v or dst.
type Encoder func(dst []byte, v *View) []byte

// Row is an offer on sale. It is never changed once it is in an Index; neither may a reader change it.
type Row struct {
	View
	Wire []byte  // what the Encoder made of the view
	Free []int64 // star coupons only: some of the units that were free when the offer was last read

	listed bool // false: kept for a day on which it may be sold
}

// Source is where the catalogue comes from. It is safe for concurrent use.
type Source interface {
	// CatalogSince returns all rows changed after seq as they were at one instant, sold-out, stopped and expired offers
	// included, and the number to ask with next time: rows changed after it may, rows changed up to it must be among those
	// returned. With seq 0, for a catalogue that has nothing yet, it returns all rows, but sold-out and stopped offers may
	// be left out: when that changes, they are rows that changed.
	CatalogSince(ctx context.Context, seq int64) (rows Rows, upTo int64, err error)
	// OffersByID returns the given offers, with their free coupons, as they are now; no other rows.
	OffersByID(ctx context.Context, ids []int64) (Rows, error)
	// Popularity returns how many units were sold from the given day on.
	Popularity(ctx context.Context, from gift.Day) (map[PopularityKey]int64, error)
}

// Order is the order of a list. Rows that are equal in it stand by last day, soonest first, then by offer id.
type Order int

const (
	ByPopularity   Order = iota // most sold in the last 30 days first
	ByPriceDesc                 // price in force, highest first
	ByPriceAsc                  // price in force, lowest first
	ByDiscountDesc              // discount rate, highest first
	ByDiscountAsc               // discount rate, lowest first

	// ByID is the order of offer ids, in which a page begins behind the last offer of the one before (After): offers that come
	// and go meanwhile move no others.
	ByID

	orders = ByID // how many orders there are sorted lists of
)

// GiftQuery selects gifticons. Its zero value, but for MaxPrice and Limit, selects all (wire §3).
type GiftQuery struct {
	CategoryID int64    // 0 = any
	BrandID    int64    // 0 = any
	MaxPrice   gift.Won // price in force at or below it; -1 = any
	Words      string   // every word, of MaxWords at most, must be in the names of product, brand or category; "" = any
	Order      Order
	After      int64 // ByID only, where it takes Offset's place: rows with a higher offer id
	Offset     int   // rows to pass over
	Limit      int   // rows to return at most
}

// StarQuery selects star coupons (wire §3). Names of places are official ones, "" = any.
type StarQuery struct {
	Province   string
	District   string // a city without its districts stands for all of them
	Town       string
	CategoryID int64  // 0 = any
	ShopID     int64  // 0 = any
	Words      string // every word, of MaxWords at most, must be in the names of coupon, product or shop; "" = any
	MakerID    string // "" = any
	Order      Order
	After      int64 // ByID only, where it takes Offset's place: rows with a higher offer id
	Offset     int   // rows to pass over
	Limit      int   // rows to return at most
}

// Page is a part of a list.
type Page struct {
	Total int  // rows in the whole list
	More  bool // there are rows after these
	Rows  []*Row
}

// Stats describes what a Catalog holds.
type Stats struct {
	Offers   int64     // on sale
	Units    int64     // in stock when their offers were last read
	LoadedAt time.Time // when the source was last read; zero: never
	Seq      int64     // the source's number up to which changes are known
	Day      gift.Day  // the day whose prices are shown
}
