package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// outside is a way to a house's database around the house.
type outside struct {
	t   testing.TB
	dsn string
	raw *sql.DB
}

// eachEngineRaw is eachEngine with a way around the house.
func eachEngineRaw(t *testing.T, test func(*testing.T, *storagetest.House, outside)) {
	run := func(t *testing.T, dsn, driver, name string) {
		h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
		test(t, h, outside{t, dsn, rawDB(t, driver, name)})
	}
	t.Run("sqlite", func(t *testing.T) {
		dsn := migratedSQLiteURL(t)
		run(t, dsn, "sqlite", "file:"+strings.TrimPrefix(dsn, "sqlite:")+"?_pragma=busy_timeout(10000)")
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := migratedPostgresURL(t)
		run(t, dsn, "pgx", dsn)
	})
}

// alter runs a statement that must change something.
func (o outside) alter(query string, args ...any) {
	o.t.Helper()
	res, err := o.raw.ExecContext(o.t.Context(), query, args...)
	if err != nil {
		o.t.Fatal(err)
	}
	if n, err := res.RowsAffected(); n == 0 || err != nil {
		o.t.Fatalf("%q changed nothing, %v", query, err)
	}
}

// process does something in a process of its own, which joins, and closes its database afterwards.
func (o outside) process(clk clock.Clock, do func(*storage.DB)) {
	o.t.Helper()
	db, err := storage.Open(o.t.Context(), o.dsn)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := db.Join(o.t.Context(), clk); err != nil {
		o.t.Error(err)
	} else {
		do(db)
	}
	if err := db.Close(); err != nil {
		o.t.Error(err)
	}
}

// numberOf returns the node number that a database makes IDs with.
func numberOf(db *storage.DB) int64 { return db.IDs().Next().Node() }

func TestManyShortCommandsNeverGetALivingNodesNumber(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Partner(gift.Partner{Name: "demo"}, 100)
		living, command := numberOf(h.DB), h.SecondNode().DB
		var last gift.ID
		for i := range 600 {
			if err := errors.Join(command.Leave(t.Context()), command.Join(t.Context(), h.Clock)); err != nil {
				t.Fatal(err)
			}
			id := command.IDs().Next()
			if id.Node() == living {
				t.Fatalf("command %d has the number of a living node", i)
			}
			if id <= last && id.Node() == last.Node() {
				t.Fatalf("command %d repeats %d with %d", i, last, id)
			}
			last = id
		}
		if _, err := command.Deposit(t.Context(), "demo", 7, "", "", h.Clock.Now()); err != nil {
			t.Error(err)
		}
		if err := h.DB.Renew(t.Context()); err != nil || numberOf(h.DB) != living {
			t.Error("the living node lost its number:", err)
		}
	})
}

func TestNodesThatStartAtOnceShareNoNumber(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		var nodes []*storage.DB
		for range 6 {
			nodes = append(nodes, h.SecondNode().DB)
		}
		for range 10 {
			var wg sync.WaitGroup
			for _, db := range nodes {
				wg.Go(func() {
					if err := errors.Join(db.Leave(context.Background()), db.Join(context.Background(), h.Clock)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			owners := map[int64]bool{numberOf(h.DB): true}
			for _, db := range nodes {
				owners[numberOf(db)] = true
			}
			if len(owners) != len(nodes)+1 {
				t.Fatalf("%d nodes have the numbers %v", len(nodes)+1, owners)
			}
		}
	})
}

func TestA513thProcessIsTurnedAway(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		second := h.SecondNode().DB
		if err := second.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		out.alter(`UPDATE node_leases SET token = 'living', expires_at = 9000000000000000 WHERE token = ''`)
		if err := second.Join(t.Context(), h.Clock); !errors.Is(err, storage.ErrNoNumber) {
			t.Fatalf("joined a full house: %v", err)
		}
		out.alter(`UPDATE node_leases SET expires_at = 1 WHERE number = 300`)
		if err := second.Join(t.Context(), h.Clock); err != nil || numberOf(second) != 300 {
			t.Errorf("did not take the only number that expired: %v", err)
		}
	})
}

