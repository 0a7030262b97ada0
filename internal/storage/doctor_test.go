package storage_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// patient is a database with something of everything, which is copied for each harm done.
type patient struct {
	live, sandbox, free gift.ID // orders: two vouchers; the same, sandbox; a coupon for nothing
	used, once, late    gift.ID // orders: a paid coupon, used; a voucher of a once-per-partner offer; a voucher bought last
	back, refund        gift.ID // an order of two vouchers, refunded one by one, and the first refund
	demo, test          int64   // partners

	usedQuote, openQuote, testQuote gift.ID
	quotedOrder                     gift.ID // of the used quote
	quoting                         int64   // the live quotes' partner
}

// Offers of the patient.
const (
	plainOffer = 1
	onceOffer  = 2
	backOffer  = 4
)

func newPatient(t *testing.T, h *storagetest.House) (p patient) {
	t.Helper()
	h.Stock(5, 5, func(o *gift.Offer) { o.OncePer = o.ID == onceOffer })
	stockPaid(t, h, 3)
	p.demo = h.Partner(gift.Partner{Name: "demo"}, 100_000)
	p.test = h.Partner(gift.Partner{Name: "devtest1", Sandbox: true}, 100_000)
	p.live = h.Buy(p.demo, "live", plainOffer, plainOffer).OrderID
	p.sandbox = h.Buy(p.test, "sandbox", plainOffer, plainOffer).OrderID
	free, err := h.Engine.Buy(t.Context(), storagetest.StarRequest(p.demo, "free", 0))
	if err != nil || free.Refusal != nil {
		t.Fatal(free.Refusal, err)
	}
	p.free = free.OrderID
	h.Buy(p.test, "sandbox once", onceOffer)
	p.once = h.Buy(p.demo, "once", onceOffer).OrderID
	p.back = h.Buy(p.demo, "back", backOffer, backOffer).OrderID
	p.refund = refund(t, h, p.back, 1).ID
	refund(t, h, p.back, 2)
	p.late = h.Buy(p.demo, "late", plainOffer).OrderID
	if err := h.DB.WithdrawUnit(t.Context(), 300_005, "unreadable", h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for _, rule := range []office.PriceRule{{Scope: office.ScopeCategory, ScopeID: 6}, {Scope: office.ScopeBrand, ScopeID: 4}} {
		rule.Rates = gift.Rates{Far: 900, Mid: 900, Near: 900}
		if err := h.DB.SetPriceRule(t.Context(), rule, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	p.used = buyPaid(t, h, p.demo, "used", paidOffer).OrderID
	won, err := h.DB.MarkUsed(t.Context(), redeem.Use{
		OrderID: p.used, Line: 1, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: h.Clock.Now(),
	})
	if err != nil || !won {
		t.Fatal(won, err)
	}
	p.adjust(t, h)
	p.quote(t, h)
	return p
}

func TestDoctorNamesEveryHarm(t *testing.T) {
	all := slices.Concat(harms, trailHarms, partnerHarms, refundHarms, quoteHarms, keyHarms)
	for _, o := range slices.Concat(orphans, partnerOrphans, quoteOrphans) {
		table, column, _ := strings.Cut(o.column, ".")
		all = append(all, harm{
			name: o.column + " names none of " + o.parent, check: "every reference names a row",
			sql:    fmt.Sprintf(`UPDATE %s SET %s = 99999 WHERE %s`, table, column, o.where),
			detail: fmt.Sprintf("%s 99999 is not in %s", o.column, o.parent),
		})
	}
	t.Run("sqlite", func(t *testing.T) { harmAll(t, all, migratedSQLiteURL(t), hurtSQLite) })
	t.Run("postgres", func(t *testing.T) { harmAll(t, all, migratedPostgresURL(t), hurtPostgres) })
}

// harmAll does each harm in a transaction, has the doctor look, and undoes it.
func harmAll(t *testing.T, all []harm, dsn string, hurt func(testing.TB, string) *sql.DB) {
	var p patient
	built := t.Run("healthy before", func(t *testing.T) { // the subtest closes the database
		h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
		p = newPatient(t, h)
		if _, err := h.DB.CountWrong(t.Context(), 1, redeem.Strangers, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		err := h.DB.Load(t.Context(), &storage.Stock{Sales: []storage.ItemSale{
			{Kind: gift.Gifticon, ItemID: 27935, Day: 20_000, Sold: 3}, {Kind: gift.StarCoupon, ItemID: 188, Day: 20_000, Sold: 3},
		}})
		if err != nil {
			t.Fatal(err)
		}
		tomorrow := h.Clock.Now().Add(24 * time.Hour)
		if err := errors.Join(h.DB.CloseDays(t.Context(), tomorrow), h.DB.TallyCoupons(t.Context(), tomorrow)); err != nil {
			t.Fatal(err)
		}
		september, october := dayOf(t, "2025-09-01"), dayOf(t, "2025-10-01")
		over := october.Start().Add(time.Hour)
		if err := h.DB.CloseDays(t.Context(), over); err != nil {
			t.Fatal(err)
		}
		if _, err := h.DB.IssueReceipt(t.Context(), "demo", september, october-1, over); err != nil {
			t.Fatal(err)
		}
	})
	if !built {
		t.FailNow()
	}
	raw := hurt(t, dsn)
	for _, harm := range all {
		t.Run(harm.name, func(t *testing.T) {
			tx, err := raw.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }() // the next harm begins where this one did
			for statement := range strings.SplitSeq(p.fill(harm.sql), ";") {
				if res, err := tx.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				} else if n, _ := res.RowsAffected(); n == 0 {
					t.Fatal("the harm changed nothing")
				}
			}
			faults, err := storage.Examine(t.Context(), tx, strings.HasPrefix(dsn, "sqlite:"))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(faults, func(f storage.Fault) bool {
				return f.Check == harm.check && strings.Contains(f.Detail, p.fill(harm.detail))
			}) {
				t.Errorf("want %q: %q, got %q", harm.check, p.fill(harm.detail), faults)
			}
		})
	}
}

func (p patient) fill(text string) string {
	const prepaid = 1_000_000_000
	return strings.NewReplacer(
		"{live}", fmt.Sprint(p.live), "{sandbox}", fmt.Sprint(p.sandbox), "{free}", fmt.Sprint(p.free),
		"{used}", fmt.Sprint(p.used), "{once}", fmt.Sprint(p.once), "{late}", fmt.Sprint(p.late), "{demo}", fmt.Sprint(p.demo), "{test}", fmt.Sprint(p.test),
		"{back}", fmt.Sprint(p.back), "{refund}", fmt.Sprint(p.refund),
		"{used quote}", fmt.Sprint(p.usedQuote), "{open quote}", fmt.Sprint(p.openQuote), "{test quote}", fmt.Sprint(p.testQuote),
		"{quoted order}", fmt.Sprint(p.quotedOrder), "{quoting}", fmt.Sprint(p.quoting),
		"{account}", fmt.Sprint(prepaid+p.demo), "{test account}", fmt.Sprint(prepaid+p.test),
	).Replace(text)
}

// hurtSQLite returns a connection to the database that lets anything be written.
func hurtSQLite(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	return rawDB(t, "sqlite", "file:"+strings.TrimPrefix(dsn, "sqlite:")+"?_pragma=foreign_keys(0)&_pragma=ignore_check_constraints(1)")
}

// hurtPostgres is hurtSQLite for PostgreSQL. As a replica, a session checks no foreign keys.
func hurtPostgres(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	raw := rawDB(t, "pgx", dsn+"&session_replication_role=replica")
	for _, constraint := range []string{"accounts DROP CONSTRAINT accounts_check", "partners DROP CONSTRAINT partners_check"} {
		if _, err := raw.ExecContext(t.Context(), "ALTER TABLE "+constraint); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

func rawDB(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestDoctorCountsWhatItDoesNotShow(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		faults, err := h.DB.Doctor(t.Context())
		if err != nil || len(faults) != 0 {
			t.Errorf("a new database: %v, %v", faults, err)
		}
	})
	path := filepath.Join(t.TempDir(), "many.db")
	db, _ := opener(func(testing.TB) string { return "sqlite:" + path })(t)
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := rawDB(t, "sqlite", "file:"+path)
	for i := range 23 {
		_, err := raw.ExecContext(t.Context(), `INSERT INTO ledger_transactions (id, kind, memo, at) VALUES ($1, 'deposit', '', 1)`, i+1)
		if err != nil {
			t.Fatal(err)
		}
	}
	faults, err := db.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	faults = slices.DeleteFunc(faults, func(f storage.Fault) bool { return f.Check != "every transaction has entries" })
	if len(faults) != 21 || faults[20] != (storage.Fault{Check: "every transaction has entries", Detail: "and 3 more"}) {
		t.Errorf("%d faults: %v", len(faults), faults)
	}
}

// TestDoctorIsRightOnALiveDatabase examines again and again while others buy and use coupons.
func TestDoctorIsRightOnALiveDatabase(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 1)
		stockPaid(t, h, 200)
		p := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
		var closing atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for !closing.Load() {
				storagetest.Healthy(t, h.DB)
			}
		})
		defer wg.Wait()
		defer closing.Store(true)
		for i := range 150 {
			order := buyPaid(t, h, p, fmt.Sprint(i), paidOffer, laterOffer).OrderID
			_, err := h.DB.MarkUsed(t.Context(), redeem.Use{
				OrderID: order, Line: 1, SellerID: paidSeller, ShopID: paidShop, Via: "page", At: h.Clock.Now(),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestDoctorKnowsThatAnOfferMayBecomeOncePerPartner sells an offer before and after every partner may buy it once only.
func TestDoctorKnowsThatAnOfferMayBecomeOncePerPartner(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 10)
		often := h.Partner(gift.Partner{Name: "often"}, 10_000)
		never := h.Partner(gift.Partner{Name: "never"}, 10_000)
		buy := func(partner int64, key string, want gift.Reason) {
			t.Helper()
			h.Clock.Advance(time.Minute)
			sold := h.Buy(partner, key, plainOffer)
			if (sold.Refusal == nil) != (want == 0) || sold.Refusal != nil && sold.Refusal.Reason != want {
				t.Fatalf("%+v", sold.Refusal)
			}
			storagetest.Healthy(t, h.DB)
		}
		buy(often, "1", 0)
		buy(often, "2", 0)
		out.alter(`UPDATE offers SET once_per = 1 WHERE id = $1`, plainOffer)
		storagetest.Healthy(t, h.DB)
		buy(never, "3", 0)
		buy(often, "4", 0)
		buy(often, "5", gift.OncePerPartner)
		out.alter(`UPDATE offers SET once_per = 0 WHERE id = $1`, plainOffer)
		buy(often, "6", 0)
	})
}
