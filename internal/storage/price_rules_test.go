package storage_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func setRule(t *testing.T, h *storagetest.House, r office.PriceRule) {
	t.Helper()
	if err := h.DB.SetPriceRule(t.Context(), r, h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
}

func repricing(t *testing.T, h *storagetest.House) office.Repricing {
	t.Helper()
	r, err := h.DB.Repricing(t.Context(), gift.DayOf(h.Clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func apply(t *testing.T, h *storagetest.House, digest string) (int64, error) {
	t.Helper()
	n, err := h.DB.StartRepricing(t.Context(), gift.DayOf(h.Clock.Now()), digest, h.Clock.Now())
	return n, errors.Join(err, h.DB.ContinueRepricing(t.Context(), time.Minute))
}

func TestPriceRulesDoWhatTheirPreviewShows(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(3, 2, func(o *gift.Offer) {
			if o.ID == 3 {
				o.LastDay = gift.DateOf(2025, 9, 14) // expired
			}
		})
		brand := add(t, h, h.DB.Brands(), gift.Brand{CategoryID: 6, Name: "GS25"})
		product := add(t, h, h.DB.Products(), gift.Product{BrandID: brand, Name: "도시락", Face: 4995})
		stock := &storage.Stock{
			Offers: []gift.Offer{{
				ID: 9, Kind: gift.Gifticon, ProductID: product, Face: 4995, LastDay: gift.DateOf(2025, 9, 20),
				Tiers: gift.Tiers{Far: 4500, Mid: 4500, Near: 4500},
			}},
			Units: []storage.NewUnit{{ID: 9, OfferID: 9, Position: 1, Sealed: storagetest.Sealed("x"), NumberHash: []byte("x")}},
		}
		if err := h.DB.Load(t.Context(), stock); err != nil {
			t.Fatal(err)
		}
		node := show(t, h)
		star := []string{"분식/너랑나랑분식/" + storagetest.CouponText + " 0"}
		cu, gs := "마트,편의점/CU/"+storagetest.Voucher, "마트,편의점/GS25/도시락 "
		node.wants([]string{gs + "4500", cu + " 940", cu + " 940"}, star)
		if r := repricing(t, h); r.Total.Offers != 0 {
			t.Errorf("without a rule: %+v", r)
		}
		setRule(t, h, office.PriceRule{Scope: office.ScopeAll, Rates: gift.Rates{Far: 500, Mid: 400, Near: 300}})
		setRule(t, h, office.PriceRule{Scope: office.ScopeCategory, ScopeID: 6, Rates: gift.Rates{Far: 655, Mid: 600, Near: 500}})
		setRule(t, h, office.PriceRule{Scope: office.ScopeBrand, ScopeID: brand, Rates: gift.Rates{Far: 1000, Mid: 1000, Near: 999}})
		r := repricing(t, h)
		want := office.Revalued{Offers: 3, Units: 5, Face: 4*1400 + 4995, Before: 4*940 + 4500, After: 4*920 + 4990}
		if diff := cmp.Diff(want, r.Total); diff != "" {
			t.Error(diff)
		}
		wantRow := office.RepricedOffer{
			ID: 1, Name: storagetest.Voucher, BrandID: 4, Brand: "CU", Face: 1400, LastDay: gift.DateOf(2025, 12, 31), Stock: 2,
			Before: gift.Tiers{Far: 940, Mid: 930, Near: 462}, After: gift.Tiers{Far: 920, Mid: 840, Near: 700},
		}
		rows, err := h.DB.RepricedAfter(t.Context(), gift.DayOf(h.Clock.Now()), 0, 2)
		if err != nil || len(rows) != 2 || rows[0].ID != 9 || rows[0].After != (gift.Tiers{Far: 4995, Mid: 4995, Near: 4990}) {
			t.Fatalf("%+v, %v", rows, err)
		}
		if diff := cmp.Diff(wantRow, rows[1]); diff != "" {
			t.Error(diff)
		}
		if len(r.Brands) != 2 || r.Brands[0].Brand != "GS25" || r.Brands[0].Margin() != 490 {
			t.Errorf("%+v", r)
		}
		more, err := h.DB.RepricedAfter(t.Context(), gift.DayOf(h.Clock.Now()), 1, 2)
		if err != nil || len(more) != 1 || more[0].ID != 2 {
			t.Errorf("%+v, %v", more, err)
		}
		if n, err := apply(t, h, r.Digest); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		node.wants([]string{gs + "4990", cu + " 920", cu + " 920"}, star)
		if got := told(t, h, 1); len(got) != 1 || strings.Count(got[0], `"price":920`) != 2 || strings.Count(got[0], `"price":4990`) != 1 {
			t.Errorf("told: %v", got)
		}
		if r := repricing(t, h); r.Total.Offers != 0 || len(r.Brands) != 0 {
			t.Errorf("applied: %+v", r)
		}
		if o, err := h.DB.OfferByID(t.Context(), 3); err != nil || o.Tiers.Far != 940 {
			t.Errorf("an expired offer: %+v, %v", o, err)
		}
		storagetest.Healthy(t, h.DB)
	})
}

func TestPriceRulesAreNotAppliedToWhatIsNoLongerAsPreviewed(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(2, 1)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		rule := office.PriceRule{Scope: office.ScopeAll, Rates: gift.Rates{Far: 500, Mid: 500, Near: 500}}
		setRule(t, h, rule)
		seen := repricing(t, h)
		o, err := h.DB.OfferByID(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		o.Tiers.Mid = 777
		if err := h.DB.ChangeOffer(t.Context(), o.Offer, o.Version, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if n, err := apply(t, h, seen.Digest); !errors.Is(err, office.ErrChanged) {
			t.Errorf("an offer changed: %d, %v", n, err)
		}
		seen = repricing(t, h)
		rules, err := h.DB.PriceRules(t.Context())
		if err != nil || len(rules) != 1 {
			t.Fatal(rules, err)
		}
		rules[0].Rates.Far = 510
		setRule(t, h, rules[0])
		if n, err := apply(t, h, seen.Digest); !errors.Is(err, office.ErrChanged) {
			t.Errorf("a rule changed: %d, %v", n, err)
		}
		seen = repricing(t, h)
		h.Buy(p, "the last", 1) // sales are no change
		if n, err := apply(t, h, seen.Digest); n != 2 || err != nil {
			t.Errorf("after a sale: %d, %v", n, err)
		}
		if n, err := apply(t, h, seen.Digest); !errors.Is(err, office.ErrChanged) {
			t.Errorf("applied twice: %d, %v", n, err)
		}
	})
}

func TestPriceRulesAreOneForEachScope(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		rates := gift.Rates{Far: 900, Mid: 800, Near: 700}
		setRule(t, h, office.PriceRule{Scope: office.ScopeBrand, ScopeID: 4, Rates: rates})
		for r, want := range map[office.PriceRule]error{
			{Scope: office.ScopeBrand, ScopeID: 4, Rates: rates}:     office.ErrDuplicate,
			{Scope: office.ScopeBrand, ScopeID: 99, Rates: rates}:    office.ErrNotFound,
			{Scope: office.ScopeCategory, ScopeID: 15, Rates: rates}: office.ErrNotFound, // of star coupons
			{ID: 99, Rates: rates}:                                   office.ErrChanged,
		} {
			if err := h.DB.SetPriceRule(t.Context(), r, h.Clock.Now()); !errors.Is(err, want) {
				t.Errorf("%+v: %v, want %v", r, err, want)
			}
		}
		rules, err := h.DB.PriceRules(t.Context())
		if err != nil || len(rules) != 1 || rules[0].Name != "CU" || rules[0].Rates != rates {
			t.Fatalf("%+v, %v", rules, err)
		}
		if err := h.DB.DropPriceRule(t.Context(), rules[0].ID, rules[0].Version, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if err := h.DB.DropPriceRule(t.Context(), 0, 0, h.Clock.Now()); !errors.Is(err, office.ErrChanged) {
			t.Errorf("no rule is removed: %v", err)
		}
		if err := h.DB.DropPriceRule(t.Context(), rules[0].ID, rules[0].Version, h.Clock.Now()); !errors.Is(err, office.ErrChanged) {
			t.Errorf("removed twice: %v", err)
		}
	})
}

// TestPriceRulesAreAppliedToMoreThanIsSentAtOnce crosses the bound of one statement, while others buy.
func TestPriceRulesAreAppliedToMoreThanIsSentAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const offers, first = 5200, firstStocked
		stockOffers(t, h, offers)
		p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
		setRule(t, h, office.PriceRule{Scope: office.ScopeAll, Rates: gift.Rates{Far: 600, Mid: 600, Near: 600}})
		seen := repricing(t, h)
		done := make(chan bool)
		go func() {
			defer close(done)
			for i := range 50 {
				h.Buy(p, fmt.Sprint(i), int64(first+offers-1-i)) // at either price: some are refused
			}
		}()
		n, err := apply(t, h, seen.Digest)
		if n != offers || err != nil {
			t.Error(n, err)
		}
		<-done
		if left := repricing(t, h); left.Total.Offers != 0 {
			t.Errorf("%d offers are left", left.Total.Offers)
		}
	})
}

