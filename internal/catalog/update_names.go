package catalog

import (
	"slices"

	"giftimbiz/internal/gift"
)

// reviseNames brings in changed categories, groups and items, and notes the items that have to be shown anew.
func (e *edit) reviseNames() {
	if e.old.kind == gift.StarCoupon {
		for i := range e.rows.Campaigns {
			e.setItem(e.rows.Campaigns[i].ID, e.rows.Campaigns[i].ShopID)
		}
		for i := range e.rows.Shops {
			e.setGroup(e.rows.Shops[i].ID, e.rows.Shops[i].CategoryID)
		}
	} else {
		for i := range e.rows.Products {
			e.setItem(e.rows.Products[i].ID, e.rows.Products[i].BrandID)
		}
		for i := range e.rows.Brands {
			e.setGroup(e.rows.Brands[i].ID, e.rows.Brands[i].CategoryID)
		}
	}
	for i := range e.rows.Categories {
		e.setCategory(e.rows.Categories[i].ID)
	}
	e.reviseTexts()
	if e.rows.moved(e.old.kind) {
		e.next.origins = newOrigins(e.next, e.books)
	}
}

func (e *edit) reviseTexts() {
	kind := e.old.kind
	t := &newTexts{
		items: map[int32]itemText{}, groups: map[int32]string{},
		itemCount: e.next.itemNo.len(), groupCount: e.next.groupNo.len(),
	}
	e.renamed.each(func(no int32) {
		it := e.next.item(no)
		shared, ok := t.groups[it.group]
		if !ok {
			shared = searchText(e.books.groupNames(kind, e.next.group(it.group).id))
			t.groups[it.group] = shared
		}
		text := itemText{own: searchText(e.books.itemNames(kind, it.id)), group: it.group}
		if e.old.names.differs(no, text, shared) {
			t.items[no] = text
		}
	})
	if len(t.items) > 0 {
		e.next.names = e.old.names.with(t)
	}
}

func (e *edit) rename(no int32) {
	e.renamed = e.renamed.grown(int(no) + 1)
	e.renamed.set(no)
	e.anyKnown = e.anyKnown || int(no) < e.old.itemNo.len()
}

func (e *edit) item(no int32) *item {
	return &e.items.edit(no >> itemBits).item[no&(1<<itemBits-1)]
}

func (e *edit) group(no int32) *facet {
	return &e.groups.edit(no >> facetBits)[no&(1<<facetBits-1)]
}

func (e *edit) category(no int32) *facet {
	return &e.categories.edit(no >> facetBits)[no&(1<<facetBits-1)]
}

func (e *edit) itemNumber(id int64) int32 {
	no, ok := e.next.itemNo.of(id)
	if !ok {
		no = e.next.itemNo.add(id)
		*e.item(no) = item{id: id, group: -1, category: -1, popularity: e.popularity[PopularityKey{e.old.kind, id}]}
	}
	return no
}

func (e *edit) groupNumber(id int64) int32 {
	no, ok := e.next.groupNo.of(id)
	if !ok {
		no = e.next.groupNo.add(id)
		*e.group(no) = facet{id: id, parent: -1}
	}
	return no
}

func (e *edit) categoryNumber(id int64) int32 {
	no, ok := e.next.categoryNo.of(id)
	if !ok {
		no = e.next.categoryNo.add(id)
		*e.category(no) = facet{id: id, parent: -1}
	}
	return no
}

func (e *edit) setItem(id, groupID int64) {
	no, group := e.itemNumber(id), e.groupNumber(groupID)
	e.rename(no)
	it := e.item(no)
	if it.group == group {
		return
	}
	if it.group >= 0 {
		from := e.regroup(it.group)
		from.members = slices.DeleteFunc(from.members, func(m int32) bool { return m == no })
	}
	to := e.regroup(group)
	to.members = append(to.members, no)
	it.group, it.category = group, to.parent
}

// regroup returns a group whose members may be changed.
func (e *edit) regroup(no int32) *facet {
	g := e.group(no)
	if !e.regrouped[no] {
		e.regrouped[no] = true
		g.members = slices.Clone(g.members)
	}
	return g
}

func (e *edit) setGroup(id, categoryID int64) {
	no, category := e.groupNumber(id), e.categoryNumber(categoryID)
	g := e.group(no)
	for _, member := range g.members {
		e.rename(member)
		if g.parent != category {
			e.item(member).category = category
		}
	}
	g.parent = category
}

func (e *edit) setCategory(id int64) {
	no, ok := e.next.categoryNo.of(id)
	if !ok {
		return
	}
	for g := range int32(e.next.groupNo.len()) {
		if e.next.group(g).parent != no {
			continue
		}
		for _, member := range e.next.group(g).members {
			e.rename(member)
		}
	}
}

// recount brings in another popularity.
func (e *edit) recount() {
	if !e.recounted {
		return
	}
	for no := range int32(e.old.itemNo.len()) {
		it := e.next.item(no)
		sold := e.popularity[PopularityKey{e.old.kind, it.id}]
		if sold != it.popularity {
			e.item(no).popularity = sold
			e.reordered = append(e.reordered, no)
		}
	}
}
