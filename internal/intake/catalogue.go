package intake

import (
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/region"
)

// How long names and other texts may be.
const (
	maxName = 100
	maxText = 300
)

func readCategory(c *check, r *row) {
	kind := gift.Gifticon
	if r.given("kind") {
		switch plainTitle(r.cell("kind").Text) {
		case "기프티콘", "gifticon", "1":
		case "별별쿠폰", "스타", "starcoupon", "star", "2":
			kind = gift.StarCoupon
		default:
			r.refuse("kind", say("기프티콘이나 별별쿠폰이어야 합니다.", "This must be gifticon or star coupon."))
		}
	}
	row := gift.Category{Kind: kind, Name: r.text("name", maxName)}
	old, id, there, ok := entry(r, &c.names.categories, "name", categoryName(row))
	if !ok {
		return
	}
	if there && old.Kind != kind {
		r.refuse("kind", say("종류는 바꿀 수 없습니다.", "The kind cannot be changed."))
	}
	row.ID = id
	if !there {
		old.Sort = id // behind those that are there
	}
	row.Sort = r.whole("sort", 0, 1_000_000, old.Sort)
	row.Thumb = r.image("thumb", old.Thumb)
	conclude(r, &c.names.categories, id, categoryName(row), old, row, there, &c.plan.load.Added.Categories, &c.plan.load.Changed.Categories)
}

func readBrand(c *check, r *row) {
	category, _ := r.category(gift.Gifticon)
	name := r.text("name", maxName)
	old, id, there, ok := entry(r, &c.names.brands, "name", plainName(name))
	if !ok {
		return
	}
	row := gift.Brand{
		ID: id, CategoryID: category.ID, Name: name, InUse: r.yes("in use", !there || old.InUse), Thumb: r.image("thumb", old.Thumb),
	}
	conclude(r, &c.names.brands, id, plainName(name), old, row, there, &c.plan.load.Added.Brands, &c.plan.load.Changed.Brands)
}

func readProduct(c *check, r *row) {
	brand, _ := r.brand()
	row := gift.Product{BrandID: brand.ID, Name: r.text("name", maxName), Face: r.won("face", 1, 0)}
	old, id, there, ok := entry(r, &c.names.products, "name", productName(row))
	if !ok {
		return
	}
	row.ID, row.Thumb = id, r.image("thumb", old.Thumb)
	conclude(r, &c.names.products, id, productName(row), old, row, there, &c.plan.load.Added.Products, &c.plan.load.Changed.Products)
}

func readShop(c *check, r *row) {
	category, _ := r.category(gift.StarCoupon)
	row := gift.Shop{CategoryID: category.ID, Name: r.text("name", maxName), Town: r.text("town", maxName)}
	row.Province, row.District = r.place()
	old, id, there, ok := entry(r, &c.names.shops, "name", shopName(row))
	if !ok {
		return
	}
	row.ID, row.Thumb = id, r.image("thumb", old.Thumb)
	row.MapURL = r.optional("map", maxText, old.MapURL)
	if r.given("map") && !strings.HasPrefix(row.MapURL, "https://") && !strings.HasPrefix(row.MapURL, "http://") {
		r.refuse("map", say("https://로 시작하는 주소여야 합니다.", "This must be an address that begins with https://."))
	}
	conclude(r, &c.names.shops, id, shopName(row), old, row, there, &c.plan.load.Added.Shops, &c.plan.load.Changed.Shops)
}

// place reads a province and a district by their official or usual names, and returns the official ones.
func (r *row) place() (province, district string) {
	name := r.text("province", maxName)
	province, ok := region.Province(name)
	if name != "" && !ok {
		r.refuse("province", say("시도 이름이 아닙니다. 예: 서울특별시", "This is no province; write it as 서울특별시."))
	}
	name = r.text("district", maxName)
	if name == "" || !ok {
		return province, name
	}
	if district, ok = region.District(province, name); !ok {
		r.refuse("district", say("%s에 없는 시군구입니다.", "There is no such district in %s.", province))
	}
	return province, district
}

func readSeller(c *check, r *row) {
	shop, _ := r.shop()
	row := Seller{ShopID: shop.ID, Name: r.text("name", maxName)}
	code := r.text("code", maxName)
	old, id, there, ok := entry(r, &c.names.sellers, "name", sellerName(row))
	if !ok {
		return
	}
	row.ID, row.CodeHash = id, old.CodeHash
	switch {
	case code == "" && !there:
		r.refuse("code", missing)
	case code != "" && len([]rune(code)) < 4:
		r.refuse("code", say("매니저 코드는 4자 이상이어야 합니다.", "A manager code has at least 4 characters."))
	case code != "":
		same, err := c.vault.CheckCode(c.ctx, old.CodeHash, code)
		if err != nil {
			c.err = err
			return
		}
		if !there || !same {
			row.code = code
		}
	}
	conclude(r, &c.names.sellers, id, sellerName(row), old, row, there, &c.plan.load.Added.Sellers, &c.plan.load.Changed.Sellers)
}

func readCampaign(c *check, r *row) {
	shop, _ := r.shop()
	row := gift.Campaign{ShopID: shop.ID, CouponName: r.text("coupon", maxName), Product: r.text("product", maxText)}
	old, id, there, ok := entry(r, &c.names.campaigns, "coupon", campaignName(row))
	if !ok {
		return
	}
	row.ID = id
	row.Condition = r.optional("terms", maxText, old.Condition)
	row.OrgPrice = r.won("org price", 0, old.OrgPrice)
	row.Price = r.won("price", 0, old.Price)
	if row.OrgPrice > 0 && row.Price > row.OrgPrice {
		r.refuse("price", say("정가보다 비쌀 수 없습니다.", "The price is above the regular price."))
	}
	row.Discount, row.Free = row.Price, row.Price == 0
	if there && row.Price == old.Price { // a form can set these by themselves
		row.Discount, row.Free = old.Discount, old.Free
	}
	row.MakerID = r.optional("maker", maxName, old.MakerID)
	switch {
	case there && row.MakerID == old.MakerID:
		row.MemberType = old.MemberType
	case row.MakerID != "":
		row.MemberType = "user"
	default:
		row.MemberType = "shop"
	}
	row.Thumb, row.Image, row.Image2 = r.image("thumb", old.Thumb), r.image("front", old.Image), r.image("use", old.Image2)
	conclude(r, &c.names.campaigns, id, campaignName(row), old, row, there, &c.plan.load.Added.Campaigns, &c.plan.load.Changed.Campaigns)
}
