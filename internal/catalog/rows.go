package catalog

import (
	"maps"

	"giftimbiz/internal/gift"
)

// Rows are what the catalogue is made of: everything, or what changed since it last looked. A row replaces the one with
// the same id.
type Rows struct {
	Categories []gift.Category
	Brands     []gift.Brand
	Products   []gift.Product
	Shops      []gift.Shop
	Campaigns  []gift.Campaign
	Offers     []gift.Offer
	Free       map[int64][]int64 // star offer -> some of its free coupons
}

func (r *Rows) len() int {
	return len(r.Categories) + len(r.Brands) + len(r.Products) + len(r.Shops) + len(r.Campaigns) + len(r.Offers)
}

// add puts other offers to the rows.
func (r *Rows) add(other Rows) {
	r.Offers = append(r.Offers, other.Offers...)
	if r.Free == nil {
		r.Free = map[int64][]int64{}
	}
	maps.Copy(r.Free, other.Free)
}

// PopularityKey names what sales are counted by: a product or a campaign.
type PopularityKey struct {
	Kind gift.Kind
	ID   int64
}
