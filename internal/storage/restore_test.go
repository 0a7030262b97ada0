package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/backup"
	"giftimbiz/internal/catalog"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// eachPair runs a test for each engine that a backup comes from, with the URL of an empty database of the other.
func eachPair(t *testing.T, test func(t *testing.T, h *storagetest.House, o outside, empty string)) {
	eachEngineRaw(t, func(t *testing.T, h *storagetest.House, o outside) {
		if h.DB.Engine() == "sqlite" {
			test(t, h, o, postgresURL(t))
		} else {
			test(t, h, o, sqliteURL(t))
		}
	})
}

// outsideOf opens a restored database beside the product.
func outsideOf(t testing.TB, dsn string) outside {
	t.Helper()
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return outside{t.(*testing.T), dsn, rawDB(t, "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")}
	}
	return outside{t.(*testing.T), dsn, rawDB(t, "pgx", dsn)}
}

// underWay writes down what nodes, people and partners were doing.
func underWay(o outside, partner int64) {
	o.alter(`UPDATE node_leases SET token = 'x', expires_at = 9000000000000 WHERE number = 5`)
	o.alter(`INSERT INTO jobs (name, due_at, lease_token, leased_until) VALUES ('a job', 7, 'x', 9000000000000)`)
	o.alter(`INSERT INTO operators (id, email, name, role, password_hash, created_at) VALUES (1, 'a@b.example', '', 'admin', '', 0)`)
	o.alter(`INSERT INTO sessions (token_hash, operator_id, created_at, seen_at, expires_at, address, agent)
VALUES ($1, 1, 0, 0, 9000000000000, '', '')`, []byte("cookie"))
	o.alter(`INSERT INTO shifts (token_hash, seller_id, shop_id, code_hash, agent, created_at, expires_at)
VALUES ($1, 1, 37, 'unused', '', 0, 9000000000000)`, []byte("cookie"))
	o.endpoint(1, partner, "https://partner.example/hooks")
	o.alter(`UPDATE endpoints SET lease_token = 'x', leased_until = 9000000000000`)
	o.alter(`INSERT INTO events (id, type, partner_id, order_id, data)
VALUES (1, 'test.sent', $1, 0, '{}'), (2, 'balance.low', $1, 0, '{}')`, partner)
	o.alter(`INSERT INTO deliveries (endpoint_id, event_id, order_id, state, due_at) VALUES (1, 1, 0, 1, 0), (1, 2, 0, 2, 0)`)
	o.alter(`INSERT INTO imports (id, kind, file, operator_id, actor, state, busy, counts, findings, beat_at, at, changed_at)
VALUES (1, 'vouchers', '', 0, '', 'applying', 1, '{}', '[]', 9000000000000, 0, 0)`)
}

func TestARestoredDatabaseStartsAnew(t *testing.T) {
	eachPair(t, func(t *testing.T, h *storagetest.House, o outside, empty string) {
		h.Stock(2, 20)
		partner := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
		underWay(o, partner)
		file := backUp(t, h.DB)
		known := catalogOf(t, h).Since()
		h.Clock.Advance(10 * time.Minute) // beyond what nodes had claimed before
		lost, other := map[gift.ID]bool{}, h.SecondNode()
		for i := range 10 {
			lost[other.Buy(partner, fmt.Sprint("lost ", i), 1).OrderID] = true
		}

		done, err := storage.Restore(t.Context(), empty, reader(t, file), storage.RestoreOptions{Clock: h.Clock})
		if err != nil || len(done.Faults) > 0 || done.Held != 1 {
			t.Fatalf("%v, faults %v, %d deliveries are held", err, done.Faults, done.Held)
		}
		out := outsideOf(t, empty)
		for what, query := range map[string]string{
			"leases": `SELECT (SELECT COUNT(*) FROM node_leases WHERE token <> '' OR expires_at <> 0) +
    (SELECT COUNT(*) FROM jobs WHERE lease_token <> '' OR leased_until <> 0 OR due_at <> 7) +
    (SELECT COUNT(*) FROM endpoints WHERE lease_token <> '' OR leased_until <> 0)`,
			"sessions":           `SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM shifts)`,
			"imports under way":  `SELECT COUNT(*) FROM imports WHERE beat_at <> 0`,
			"waiting deliveries": `SELECT COUNT(*) FROM deliveries WHERE state = 1`,
			"orders":             `SELECT COUNT(*) FROM orders`,
		} {
			if n := out.one(query); n != 0 {
				t.Errorf("%d %s are left", n, what)
			}
		}
		got := out.deliveries(1)
		waited, sent := got["test.sent"], got["balance.low"]
		if waited.state != webhook.Abandoned || waited.failure != webhook.NotSent || sent.state != webhook.Delivered {
			t.Errorf("deliveries %v", got)
		}
		second := storagetest.NewHouse(t, opener(func(testing.TB) string { return empty }))
		ix := catalogOf(t, second)
		lostState := catalog.Since{Seq: known.Seq + 3, Day: known.Day, Later: known.Later}
		for name, since := range map[string]catalog.Since{"of the backup": known, "that is lost": lostState} {
			_, err := ix.Changes(t.Context(), second.DB, catalog.FeedQuery{Kind: gift.Gifticon, Since: since, Limit: 10})
			if !errors.Is(err, catalog.ErrUnknownState) {
				t.Errorf("who knows a state %s is told %v", name, err)
			}
		}
		second.Clock.Set(h.Clock.Now()) // the very moment at which the lost orders were made
		other = second.SecondNode()     // has the same number as that which made the lost orders
		for i := range 20 {
			if id := other.Buy(partner, fmt.Sprint("again ", i), 1).OrderID; lost[id] {
				t.Errorf("order number %d was given twice", id)
			}
		}
	})
}

