package sample

import (
	"fmt"
	"math/rand/v2"
)

// Generated rows are numbered from these on, above and beside the numbers of the guide's records.
const (
	firstProduct   = 30001
	firstCampaign  = 301
	firstStarOffer = 1601
	firstGiftOffer = 20001
	firstCoupon    = 100001  // units of star offers
	firstVoucher   = 1000001 // units of gift offers
)

// maker builds a set. Its rng is drawn from in one fixed order.
type maker struct {
	opt Options
	*Set
	rng     *rand.Rand
	numbers numbers
	coupons int64 // number of the next coupon
	voucher int64 // number of the next voucher
}

// makeRows makes a set without its pictures.
func makeRows(opt Options) *Set {
	if opt.Offers == 0 {
		opt.Offers = DefaultOffers
	}
	if opt.Offers < 0 {
		panic(fmt.Sprintf("sample: %d offers", opt.Offers))
	}
	m := &maker{
		opt: opt, Set: &Set{},
		rng:     rand.New(rand.NewPCG(uint64(opt.Seed), 0x67696674)),
		numbers: newNumbers(opt.Seed),
		coupons: firstCoupon, voucher: firstVoucher,
	}
	m.Categories = guideCategories()
	m.makeBrands()
	m.makeShops()
	m.makeGuideOffers()
	m.makeStarOffers()
	m.makeGiftOffers()
	m.makeSales()
	return m.Set
}

// between returns a number from low to high.
func (m *maker) between(low, high int) int { return low + m.rng.IntN(high-low+1) }
