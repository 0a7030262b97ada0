package storage_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
)

// shown is a catalogue as a node has it; look refreshes it and returns the words of its first row of a kind.
type shown struct {
	t *testing.T
	*catalog.Catalog
}

func show(t *testing.T, h *storagetest.House) shown {
	t.Helper()
	return shown{t, catalog.New(h.DB, h.Clock, func(dst []byte, v *catalog.View) []byte {
		if v.Product != nil {
			return fmt.Appendf(dst, "%s/%s/%s %d", v.Category.Name, v.Brand.Name, v.Product.Name, v.Price)
		}
		return fmt.Appendf(dst, "%s/%s/%s %d", v.Category.Name, v.Shop.Name, v.Campaign.Product, v.Price)
	})}
}

// wants reads what changed, and compares the rows of both kinds.
func (s shown) wants(gifts, stars []string) {
	s.t.Helper()
	if _, err := s.Refresh(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	ix := s.Index()
	for _, list := range []struct {
		want []string
		page catalog.Page
	}{{gifts, ix.Gifts(catalog.GiftQuery{MaxPrice: -1, Limit: 10})}, {stars, ix.Stars(catalog.StarQuery{Limit: 10})}} {
		var got []string
		for _, row := range list.page.Rows {
			got = append(got, string(row.Wire))
		}
		if diff := cmp.Diff(list.want, got); diff != "" {
			s.t.Errorf("the catalogue shows\n%s", diff)
		}
	}
}

// edit changes a row as an operator does who has just read it.
func edit[T any](t *testing.T, h *storagetest.House, s office.Shelf[T], id int64, change func(*T)) {
	t.Helper()
	l, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	change(&l.Row)
	if got, err := s.Save(t.Context(), l.Row, l.Version, h.Clock.Now()); got != id || err != nil {
		t.Fatalf("%d, %v", got, err)
	}
}

func add[T any](t *testing.T, h *storagetest.House, s office.Shelf[T], row T) int64 {
	t.Helper()
	id, err := s.Save(t.Context(), row, 0, h.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestWhatAnOperatorChangesIsInTheCatalogueAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 2)
		node := show(t, h)
		star := "분식/너랑나랑분식/" + storagetest.CouponText + " 0"
		node.wants([]string{"마트,편의점/CU/" + storagetest.Voucher + " 940"}, []string{star})

		edit(t, h, h.DB.Categories(), 6, func(c *gift.Category) { c.Name = "편의점" })
		node.wants([]string{"편의점/CU/" + storagetest.Voucher + " 940"}, []string{star})
		edit(t, h, h.DB.Brands(), 4, func(b *gift.Brand) { b.Name = "씨유" })
		node.wants([]string{"편의점/씨유/" + storagetest.Voucher + " 940"}, []string{star})
		edit(t, h, h.DB.Products(), 27935, func(p *gift.Product) { p.Name = "초코" })
		node.wants([]string{"편의점/씨유/초코 940"}, []string{star})

		category := add(t, h, h.DB.Categories(), gift.Category{Kind: gift.Gifticon, Name: "카페"})
		edit(t, h, h.DB.Brands(), 4, func(b *gift.Brand) { b.CategoryID = category })
		node.wants([]string{"카페/씨유/초코 940"}, []string{star})
		if found := node.Index().Gifts(catalog.GiftQuery{CategoryID: category, MaxPrice: -1, Limit: 1}); found.Total != 1 {
			t.Errorf("%d in the new category", found.Total)
		}
		brand := add(t, h, h.DB.Brands(), gift.Brand{CategoryID: 6, Name: "새 브랜드", InUse: true})
		edit(t, h, h.DB.Products(), 27935, func(p *gift.Product) { p.BrandID = brand })
		node.wants([]string{"편의점/새 브랜드/초코 940"}, []string{star})
		for words, want := range map[string]int{"새 초코": 1, "씨유": 0, "카페": 0} {
			if found := node.Index().Gifts(catalog.GiftQuery{Words: words, MaxPrice: -1, Limit: 1}); found.Total != want {
				t.Errorf("%d found for %q", found.Total, words)
			}
		}

		edit(t, h, h.DB.Shops(), 37, func(s *gift.Shop) { s.Name, s.District = "너랑분식", "서대문구" })
		node.wants([]string{"편의점/새 브랜드/초코 940"}, []string{"분식/너랑분식/" + storagetest.CouponText + " 0"})
		if found := node.Index().Stars(catalog.StarQuery{District: "서대문구", Limit: 1}); found.Total != 1 {
			t.Errorf("%d in the shop's new district", found.Total)
		}
		edit(t, h, h.DB.Campaigns(), storagetest.CampaignID, func(c *gift.Campaign) { c.Product = "떡볶이" })
		shop := add(t, h, h.DB.Shops(), gift.Shop{CategoryID: 15, Name: "옆집"})
		edit(t, h, h.DB.Campaigns(), storagetest.CampaignID, func(c *gift.Campaign) { c.ShopID = shop })
		node.wants([]string{"편의점/새 브랜드/초코 940"}, []string{"분식/옆집/떡볶이 0"})
	})
}

