package sample

import (
	"fmt"
	"strings"

	"giftimbiz/internal/gift"
)

// pictureVariants is how many pictures the products of a brand share.
const pictureVariants = 3

// makeBrands makes brands and products; the guide's products come first.
func (m *maker) makeBrands() {
	m.Products = guideProducts()
	var brand int64
	product := int64(firstProduct)
	records(brandsText, func(f []string) {
		if id, isBrand := strings.CutPrefix(f[0], "@"); isBrand {
			brand = number(strings.TrimSpace(id))
			thumb := fmt.Sprintf("/UPLOAD/CATE/brand%03d.png", brand)
			if brand == guideStarbucks {
				thumb = guideStarbucksThumb
			}
			m.Brands = append(m.Brands, gift.Brand{ID: brand, CategoryID: number(f[1]), Name: f[2], Thumb: thumb, InUse: true})
			return
		}
		m.Products = append(m.Products, gift.Product{
			ID: product, BrandID: brand, Name: f[0], Face: gift.Won(number(f[1])),
			Thumb: fmt.Sprintf("/UPLOAD/_PRODUCT/product%03d-%d.png", brand, product%pictureVariants),
		})
		product++
	})
}
