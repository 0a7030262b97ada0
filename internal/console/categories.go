package console

import (
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// offerKind is what a kind of offers is called.
func offerKind(k gift.Kind) text {
	if k == gift.StarCoupon {
		return text{"별별쿠폰", "Star coupon"}
	}
	return text{"기프티콘", "Gifticon"}
}

func (q *request) kindOptions() []selectable {
	return []selectable{{"1", offerKind(gift.Gifticon).in(q.lang)}, {"2", offerKind(gift.StarCoupon).in(q.lang)}}
}

func (q *request) kindFilter() field {
	return field{
		Name: "kind", Label: text{"구분", "Kind"}, Type: "select", Value: q.FormValue("kind"),
		Options: q.picked(text{"모두", "All"}, q.kindOptions()),
	}
}

func categoryShelf() *shelfPage[gift.Category] {
	return &shelfPage[gift.Category]{
		path: "categories", title: text{"카테고리", "Categories"}, one: text{"카테고리", "category"},
		columns: []text{{"이름", "Name"}, {"그림", "Picture"}, {"구분", "Kind"}, {"순서", "Place"}},
		shelf:   func(s Store) office.Shelf[gift.Category] { return s.Categories() },
		label:   func(l office.Listed[gift.Category]) string { return l.Row.Name },
		cells: func(q *request, l office.Listed[gift.Category]) []cell {
			return []cell{
				{Text: l.Row.Name},
				{Picture: l.Row.Thumb},
				{Text: offerKind(l.Row.Kind).in(q.lang)},
				{Text: grouped(l.Row.Sort), Number: true},
			}
		},
		filters: func(q *request) ([]field, error) { return []field{q.kindFilter()}, nil },
		fields:  categoryFields,
		read:    readCategory,
		links: func(l office.Listed[gift.Category]) []shelfLink {
			id := strconv.FormatInt(l.Row.ID, 10)
			if l.Row.Kind == gift.StarCoupon {
				return []shelfLink{{catalogueRoot + "/shops?parent=" + id, text{"업체", "Shops"}}}
			}
			return []shelfLink{{catalogueRoot + "/brands?parent=" + id, text{"브랜드", "Brands"}}}
		},
	}
}

func categoryFields(q *request, c gift.Category) ([]field, error) {
	kind := field{
		Name: "kind", Label: text{"구분", "Kind"}, Type: "select", Options: q.kindOptions(), Value: idValue(int64(c.Kind)),
		Hint: text{"나중에 바꿀 수 없습니다.", "It cannot be changed later."},
	}
	if c.ID != 0 {
		kind.Type, kind.Fixed, kind.Value = "text", true, offerKind(c.Kind).in(q.lang)
	}
	return []field{
		kind,
		{Name: "name", Label: text{"이름", "Name"}, Type: "text", Value: c.Name, Needed: true},
		{Name: "thumb", Label: text{"그림 경로", "Path of the picture"}, Type: "picture", Value: c.Thumb},
		{
			Name: "sort", Label: text{"순서", "Place in lists"}, Type: "number", Value: strconv.FormatInt(c.Sort, 10),
			Hint: text{"작은 수가 앞에 섭니다.", "Lower numbers come first."},
		},
	}, nil
}

func readCategory(q *request, c *gift.Category) (faults, error) {
	r := q.reader()
	if c.ID == 0 {
		c.Kind = gift.Kind(r.one("kind", q.kindOptions()))
	}
	c.Name, c.Thumb = r.text("name", maxNameBytes, true), r.picture("thumb")
	sort, err := strconv.ParseInt(q.PostFormValue("sort"), 10, 32)
	if c.Sort = sort; err != nil {
		r.wrong["sort"] = text{"정수를 쓰십시오.", "Give a whole number."}
	}
	return r.wrong, nil
}
