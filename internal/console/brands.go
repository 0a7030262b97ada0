package console

import (
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func brandShelf() *shelfPage[gift.Brand] {
	return &shelfPage[gift.Brand]{
		path: "brands", title: text{"브랜드", "Brands"}, one: text{"브랜드", "brand"},
		columns: []text{{"이름", "Name"}, {"그림", "Picture"}, {"카테고리", "Category"}, {"사용", "In use"}},
		shelf:   func(s Store) office.Shelf[gift.Brand] { return s.Brands() },
		label:   func(l office.Listed[gift.Brand]) string { return l.Row.Name },
		cells: func(q *request, l office.Listed[gift.Brand]) []cell {
			return []cell{
				{Text: l.Row.Name},
				{Picture: l.Row.Thumb},
				{Text: l.Parent, Link: categoryShelf().address(strconv.FormatInt(l.Row.CategoryID, 10))},
				{Text: yesOrNo(l.Row.InUse).in(q.lang)},
			}
		},
		filters: func(q *request) ([]field, error) {
			list, err := q.categoryOptions(gift.Gifticon)
			return []field{q.parentFilter(text{"카테고리", "Category"}, list)}, err
		},
		fields: brandFields,
		read:   readBrand,
		links: func(l office.Listed[gift.Brand]) []shelfLink {
			id := strconv.FormatInt(l.Row.ID, 10)
			return []shelfLink{
				{catalogueRoot + "/products?parent=" + id, text{"기프티콘 종류", "Products"}},
				{catalogueRoot + "/offers?brand=" + id, text{"판매 상품", "Offers"}},
			}
		},
	}
}

// parentFilter chooses what rows belong to.
func (q *request) parentFilter(name text, list []selectable) field {
	return field{
		Name: "parent", Label: name, Type: "select", Value: q.FormValue("parent"),
		Options: q.picked(text{"모두", "All"}, list),
	}
}

func yesOrNo(b bool) text {
	if b {
		return text{"예", "Yes"}
	}
	return text{"아니요", "No"}
}

func brandFields(q *request, b gift.Brand) ([]field, error) {
	list, err := q.categoryOptions(gift.Gifticon)
	if b.ID == 0 {
		b.InUse = true
	}
	return []field{
		{Name: "name", Label: text{"이름", "Name"}, Type: "text", Value: b.Name, Needed: true},
		{
			Name: "category", Label: text{"카테고리", "Category"}, Type: "select", Value: idValue(b.CategoryID), Options: list,
			Needed: true,
		},
		{Name: "thumb", Label: text{"그림 경로", "Path of the picture"}, Type: "picture", Value: b.Thumb},
		{Name: "in_use", Label: text{"사용 중인 브랜드로 알림", "Told to partners as in use"}, Type: "check", Value: ticked(b.InUse)},
	}, err
}

func readBrand(q *request, b *gift.Brand) (faults, error) {
	list, err := q.categoryOptions(gift.Gifticon)
	r := q.reader()
	b.Name, b.Thumb, b.InUse = r.text("name", maxNameBytes, true), r.picture("thumb"), q.PostFormValue("in_use") != ""
	b.CategoryID = r.one("category", list)
	return r.wrong, err
}