// TestPriceRulesThatANodeLeftHalfAppliedAreTakenUp breaks off after one part, as a killed node would, and has two others go on.
func TestPriceRulesThatANodeLeftHalfAppliedAreTakenUp(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const offers = 1000
		stockOffers(t, h, offers)
		setRule(t, h, office.PriceRule{Scope: office.ScopeAll, Rates: gift.Rates{Far: 600, Mid: 600, Near: 600}})
		seen, now := repricing(t, h), h.Clock.Now()
		if n, err := h.DB.StartRepricing(t.Context(), gift.DayOf(now), seen.Digest, now); n != offers || err != nil {
			t.Fatal(n, err)
		}
		if err := h.DB.ContinueRepricing(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		run := lastRun(t, h)
		if !run.Running || run.Done == 0 || run.Done == offers || run.By == "" || repricing(t, h).Total.Offers != offers-run.Done {
			t.Fatalf("half applied: %+v", run)
		}
		if _, err := h.DB.StartRepricing(t.Context(), gift.DayOf(now), repricing(t, h).Digest, now); !errors.Is(err, office.ErrChanged) {
			t.Errorf("another while one is under way: %v", err)
		}
		// What an operator does meanwhile to an offer is not undone, and a rule of now changes nothing of what was decided.
		last, err := h.DB.OfferByID(t.Context(), firstStocked+offers-1)
		if err != nil {
			t.Fatal(err)
		}
		last.Tiers.Mid = 777
		if err := h.DB.ChangeOffer(t.Context(), last.Offer, last.Version, now); err != nil {
			t.Fatal(err)
		}
		rules, err := h.DB.PriceRules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := h.DB.DropPriceRule(t.Context(), rules[0].ID, rules[0].Version, now); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := h.DB.ContinueRepricing(t.Context(), time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		run = lastRun(t, h)
		if run.Running || run.Done != offers || run.Changed != offers-1 || run.Left() != 1 {
			t.Errorf("taken up: %+v", run)
		}
		for id, want := range map[int64]gift.Tiers{
			firstStocked + offers - 2: {Far: 840, Mid: 840, Near: 840}, firstStocked + offers - 1: {Far: 940, Mid: 777, Near: 462},
		} {
			if o, err := h.DB.OfferByID(t.Context(), id); err != nil || o.Tiers != want {
				t.Errorf("offer %d: %+v, %v", id, o.Tiers, err)
			}
		}
		if err := h.DB.ContinueRepricing(t.Context(), time.Minute); err != nil {
			t.Error(err)
		}
		entries, err := h.DB.Audit(t.Context(), office.AuditFilter{Action: "price-rules.apply"}, 0, 10)
		if err != nil || len(entries) != 1 {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		storagetest.Healthy(t, h.DB)
	})
}

func lastRun(t *testing.T, h *storagetest.House) office.RepricingRun {
	t.Helper()
	run, err := h.DB.LastRepricing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return run
}

const firstStocked = 10_000

// stockOffers puts offers of one voucher each on sale, from the number firstStocked.
func stockOffers(t testing.TB, h *storagetest.House, offers int64) {
	t.Helper()
	h.Stock(0, 1)
	stock := &storage.Stock{}
	for id := int64(firstStocked); id < firstStocked+offers; id++ {
		hash := fmt.Appendf(nil, "%d", id)
		stock.Offers = append(stock.Offers, gift.Offer{
			ID: id, Kind: gift.Gifticon, ProductID: 27935, Face: 1400, LastDay: gift.DateOf(2025, 12, 31),
			Tiers: gift.Tiers{Far: 940, Mid: 930, Near: 462},
		})
		stock.Units = append(stock.Units, storage.NewUnit{ID: id, OfferID: id, Position: 1, Sealed: storagetest.Sealed(string(hash)), NumberHash: hash})
	}
	if err := h.DB.Load(t.Context(), stock); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkPurchasesDuringRepricing tells how long one purchase in a hundred takes, alone and while 200,000 offers, of which
// one of those reached last is bought, get new prices.
func BenchmarkPurchasesDuringRepricing(b *testing.B) {
	for name, open := range map[string]storagetest.Opener{"sqlite": opener(migratedSQLiteURL), "postgres": opener(migratedPostgresURL)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h := storagetest.NewHouse(b, open)
				stockOffers(b, h, 200_000)
				p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000_000)
				rule := office.PriceRule{Scope: office.ScopeAll, Rates: gift.Rates{Far: 671, Mid: 600, Near: 600}} // today as before
				if err := h.DB.SetPriceRule(b.Context(), rule, h.Clock.Now()); err != nil {
					b.Fatal(err)
				}
				today := gift.DayOf(h.Clock.Now())
				seen, err := h.DB.Repricing(b.Context(), today)
				if err != nil {
					b.Fatal(err)
				}
				over := make(chan struct{})
				alone := time.AfterFunc(2*time.Second, func() { close(over) })
				before := percentile99(b, h, p, "a", func(i int) int64 { return firstStocked + 199_999 - int64(i) }, over)
				alone.Stop()
				over = make(chan struct{})
				began := time.Now()
				var wg sync.WaitGroup
				wg.Go(func() {
					defer close(over)
					_, err := h.DB.StartRepricing(b.Context(), today, seen.Digest, h.Clock.Now())
					if err := errors.Join(err, h.DB.ContinueRepricing(b.Context(), time.Hour)); err != nil {
						b.Error(err)
					}
				})
				during := percentile99(b, h, p, "b", func(i int) int64 { return firstStocked + int64(i)*37%150_000 }, over)
				wg.Wait()
				b.ReportMetric(time.Since(began).Seconds(), "s-repricing")
				b.ReportMetric(float64(before.Microseconds())/1000, "ms-alone")
				b.ReportMetric(float64(during.Microseconds())/1000, "ms-during")
			}
		})
	}
}
