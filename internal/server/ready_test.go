package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/pgtest"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
)

// ready tells what /readyz says, asking the database anew.
func (h *house) ready() (status int, why string) {
	h.t.Helper()
	h.node.pinged.last.Store(nil)
	a := h.send(http.MethodGet, h.url+"/readyz", http.Header{}, "")
	return a.status, strings.TrimSpace(string(a.body))
}

func (h *house) isReady(while string) {
	h.t.Helper()
	if status, why := h.ready(); status != http.StatusOK || why != "ready" {
		h.t.Errorf("%s: HTTP %d, %s", while, status, why)
	}
}

func (h *house) isNotReady(because string) {
	h.t.Helper()
	if status, why := h.ready(); status != http.StatusServiceUnavailable || !strings.Contains(why, because) {
		h.t.Errorf("HTTP %d, %s, not %s", status, why, because)
	}
}

// TestWhoAsksWhileAnotherDoesIsToldWhatIsKnown has the database be asked by somebody who gets no answer.
func TestWhoAsksWhileAnotherDoesIsToldWhatIsKnown(t *testing.T) {
	h := startHouse(t)
	p := &h.node.pinged
	p.asking.Lock()
	defer p.asking.Unlock()
	for why, want := range map[string]int{"": http.StatusOK, "the disk is full": http.StatusServiceUnavailable} {
		p.last.Store(&pong{at: h.clock.Now().Add(-time.Hour), why: why})
		if a := h.send(http.MethodGet, h.url+"/readyz", http.Header{}, ""); a.status != want {
			t.Errorf("%q is known: HTTP %d, %s", why, a.status, a.body)
		}
	}
}

func TestANodeThatStartsOrMigratesIsNotReady(t *testing.T) {
	web := httptest.NewServer(NewFront(slog.New(slog.DiscardHandler)))
	defer web.Close()
	h := &house{t: t}
	a := h.send(http.MethodGet, web.URL+"/readyz", http.Header{}, "")
	if a.status != http.StatusServiceUnavailable || string(a.body) != "starting\n" || a.header.Get("Retry-After") == "" {
		t.Errorf("HTTP %d, %v, %s", a.status, a.header, a.body)
	}
}

// TestANodeIsReadyHoweverMuchThereIsToDoUntilItStops and still serves then.
func TestANodeIsReadyHoweverMuchThereIsToDoUntilItStops(t *testing.T) {
	h := startHouse(t)
	a := h.node.admission
	full, places := a.full, [...]int64{a.purchases.places, a.calls.places, a.pages.places}
	a.full = func() bool { return true }
	a.purchases.places, a.calls.places, a.pages.places = 0, 0, 0
	h.isReady("all is full")
	a.full, a.purchases.places, a.calls.places, a.pages.places = full, places[0], places[1], places[2]
	h.node.Drain()
	h.isNotReady("stopping")
	resp, err := http.Get(h.url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // only its head matters
	if resp.StatusCode != http.StatusOK || !resp.Close {
		t.Errorf("HTTP %d; the connection is to be used again: %t", resp.StatusCode, !resp.Close)
	}
	if a := h.as("demo").order(t.Name()); a.status != http.StatusOK {
		t.Errorf("HTTP %d, %s", a.status, a.body)
	}
}

// TestANodeWhoseDatabaseTakesNothingIsNotReady lets somebody else hold SQLite's writer: to the node it is as if the disk were full.
func TestANodeWhoseDatabaseTakesNothingIsNotReady(t *testing.T) {
	var database string
	h := startHouseOn(t, func(ctx context.Context, dsn string) (*storage.DB, error) {
		database = dsn
		return storage.OpenOrCreate(ctx, dsn)
	})
	h.node.loops.stop() // only what the test reads and writes
	pass := func() {
		h.clock.Advance(unwritten + time.Second)
		if err := h.node.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	letGo := programtest.Hold(t, database)
	h.isReady("somebody else writes")
	pass()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := h.node.renew(short); err == nil {
		t.Error("it was written")
	}
	h.isNotReady("nothing could be written since 26s ago")
	letGo()
	if err := h.node.renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.isReady("it takes something again")
}

// TestANodeIsReadyAsLongAsItsDatabaseIs takes connections away, keeps all of them busy, lets another node die, and stops the database.
func TestANodeIsReadyAsLongAsItsDatabaseIs(t *testing.T) {
	cluster, err := pgtest.Start("fsync=off")
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceValue(cluster.Stop)
	t.Cleanup(func() { _ = stop() }) // its folder is temporary
	dsn, err := cluster.CreateDatabase("ready")
	if err != nil {
		t.Fatal(err)
	}
	h := startHouseOn(t, func(ctx context.Context, _ string) (*storage.DB, error) {
		return storage.OpenOrCreate(ctx, dsn+"&pool_max_conns=3")
	})
	raw := programtest.Raw(t, dsn)
	alter := func(query string) {
		t.Helper()
		if _, err := raw.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	dead, err := storage.Open(t.Context(), dsn)
	if err == nil {
		err = dead.Join(t.Context(), clock.System{}) // and never renews
	}
	if err != nil {
		t.Fatal(err)
	}
	h.isReady("another node is dead")

	alter(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	h.isReady("connections are lost")

	tx, err := raw.BeginTx(t.Context(), nil)
	if err == nil {
		_, err = tx.ExecContext(t.Context(), `LOCK TABLE partners, offers, jobs IN ACCESS EXCLUSIVE MODE`)
	}
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "all connections are busy", func() bool { p := h.node.DB.Pools()[0]; return p.Busy == p.Most })
	h.isReady("all queries are slow")
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	_ = dead.Close()
	_ = raw.Close()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// A look that takes longer than a balancer waits says nothing of the database, and a busy machine may take that long.
	eventually(t, "it is known that the database does not answer", func() bool {
		status, why := h.ready()
		return status == http.StatusServiceUnavailable && strings.Contains(why, "the database does not answer")
	})
}

// TestANodeWithALargeStockIsReadyAsSoonAsItIsRead: while it was read nothing was written, and the partners were not read.
func TestANodeWithALargeStockIsReadyAsSoonAsItIsRead(t *testing.T) {
	var slow atomic.Pointer[clock.Manual]
	open := func(ctx context.Context, dsn string) (*storage.DB, error) {
		return storage.OpenWatched(ctx, dsn, func(_ context.Context, statement string) {
			if strings.Contains(statement, "FROM campaigns") {
				if c := slow.Swap(nil); c != nil {
					c.Advance(time.Minute)
				}
			}
		})
	}
	h := startHouseOn(t, open, func(cfg *Config) { slow.Store(cfg.Clock.(*clock.Manual)) })
	if slow.Load() != nil {
		t.Fatal("the stock was not read")
	}
	if why := h.node.known(); why != "" {
		t.Error(why)
	}
}
