package sample

import (
	"testing"

	"giftimbiz/internal/gift"
)

// made returns the gift offers of a set without the guide's.
func made(s *Set) (offers []gift.Offer) {
	for _, o := range s.Offers {
		if o.Kind == gift.Gifticon && o.ID >= firstGiftOffer {
			offers = append(offers, o)
		}
	}
	return offers
}

func TestGiftsGetCheaperAsTheirLastDayComesNear(t *testing.T) {
	for _, o := range made(shared()) {
		prices := o.Tiers
		if !(o.Face > prices.Far && prices.Far > prices.Mid && prices.Mid > prices.Near && prices.Near > o.Face*2/5) {
			t.Errorf("offer %d: face %d, tiers %+v", o.ID, o.Face, prices)
		}
		if step := priceStep(o.Face); prices.Far%step != 0 || prices.Mid%step != 0 || prices.Near%step != 0 {
			t.Errorf("offer %d: tiers %+v are not in steps of %d", o.ID, prices, step)
		}
	}
}

func TestOffersHaveTheFaceOfTheirProductAndSeveralVouchers(t *testing.T) {
	product := byID(shared().Products, productID)
	for _, o := range made(shared()) {
		if o.Face != product[o.ProductID].Face {
			t.Errorf("offer %d: face %d, its product's is %d", o.ID, o.Face, product[o.ProductID].Face)
		}
		if o.Stock < 3 || o.Stock > 10 {
			t.Errorf("offer %d: stock %d", o.ID, o.Stock)
		}
	}
}

func TestEveryProductIsOnSale(t *testing.T) {
	onSale := map[int64]bool{}
	for _, o := range shared().Offers {
		onSale[o.ProductID] = true
	}
	for _, p := range shared().Products {
		if !onSale[p.ID] {
			t.Errorf("nothing of product %d is on sale", p.ID)
		}
	}
}

// tierCounts counts offers by the price in force, and those that expire within days.
func tierCounts(offers []gift.Offer) (far, mid, near, soon int) {
	for _, o := range offers {
		switch o.PriceOn(today) {
		case o.Tiers.Far:
			far++
		case o.Tiers.Mid:
			mid++
		case o.Tiers.Near:
			near++
		}
		if o.LastDay-today <= 3 {
			soon++
		}
	}
	return far, mid, near, soon
}

func TestAllPriceTiersAreInForceSomewhere(t *testing.T) {
	for _, test := range []struct {
		offers int
		each   int // at least so many in each tier
		soon   int // at least so many about to expire
	}{
		{offers: 3, each: 1},
		{offers: 20, each: 4, soon: 1},
		{offers: 300, each: 60, soon: 15},
		{offers: DefaultOffers, each: 400, soon: 100},
	} {
		far, mid, near, soon := tierCounts(made(makeRows(Options{Offers: test.offers, Seed: 3, Today: today})))
		if min(far, mid, near) < test.each || soon < test.soon {
			t.Errorf("of %d offers %d are far from their last day, %d nearer, %d near, %d within days",
				test.offers, far, mid, near, soon)
		}
	}
}

func TestOffersAreValidForAYearAtMost(t *testing.T) {
	for _, o := range made(shared()) {
		if days := o.LastDay - today; days < 1 || days > 365 {
			t.Errorf("offer %d: %d days left", o.ID, days)
		}
	}
}

func TestWhatIsAsGoodAsMoneyIsSoldForNearlyItsFace(t *testing.T) {
	product, brand := byID(shared().Products, productID), byID(shared().Brands, brandID)
	for _, o := range made(shared()) {
		p := product[o.ProductID]
		if brand[p.BrandID].CategoryID != moneyCategory {
			continue
		}
		if percent := gift.DiscountPercent(o.Face, o.Tiers.Far); percent < 3 || percent > 9 {
			t.Errorf("%s %s is sold for %d: %d percent off", brand[p.BrandID].Name, p.Name, o.Tiers.Far, percent)
		}
	}
}
