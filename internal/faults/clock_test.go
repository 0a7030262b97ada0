package faults_test

import (
	"log/slog"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/server"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// jumpingClock runs like the machine's, so long ahead of it or behind.
type jumpingClock struct{ ahead atomic.Int64 }

// Now implements clock.Clock.
func (c *jumpingClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// TestAClockThatJumpsStopsNobodyFromBuying sets a node's clock an hour ahead and back, under load. The program reads the time in
// one place, so that a node in the test's own process stands for one on a machine whose clock is set.
func TestAClockThatJumpsStopsNobodyFromBuying(t *testing.T) {
	eachShopOrOne(t, "PostgreSQL", func(s *shop) {
		clock := &jumpingClock{}
		url, end := s.serveHere(clock)
		s.meet(url)
		s.buyers.Bear("PL") // the jump may be over midnight in Seoul, when prices change
		stop := s.buying(networkBuyers, url)
		row := faults.Row{Fault: "the clock jumps an hour and back", Rounds: faults.Rounds(2, 20)}
		for n := range row.Rounds {
			hour := time.Hour
			if n%2 == 1 {
				hour = -time.Hour
			}
			for _, ahead := range []time.Duration{hour, 0} {
				s.sold(20)
				clock.ahead.Store(int64(ahead))
				row.Recovery = s.recovered(time.Now(), row.Recovery)
			}
		}
		s.sold(20)
		stop()
		s.settleAt(url, end, row)
	})
}

// serveHere starts a node by its own clock in the test's process.
func (s *shop) serveHere(clock *jumpingClock) (url string, end func() error) {
	t := s.t
	t.Helper()
	masters, err := vault.LoadOrCreate(s.data + "/vault.keys")
	if err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := db.OpenVault(t.Context(), masters)
	if err != nil {
		t.Fatal(err, db.Close())
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	door := server.NewFront(log)
	web := httptest.NewServer(door)
	node, err := server.New(t.Context(), server.Config{
		Logger: log, Clock: clock, DB: db, Vault: keys, Listening: web.Listener.Addr().String(), PublicURL: web.URL, Version: "test",
	})
	if err != nil {
		web.Close()
		t.Fatal(err, db.Close())
	}
	node.Start()
	door.Open(node.Routes())
	end = sync.OnceValue(func() error {
		node.EndStreams()
		web.Close()
		node.Stop()
		return db.Close()
	})
	t.Cleanup(func() { _ = end() }) // settling tells
	return web.URL, end
}
