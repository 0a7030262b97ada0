package sample

import (
	"fmt"
	"testing"

	"giftimbiz/internal/gift"
)

func categoryID(c gift.Category) int64 { return c.ID }
func brandID(b gift.Brand) int64       { return b.ID }
func productID(p gift.Product) int64   { return p.ID }
func shopID(s gift.Shop) int64         { return s.ID }
func campaignID(c gift.Campaign) int64 { return c.ID }
func offerID(o gift.Offer) int64       { return o.ID }

// idsOf returns the numbers of rows and fails the test when one is given twice, to a row of the guide or to another.
func idsOf[T any](t *testing.T, rows []T, id func(T) int64) map[int64]bool {
	t.Helper()
	ids := make(map[int64]bool, len(rows))
	for _, row := range rows {
		if ids[id(row)] || id(row) <= 0 {
			t.Errorf("number %d twice or not positive: %+v", id(row), row)
		}
		ids[id(row)] = true
	}
	return ids
}

func TestEverythingReferredToIsThere(t *testing.T) {
	s := makeRows(Options{Offers: 30_000, Seed: 1, Today: today}) // so many that they pass all numbers of the guide
	categories, brands, products := idsOf(t, s.Categories, categoryID), idsOf(t, s.Brands, brandID), idsOf(t, s.Products, productID)
	shops, campaigns, offers := idsOf(t, s.Shops, shopID), idsOf(t, s.Campaigns, campaignID), idsOf(t, s.Offers, offerID)
	idsOf(t, s.Units, func(u Unit) int64 { return u.ID })
	idsOf(t, s.Sellers, func(l Seller) int64 { return l.ID })

	refer := func(what string, ids map[int64]bool, id int64) {
		t.Helper()
		if !ids[id] {
			t.Errorf("no %s %d", what, id)
		}
	}
	for _, b := range s.Brands {
		refer("category", categories, b.CategoryID)
	}
	for _, p := range s.Products {
		refer("brand", brands, p.BrandID)
	}
	for _, h := range s.Shops {
		refer("category", categories, h.CategoryID)
	}
	for _, l := range s.Sellers {
		refer("shop", shops, l.ShopID)
	}
	for _, c := range s.Campaigns {
		refer("shop", shops, c.ShopID)
	}
	for _, u := range s.Units {
		refer("offer", offers, u.OfferID)
	}
	for _, o := range s.Offers {
		if o.Kind == gift.Gifticon {
			refer("product", products, o.ProductID)
		} else {
			refer("campaign", campaigns, o.CampaignID)
		}
	}
}

// TestGiftsAndStarCouponsKeepApart: a gift category holds brands only, a star category shops only.
func TestGiftsAndStarCouponsKeepApart(t *testing.T) {
	category := byID(shared().Categories, categoryID)
	for _, b := range shared().Brands {
		if category[b.CategoryID].Kind != gift.Gifticon {
			t.Errorf("brand %d is in a category of star coupons", b.ID)
		}
	}
	for _, h := range shared().Shops {
		if category[h.CategoryID].Kind != gift.StarCoupon {
			t.Errorf("shop %d is in a category of gifts", h.ID)
		}
	}
	for _, o := range shared().Offers {
		if (o.Kind == gift.Gifticon) != (o.ProductID != 0) || (o.Kind == gift.StarCoupon) != (o.CampaignID != 0) {
			t.Errorf("offer %+v sells neither or both", o)
		}
	}
}

func TestSalesAreOfTheLastFourWeeksAndOfThingsOnSale(t *testing.T) {
	s := shared()
	known := map[gift.Kind]map[int64]bool{
		gift.Gifticon: idsOf(t, s.Products, productID), gift.StarCoupon: idsOf(t, s.Campaigns, campaignID),
	}
	seen := map[string]bool{}
	for _, sale := range s.Sales {
		if sale.Day >= today || sale.Day < today-28 || sale.Sold <= 0 || !known[sale.Kind][sale.ItemID] {
			t.Errorf("sale %+v", sale)
		}
		key := fmt.Sprint(sale.Kind, sale.ItemID, sale.Day)
		if seen[key] {
			t.Errorf("sale %+v comes twice", sale)
		}
		seen[key] = true
	}
}