func TestOfTwoWhoSaveAtOnceOneWinsAndTheOtherIsTold(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 2)
		brand, err := h.DB.Brands().Get(t.Context(), 4)
		if err != nil {
			t.Fatal(err)
		}
		offer, err := h.DB.OfferByID(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		const savers = 6
		var made, won, told, offersWon, offersTold atomic.Int64
		count := func(err error, won, told *atomic.Int64) {
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, office.ErrChanged):
				told.Add(1)
			default:
				t.Error(err)
			}
		}
		each(savers, func(i int) {
			row := brand.Row
			row.Name = fmt.Sprint("by ", i)
			_, err := h.DB.Brands().Save(context.Background(), row, brand.Version, h.Clock.Now())
			count(err, &won, &told)
			changed := offer.Offer
			changed.Tiers.Far = gift.Won(100 + i)
			_, err = h.DB.Brands().Save(context.Background(), gift.Brand{CategoryID: 6, Name: "new"}, 0, h.Clock.Now())
			if err == nil {
				made.Add(1)
			} else if !errors.Is(err, office.ErrDuplicate) {
				t.Error(err)
			}
			count(h.DB.ChangeOffer(context.Background(), changed, offer.Version, h.Clock.Now()), &offersWon, &offersTold)
		})
		if made.Load() != 1 {
			t.Errorf("a form sent %d times made %d brands", savers, made.Load())
		}
		if won.Load() != 1 || told.Load() != savers-1 || offersWon.Load() != 1 || offersTold.Load() != savers-1 {
			t.Errorf("%d won and %d were told; of the offer %d and %d", won.Load(), told.Load(), offersWon.Load(), offersTold.Load())
		}
	})
}

