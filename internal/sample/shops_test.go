package sample

import (
	"testing"

	"giftimbiz/internal/region"
)

func TestEverySellerHasAShopOfItsOwn(t *testing.T) {
	s := shared()
	shops := map[int64]bool{}
	for _, seller := range s.Sellers {
		if shops[seller.ShopID] || seller.Name == "" {
			t.Errorf("seller %+v has no name or shares a shop", seller)
		}
		shops[seller.ShopID] = true
	}
	for _, shop := range s.Shops {
		if !shops[shop.ID] {
			t.Errorf("shop %d has no seller", shop.ID)
		}
	}
}

func TestEveryShopStandsWhereThereIsAPlace(t *testing.T) {
	provinces := map[string]bool{}
	for _, shop := range shared().Shops {
		province, ok := region.Province(shop.Province)
		if !ok || province != shop.Province {
			t.Errorf("shop %d: no province %q", shop.ID, shop.Province)
		}
		provinces[province] = true
		if shop.District != "" || shop.Province != "세종특별자치시" {
			if district, ok := region.District(province, shop.District); !ok || district != shop.District {
				t.Errorf("shop %d: no district %q in %s", shop.ID, shop.District, province)
			}
		}
		if !region.Town(shop.Town) {
			t.Errorf("shop %d: %q is not named like a town", shop.ID, shop.Town)
		}
	}
	if len(provinces) < 15 {
		t.Errorf("shops in %d provinces only", len(provinces))
	}
}
