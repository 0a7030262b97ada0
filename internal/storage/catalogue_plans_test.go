package storage_test

import (
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// TestListsOfTheCatalogueAreReadByIndex asks PostgreSQL itself what was read, with statistics of tables that are still empty.
func TestListsOfTheCatalogueAreReadByIndex(t *testing.T) {
	dsn := migratedPostgresURL(t)
	const offers, units = 1200, 5
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	raw := rawDB(t, "pgx", dsn)
	if _, err := raw.ExecContext(t.Context(), `VACUUM ANALYZE`); err != nil {
		t.Fatal(err)
	}
	today := gift.DayOf(storagetest.Noon)
	h.Stock(offers, units, func(o *gift.Offer) {
		o.LastDay, o.Stopped = today+gift.Day(o.ID%300)-100, o.ID%50 == 0
	})
	stockPaid(t, h, 100)
	forgetReads(t, dsn, h.DB, raw)
	db, err := storage.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	queries := []office.OfferQuery{
		{},
		{After: 700},
		{Kind: gift.StarCoupon},
		{ProductID: 27935, After: 300},
		{CampaignID: paidCampaign},
		{ShopID: paidShop},
		{BrandID: 4, After: 300},
		{Words: "초코"},
		{State: office.Expiring, Days: 3},
		{State: office.OnSale, After: 100},
		{State: office.Expired},
		{State: office.Stopped},
	}
	for _, q := range queries {
		q.Today, q.Limit = today, 10
		if page, err := db.OfferList(t.Context(), q); err != nil || len(page.Rows) == 0 {
			t.Errorf("%+v: %d rows, %v", q, len(page.Rows), err)
		}
	}
	for _, q := range []office.UnitQuery{
		{}, {OfferID: 7}, {OfferID: 7, State: office.UnitFree}, {After: paidOffer*100_000 + 50},
	} {
		q.Limit = 10
		if rows, err := db.UnitList(t.Context(), q); err != nil || len(rows) == 0 {
			t.Errorf("%+v: %d rows, %v", q, len(rows), err)
		}
	}
	if err := db.Close(); err != nil { // its connections hand in their figures
		t.Fatal(err)
	}
	for table, most := range map[string]int64{"offers": 100 * int64(len(queries)), "units": 250} {
		if whole, found := readsOf(t, raw, table); whole > 0 || found > most {
			t.Errorf("%s: %d rows were read without an index and %d with one", table, whole, found)
		}
	}
}