func TestRowsAreListedBySearchAndPage(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		products := h.DB.Products()
		other := add(t, h, h.DB.Brands(), gift.Brand{CategoryID: 6, Name: "GS25"})
		for _, p := range []gift.Product{
			{BrandID: 4, Name: "100% 오렌지", Face: 3000},
			{BrandID: other, Name: "Latte_M", Face: 4000},
			{BrandID: other, Name: "latte L", Face: 5000},
		} {
			add(t, h, products, p)
		}
		names := func(q office.ItemQuery) (list []string) {
			t.Helper()
			if q.Limit == 0 {
				q.Limit = 10
			}
			rows, err := products.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range rows {
				list = append(list, l.Parent+"/"+l.Row.Name)
			}
			return list
		}
		for _, c := range []struct {
			q    office.ItemQuery
			want []string
		}{
			{office.ItemQuery{}, []string{"CU/" + storagetest.Voucher, "CU/100% 오렌지", "GS25/Latte_M", "GS25/latte L"}},
			{office.ItemQuery{After: 27936, Limit: 1}, []string{"GS25/Latte_M"}},
			{office.ItemQuery{Words: "LATTE"}, []string{"GS25/Latte_M", "GS25/latte L"}},
			{office.ItemQuery{Words: "e_m"}, []string{"GS25/Latte_M"}},
			{office.ItemQuery{Words: "0%"}, []string{"CU/100% 오렌지"}},
			{office.ItemQuery{Words: "27937"}, []string{"GS25/Latte_M"}},
			{office.ItemQuery{Parent: 4, Words: "렌"}, []string{"CU/100% 오렌지"}},
			{office.ItemQuery{Words: `\`}, nil},
		} {
			if diff := cmp.Diff(c.want, names(c.q)); diff != "" {
				t.Errorf("%+v\n%s", c.q, diff)
			}
		}
		if _, err := products.Save(t.Context(), gift.Product{BrandID: 99, Name: "x"}, 0, h.Clock.Now()); !errors.Is(err, office.ErrNotFound) {
			t.Errorf("a product of no brand: %v", err)
		}
		if _, err := products.Get(t.Context(), 99); !errors.Is(err, office.ErrNotFound) {
			t.Errorf("no such product: %v", err)
		}
	})
}

func TestAChangeIsInTheAuditTrailWithoutTheSellersCode(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 1)
		ctx := office.As(t.Context(), office.Actor{OperatorID: 7, Name: "kim@example.com", Address: "192.0.2.1"})
		id, err := h.DB.Managers().Save(ctx, office.Seller{ShopID: 37, Name: "새 점장", CodeHash: "a hash"}, 0, h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		l, err := h.DB.Managers().Get(ctx, id)
		if err != nil || l.Parent != "너랑나랑분식" {
			t.Fatal(l, err)
		}
		renamed := office.Seller{ID: id, ShopID: 37, Name: "옛 점장"}
		if _, err := h.DB.Managers().Save(ctx, renamed, l.Version, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if seller, err := h.DB.Seller(ctx, id); err != nil || seller.CodeHash != "a hash" || seller.Name != "옛 점장" {
			t.Errorf("%+v, %v", seller, err)
		}
		var lines int
		err = out.raw.QueryRowContext(ctx, `SELECT COUNT(*) FROM audit WHERE operator_id = 7 AND actor = 'kim@example.com'
AND address = '192.0.2.1' AND subject = $1 AND before_state NOT LIKE '%hash%' AND after_state NOT LIKE '%hash%'
AND (action = 'seller.create' AND before_state = '' OR action = 'seller.change' AND before_state LIKE '%새 점장%'
     AND after_state LIKE '%옛 점장%')`, fmt.Sprint("seller:", id)).Scan(&lines)
		if lines != 2 || err != nil {
			t.Errorf("%d lines, %v", lines, err)
		}
	})
}

// TestWhatRedeemedCouponsOfAShopStaysThere: what a shop is paid is explained by its sellers' redemptions.
func TestWhatRedeemedCouponsOfAShopStaysThere(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		period := redeemedHouse(t, h)
		seller, err := h.DB.Managers().Get(t.Context(), paidSeller)
		if err != nil {
			t.Fatal(err)
		}
		campaign, err := h.DB.Campaigns().Get(t.Context(), paidCampaign)
		if err != nil {
			t.Fatal(err)
		}
		seller.Row.ShopID, campaign.Row.ShopID = 37, 37
		if _, err := h.DB.Managers().Save(t.Context(), seller.Row, seller.Version, h.Clock.Now()); !errors.Is(err, office.ErrStays) {
			t.Errorf("a seller: %v", err)
		}
		if _, err := h.DB.Campaigns().Save(t.Context(), campaign.Row, campaign.Version, h.Clock.Now()); !errors.Is(err, office.ErrStays) {
			t.Errorf("a campaign: %v", err)
		}
		items, err := h.DB.RedeemedItems(t.Context(), paidShop, period, office.RedeemedPlace{}, 10)
		if err != nil || len(items) != 2 {
			t.Errorf("%d items, %v", len(items), err)
		}
		seller.Row.ShopID, seller.Row.Name = paidShop, "새 이름"
		if _, err := h.DB.Managers().Save(t.Context(), seller.Row, seller.Version, h.Clock.Now()); err != nil {
			t.Errorf("another name: %v", err)
		}
		unused, err := h.DB.Managers().Get(t.Context(), paidSeller+1)
		if err != nil {
			t.Fatal(err)
		}
		unused.Row.ShopID = 37
		if _, err := h.DB.Managers().Save(t.Context(), unused.Row, unused.Version, h.Clock.Now()); err != nil {
			t.Errorf("a seller that redeemed nothing: %v", err)
		}
	})
}