// TestAnExpiredNumberIsTakenOverAndItsOldHolderMakesNoMoreIDs pauses a node for longer than its lease while all other
// numbers are taken.
func TestAnExpiredNumberIsTakenOverAndItsOldHolderMakesNoMoreIDs(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		second := h.SecondNode()
		if err := second.DB.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		paused := h.Buy(p, "before", 1).OrderID
		out.alter(`UPDATE node_leases SET token = 'living', expires_at = 9000000000000000 WHERE token = ''`)
		out.alter(`UPDATE node_leases SET expires_at = 1 WHERE number = $1`, paused.Node())
		if err := second.DB.Join(t.Context(), h.Clock); err != nil {
			t.Fatal(err)
		}
		taken := second.Buy(p, "taken over", 1).OrderID
		if taken.Node() != paused.Node() || taken.Time().Before(paused.Time().Add(storage.LeaseFor/2)) {
			t.Errorf("after %d of node %d at %v came %d of node %d at %v", paused, paused.Node(), paused.Time(),
				taken, taken.Node(), taken.Time())
		}
		h.Clock.Advance(storage.LeaseFor)
		if sold, err := h.Engine.Buy(t.Context(), storagetest.GiftRequest(p, "paused", 1)); !errors.Is(err, purchase.ErrUnavailable) {
			t.Errorf("the old holder sold: %+v, %v", sold, err)
		}
		if _, err := h.DB.Deposit(t.Context(), "demo", 5, "", "", h.Clock.Now()); !errors.Is(err, purchase.ErrUnavailable) {
			t.Errorf("the old holder booked: %v", err)
		}
		if err := h.DB.Renew(t.Context()); !errors.Is(err, storage.ErrLeaseLost) || !errors.Is(err, storage.ErrNoNumber) {
			t.Errorf("renewed a lost number: %v", err)
		}
		out.alter(`UPDATE node_leases SET expires_at = 1 WHERE number = 9`)
		if err := h.DB.Renew(t.Context()); !errors.Is(err, storage.ErrLeaseLost) || numberOf(h.DB) != 9 {
			t.Errorf("took no other number: %v", err)
		}
		if sold := h.Buy(p, "again", 1); sold.Refusal != nil || sold.OrderID.Node() != 9 || sold.OrderID <= paused {
			t.Errorf("with another number: %+v", sold)
		}
	})
}

// TestANumberLostWhileAPurchaseIsDecidedStoresNothingUnderIt has the lease given up between the making of an ID and its
// being stored.
func TestANumberLostWhileAPurchaseIsDecidedStoresNothingUnderIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		h.Stock(1, 10)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000)
		beyond := h.DB.IDs()
		err := h.DB.Transact(t.Context(), purchase.Reads{Now: h.Clock.Now(), Partners: []int64{p}},
			func(*purchase.State) (purchase.Writes, error) {
				h.Clock.Advance(storage.LeaseFor + time.Second)
				return purchase.Writes{Orders: []purchase.Order{{ID: beyond.Next(), PartnerID: p, Kind: gift.Gifticon}}}, nil
			})
		if !errors.Is(err, purchase.ErrConflict) {
			t.Errorf("an order outside the lease was stored: %v", err)
		}
		if out := h.Buy(p, "after the jump", 1); out.Refusal != nil || out.OrderID.Time().Before(h.Clock.Now()) {
			t.Errorf("after the clock jumped: %+v", out)
		}
	})
}

func TestARestartWithTheClockSetBackMakesHigherIDs(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		node := h.SecondNode().DB
		for _, back := range []time.Duration{0, time.Second, 30 * time.Minute} {
			before := node.IDs().Next()
			if err := node.Leave(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.Clock.Advance(-back)
			again := h.SecondNode().DB
			after := again.IDs().Next()
			if after.Node() != before.Node() || after <= before {
				t.Errorf("set back by %v: %d of node %d after %d of node %d", back, after, after.Node(), before, before.Node())
			}
			if ahead := after.Time().Sub(before.Time()); ahead > time.Second {
				t.Errorf("set back by %v: the IDs run ahead by %v", back, ahead)
			}
			node = again
		}
	})
}

// TestAShiftedClockKeepsANumberToItself: who starts the demo in the future, and then not, gets IDs that tell the time.
func TestAShiftedClockKeepsANumberToItself(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		future := clock.NewManual(storagetest.Noon.AddDate(4, 0, 0))
		for _, clk := range []*clock.Manual{future, h.Clock, future} {
			out.process(clk, func(db *storage.DB) {
				if off := db.IDs().Next().Time().Sub(clk.Now()); off < 0 || off > time.Second {
					t.Errorf("the clock shows %v, an ID is %v off", clk.Now(), off)
				}
			})
		}
	})
}

func TestClosingGivesTheNumberBack(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		held := func(want int) {
			t.Helper()
			var n int
			err := out.raw.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM node_leases WHERE token <> ''`).Scan(&n)
			if err != nil || n != want {
				t.Errorf("%d numbers are held, want %d: %v", n, want, err)
			}
		}
		held(1)
		out.process(h.Clock, func(*storage.DB) { held(2) })
		held(1)
	})
}

// TestALostNumberIsReplacedByOneHoweverManyNoticeIt: a second one would be a node that lives for a minute and that nobody is.
func TestALostNumberIsReplacedByOneHoweverManyNoticeIt(t *testing.T) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, out outside) {
		out.alter(`UPDATE node_leases SET token = 'other', expires_at = 9000000000000000 WHERE number = $1`, numberOf(h.DB))
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := h.DB.Renew(context.Background()); err != nil && !errors.Is(err, storage.ErrLeaseLost) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if held := out.one(`SELECT COUNT(*) FROM node_leases WHERE token NOT IN ('', 'other')`); held != 1 {
			t.Errorf("it holds %d numbers", held)
		}
	})
}
