package office

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"time"

	"giftimbiz/internal/gift"
)

// ErrSold says that a voucher or coupon was sold and can no longer be withdrawn.
var ErrSold = errors.New("was sold already")

// Listed is a row of the catalogue as operators see it.
type Listed[T any] struct {
	Row     T
	Parent  string // the name of what it belongs to: a brand's category, a product's brand, …
	Version int64  // of the row; another after each change
}

// ItemQuery selects rows of one table of the catalogue, by number.
type ItemQuery struct {
	Words  string    // part of a name, or a number; "" = any
	Kind   gift.Kind // categories only; 0 = any
	Parent int64     // what they belong to; 0 = any
	After  int64     // rows after this number
	Limit  int64
}

// Shelf keeps one table of the catalogue.
type Shelf[T any] interface {
	List(ctx context.Context, q ItemQuery) ([]Listed[T], error)
	// Get returns one row, or ErrNotFound.
	Get(ctx context.Context, id int64) (Listed[T], error)
	// Save changes a row that was read in a version (ErrChanged when it has another by now), or adds one whose number is 0.
	// It returns the row's number. What the row belongs to must exist (ErrNotFound); a new row must not be the same as one that
	// is there (ErrDuplicate).
	Save(ctx context.Context, row T, version int64, now time.Time) (id int64, err error)
}

// Seller may redeem a shop's coupons with a manager code. The code's hash is never read; when it is saved empty, the code
// stays what it is.
type Seller struct {
	ID       int64
	ShopID   int64
	Name     string
	CodeHash string `json:"-"`
}

// OfferState is what became of an offer.
type OfferState string

// The states that lists are filtered by.
const (
	OnSale   OfferState = "sale"     // can be bought
	Stopped  OfferState = "stopped"  // by an operator
	SoldOut  OfferState = "soldout"  // and not expired
	Expiring OfferState = "expiring" // on sale, and within some days no longer
	Expired  OfferState = "expired"
)

// OfferQuery selects offers; zero values select all.
type OfferQuery struct {
	Kind       gift.Kind
	ProductID  int64
	CampaignID int64
	BrandID    int64
	ShopID     int64
	Words      string // part of the name of a product or campaign, or an offer's number
	State      OfferState
	Days       int64    // how soon they expire, for Expiring
	Today      gift.Day // for all states
	After      int64    // offers that stand after this one
	Limit      int64
}

// OfferPage is a part of a list of offers.
type OfferPage struct {
	Rows []OfferRow
	Next int64 // the offer after which the list goes on; 0 = it does not. A page may be short and go on all the same
	// Narrow says that more names fit than are looked through.
	Narrow bool
}

// OfferRow is an offer as operators see it.
type OfferRow struct {
	gift.Offer
	Units   int64  // sold and in stock
	Name    string // of the product or the campaign's product
	Maker   string // the brand's or the shop's name
	MakerID int64
	Thumb   string
	Version int64
}

// Sold returns how many units were sold.
func (o OfferRow) Sold() int64 { return o.Units - o.Stock }

// State returns what became of the offer as of a day.
func (o OfferRow) State(today gift.Day) OfferState {
	switch {
	case o.LastDay < today:
		return Expired
	case o.Stopped:
		return Stopped
	case o.Stock <= 0:
		return SoldOut
	default:
		return OnSale
	}
}

// OfferVersion tells an offer from what it was before an operator changed it; sales do not change it.
func OfferVersion(o gift.Offer) int64 {
	h := fnv.New64a()
	for _, v := range []gift.Won{
		o.Face, o.Tiers.Far, o.Tiers.Mid, o.Tiers.Near, gift.Won(o.LastDay), bit(o.Stopped), bit(o.OncePer),
	} {
		_ = binary.Write(h, binary.BigEndian, int64(v)) // a hash's Write never fails
	}
	return int64(h.Sum64() >> 1)
}

func bit(b bool) gift.Won {
	if b {
		return 1
	}
	return 0
}

// UnitState is what became of a voucher or coupon.
type UnitState string

// The states of a unit.
const (
	UnitFree      UnitState = "free"
	UnitSold      UnitState = "sold"
	UnitUsed      UnitState = "used"
	UnitRefunded  UnitState = "refunded"
	UnitWithdrawn UnitState = "withdrawn" // never to be sold
)

// UnitQuery selects units of an offer, or of all star offers, in the order in which they are sold.
type UnitQuery struct {
	OfferID int64     // 0 = of all star offers
	State   UnitState // "" = any; free, sold and withdrawn are found by index
	After   int64     // units after this one
	Limit   int64
}

// UnitRow is a voucher or coupon, without its number.
type UnitRow struct {
	ID      int64
	OfferID int64
	Name    string // of the product or the campaign's coupon
	State   UnitState
	OrderID gift.ID // 0 = in no live order
	Partner string
	UsedAt  time.Time
}

// Counts are how many rows the tables of the catalogue have. All but categories, brands and rules
// are counted up to CountedUpTo.
type Counts struct {
	Categories, Brands, Products, Shops, Sellers, Campaigns, PriceRules int64
	Offers, Stopped                                                     int64
	Expiring                                                            int64 // on sale, and within 7 days no longer
}

// CountedUpTo bounds what it costs to count: there may be more.
const CountedUpTo = 10_000

// SoonDays is how many days before its last an offer is said to expire soon.
const SoonDays = 7
