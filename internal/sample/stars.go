package sample

import (
	"fmt"

	"giftimbiz/internal/gift"
)

// Who made a star coupon.
const (
	memberShop = "shop"
	memberUser = "user"
)

// couponPicture is shared by all coupons of a category: what they show is its sign.
func couponPicture(categoryID int64, part string) string {
	return fmt.Sprintf("/UPLOAD/_PRODUCT/coupon%02d-%s.png", categoryID, part)
}

// makeStarOffers gives each category's ideas to its shops in turn: one campaign and one offer per idea.
func (m *maker) makeStarOffers() {
	shops := map[int64][]gift.Shop{}
	for _, s := range m.Shops {
		shops[s.CategoryID] = append(shops[s.CategoryID], s)
	}
	used := map[int64]int{}
	for i, idea := range couponIdeas() {
		local := shops[idea.category]
		shop := local[used[idea.category]%len(local)]
		used[idea.category]++
		campaign := m.campaign(firstCampaign+int64(i), shop, idea)
		offer := gift.Offer{
			ID: firstStarOffer + int64(i), Kind: gift.StarCoupon, CampaignID: campaign.ID,
			Face:    campaign.OrgPrice,
			Tiers:   gift.Tiers{Far: campaign.Discount, Mid: campaign.Discount, Near: campaign.Discount},
			LastDay: m.opt.Today + gift.Day(m.starDays(i)),
			OncePer: onlyOnce(campaign),
		}
		m.Campaigns = append(m.Campaigns, campaign)
		m.addStarOffer(offer, m.between(5, 30))
	}
}

// onlyOnce tells whether a partner may buy the coupon once: an introductory offer.
func onlyOnce(c gift.Campaign) bool { return c.Condition == "신규 학생" }

// starDays lets one coupon in ten expire within days.
func (m *maker) starDays(i int) int {
	if i%10 == 9 {
		return m.between(1, 5)
	}
	return m.between(14, 180)
}

func (m *maker) campaign(id int64, shop gift.Shop, idea couponIdea) gift.Campaign {
	c := gift.Campaign{
		ID: id, ShopID: shop.ID, CouponName: idea.name, Product: idea.product, Condition: idea.terms,
		Free: idea.discountPrice == 0, Price: idea.discountPrice, OrgPrice: idea.orgPrice, Discount: idea.discountPrice,
		MemberType: memberShop,
		Thumb:      couponPicture(idea.category, "thumb"),
		Image:      couponPicture(idea.category, "front"),
		Image2:     couponPicture(idea.category, "use"),
	}
	if id%8 == 0 {
		c.MemberType, c.MakerID = memberUser, fmt.Sprintf("starmaker%02d", id%3+1)
	}
	return c
}

func (m *maker) addStarOffer(o gift.Offer, units int) {
	o.Stock = int64(units)
	m.Offers = append(m.Offers, o)
	for position := range o.Stock {
		m.Units = append(m.Units, Unit{ID: m.coupons, OfferID: o.ID, Position: position + 1})
		m.coupons++
	}
}

// couponIdea is a star coupon that a shop of its category may issue.
type couponIdea struct {
	category                int64
	name, product, terms    string
	orgPrice, discountPrice gift.Won
}

func couponIdeas() (ideas []couponIdea) {
	records(couponsText, func(f []string) {
		ideas = append(ideas, couponIdea{
			category: number(f[0]), name: f[1], product: f[2], terms: f[3],
			orgPrice: gift.Won(number(f[4])), discountPrice: gift.Won(number(f[5])),
		})
	})
	return ideas
}
