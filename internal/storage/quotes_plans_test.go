package storage_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// quoteTrade asks for quotes, buys and releases them, and looks for all that belongs to their orders, so many times.
func quoteTrade(t *testing.T, db *storage.DB, h *storagetest.House, partner int64, times int) {
	t.Helper()
	if err := db.Join(t.Context(), h.Clock); err != nil {
		t.Fatal(err)
	}
	engine := purchase.New(purchase.Options{Store: db, Clock: h.Clock, IDs: db.IDs(), Lanes: db.Lanes()})
	engine.Start()
	defer engine.Stop()
	own := &storagetest.House{T: t, DB: db, Clock: h.Clock, Engine: engine}
	for i := range times {
		reference := fmt.Sprint("A-", i)
		held, released := own.Quote(partner, 1, 2), own.Quote(partner, 1)
		req := storagetest.QuoteRequest(partner, reference, held.ID)
		req.Reference = reference
		order := own.Ask(req)
		if order.Refusal != nil {
			t.Fatal(order.Refusal)
		}
		if q, err := db.ReleaseQuote(t.Context(), partner, released.ID); err != nil || q.State != gift.QuoteReleased {
			t.Fatal(q, err)
		}
		if id, _, err := db.OrderByReference(t.Context(), partner, reference); err != nil || id != order.OrderID {
			t.Fatal(id, err)
		}
		if id, err := db.CloseReference(t.Context(), partner, "closed "+reference, h.Clock.Now()); err != nil || id != 0 {
			t.Fatal(id, err)
		}
		if head, err := db.OrderHead(t.Context(), partner, order.OrderID); err != nil || head.Reference != reference {
			t.Fatal(head, err)
		}
		if items, err := db.OrderItems(t.Context(), partner, order.OrderID); err != nil || len(items) != 2 {
			t.Fatal(items, err)
		}
		heads, _, err := db.OrderPage(t.Context(), gift.OrderQuery{PartnerID: partner, Limit: 3})
		if err != nil || heads[0].ID != order.OrderID {
			t.Fatal(heads, err)
		}
		items, _, err := db.VoucherPage(t.Context(), gift.HistoryQuery{PartnerID: partner, Limit: 3})
		if err != nil || len(items) < 2 {
			t.Fatal(items, err)
		}
		of := gift.HistoryQuery{PartnerID: partner, Oldest: order.OrderID, Limit: 1000}
		if items, more, err := db.VoucherPage(t.Context(), of); err != nil || len(items) != 2 || more {
			t.Fatal(items, err)
		}
		if kinds, err := db.OfferKinds(t.Context(), []int64{1, storagetest.StarOfferID}); err != nil || len(kinds) != 2 {
			t.Fatal(kinds, err)
		}
		found, err := db.Committed(t.Context(), []int64{partner}, []gift.ID{order.OrderID, held.ID, 1 << 40})
		if err != nil || len(found) != 2 {
			t.Fatal(found, err)
		}
	}
}

// lapsedQuotes are made up: of one partner and one offer, all over for long.
const lapsedQuotes = `INSERT INTO quotes (id, partner_id, kind, sandbox, total, expires_at)
SELECT n, 1, 1, 0, 940, 1000 + n FROM generate_series(1, 20000) n;
INSERT INTO quote_items (quote_id, offer_id, units, price, held_until) SELECT id, 1, 1, 940, expires_at FROM quotes;
UPDATE offers SET held_until = 1000000`

// TestQuotesReadLittleWhateverWasQuoted asks PostgreSQL what was read, in the states in which its planner likes to read
// everything, with many quotes that are over.
func TestQuotesReadLittleWhateverWasQuoted(t *testing.T) {
	for name, before := range map[string]string{
		"without statistics": `SELECT 1`, "with statistics of empty tables": `VACUUM ANALYZE`,
	} {
		t.Run(name, func(t *testing.T) {
			const times = 20
			dsn := migratedPostgresURL(t)
			h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
			raw := rawDB(t, "pgx", dsn)
			if _, err := raw.ExecContext(t.Context(), before); err != nil {
				t.Fatal(err)
			}
			h.Stock(2, 100)
			partner := h.Partner(gift.Partner{Name: "demo"}, 10_000_000)
			if partner != 1 {
				t.Fatal(partner)
			}
			for statement := range strings.SplitSeq(lapsedQuotes, ";") {
				if _, err := raw.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			forgetReads(t, dsn, h.DB, raw)
			db, err := storage.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			quoteTrade(t, db, h, partner, times)
			if err := db.Close(); err != nil { // its connections hand in their figures
				t.Fatal(err)
			}
			for table, each := range map[string]int64{
				"quotes": 60, "quote_items": 60, "orders": 40, "order_items": 40, "offers": 60, "accounts": 60,
			} {
				if whole, found := readsOf(t, raw, table); whole > 0 || found > each*times {
					t.Errorf("%s: %d rows were read without an index and %d with one", table, whole, found)
				}
			}
		})
	}
}

// TestQuotesAreFoundByIndexOnSQLite asks SQLite for the plans of all statements that the same takes.
func TestQuotesAreFoundByIndexOnSQLite(t *testing.T) {
	dsn := migratedSQLiteURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
	h.Stock(2, 100)
	partner := h.Partner(gift.Partner{Name: "demo"}, 10_000_000)
	var mu sync.Mutex
	asked := map[string]bool{}
	db, err := storage.OpenWatched(t.Context(), dsn, func(_ context.Context, statement string) {
		mu.Lock()
		defer mu.Unlock()
		asked[statement] = true
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // all is read
	quoteTrade(t, db, h, partner, 2)
	if n, err := db.ForgetQuotes(t.Context(), h.Clock.Now().Add(48*time.Hour)); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	raw := rawDB(t, "sqlite", "file:"+strings.TrimPrefix(dsn, "sqlite:"))
	seen := 0
	for _, statement := range slices.Sorted(maps.Keys(asked)) {
		if aboutOrders.MatchString(statement) {
			seen += walksIndexes(t, raw, statement)
		}
	}
	if seen < 50 {
		t.Errorf("%d steps of plans were seen", seen)
	}
}

const growing = `orders|order_items|quotes|quote_items|closed_references|offers|units|accounts|partners`

var (
	aboutOrders = regexp.MustCompile(`quote|reference|order`)
	aliased     = regexp.MustCompile(`\b(?:` + growing + `) ([a-z])\b`)
)

// walksIndexes fails when a statement would run through a whole table that grows, and returns how many steps it takes.
func walksIndexes(t *testing.T, raw *sql.DB, statement string) (steps int) {
	t.Helper()
	names := growing
	for _, alias := range aliased.FindAllStringSubmatch(statement, -1) {
		names += "|" + alias[1]
	}
	whole := regexp.MustCompile(`^SCAN (` + names + `)\b`)
	const most = 9 // parameters with numbers
	rows, err := raw.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+statement, make([]any, strings.Count(statement, "?")+most)...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps++
		if whole.MatchString(detail) {
			t.Errorf("%s: %s", detail, statement)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
