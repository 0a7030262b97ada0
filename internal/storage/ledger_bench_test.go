package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// A year of coupons: each partner buys in turn, and every second coupon is redeemed a day later.
const (
	yearDays     = 365
	yearPartners = 1000
	yearShops    = 60
	yearOffers   = 5000
)

// year lists the statements that put so many orders, the last of them just before storagetest.Noon, into an empty database.
func year(orders int) []string {
	step := int64(yearDays*24*time.Hour/time.Millisecond) / int64(orders)
	began := storagetest.Noon.UnixMilli() - step*int64(orders)
	numbers := func(n int) string {
		return fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n-1)
	}
	at := fmt.Sprintf("(%d + i * %d)", began, step)
	id := fmt.Sprintf("(%d + i * %d)", int64(gift.FirstIDAt(time.UnixMilli(began))), step<<22)
	fill := strings.NewReplacer("{at}", at, "{id}", id, "{partner}", fmt.Sprintf("(1 + i %% %d)", yearPartners),
		"{offer}", fmt.Sprintf("(1 + i %% %d)", yearOffers), "{shop}", fmt.Sprintf("(1 + i / 2 %% %d)", yearShops))
	var list []string
	add := func(n int, text string) { list = append(list, fill.Replace(numbers(n)+text)) }
	add(yearPartners, `INSERT INTO partners (id, name, title, state, sandbox, created_at, changed_seq)
SELECT 1 + i, 'p' || i, 'P', 1, 0, 0, 1 FROM n`)
	add(yearPartners, `INSERT INTO accounts (id, kind, owner_id, balance) SELECT 1000000001 + i, 'prepaid', 1 + i, 0 FROM n`)
	list = append(list, `INSERT INTO categories (id, kind, name, thumb, sort, changed_seq) VALUES (1, 2, 'c', '', 1, 1)`)
	add(yearShops, `INSERT INTO shops (id, category_id, name, thumb, province, district, town, map_url, changed_seq)
SELECT 1 + i, 1, 'shop', '', '', '', '', '', 1 FROM n`)
	add(yearShops, `INSERT INTO sellers (id, shop_id, name, code_hash) SELECT 1 + i, 1 + i, 'seller', '' FROM n`)
	add(yearShops, `INSERT INTO accounts (id, kind, owner_id, balance) SELECT 2000000001 + i, 'payable', 1 + i, 0 FROM n`)
	add(yearShops, `INSERT INTO campaigns (id, shop_id, coupon_name, product, terms, free, price, org_price, discount,
    member_type, maker, thumb, image, image2, changed_seq)
SELECT 1 + i, 1 + i, 'n', 'p', '', 0, 1, 1, 1, 'shop', '', '', '', '', 1 FROM n`)
	add(yearOffers, `INSERT INTO offers (id, kind, campaign_id, face, price_far, price_mid, price_near, last_day, changed_seq, added_seq)
SELECT 1 + i, 2, 1 + i % 60, 4000, 500, 500, 500, 20300 + i % 400, 1, 1 FROM n`)
	add(orders, `INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at) SELECT {id}, {partner}, 2, 0, 500, i, {at} FROM n`)
	add(orders, `INSERT INTO order_items (partner_id, kind, order_id, line, test_order, offer_id, unit_id, face, paid)
SELECT {partner}, 2, {id}, 1, 0, {offer}, i, 4000, 500 FROM n`)
	add(orders, `INSERT INTO entries (account_id, txn_id, amount) SELECT 1000000000 + {partner}, {id}, -500 FROM n`)
	add(orders, `INSERT INTO entries (account_id, txn_id, amount) SELECT 16 + i % 16, {id}, 500 FROM n`)
	add(yearPartners, `INSERT INTO ledger_transactions (id, kind, memo, at) SELECT 1 + i, 'deposit', '', 1704067200000 FROM n`)
	add(yearPartners, `INSERT INTO entries (account_id, txn_id, amount) SELECT 1000000001 + i, 1 + i, 1000000 FROM n`)
	add(yearPartners, `INSERT INTO entries (account_id, txn_id, amount) SELECT 1, 1 + i, -1000000 FROM n`)
	add(yearPartners, `INSERT INTO moved_accounts (txn_id, account_id, kind) SELECT 1 + i, 1000000001 + i, 'deposit' FROM n`)
	add(yearPartners, `INSERT INTO moved_accounts (txn_id, account_id, kind) SELECT 1 + i, 1, 'deposit' FROM n`)
	const redeemed = `FROM n WHERE i % 2 = 0`
	add(orders, `UPDATE order_items SET used_at = {at} + 86400000, used_seller = {shop}, used_via = 'api' FROM n
WHERE i % 2 = 0 AND unit_id = i AND test_order = 0`)
	add(orders, `INSERT INTO redemptions (id, order_id, line, test_order, offer_id, unit_id, face, paid, shop_id, day, seller_id, via,
    operator_id, actor, reason, at)
SELECT {id} + 1, {id}, 1, 0, {offer}, i, 4000, 500, {shop}, ({at} + 86400000 + 32400000) / 86400000, {shop}, 'api', 0, '', '',
    {at} + 86400000 `+redeemed)
	add(orders, `INSERT INTO ledger_transactions (id, kind, order_id, memo, at) SELECT {id} + 1, 'redemption', {id}, '', {at} `+redeemed)
	add(orders, `INSERT INTO entries (account_id, txn_id, amount) SELECT 2000000000 + {shop}, {id} + 1, 500 `+redeemed)
	add(orders, `INSERT INTO entries (account_id, txn_id, amount) SELECT 16 + i % 16, {id} + 1, -500 `+redeemed)
	add(orders, `INSERT INTO moved_accounts (txn_id, account_id, kind) SELECT {id} + 1, 2000000000 + {shop}, 'redemption' `+redeemed)
	add(orders, `INSERT INTO moved_accounts (txn_id, account_id, kind) SELECT {id} + 1, 16 + i % 16, 'redemption' `+redeemed)
	return append(list, `INSERT INTO shop_days (shop_id, day, coupons, face, paid)
SELECT used_seller, (used_at + 32400000) / 86400000, COUNT(*), SUM(face), SUM(paid) FROM order_items WHERE used_at IS NOT NULL GROUP BY 1, 2`,
		`UPDATE accounts SET balance = COALESCE((SELECT SUM(amount) FROM entries e WHERE e.account_id = accounts.id), 0)`)
}

