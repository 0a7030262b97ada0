package storage

import (
	"context"
	"fmt"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// CatalogueCounts counts what the catalogue has as of a day.
func (db *DB) CatalogueCounts(ctx context.Context, today gift.Day) (c office.Counts, err error) {
	few := func(of string) string {
		return fmt.Sprintf(`(SELECT COUNT(*) FROM (SELECT id FROM %s LIMIT %d) x)`, of, office.CountedUpTo)
	}
	soon := fmt.Sprintf(`last_day BETWEEN %d AND %d AND stopped = 0 AND next_position <= last_position`, today, today+office.SoonDays)
	err = db.read.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM categories), (SELECT COUNT(*) FROM brands),
`+few("products")+", "+few("shops")+", "+few("sellers")+", "+few("campaigns")+`,
(SELECT COUNT(*) FROM price_rules), `+few("offers WHERE id > 0")+", "+few("offers WHERE stopped = 1")+", "+few("offers WHERE "+soon)).
		Scan(&c.Categories, &c.Brands, &c.Products, &c.Shops, &c.Sellers, &c.Campaigns, &c.PriceRules, &c.Offers, &c.Stopped, &c.Expiring)
	return c, classify(err)
}
