package sample

import (
	"fmt"
	"net/url"

	"giftimbiz/internal/gift"
)

// makeShops makes shops and one seller each, who has the shop's number.
func (m *maker) makeShops() {
	surnames := []rune("김이박최정강조윤장임한오서신권황안송류홍")
	records(shopsText, func(f []string) {
		s := gift.Shop{
			ID: number(f[0]), CategoryID: number(f[1]), Name: f[2], Province: f[3], District: f[4], Town: f[5],
			Thumb:  fmt.Sprintf("/UPLOAD/starplace/shop%03d.png", number(f[0])),
			MapURL: "https://map.naver.com/p/search/" + url.PathEscape(f[2]),
		}
		guideShop(&s)
		m.Shops = append(m.Shops, s)
		m.Sellers = append(m.Sellers, Seller{
			ID: s.ID, ShopID: s.ID, Name: string(surnames[m.rng.IntN(len(surnames))]) + "점장",
		})
	})
}
