package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/webhook"
)

// listener is a partner's server that is told of orders. It checks what it is told with the library that partners use.
type listener struct {
	*httptest.Server
	secret  string
	holds   atomic.Bool  // requests are not answered until their sender is gone
	held    atomic.Int64 // such requests
	came    atomic.Int64
	refused atomic.Int64 // did not verify

	mu     sync.Mutex
	orders map[string]int // guarded by mu: how often each was told of
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{secret: webhook.NewSecret(), orders: map[string]int{}}
	verifier, err := standard.NewWebhook(l.secret)
	if err != nil {
		t.Fatal(err)
	}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return // its sender was killed
		}
		var told struct {
			Type gift.EventType `json:"type"`
			Data gift.OrderData `json:"data"`
		}
		if verifier.Verify(raw, r.Header) != nil || json.Unmarshal(raw, &told) != nil || told.Type != gift.OrderCompleted {
			l.refused.Add(1)
		}
		if l.holds.Load() {
			l.held.Add(1)
			<-r.Context().Done()
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.orders[string(told.Data.Order)]++
		l.came.Add(1)
	}))
	t.Cleanup(l.Close)
	return l
}

// register has the demo's partner told of its orders.
func (l *listener) register(t *testing.T, data, database string) {
	t.Helper()
	db, err := storage.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it only read
	keys, err := (&config{Data: data}).vault(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := keys.SealSecret(webhook.SecretKind, 1, l.secret)
	if err != nil {
		t.Fatal(err)
	}
	alter(t, database, `INSERT INTO endpoints (id, partner_id, url, types, state, secret, created_at)
SELECT 1, id, $1, ' order.completed ', 1, $2, 0 FROM partners WHERE name = 'demo'`, l.URL+"/hooks", sealed)
	alter(t, database, `UPDATE partners SET hears = 1 WHERE name = 'demo'`)
}

// alter changes a database on which nothing runs that this would disturb.
func alter(t *testing.T, database, query string, args ...any) {
	t.Helper()
	driver, dsn := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // what it did is checked
	if res, err := db.ExecContext(context.Background(), query, args...); err != nil {
		t.Fatal(err)
	} else if n, err := res.RowsAffected(); n == 0 || err != nil {
		t.Fatalf("%q changed %d rows, %v", query, n, err)
	}
}

// TestAKilledServerTellsEveryOrder kills servers under load: before what was bought is told, while it is being told, and when
// it was. Whoever starts next tells the rest.
func TestAKilledServerTellsEveryOrder(t *testing.T) {
	eachDatabase(t, func(t *testing.T, data, database string) {
		made := demoData(t, data, database, "--offers", "400")
		l := newListener(t)
		l.register(t, data, database)
		args := []string{"serve", "--data", data, "--database", database, "--webhook-allow", "127.0.0.1"}
		var b *buyers
		for _, step := range []string{"before", "while", "after"} {
			s := startChecked(t, args...)
			if b == nil {
				b = newBuyers(t, s.url, made.Partners[0].Credentials)
			}
			l.holds.Store(step == "while")
			killTelling(t, b, s, l, step)
			l.holds.Store(false)
			alter(t, database, `UPDATE endpoints SET leased_until = 0`) // instead of waiting
		}
		s := startChecked(t, args...)
		b.settle(s.url)
		orders := b.orders()
		missing := func() (n int) {
			l.mu.Lock()
			defer l.mu.Unlock()
			for order := range orders {
				if l.orders[order] == 0 {
					n++
				}
			}
			return n
		}
		eventually(t, "every order is told", func() bool { return missing() == 0 })
		if err := s.terminate(); err != nil {
			t.Errorf("the server did not stop in order: %v", err)
		}
		t.Logf("%d orders, told of %d times", len(orders), l.came.Load())
		if l.refused.Load() != 0 || len(l.orders) != len(orders) {
			t.Errorf("%d messages do not verify; %d orders were told of %d", l.refused.Load(), len(l.orders), len(orders))
		}
		runProgram(t, "doctor", "--data", data, "--database", database)
	})
}

// killTelling kills a server at a step of telling.
func killTelling(t *testing.T, b *buyers, s *program, l *listener, step string) {
	t.Helper()
	answers, came := b.answers.Load(), l.came.Load()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { b.run(crashBuyers, s.url, stop) })
	eventually(t, "enough is bought", func() bool { return b.answers.Load()-answers >= answersPerLife })
	switch step {
	case "while":
		eventually(t, "a request is held", func() bool { return l.held.Load() > 0 })
	case "after":
		eventually(t, "enough is told", func() bool { return l.came.Load()-came >= answersPerLife })
	}
	s.kill()
	close(stop)
	wg.Wait()
}

// TestEventsUnderWayArriveWhenTheServerIsToldToStop: their answers are stored, so that nobody tells them again.
func TestEventsUnderWayArriveWhenTheServerIsToldToStop(t *testing.T) {
	eachDatabase(t, func(t *testing.T, data, database string) {
		made := demoData(t, data, database, "--offers", "40")
		l := newListener(t)
		asked, answer := make(chan struct{}, 1), make(chan struct{})
		inner := l.Config.Handler
		l.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked <- struct{}{}
			<-answer
			inner.ServeHTTP(w, r)
		})
		l.register(t, data, database)
		args := []string{"serve", "--data", data, "--database", database, "--webhook-allow", "127.0.0.1"}
		s := startChecked(t, args...)
		b := newBuyers(t, s.url, made.Partners[0].Credentials)
		b.made["one"] = b.offers[0]
		if !b.buy(b.client(s.url), "one", b.offers[0]) {
			t.Fatal("nothing was bought")
		}
		<-asked
		stopped := make(chan error, 1)
		go func() { stopped <- s.terminate() }()
		eventually(t, "the server takes no more connections", func() bool {
			resp, err := http.Get(s.url + "/healthz")
			if err == nil {
				_ = resp.Body.Close() // only its being there matters
			}
			return err != nil
		})
		close(answer)
		if err := <-stopped; err != nil {
			t.Errorf("the server did not stop in order: %v", err)
		}
		alter(t, database, `UPDATE deliveries SET state = 2 WHERE state = 2 AND attempts = 1`)
		alter(t, database, `UPDATE endpoints SET lease_token = '' WHERE lease_token = ''`) // it was given back
		if n := l.came.Load(); n != 1 {
			t.Errorf("it was told %d times", n)
		}
	})
}
