package catalog

import (
	"math/rand/v2"
	"time"

	"giftimbiz/internal/gift"
)

// Index is all that is on sale on one day. It is immutable: its methods may be called from any goroutine, and the
// answers of one Index fit together. Pages share their rows: nobody may change them.
type Index struct {
	id          uint64 // random: no other index has it, on any node
	seq         int64  // the source's number up to which changes are in it
	day         gift.Day
	from, until time.Time // the day
	keeps       gift.Day  // offers that were valid to a day before this one are forgotten
	books       *books
	gifts       *market
	stars       *market
	kept        *keptTexts
}

func newIndex(day gift.Day) *Index {
	return &Index{
		id: rand.Uint64(), day: day, from: day.Start(), until: day.End(), keeps: day - 1, books: &books{},
		gifts: newMarket(gift.Gifticon), stars: newMarket(gift.StarCoupon), kept: newKept(),
	}
}

// Day returns the day in Seoul whose prices are shown.
func (ix *Index) Day() gift.Day { return ix.day }

// ID tells this index from all others, those of other nodes and of earlier runs included: who has an answer of an index with the
// same id has the same answer.
func (ix *Index) ID() uint64 { return ix.id }

// Since returns the state of the stock that the index shows, at least: what changes afterwards is told by Changes.
func (ix *Index) Since() Since {
	// Soon after a clock was set back, offers are missing that were forgotten as expired.
	return Since{Seq: ix.seq, Day: ix.day, Later: max(ix.day, ix.keeps)}
}

func (ix *Index) covers(t time.Time) bool { return !t.Before(ix.from) && t.Before(ix.until) }

// Gifts lists gifticons on sale (guide §4).
func (ix *Index) Gifts(q GiftQuery) Page {
	s, ok := ix.gifts.choose(q.CategoryID, q.BrandID, q.Order)
	if !ok {
		return Page{}
	}
	s.most = q.MaxPrice
	s.search(q.Words)
	return s.part(q.After, q.Offset, q.Limit)
}

// Stars lists star coupons on sale (guide §9).
func (ix *Index) Stars(q StarQuery) Page {
	s, ok := ix.stars.choose(q.CategoryID, q.ShopID, q.Order)
	if !ok {
		return Page{}
	}
	s.search(q.Words)
	if q.Province != "" || q.District != "" || q.Town != "" {
		s.restrict(ix.stars.itemsAt(&q))
	}
	if q.MakerID != "" {
		s.restrict(ix.stars.itemsBy(q.MakerID))
	}
	return s.part(q.After, q.Offset, q.Limit)
}

// Row returns an offer on sale; nil when it is not on sale.
func (ix *Index) Row(offerID int64) *Row {
	if row := ix.gifts.listed(offerID); row != nil {
		return row
	}
	return ix.stars.listed(offerID)
}

// Categories returns the categories of a kind in their order.
func (ix *Index) Categories(kind gift.Kind) []gift.Category {
	var found []gift.Category
	for _, c := range ix.books.categoryList {
		if c.Kind == kind {
			found = append(found, *c)
		}
	}
	return found
}

// Brands returns brands by id: those of a category (0 = any) with the given id (0 = any), also those without offers.
func (ix *Index) Brands(categoryID, brandID int64) []*gift.Brand {
	var found []*gift.Brand
	for _, b := range ix.books.brandList {
		if (categoryID == 0 || b.CategoryID == categoryID) && (brandID == 0 || b.ID == brandID) {
			found = append(found, b)
		}
	}
	return found
}

// Shops returns the shops of a category (0 = any) by id, also those without offers.
func (ix *Index) Shops(categoryID int64) []*gift.Shop {
	var found []*gift.Shop
	for _, s := range ix.books.shopList {
		if categoryID == 0 || s.CategoryID == categoryID {
			found = append(found, s)
		}
	}
	return found
}

// BrandOffers returns up to limit offers of a brand, the most popular first.
func (ix *Index) BrandOffers(brandID int64, limit int) []*Row {
	return ix.gifts.mostPopular(brandID, limit)
}

// ShopOffers returns up to limit offers of a shop, the most popular first.
func (ix *Index) ShopOffers(shopID int64, limit int) []*Row {
	return ix.stars.mostPopular(shopID, limit)
}

func (m *market) mostPopular(groupID int64, limit int) []*Row {
	if groupID == 0 {
		return nil
	}
	s, ok := m.choose(0, groupID, ByPopularity)
	if !ok {
		return nil
	}
	return s.page(0, limit).Rows
}
