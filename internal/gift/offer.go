package gift

// Kind tells what an offer sells. Its values are stored.
type Kind int16

const (
	Gifticon   Kind = 1 // a mobile voucher with a number
	StarCoupon Kind = 2 // a local shop's coupon, redeemed at its counter
)

// Word returns how the kind is called where partners are told of it in today's formats.
func (k Kind) Word() string {
	if k == StarCoupon {
		return "star"
	}
	return "gifticon"
}

// The days left at which the price in force turns from one tier to the next.
const (
	MidDays  = 60
	NearDays = 30
)

// Tiers are the three selling prices of an offer; which is in force depends on the days left until it expires.
type Tiers struct {
	Far  Won // more than MidDays left
	Mid  Won // MidDays or fewer
	Near Won // NearDays or fewer
}

// At returns the price in force when daysLeft calendar days remain until the last valid day (guide §4-4).
func (t Tiers) At(daysLeft int) Won {
	switch {
	case daysLeft > MidDays:
		return t.Far
	case daysLeft > NearDays:
		return t.Mid
	default:
		return t.Near
	}
}

// Category groups brands (gifticons) or shops (star coupons).
type Category struct {
	ID    int64
	Kind  Kind
	Name  string
	Thumb string // absolute path of a picture
	Sort  int64  // place in lists, ascending
}

// Brand is who makes a gifticon's product.
type Brand struct {
	ID         int64
	CategoryID int64
	Name       string
	Thumb      string // absolute path of a picture
	InUse      bool
}

// Product is a kind of gifticon: every voucher of it is worth the same thing at the counter.
type Product struct {
	ID      int64
	BrandID int64
	Name    string
	Face    Won    // price in the brand's own shop
	Thumb   string // absolute path of a picture
}

// Shop issues star coupons and honours them.
type Shop struct {
	ID         int64
	CategoryID int64
	Name       string
	Thumb      string // absolute path of a picture
	Province   string // 시/도, official long form
	District   string // 시/군/구, official form
	Town       string // 동/읍/면/리
	MapURL     string
}

// Campaign is one star coupon as a shop designed it; its coupons are the units sold.
type Campaign struct {
	ID         int64
	ShopID     int64
	CouponName string // the short name of the coupon
	Product    string // what the holder gets
	Condition  string // when it may be used
	Free       bool   // costs the partner nothing
	Price      Won    // the price shown to holders
	OrgPrice   Won
	Discount   Won    // the discounted price shown to holders
	MemberType string // the kind of member that made it: "shop" or "user"
	MakerID    string // the user that made it; empty when the shop did
	Thumb      string // absolute paths of pictures
	Image      string
	Image2     string
}

// Offer is one line of stock on sale: identical vouchers with the same last valid day and prices, or the coupons of one
// campaign.
type Offer struct {
	ID         int64
	Kind       Kind
	ProductID  int64 // gifticons only
	CampaignID int64 // star coupons only
	Face       Won
	Tiers      Tiers
	LastDay    Day // the last day, in Seoul, on which its vouchers are valid
	Stopped    bool
	OncePer    bool // each partner may buy from it once
	Stock      int64
}

// PriceOn returns the price in force on the given day.
func (o Offer) PriceOn(day Day) Won { return o.Tiers.At(int(o.LastDay - day)) }

// Listed tells whether the offer is shown and sold on the given day.
func (o Offer) Listed(day Day) bool { return !o.Stopped && o.Stock > 0 && o.LastDay >= day }

// DiscountPercent returns 100 × (face − price) / face rounded half up, and 0 when there is no face value.
func DiscountPercent(face, price Won) int {
	if face <= 0 || price >= face {
		return 0
	}
	return int((200*(face-price) + face) / (2 * face))
}