// yearOf opens a database that holds a year of orders. The doctor would find that it has no stock.
func yearOf(t testing.TB, driver, dsn string, orders int) (*storage.DB, *sql.DB) {
	t.Helper()
	db, _ := opener(func(testing.TB) string { return dsn })(t)
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Join(t.Context(), clock.NewManual(storagetest.Noon)); err != nil {
		t.Fatal(err)
	}
	raw := rawDB(t, driver, strings.TrimPrefix(dsn, "sqlite:"))
	for _, statement := range year(orders) {
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%v: %.200s", err, statement)
		}
	}
	return db, raw
}

// ledgerReads are what the ledger's pages ask for.
func ledgerReads(db *storage.DB) map[string]func(testing.TB) error {
	noon := storagetest.Noon
	month := office.Period{From: gift.DayOf(noon) - 45, To: gift.DayOf(noon) - 15}
	journal := func(q office.JournalQuery) func(testing.TB) error {
		return func(t testing.TB) error {
			q.Limit = 51
			page, err := db.Journal(t.Context(), q)
			if err == nil && len(page) == 0 {
				err = errors.New("an empty page")
			}
			return err
		}
	}
	return map[string]func(testing.TB) error{
		"trial balance now": func(t testing.TB) error {
			_, err := db.TrialBalance(t.Context(), time.Time{})
			return err
		},
		"trial balance then": func(t testing.TB) error {
			_, err := db.TrialBalance(t.Context(), noon.Add(-100*24*time.Hour))
			return err
		},
		"accounts then": func(t testing.TB) error {
			_, err := db.LedgerAccounts(t.Context(), office.AccountQuery{At: noon.Add(-100 * 24 * time.Hour), Limit: 51})
			return err
		},
		"journal":                    journal(office.JournalQuery{}),
		"journal of a day":           journal(office.JournalQuery{From: month.From, To: month.From}),
		"journal of redemptions":     journal(office.JournalQuery{Kind: "redemption"}),
		"journal of a partner":       journal(office.JournalQuery{Accounts: []int64{1_000_000_005}}),
		"journal of a shop":          journal(office.JournalQuery{Accounts: []int64{2_000_000_005}, Kind: "redemption"}),
		"journal of sales":           journal(office.JournalQuery{Accounts: db.SalesAccounts()}),
		"journal of sales by orders": journal(office.JournalQuery{Accounts: db.SalesAccounts(), Kind: "purchase", To: month.To}),
		"settlement": func(t testing.TB) error {
			list, err := db.RedeemedByShop(t.Context(), month, 0, 51)
			_, totalErr := db.RedeemedTotal(t.Context(), month)
			if err == nil && len(list) == 0 {
				err = errors.New("no shop")
			}
			return errors.Join(err, totalErr)
		},
		"settlement of a shop": func(t testing.TB) error {
			list, err := db.RedeemedItems(t.Context(), 5, month, office.RedeemedPlace{}, 51)
			if err == nil && len(list) == 0 {
				err = errors.New("no item")
			}
			return err
		},
		"unused coupons": func(t testing.TB) error {
			list, _, err := db.UnusedCoupons(t.Context())
			if err == nil && len(list) == 0 {
				err = errors.New("none")
			}
			return err
		},
	}
}

