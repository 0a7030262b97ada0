package sample

import (
	"slices"
	"strings"

	"giftimbiz/internal/gift"
)

// lifetimes says, offer by offer in turn, how many days an offer is still valid: every price tier from the first few
// offers on, and one in twenty about to expire.
var lifetimes = [20][2]int{
	{61, 360},
	{31, 60},
	{4, 30},
	{61, 180},
	{1, 3},
	{61, 120},
	{90, 360},
	{31, 60},
	{4, 30},
	{61, 360},
	{61, 120},
	{120, 240},
	{31, 60},
	{8, 30},
	{61, 360},
	{200, 360},
	{31, 60},
	{10, 30},
	{61, 90},
	{61, 360},
}

// makeGiftOffers gives every product its offers in turn, in an order that mixes brands.
func (m *maker) makeGiftOffers() {
	products := m.Products[len(guideProducts()):]
	order := m.rng.Perm(len(products))
	categories := make(map[int64]int64, len(m.Brands))
	for _, b := range m.Brands {
		categories[b.ID] = b.CategoryID
	}
	m.Offers = slices.Grow(m.Offers, m.opt.Offers)
	m.Units = slices.Grow(m.Units, 7*m.opt.Offers)
	for i := range m.opt.Offers {
		p := products[order[i%len(order)]]
		days := lifetimes[i%len(lifetimes)]
		m.addGiftOffer(gift.Offer{
			ID: firstGiftOffer + int64(i), Kind: gift.Gifticon, ProductID: p.ID, Face: p.Face,
			Tiers:   m.tiers(p.Face, discount(p, categories[p.BrandID])),
			LastDay: m.opt.Today + gift.Day(m.between(days[0], days[1])),
		}, p.BrandID, m.between(3, 10))
	}
}

func (m *maker) addGiftOffer(o gift.Offer, brandID int64, units int) {
	o.Stock = int64(units)
	m.Offers = append(m.Offers, o)
	for position := range o.Stock {
		m.Units = append(m.Units, Unit{
			ID: m.voucher, OfferID: o.ID, Position: position + 1, Number: m.numbers.next(brandID),
		})
		m.voucher++
	}
}

// moneyCategory is that of 상품권.
const moneyCategory = 8

// discounts are the percentages, from and to, that the market takes off in each category.
var discounts = map[int64][2]int{
	1: {8, 28}, 2: {8, 25}, 3: {10, 35}, 4: {7, 22}, 5: {10, 25}, 6: {5, 33}, 7: {8, 30}, moneyCategory: {3, 8}, 28: {6, 18}, 32: {8, 20},
}

// discount returns the percentages for a product. What is as good as money is sold for nearly its face.
func discount(p gift.Product, category int64) [2]int {
	for _, word := range []string{"상품권", "금액권", "카드", "만원권", "캐시"} {
		if strings.Contains(p.Name, word) {
			return discounts[moneyCategory]
		}
	}
	return discounts[category]
}

// tiers makes prices in the market's steps, falling as the last day comes near: Face > Far > Mid > Near > 0.
func (m *maker) tiers(face gift.Won, percent [2]int) gift.Tiers {
	step := priceStep(face)
	far := face - max(face*gift.Won(m.between(percent[0], percent[1]))/100, step)
	far -= far % step
	mid := far - max((face*gift.Won(m.between(1, 3))/100)/step*step, step)
	near := mid - max((face*gift.Won(m.between(4, 20))/100)/step*step, step)
	return gift.Tiers{Far: far, Mid: mid, Near: near}
}

func priceStep(face gift.Won) gift.Won {
	switch {
	case face < 3000:
		return 10
	case face < 20000:
		return 50
	default:
		return 100
	}
}
