package storage

import (
	"context"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
)

var selectLastPositions = over("offer_id bigint", `
SELECT offers.id, offers.last_position FROM input JOIN offers ON offers.id = input.offer_id`)

// placeCoupons makes the coupons of an import: they have no numbers, so they are few bytes and need no staging.
func (a *application) placeCoupons(ctx context.Context, s session, lastUnit, lastOffer int64) error {
	a.coupons = &Stock{}
	if len(a.load.Coupons) == 0 {
		return nil
	}
	last := map[int64]int64{}
	var there []int64
	for _, o := range a.load.Coupons {
		if o.ID != 0 {
			there = append(there, o.ID)
		}
	}
	s.query(selectLastPositions, func(row scanner) error {
		var id, position int64
		err := row.Scan(&id, &position)
		last[id] = position
		return err
	}, there)
	if err := s.flush(ctx); err != nil {
		return err
	}
	for _, o := range a.load.Coupons {
		g := growth{offer: o.ID, was: last[o.ID], now: last[o.ID] + o.Stock, as: o}
		if o.ID == 0 {
			lastOffer++
			g.offer, o.ID = lastOffer, lastOffer
			a.coupons.Offers = append(a.coupons.Offers, o)
		} else {
			a.growths = append(a.growths, g)
		}
		for p := g.was + 1; p <= g.now; p++ {
			lastUnit++
			a.coupons.Units = append(a.coupons.Units, NewUnit{ID: lastUnit, OfferID: g.offer, Position: p})
		}
	}
	return nil
}

// catalogue returns all of the import but its vouchers, as rows to store.
func (a *application) catalogue() *Stock {
	stock := stockOf(&a.load.Added)
	stock.Changed, stock.Seen = stockOf(&a.load.Changed), a.load.Seen
	stock.Offers, stock.Units = a.coupons.Offers, a.coupons.Units
	return stock
}

func stockOf(n *intake.Names) *Stock {
	s := &Stock{
		Categories: n.Categories, Brands: n.Brands, Products: n.Products, Shops: n.Shops, Campaigns: n.Campaigns,
		Offers: []gift.Offer{},
	}
	for _, seller := range n.Sellers {
		s.Sellers = append(s.Sellers, NewSeller{ID: seller.ID, ShopID: seller.ShopID, Name: seller.Name, CodeHash: seller.CodeHash})
	}
	return s
}
