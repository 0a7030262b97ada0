package storage_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// clear keeps secrets as they are.
type clear struct{}

func (clear) OpenSecret(_ string, _ int64, sealed []byte) (string, error) {
	return string(sealed[4:]), nil
}

// sink is a partner's server. It answers what answer says, 204 if that is nil.
type sink struct {
	*httptest.Server
	answer func(w http.ResponseWriter, m message)

	mu   sync.Mutex
	got  []message      // guarded by mu: in the order in which requests came
	once map[string]int // guarded by mu: how often each message came
}

// message is a request that a sink got.
type message struct {
	id, body string
	header   http.Header
}

func newSink(t testing.TB, answer func(http.ResponseWriter, message)) *sink {
	t.Helper()
	s := &sink{answer: answer, once: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		m := message{r.Header.Get("webhook-id"), string(body), r.Header}
		s.mu.Lock()
		s.got = append(s.got, m)
		s.once[m.id]++
		s.mu.Unlock()
		if s.answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		s.answer(w, m)
	}))
	t.Cleanup(s.Close)
	return s
}

// messages returns what came so far.
func (s *sink) messages() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func status(code int) func(http.ResponseWriter, message) {
	return func(w http.ResponseWriter, _ message) { w.WriteHeader(code) }
}

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"

// endpoint writes an endpoint down that is on and hears the given types, all if there are none.
func (o outside) endpoint(id, partner int64, url string, types ...gift.EventType) {
	o.t.Helper()
	chosen := ""
	for _, typ := range types {
		chosen += " " + string(typ) + " "
	}
	o.alter(`INSERT INTO endpoints (id, partner_id, url, types, state, secret, created_at) VALUES ($1, $2, $3, $4, 1, $5, 0)`,
		id, partner, url, chosen, storagetest.Sealed(testSecret))
	o.alter(`UPDATE partners SET hears = 1 WHERE id = $1`, partner)
}

// delivery is a row.
type delivery struct {
	state    webhook.DeliveryState
	attempts int64
	dueAt    time.Time
	status   int
	failure  string
	answer   string
}

// deliveries returns what is stored of an endpoint, by the event's type.
func (o outside) deliveries(endpoint int64) map[string]delivery {
	o.t.Helper()
	rows, err := o.raw.QueryContext(o.t.Context(), `SELECT v.type, d.state, d.attempts, d.due_at, d.status, d.failure, d.answer
FROM deliveries d JOIN events v ON v.id = d.event_id WHERE d.endpoint_id = $1`, endpoint)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err says what matters
	found := map[string]delivery{}
	for rows.Next() {
		var typ string
		var d delivery
		var due int64
		if err := rows.Scan(&typ, &d.state, &d.attempts, &due, &d.status, &d.failure, &d.answer); err != nil {
			o.t.Fatal(err)
		}
		d.dueAt = time.UnixMilli(due)
		found[typ] = d
	}
	if err := rows.Err(); err != nil {
		o.t.Fatal(err)
	}
	return found
}

// one returns a number that the database holds.
func (o outside) one(query string, args ...any) (n int64) {
	o.t.Helper()
	if err := o.raw.QueryRowContext(o.t.Context(), query, args...).Scan(&n); err != nil {
		o.t.Fatalf("%s: %v", query, err)
	}
	return n
}

var local = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// deliver starts a sender of the node's, which stops when the test ends, or before.
func deliver(h *storagetest.House, change ...func(*webhook.Options)) (s *webhook.Sender, stop func()) {
	h.T.Helper()
	o := webhook.Options{
		Store: h.DB, Secrets: clear{}, Clock: h.Clock, Guard: webhook.NewGuard(local), Patience: time.Second,
		Timeout: 2 * time.Minute, // longer than soon waits: what does not answer is late, and has not failed
	}
	for _, f := range change {
		f(&o)
	}
	s = webhook.New(o)
	h.DB.OnEvents(s.Nudge)
	s.Start()
	stop = sync.OnceFunc(s.Stop)
	h.T.Cleanup(stop)
	return s, stop
}

// soon waits until something is so.
func soon(t testing.TB, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within a minute: %s", what)
		case <-tick.C:
		}
	}
}

// eventOf writes an event of an order down, or of none, that an endpoint is to be told.
func eventOf(t testing.TB, tx *sql.Tx, h *storagetest.House, endpoint int64, order gift.ID, n int) {
	t.Helper()
	id := h.DB.IDs().Next()
	_, err := tx.ExecContext(t.Context(), `INSERT INTO events (id, type, partner_id, order_id, data)
SELECT CAST($1 AS BIGINT), 'test.sent', partner_id, CAST($2 AS BIGINT), $3 FROM endpoints WHERE id = $4`,
		int64(id), int64(order), fmt.Sprintf(`{"order":%d,"n":%d}`, order, n), endpoint)
	if err == nil {
		_, err = tx.ExecContext(t.Context(), `INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at) VALUES ($1, $2, $3, $4)`,
			endpoint, int64(id), int64(order), h.Clock.Now().UnixMilli())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// numbered is what eventOf puts into an event.
type numbered struct {
	Order gift.ID
	N     int
}

func lineOf(t testing.TB, m message) numbered {
	t.Helper()
	var body struct{ Data numbered }
	if err := json.Unmarshal([]byte(m.body), &body); err != nil {
		t.Error(err)
	}
	return body.Data
}

// inOrder fails the test if events of an order came first in another order than they happened, or if some did not come.
// Repetitions may come.
func (s *sink) inOrder(t testing.TB, orders []gift.ID, each int) {
	t.Helper()
	last := map[gift.ID]int{}
	for _, m := range s.messages() {
		l := lineOf(t, m)
		switch before := last[l.Order]; {
		case l.N > before+1:
			t.Errorf("event %d of order %d came after %d", l.N, l.Order, before)
		case l.N == before+1:
			last[l.Order] = l.N
		}
	}
	for _, order := range orders {
		if last[order] != each {
			t.Errorf("%d events of order %d came, not %d", last[order], order, each)
		}
	}
}

// waiting is how much waits at an endpoint.
func (o outside) waiting(endpoint int64) int64 {
	o.t.Helper()
	return o.one(`SELECT COUNT(*) FROM deliveries WHERE endpoint_id = $1 AND state = 1`, endpoint)
}

// ordersOf has a partner that does not hear yet buy.
func ordersOf(h *storagetest.House, partner int64, n int) (list []gift.ID) {
	h.T.Helper()
	h.Stock(1, n)
	for i := range n {
		list = append(list, buyStar(h, partner, fmt.Sprint(i)))
	}
	return list
}

// buyStar buys a coupon, which costs nothing on any day.
func buyStar(h *storagetest.House, partner int64, key string) gift.ID {
	h.T.Helper()
	out, err := h.Engine.Buy(h.T.Context(), storagetest.StarRequest(partner, key, 0))
	if err != nil || out.Refusal != nil {
		h.T.Fatal(out.Refusal, err)
	}
	return out.OrderID
}

// backlog has events wait at an endpoint: so many of each order, in turns. All begin to wait at once.
func (o outside) backlog(h *storagetest.House, endpoint int64, orders []gift.ID, each int) {
	o.t.Helper()
	tx, err := o.raw.BeginTx(o.t.Context(), nil)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for n := 1; n <= each; n++ {
		for _, order := range orders {
			eventOf(o.t, tx, h, endpoint, order, n)
		}
	}
	if err := tx.Commit(); err != nil {
		o.t.Fatal(err)
	}
}
