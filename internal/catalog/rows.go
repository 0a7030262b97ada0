// Package catalog keeps all that is on sale in memory.
package catalog

import "giftimbiz/internal/gift"

// Rows are what the catalogue is made of: everything, or what changed since it last looked.
type Rows struct {
	Categories []gift.Category
	Brands     []gift.Brand
	Products   []gift.Product
	Shops      []gift.Shop
	Campaigns  []gift.Campaign
	Offers     []gift.Offer
	Free       map[int64][]int64 // star offer -> some of its free coupons
}

// PopularityKey names what sales are counted by: a product or a campaign.
type PopularityKey struct {
	Kind gift.Kind
	ID   int64
}
