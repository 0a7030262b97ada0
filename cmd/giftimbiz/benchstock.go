package main

import (
	"math/rand/v2"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/sample"
	"giftimbiz/internal/storage"
)

// offersPerProduct is how many offers of each product the bench's lists have at most.
const offersPerProduct = 20

// listStock is the sample catalogue as the bench lists it. The sample has some hundred products however many offers it
// is given; a market of a million offers sells more things than that, and a search has to find its way among them. So
// there are further products, each with a word of its own in its name. Vouchers and pictures are not what is measured:
// each offer has one, and there are none.
func listStock(offers int, today gift.Day) *storage.Stock {
	set := sample.Make(sample.Options{Offers: offers, Seed: 1, Today: today})
	stock := &storage.Stock{
		Categories: set.Categories, Brands: set.Brands, Products: set.Products, Shops: set.Shops, Campaigns: set.Campaigns,
		Offers: set.Offers,
	}
	for _, sale := range set.Sales {
		stock.Sales = append(stock.Sales, storage.ItemSale{Kind: sale.Kind, ItemID: sale.ItemID, Day: sale.Day, Sold: sale.Sold})
	}
	for i := range stock.Offers {
		number := benchNumber(int64(i)) // a list does not read it
		unit := storage.NewUnit{ID: int64(i + 1), OfferID: stock.Offers[i].ID, Position: 1}
		if stock.Offers[i].Kind == gift.Gifticon {
			unit.Sealed, unit.NumberHash = number, number
		}
		stock.Units = append(stock.Units, unit)
	}
	addProducts(stock, today)
	return stock
}

// addProducts spreads the offers over further products that are sold as well as others.
func addProducts(stock *storage.Stock, today gift.Day) {
	r := rand.New(rand.NewPCG(1, 20)) // the same in every run
	originals := make(map[int64]gift.Product, len(stock.Products))
	next := int64(1)
	for _, p := range stock.Products {
		originals[p.ID], next = p, max(next, p.ID+1)
	}
	offers, latest := map[int64]int{}, map[int64]int64{} // of each original
	for i := range stock.Offers {
		offer := &stock.Offers[i]
		if offer.Kind != gift.Gifticon {
			continue
		}
		original := offer.ProductID
		if offers[original]++; offers[original]%offersPerProduct == 0 {
			p := originals[original]
			p.ID, p.Name = next, p.Name+" "+madeUpWord(r)
			stock.Products = append(stock.Products, p)
			stock.Sales = append(stock.Sales, storage.ItemSale{Kind: gift.Gifticon, ItemID: p.ID, Day: today, Sold: r.Int64N(500)})
			latest[original] = p.ID
			next++
		}
		if id, ok := latest[original]; ok {
			offer.ProductID = id
		}
	}
}

// madeUpWord makes three syllables of the kind that words are made of.
func madeUpWord(r *rand.Rand) string {
	const first, initials, vowels, finals = '가', 19, 21, 28
	common := []int{0, 0, 0, 1, 4, 8, 16, 21} // final consonants; 0 = none
	word := make([]rune, 3)
	for i := range word {
		word[i] = rune(first + (r.IntN(initials)*vowels+r.IntN(vowels))*finals + common[r.IntN(len(common))])
	}
	return string(word)
}
