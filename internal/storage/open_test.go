package storage_test

import (
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// eachEngine runs the test on an empty, migrated database of each engine. Afterwards the doctor must find nothing.
func eachEngine(t *testing.T, test func(*testing.T, *storagetest.House)) {
	t.Run("sqlite", func(t *testing.T) { test(t, storagetest.NewHouse(t, opener(migratedSQLiteURL))) })
	t.Run("postgres", func(t *testing.T) { test(t, storagetest.NewHouse(t, opener(migratedPostgresURL))) })
}

// What stockPaid adds to the suite's stock: a shop of its own with a seller and a campaign that has two offers.
const (
	paidShop     = 38
	paidSeller   = 2
	paidCampaign = 189
	paidOffer    = 1351
	laterOffer   = 1352
	paidPrice    = 500
)

// stockPaid loads star coupons that cost 500 won.
func stockPaid(t *testing.T, h *storagetest.House, units int64) {
	t.Helper()
	s := &storage.Stock{
		Shops: []gift.Shop{{
			ID: paidShop, CategoryID: 15, Name: "연남만두", Thumb: "/UPLOAD/s.png", Province: "서울특별시", District: "마포구",
			Town: "연남동", MapURL: "https://map.example/38",
		}},
		Sellers: []storage.NewSeller{
			{ID: paidSeller, ShopID: paidShop, Name: "점장", CodeHash: "hash of a code"},
			{ID: paidSeller + 1, ShopID: paidShop, Name: "직원", CodeHash: "hash of another"},
		},
		Campaigns: []gift.Campaign{{
			ID: paidCampaign, ShopID: paidShop, CouponName: "만두", Product: "만두 5개", Condition: "점심 제외", Price: 4000,
			OrgPrice: 5000, Discount: 4000, MemberType: "user", MakerID: "maker", Thumb: "/UPLOAD/c.png", Image: "/UPLOAD/c1.png",
			Image2: "/UPLOAD/c2.png",
		}},
	}
	for _, id := range []int64{paidOffer, laterOffer} {
		s.Offers = append(s.Offers, gift.Offer{
			ID: id, Kind: gift.StarCoupon, CampaignID: paidCampaign, Face: 4000,
			Tiers: gift.Tiers{Far: paidPrice, Mid: paidPrice, Near: paidPrice}, LastDay: gift.DateOf(2025, 12, 31),
		})
		for p := int64(1); p <= units; p++ {
			s.Units = append(s.Units, storage.NewUnit{ID: id*100_000 + p, OfferID: id, Position: p})
		}
	}
	if err := h.DB.Load(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// buyPaid buys one coupon of each star offer named, for 500 won each.
func buyPaid(t *testing.T, h *storagetest.House, partner int64, key string, offers ...int64) purchase.Outcome {
	t.Helper()
	req := purchase.Request{
		PartnerID: partner, Kind: gift.StarCoupon, Cash: paidPrice * gift.Won(len(offers)), Product: "만두 5개", Key: key,
		Render: storagetest.Render,
	}
	for _, o := range offers {
		req.Items = append(req.Items, purchase.ItemRequest{OfferID: o, CampaignID: paidCampaign})
	}
	out, err := h.Engine.Buy(t.Context(), req)
	if err != nil || out.Refusal != nil {
		t.Fatalf("buy coupons: %v, %v", out.Refusal, err)
	}
	return out
}
