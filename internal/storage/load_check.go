package storage

import (
	"fmt"

	"giftimbiz/internal/gift"
)

// maxPrice bounds prices and face values, so that no sum of purchases comes near the edge of an int64. The schema holds
// it too.
const maxPrice = gift.Won(1_000_000_000_000)

// check finds amounts that the schema refuses, to say whose they are.
func (stock *Stock) check() error {
	for _, p := range stock.Products {
		if err := checkPrices("product", p.ID, p.Face); err != nil {
			return err
		}
	}
	for _, c := range stock.Campaigns {
		if err := checkPrices("campaign", c.ID, c.Price, c.OrgPrice, c.Discount); err != nil {
			return err
		}
	}
	for _, o := range stock.Offers {
		if err := checkPrices("offer", o.ID, o.Face, o.Tiers.Far, o.Tiers.Mid, o.Tiers.Near); err != nil {
			return err
		}
	}
	return nil
}

func checkPrices(what string, id int64, prices ...gift.Won) error {
	for _, price := range prices {
		if price < 0 || price > maxPrice {
			return fmt.Errorf("%s %d: a price or face value is between 0 and %d won, not %d", what, id, maxPrice, price)
		}
	}
	return nil
}