// catalogOf returns what a node on the house's database lists.
func catalogOf(t testing.TB, h *storagetest.House) *catalog.Index {
	t.Helper()
	c := catalog.New(h.DB, h.Clock, func(dst []byte, _ *catalog.View) []byte { return dst })
	if _, err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.Index()
}

func TestAMovedDatabaseGoesOn(t *testing.T) {
	eachPair(t, func(t *testing.T, h *storagetest.House, o outside, empty string) {
		h.Stock(2, 20)
		partner := h.Partner(gift.Partner{Name: "demo"}, 1_000_000)
		first := h.Buy(partner, "one", 1)
		underWay(o, partner)
		since := catalogOf(t, h).Since()
		restored(t, empty, backUp(t, h.DB), storage.RestoreOptions{Moved: true, Clock: h.Clock})

		out := outsideOf(t, empty)
		if n := out.one(`SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM shifts)`); n != 2 {
			t.Errorf("%d are signed in", n)
		}
		if d := out.deliveries(1)["test.sent"]; d.state != webhook.Waiting {
			t.Errorf("what waited is %v", d)
		}
		if n := out.one(`SELECT COUNT(*) FROM node_leases WHERE token <> '' OR expires_at <> 0`); n != 0 {
			t.Errorf("%d numbers are leased to nodes that are gone", n)
		}
		second := storagetest.NewHouse(t, opener(func(testing.TB) string { return empty }))
		follow := catalog.FeedQuery{Kind: gift.Gifticon, Since: since, Limit: 10}
		if _, err := catalogOf(t, second).Changes(t.Context(), second.DB, follow); err != nil {
			t.Errorf("who follows changes is told %v", err)
		}
		if again := second.Buy(partner, "one", 1); !again.Replayed || again.OrderID != first.OrderID {
			t.Errorf("the same purchase again: %+v", again)
		}
		if next := second.Buy(partner, "two", 1); next.OrderID <= first.OrderID {
			t.Errorf("order %d came after order %d", next.OrderID, first.OrderID)
		}
	})
}

// TestOnlyAnEmptyDatabaseIsRestoredInto finds things in the way, and leaves them as they are.
func TestOnlyAnEmptyDatabaseIsRestoredInto(t *testing.T) {
	h := storagetest.NewHouse(t, opener(migratedSQLiteURL))
	file := backUp(t, h.DB)
	refused := func(t *testing.T, dsn string) {
		t.Helper()
		_, err := storage.Restore(t.Context(), dsn, reader(t, file), storage.RestoreOptions{Clock: h.Clock})
		if !errors.Is(err, storage.ErrNotEmpty) {
			t.Errorf("restored into %s: %v", dsn, err)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		for _, name := range []string{"test.db", "test.db-wal", "test.db-journal"} {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, "sqlite:"+filepath.Join(dir, "test.db"))
			if text, err := os.ReadFile(filepath.Join(dir, name)); string(text) != "mine" || err != nil {
				t.Errorf("%s is now %q, %v", name, text, err)
			}
			onlyFiles(t, dir, name)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := migratedPostgresURL(t)
		refused(t, dsn)
		db, err := storage.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.CheckSchema(t.Context()), db.Close()); err != nil {
			t.Errorf("the database that was there: %v", err)
		}
		dsn = postgresURL(t)
		outsideOf(t, dsn).create(`CREATE TABLE somebody_elses (id INT)`)
		refused(t, dsn)
	})
}

