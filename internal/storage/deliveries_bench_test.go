package storage_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/webhook"
)

// BenchmarkDeliveries delivers what waits at one endpoint, or at several, to a server on the same machine, and then posts as
// many such bodies with a bare client, as many at once: what both are told is "deliveries/s" and "bare/s".
func BenchmarkDeliveries(b *testing.B) {
	for _, engine := range []struct {
		name, driver string
		url          func(testing.TB) string
	}{{"SQLite", "sqlite", sqliteURL}, {"PostgreSQL", "pgx", safePostgresURL}} {
		for _, endpoints := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/endpoints=%d", engine.name, endpoints), func(b *testing.B) {
				dsn := engine.url(b)
				name := dsn
				if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
					name = "file:" + path + "?_pragma=busy_timeout(10000)"
				}
				h := storagetest.NewHouse(b, opener(func(testing.TB) string { return dsn }))
				deliveries(b, h, outside{b, dsn, rawDB(b, engine.driver, name)}, endpoints)
			})
		}
	}
}

func deliveries(b *testing.B, h *storagetest.House, out outside, endpoints int) {
	p := h.Partner(gift.Partner{Name: "demo"}, 0)
	got := &counted{all: make(chan struct{})}
	s := httptest.NewServer(got)
	defer s.Close()
	for id := range endpoints {
		out.endpoint(int64(id+1), p, s.URL)
	}
	body := out.fill(h, p, endpoints, b.N)
	got.want.Store(int64(b.N))
	b.ResetTimer()
	began := time.Now()
	_, stop := deliver(h, func(o *webhook.Options) { o.Patience = time.Minute })
	<-got.all
	stop() // what came is stored
	took := time.Since(began)
	b.StopTimer()
	if n := out.one(`SELECT COUNT(*) FROM deliveries WHERE state <> 2`); n != 0 {
		b.Errorf("%d are not stored as delivered", n)
	}
	bare := bareClient(b, s.URL, got, body, 32*endpoints)
	b.ReportMetric(float64(b.N)/took.Seconds(), "deliveries/s")
	b.ReportMetric(float64(b.N)/bare.Seconds(), "bare/s")
}

// fill has n events wait, in turns at so many endpoints, and returns a body like theirs.
func (o outside) fill(h *storagetest.House, partner int64, endpoints, n int) []byte {
	o.t.Helper()
	var e gift.Event
	tx, err := o.raw.BeginTx(o.t.Context(), nil)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	for i := range n {
		id := h.DB.IDs().Next()
		e = gift.NewEvent(id, gift.OrderCompleted, partner, 0, gift.OrderData{Order: id.Ref(false), Kind: "gifticon", Items: 1, Amount: 940})
		_, err := tx.ExecContext(o.t.Context(), `INSERT INTO events (id, type, partner_id, order_id, data) VALUES ($1, $2, $3, 0, $4)`,
			int64(e.ID), string(e.Type), partner, string(e.Data))
		if err == nil {
			_, err = tx.ExecContext(o.t.Context(), `INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at) VALUES ($1, $2, 0, $3)`,
				i%endpoints+1, int64(id), h.Clock.Now().UnixMilli())
		}
		if err != nil {
			o.t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		o.t.Fatal(err)
	}
	return webhook.Body(&e)
}

// counted is a server that closes all after so many requests.
type counted struct {
	want atomic.Int64
	all  chan struct{}
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // the client reports what fails
	w.WriteHeader(http.StatusNoContent)
	if c.want.Add(-1) == 0 {
		close(c.all)
	}
}

func bareClient(b *testing.B, url string, got *counted, body []byte, atOnce int) time.Duration {
	b.Helper()
	got.want.Store(-1)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range atOnce {
		all.Go(func() {
			for next.Add(1) <= int64(b.N) {
				resp, err := client.Post(url, "application/json", bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				_ = resp.Body.Close() // it is empty
			}
		})
	}
	all.Wait()
	return time.Since(began)
}
