package console

import (
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func productShelf() *shelfPage[gift.Product] {
	return &shelfPage[gift.Product]{
		path: "products", title: text{"기프티콘 종류", "Products"}, one: text{"기프티콘 종류", "product"},
		columns: []text{{"이름", "Name"}, {"그림", "Picture"}, {"브랜드", "Brand"}, {"액면가", "Face value"}},
		shelf:   func(s Store) office.Shelf[gift.Product] { return s.Products() },
		label:   func(l office.Listed[gift.Product]) string { return l.Row.Name + " · " + l.Parent },
		cells: func(_ *request, l office.Listed[gift.Product]) []cell {
			return []cell{
				{Text: l.Row.Name},
				{Picture: l.Row.Thumb},
				{Text: l.Parent, Link: brandShelf().address(strconv.FormatInt(l.Row.BrandID, 10))},
				{Text: grouped(int64(l.Row.Face)), Number: true},
			}
		},
		filters: func(q *request) ([]field, error) {
			list, err := q.brandOptions()
			return []field{q.parentFilter(text{"브랜드", "Brand"}, list)}, err
		},
		fields: productFields,
		read:   readProduct,
		links: func(l office.Listed[gift.Product]) []shelfLink {
			return []shelfLink{{catalogueRoot + "/offers?product=" + strconv.FormatInt(l.Row.ID, 10), text{"판매 상품", "Offers"}}}
		},
	}
}

func productFields(q *request, p gift.Product) ([]field, error) {
	list, err := q.brandOptions()
	return []field{
		{Name: "name", Label: text{"이름", "Name"}, Type: "text", Value: p.Name, Needed: true},
		{
			Name: "brand", Label: text{"브랜드 번호", "Number of the brand"}, Type: "list", Value: idValue(p.BrandID), Options: list,
			Needed: true,
			Hint:   byName,
		},
		{
			Name: "face", Label: text{"액면가(원)", "Face value (won)"}, Type: "number", Value: idValue(int64(p.Face)), Needed: true,
			Hint: text{
				"이미 등록된 판매 상품의 액면가는 바뀌지 않습니다.", "The face values of offers that are there already do not change.",
			},
		},
		{Name: "thumb", Label: text{"그림 경로", "Path of the picture"}, Type: "picture", Value: p.Thumb},
	}, err
}

func readProduct(q *request, p *gift.Product) (_ faults, err error) {
	r := q.reader()
	p.Name, p.Face, p.Thumb = r.text("name", maxNameBytes, true), r.won("face"), r.picture("thumb")
	p.BrandID, err = parent(r, "brand", q.h.Store.Brands())
	return r.wrong, err
}
