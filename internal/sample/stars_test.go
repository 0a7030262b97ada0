package sample

import (
	"testing"

	"giftimbiz/internal/gift"
)

// eachStar calls check for every star offer with its campaign.
func eachStar(check func(gift.Offer, gift.Campaign)) {
	campaigns := byID(shared().Campaigns, campaignID)
	for _, o := range shared().Offers {
		if o.Kind == gift.StarCoupon {
			check(o, campaigns[o.CampaignID])
		}
	}
}

func TestStarOffersCostWhatTheirCampaignSays(t *testing.T) {
	eachStar(func(o gift.Offer, c gift.Campaign) {
		want := gift.Tiers{Far: c.Discount, Mid: c.Discount, Near: c.Discount}
		if o.Tiers != want || o.Face != c.OrgPrice || c.Price != c.Discount {
			t.Errorf("offer %+v of campaign %+v", o, c)
		}
	})
}

func TestCouponsAreFreeOrCheaperThanTheGoods(t *testing.T) {
	free, paid := 0, 0
	eachStar(func(_ gift.Offer, c gift.Campaign) {
		switch {
		case c.Free && c.Discount == 0 && c.OrgPrice == 0:
			free++
		case !c.Free && c.Discount > 0 && c.Discount < c.OrgPrice:
			paid++
		default:
			t.Errorf("campaign %d: free %v, %d won of %d", c.ID, c.Free, c.Discount, c.OrgPrice)
		}
	})
	if free < 20 || paid < 20 {
		t.Errorf("%d free coupons, %d paid ones", free, paid)
	}
}

func TestCouponsAreOnSaleAndSomeExpireWithinDays(t *testing.T) {
	soon := 0
	eachStar(func(o gift.Offer, _ gift.Campaign) {
		if !o.Listed(today) || o.Stock < 5 || o.Stock > 30 {
			t.Errorf("offer %d: stock %d, last day %s", o.ID, o.Stock, o.LastDay)
		}
		if o.LastDay-today <= 5 {
			soon++
		}
	})
	if soon < 5 {
		t.Errorf("%d coupons expire within days", soon)
	}
}

func TestUsersMadeSomeCouponsAndShopsTheOthers(t *testing.T) {
	makers := map[string]int{}
	eachStar(func(_ gift.Offer, c gift.Campaign) {
		if (c.MakerID != "") != (c.MemberType == memberUser) {
			t.Errorf("campaign %d: made by %q, a %s", c.ID, c.MakerID, c.MemberType)
		}
		makers[c.MakerID]++
	})
	if byUsers := len(shared().Campaigns) - makers[""]; len(makers) != 1+3 || byUsers < 5 || byUsers > makers[""] {
		t.Errorf("campaigns by who made them: %v", makers)
	}
}

func TestAFewCouponsAreSoldOnceToEachPartner(t *testing.T) {
	once := 0
	eachStar(func(o gift.Offer, _ gift.Campaign) {
		if o.OncePer {
			once++
		}
	})
	if once < 1 || once > 5 {
		t.Errorf("%d coupons are sold once to each partner", once)
	}
}

func TestEveryShopHasACoupon(t *testing.T) {
	has := map[int64]bool{}
	for _, c := range shared().Campaigns {
		has[c.ShopID] = true
	}
	for _, shop := range shared().Shops {
		if !has[shop.ID] {
			t.Errorf("%s has no coupon", shop.Name)
		}
	}
}
