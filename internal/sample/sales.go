package sample

import "giftimbiz/internal/gift"

// makeSales makes some things more popular than others over the last four weeks.
func (m *maker) makeSales() {
	items := make([]Sale, 0, len(m.Products)+len(m.Campaigns))
	for _, p := range m.Products {
		items = append(items, Sale{Kind: gift.Gifticon, ItemID: p.ID})
	}
	for _, c := range m.Campaigns {
		items = append(items, Sale{Kind: gift.StarCoupon, ItemID: c.ID})
	}
	for rank, i := range m.rng.Perm(len(items)) {
		sale := items[i]
		for ago := m.between(1, 9); ago < 29; ago += m.between(5, 15) {
			sale.Day = m.opt.Today - gift.Day(ago)
			sale.Sold = int64(m.between(1, 4) + 300/(rank+3))
			m.Sales = append(m.Sales, sale)
		}
	}
}
