package faults_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

const answersPerLife = 120 // a server is killed after so many

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
	masters, err := vault.LoadOrCreate(data + "/vault.keys")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := db.OpenVault(t.Context(), masters)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := keys.SealSecret(webhook.SecretKind, 1, l.secret)
	if err != nil {
		t.Fatal(err)
	}
	programtest.Alter(t, database, `INSERT INTO endpoints (id, partner_id, url, types, state, secret, created_at)
SELECT 1, id, $1, ' order.completed ', 1, $2, 0 FROM partners WHERE name = 'demo'`, l.URL+"/hooks", sealed)
	programtest.Alter(t, database, `UPDATE partners SET hears = 1 WHERE name = 'demo'`)
}

// TestAKilledServerTellsEveryOrder kills servers under load: before what was bought is told, while it is being told, and when
// it was. Whoever starts next tells the rest.
func TestAKilledServerTellsEveryOrder(t *testing.T) {
	programtest.EachDatabase(t, func(t *testing.T, data, database string) {
		made := furnish(t, data, database, "400") // they buy for as long as telling takes
		l := newListener(t)
		l.register(t, data, database)
		args := []string{"serve", "--data", data, "--database", database, "--webhook-allow", "127.0.0.1"}
		var b *faults.Buyers
		for _, step := range []string{"before", "while", "after"} {
			s := programtest.StartChecked(t, args...)
			if b == nil {
				b = faults.NewBuyers(t, s.URL, made.Partners[0].Credentials)
			}
			l.holds.Store(step == "while")
			killTelling(t, b, s, l, step)
			l.holds.Store(false)
			programtest.Alter(t, database, `UPDATE endpoints SET leased_until = 0`) // instead of waiting
		}
		s := programtest.StartChecked(t, args...)
		b.Settle(s.URL)
		orders := b.Orders()
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
		programtest.Eventually(t, "every order is told", func() bool { return missing() == 0 })
		if err := s.Terminate(); err != nil {
			t.Errorf("the server did not stop in order: %v", err)
		}
		t.Logf("%d orders, told of %d times", len(orders), l.came.Load())
		if l.refused.Load() != 0 || len(l.orders) != len(orders) {
			t.Errorf("%d messages do not verify; %d orders were told of %d", l.refused.Load(), len(l.orders), len(orders))
		}
		programtest.Do(t, "doctor", "--data", data, "--database", database)
	})
}

// killTelling kills a server at a step of telling.
func killTelling(t *testing.T, b *faults.Buyers, s *programtest.Program, l *listener, step string) {
	t.Helper()
	answers, came := b.Answers(), l.came.Load()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { b.Run(crashBuyers, s.URL, stop) })
	programtest.Eventually(t, "enough is bought", func() bool { return b.Answers()-answers >= answersPerLife })
	switch step {
	case "while":
		programtest.Eventually(t, "a request is held", func() bool { return l.held.Load() > 0 })
	case "after":
		programtest.Eventually(t, "enough is told", func() bool { return l.came.Load()-came >= answersPerLife })
	}
	s.Kill()
	close(stop)
	wg.Wait()
}

// TestEventsUnderWayArriveWhenTheServerIsToldToStop: their answers are stored, so that nobody tells them again.
func TestEventsUnderWayArriveWhenTheServerIsToldToStop(t *testing.T) {
	programtest.EachDatabase(t, func(t *testing.T, data, database string) {
		made := programtest.DemoData(t, data, database, "--offers", "40")
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
		s := programtest.StartChecked(t, args...)
		b := faults.NewBuyers(t, s.URL, made.Partners[0].Credentials)
		if !b.BuyAny(b.Client(s.URL)) {
			t.Fatal("nothing was bought")
		}
		<-asked
		stopped := make(chan error, 1)
		go func() { stopped <- s.Terminate() }()
		programtest.Eventually(t, "the server takes no more connections", func() bool {
			resp, err := http.Get(s.URL + "/healthz")
			if err == nil {
				_ = resp.Body.Close() // only its being there matters
			}
			return err != nil
		})
		close(answer)
		if err := <-stopped; err != nil {
			t.Errorf("the server did not stop in order: %v", err)
		}
		programtest.Alter(t, database, `UPDATE deliveries SET state = 2 WHERE state = 2 AND attempts = 1`)
		programtest.Alter(t, database, `UPDATE endpoints SET lease_token = '' WHERE lease_token = ''`) // it was given back
		if n := l.came.Load(); n != 1 {
			t.Errorf("it was told %d times", n)
		}
	})
}