// TestABackupOfANewerVersionIsRefused leaves the database as it was: empty, for the right version to restore into.
func TestABackupOfANewerVersionIsRefused(t *testing.T) {
	var file bytes.Buffer
	w, err := backup.NewWriter(&file, backup.Head{Program: "v99", Schema: 99}, nil)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{sqliteURL(t), postgresURL(t)} {
		_, err := storage.Restore(t.Context(), dsn, reader(t, file.Bytes()), storage.RestoreOptions{Clock: fixedClock{}})
		if err == nil || !strings.Contains(err.Error(), "made by a newer giftimbiz, v99 (schema 99, this binary knows ") {
			t.Errorf("%v", err)
		}
		db, err := storage.OpenOrCreate(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Errorf("it is not empty: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// create runs a statement that changes no rows.
func (o outside) create(query string) {
	o.t.Helper()
	if _, err := o.raw.ExecContext(o.t.Context(), query); err != nil {
		o.t.Fatal(err)
	}
}

// onlyFiles fails unless a folder holds just these files.
func onlyFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
}

// TestARestoreThatDoesNotEndLeavesNothingToWorkOn breaks restores off: by an error when all is there, and by files that end
// early.
func TestARestoreThatDoesNotEndLeavesNothingToWorkOn(t *testing.T) {
	from := migratedSQLiteURL(t)
	h := storagetest.NewHouse(t, opener(func(testing.TB) string { return from }))
	h.Stock(2, 20)
	h.Buy(h.Partner(gift.Partner{Name: "demo"}, 100_000), "one", 1)
	noise := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{}).Read(noise)
	outsideOf(t, from).alter(`INSERT INTO media (path, content_type, body, changed_at) VALUES ('noise', '', $1, 0)`, noise)
	file := backUp(t, h.DB)
	broken := errors.New("broken off")
	look := storage.RestoreOptions{Clock: h.Clock, Look: func(*storage.DB) error { return broken }}

	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		dsn := "sqlite:" + filepath.Join(dir, "test.db")
		if _, err := storage.Restore(t.Context(), dsn, reader(t, file), look); !errors.Is(err, broken) {
			t.Errorf("broken off: %v", err)
		}
		onlyFiles(t, dir)
		for size := len(file) - 1; size > len(file)/2; size -= len(file) / 7 {
			in, err := backup.NewReader(bytes.NewReader(file[:size]), nil)
			if err == nil {
				_, err = storage.Restore(t.Context(), dsn, in, storage.RestoreOptions{Clock: h.Clock})
			}
			if !errors.Is(err, backup.ErrDamaged) {
				t.Errorf("from %d bytes of %d: %v", size, len(file), err)
			}
			onlyFiles(t, dir)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stop := storage.RestoreOptions{Clock: h.Clock, Look: func(*storage.DB) error { cancel(); return nil }}
		if _, err := storage.Restore(ctx, dsn, reader(t, file), stop); err == nil {
			t.Error("restored although told to stop")
		}
		onlyFiles(t, dir)
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := postgresURL(t)
		if _, err := storage.Restore(t.Context(), dsn, reader(t, file), look); !errors.Is(err, broken) {
			t.Errorf("broken off: %v", err)
		}
		db, err := storage.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Migrate(t.Context())
		if !errors.Is(err, storage.ErrHalfRestored) || !errors.Is(db.CheckSchema(t.Context()), storage.ErrHalfRestored) {
			t.Errorf("migrate: %v; check: %v", err, db.CheckSchema(t.Context()))
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		_, err = storage.Restore(t.Context(), dsn, reader(t, file), storage.RestoreOptions{Clock: h.Clock})
		if !errors.Is(err, storage.ErrHalfRestored) {
			t.Errorf("restored into what is half restored: %v", err)
		}
	})
}

// TestFaultsOfABackupAreFound restores what the doctor does not like, which is not to be used unless somebody says so.
func TestFaultsOfABackupAreFound(t *testing.T) {
	dsn := migratedSQLiteURL(t)
	var file []byte
	t.Run("harmed", func(t *testing.T) {
		h := storagetest.NewHouse(t, opener(func(testing.TB) string { return dsn }))
		h.Stock(1, 5)
		h.Partner(gift.Partner{Name: "demo"}, 100_000)
		raw := rawDB(t, "sqlite", "file:"+strings.TrimPrefix(dsn, "sqlite:")+"?_pragma=busy_timeout(10000)")
		harm := func(query string) {
			if _, err := raw.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		harm(`UPDATE accounts SET balance = balance + 1 WHERE kind = 'prepaid'`)
		file = backUp(t, h.DB)
		harm(`UPDATE accounts SET balance = balance - 1 WHERE kind = 'prepaid'`)
	})
	for name, dsn := range map[string]string{"sqlite": sqliteURL(t), "postgres": ""} {
		t.Run(name, func(t *testing.T) {
			again := dsn
			if name == "postgres" {
				dsn, again = postgresURL(t), postgresURL(t)
			}
			options := storage.RestoreOptions{Clock: fixedClock{}}
			done, err := storage.Restore(t.Context(), dsn, reader(t, file), options)
			if err != nil || len(done.Faults) != 1 || done.Faults[0].Check != "every balance equals its entries" {
				t.Errorf("%v, faults %v", err, done.Faults)
			}
			if db, err := storage.Open(t.Context(), dsn); err == nil {
				if err := db.CheckSchema(t.Context()); !errors.Is(err, storage.ErrHalfRestored) {
					t.Errorf("it can be used: %v", err)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}
			options.AcceptFaults = true
			if done, err := storage.Restore(t.Context(), again, reader(t, file), options); err != nil || len(done.Faults) != 1 {
				t.Errorf("accepted: %v, faults %v", err, done.Faults)
			}
			db, err := storage.Open(t.Context(), again)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(db.CheckSchema(t.Context()), db.Close()); err != nil {
				t.Errorf("accepted: %v", err)
			}
		})
	}
}

// fixedClock stands at noon.
type fixedClock struct{}

func (fixedClock) Now() time.Time { return storagetest.Noon }
