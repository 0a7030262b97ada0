package server

import (
	"context"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
)

// PricesByRules makes the prices that a file of vouchers leaves empty by the rules that operators set.
func PricesByRules(db *storage.DB) intake.Prices {
	return func(ctx context.Context) (func(gift.Brand, gift.Won) (gift.Tiers, bool), error) {
		rules, err := db.PriceRules(ctx)
		if err != nil {
			return nil, err
		}
		return office.PricesBy(rules), nil
	}
}