// upkeep does what a node does in the background.
func upkeep(t testing.TB, db *storage.DB) {
	t.Helper()
	if err := errors.Join(db.CloseDays(t.Context(), storagetest.Noon), db.TallyCoupons(t.Context(), storagetest.Noon)); err != nil {
		t.Fatal(err)
	}
}

// TestNoPageOfTheLedgerReadsTheHistory asks PostgreSQL what was read for each page.
func TestNoPageOfTheLedgerReadsTheHistory(t *testing.T) {
	dsn := postgresURL(t)
	const orders = 20_000
	t.Run("fill", func(t *testing.T) { // its end closes the connections, which then hand in their figures
		db, _ := yearOf(t, "pgx", dsn, orders)
		upkeep(t, db)
	})
	raw := rawDB(t, "pgx", dsn)
	for name := range ledgerReads(nil) {
		t.Run(name, func(t *testing.T) {
			forgetReads(t, dsn, nil, raw)
			db, err := storage.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(ledgerReads(db)[name](t), db.Close()); err != nil {
				t.Fatal(err)
			}
			checkReads(t, raw, orders)
		})
	}
}

// checkReads fails when a table that grows with what is sold was read without an index, or much of all was read.
func checkReads(t *testing.T, raw *sql.DB, orders int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var whole, found int64
	for whole+found == 0 {
		err := raw.QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN relname IN ('orders', 'order_items', 'entries',
    'ledger_transactions', 'moved_accounts', 'account_days', 'offers', 'redemptions') THEN seq_tup_read ELSE 0 END), 0),
COALESCE(SUM(idx_tup_fetch), 0) FROM pg_stat_user_tables`).Scan(&whole, &found)
		if err != nil {
			t.Fatal(err)
		}
	}
	if whole > 0 || found > orders/2 {
		t.Errorf("%d rows were read without an index and %d with one", whole, found)
	}
}

// BenchmarkLedger times what the ledger's pages ask for, and the background work behind them, over a year of orders.
func BenchmarkLedger(b *testing.B) {
	for _, engine := range []struct {
		driver string
		url    func(testing.TB) string
	}{{"sqlite", sqliteURL}, {"pgx", postgresURL}} {
		b.Run(engine.driver, func(b *testing.B) {
			db, _ := yearOf(b, engine.driver, engine.url(b), benchOrders)
			began := time.Now()
			upkeep(b, db)
			b.Logf("a year of %d orders was summed up in %v", benchOrders, time.Since(began).Round(time.Millisecond))
			for name, read := range ledgerReads(db) {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if err := read(b); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

// benchOrders keeps the benchmark to seconds; the cost of a page does not depend on it.
const benchOrders = 50_000
