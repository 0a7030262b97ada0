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
			ID: s.ID, ShopID: s.ID, Code: m.managerCode(),
			Name: string(surnames[m.rng.IntN(len(surnames))]) + "점장",
		})
	})
}

// managerCode returns 6 to 8 digits. The first is not 0, so that a client or a spreadsheet may take it for a number.
func (m *maker) managerCode() string {
	code := make([]byte, m.between(6, 8))
	code[0] = byte('1' + m.rng.IntN(9))
	for i := 1; i < len(code); i++ {
		code[i] = byte('0' + m.rng.IntN(10))
	}
	return string(code)
}
