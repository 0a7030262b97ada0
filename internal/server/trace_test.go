package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/pgtest"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/tracing/otlp"
	"giftimbiz/internal/tracing/otlptest"
	"giftimbiz/internal/webhook"
)

// callersTrace is a trace that a partner's program began, and the span in it that calls.
const callersTrace, callersSpan = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

// heard is a log that is read while it is written.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// tracedHouse is a house that records what callers ask for.
type tracedHouse struct {
	*house
	database  string
	collector *otlptest.Collector
	log       *heard
	sender    *otlp.Sender
}

func startTraced(t testing.TB, dsn string) *tracedHouse {
	t.Helper()
	h := &tracedHouse{collector: otlptest.New(t), log: &heard{}}
	settings, err := otlp.ReadSettings([]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + h.collector.URL, "OTEL_TRACES_SAMPLER_ARG=0",
	})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(h.log, nil))
	h.sender, err = otlp.New(t.Context(), otlp.Options{Settings: settings, Clock: clock.System{}, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	open := func(ctx context.Context, sqlite string) (*storage.DB, error) {
		h.database = sqlite
		if dsn != "" {
			h.database = dsn
		}
		return storage.OpenTraced(ctx, h.database)
	}
	h.house = startHouseOn(t, open, func(c *Config) {
		c.Logger, c.Tracer = log, h.sender.Tracer
		c.WebhookAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	return h
}

// tell has the demo's partner told of its orders at an address.
func (h *house) tell(url string) {
	h.t.Helper()
	p, err := h.node.DB.Partner(h.t.Context(), "demo")
	if err != nil {
		h.t.Fatal(err)
	}
	e := webhook.Endpoint{PartnerID: p.ID, URL: url, Types: []gift.EventType{gift.OrderCompleted}}
	_, err = h.node.DB.AddEndpoint(h.t.Context(), e, func(id int64) ([]byte, error) {
		return h.node.Vault.SealSecret(webhook.SecretKind, id, webhook.NewSecret())
	}, h.clock.Now())
	if err != nil {
		h.t.Fatal(err)
	}
}

// spans sends all that ended and returns what came, by name.
func (h *tracedHouse) spans() map[string]*otlptest.Span {
	h.t.Helper()
	if err := h.sender.Flush(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	all := map[string]*otlptest.Span{}
	for _, s := range h.collector.Spans() {
		if s.Trace != callersTrace {
			h.t.Errorf("%s is part of a trace that nobody asked for", s.Name)
		}
		all[s.Name] = s
	}
	return all
}

func TestTracesOnSQLite(t *testing.T) {
	h := startTraced(t, "")
	t.Run("a purchase is one trace", func(t *testing.T) { h.in(t).purchaseIsOneTrace() })
	t.Run("purchases of one batch are linked", func(t *testing.T) { h.in(t).purchasesOfOneBatchAreLinked() })
	t.Run("a span has the route and not the path", func(t *testing.T) { h.in(t).spansHaveRoutes() })
	t.Run("a refusal is found in the log", func(t *testing.T) { h.in(t).refusalsAreFoundInTheLog() })
}

func TestAPurchaseIsOneTraceOnPostgreSQL(t *testing.T) {
	cluster, err := pgtest.Start("fsync=off")
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() }) // its folder is temporary
	dsn, err := cluster.CreateDatabase("traced")
	if err != nil {
		t.Fatal(err)
	}
	startTraced(t, dsn).purchaseIsOneTrace()
}

// in returns the house for use by a subtest.
func (h *tracedHouse) in(t testing.TB) *tracedHouse {
	return &tracedHouse{house: h.house.in(t), database: h.database, collector: h.collector, log: h.log, sender: h.sender}
}

// purchaseIsOneTrace follows a purchase from the caller's trace through the queue and the batch to the COMMIT, the log and the
// webhook, and finds nothing secret on the way.
func (h *tracedHouse) purchaseIsOneTrace() {
	t := h.t
	var told atomic.Value
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told.Store(r.Header.Get("Traceparent")) }))
	defer hook.Close()
	h.tell(hook.URL + "/a-secret-path")
	c := h.as("demo")
	c.header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	const key = "key-of-the-partner"
	a := c.order(key)
	if a.code != partnerapi.Success {
		t.Fatalf("%s", a.body)
	}
	request := a.header.Get("X-Request-Id")
	eventually(t, "the webhook came", func() bool { return told.Load() != nil })
	const route = "/api/v1/giftimbiz/buyGifticoupon"
	var all map[string]*otlptest.Span
	eventually(t, "all spans came", func() bool {
		all = h.spans()
		return all["POST "+route] != nil && all["purchase.batch"] != nil && all["webhook.delivery"] != nil
	})
	post, queue, batch, sent := all["POST "+route], all["purchase.queue"], all["purchase.batch"], all["webhook.delivery"]
	if post.Parent != callersSpan || post.Attrs["http.route"] != route || post.Attrs["http.response.status_code"] != "200" ||
		post.Attrs["giftimbiz.code"] != "0000" || post.Attrs["giftimbiz.partner"] != "demo" || post.Attrs["giftimbiz.request_id"] != request {
		t.Errorf("the request: child of %s, %v", post.Parent, post.Attrs)
	}
	if queue.Parent != post.ID || batch.Parent != post.ID || len(batch.GetLinks()) != 1 || len(queue.GetLinks()) != 1 ||
		batch.Attrs["purchase.batch.size"] != "1" {
		t.Errorf("queue of %v, batch of %v, %v, with links %v", queue.Parent, batch.Parent, batch.Attrs, batch.GetLinks())
	}
	inBatch := func(what string) {
		t.Helper()
		if !slices.ContainsFunc(h.collector.Spans(), func(s *otlptest.Span) bool { return s.Parent == batch.ID && strings.Contains(s.Name, what) }) {
			t.Errorf("the batch has no %s", what)
		}
	}
	inBatch("SELECT accounts")
	inBatch("INSERT orders")
	inBatch("COMMIT")
	if sent.Parent != post.ID || told.Load() != "00-"+callersTrace+"-"+sent.ID+"-01" || sent.Attrs["http.response.status_code"] != "200" {
		t.Errorf("the webhook: child of %s, %v, told %s", sent.Parent, sent.Attrs, told.Load())
	}
	line := regexp.MustCompile(`msg=call endpoint=giftimbiz/buyGifticoupon.* request=` + request + ` trace=` + callersTrace)
	if !line.MatchString(h.log.String()) {
		t.Errorf("the log has no line of it: %s", h.log)
	}
	h.keepsSecrets(c, key, hook.URL, "a-secret-path", "WHERE ", "VALUES ")
	// Of statements a span has the first words. What is so short is looked for in texts: numbers have it now and then.
	for _, s := range h.collector.Spans() {
		if strings.Contains(fmt.Sprint(s.Name, s.Attrs, s.GetEvents(), s.GetStatus()), "$1") {
			t.Errorf("a statement is in span %s: %v", s.Name, s.Attrs)
		}
	}
	if strings.Contains(h.log.String(), "$1") {
		t.Error("a statement is in the log")
	}
}

// keepsSecrets looks through all that was sent and logged.
func (h *tracedHouse) keepsSecrets(c *caller, more ...string) {
	h.t.Helper()
	for _, name := range []string{"Partnerkey", "Partnertoken", "Refresh-Token", "Access-Token"} {
		more = append(more, c.header.Get(name))
	}
	for _, secret := range more {
		if bytes.Contains(h.collector.Raw(), []byte(secret)) || strings.Contains(h.log.String(), secret) {
			h.t.Errorf("%q is in a span or in the log", secret)
		}
	}
}

// purchasesOfOneBatchAreLinked holds the engine's lane with one purchase until others wait.
func (h *tracedHouse) purchasesOfOneBatchAreLinked() {
	t := h.t
	c := h.as("devtest1")
	_ = h.spans() // those of before
	before := len(h.collector.Spans())
	release := programtest.Hold(t, h.database)
	var all sync.WaitGroup
	const n = 5
	order := func(i int) {
		one := &caller{h: c.h, id: c.id, header: c.header.Clone()}
		one.header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
		all.Go(func() {
			if a := one.order(fmt.Sprint("key-", i)); a.code != partnerapi.Success {
				t.Errorf("%s", a.body)
			}
		})
	}
	order(0)
	// Alone: a lane takes all that have come by then.
	eventually(t, "the lane has the first", func() bool {
		_ = h.spans()
		return slices.ContainsFunc(h.collector.Spans()[before:], func(s *otlptest.Span) bool { return s.Name == "purchase.queue" })
	})
	for i := range n - 1 {
		order(i + 1)
	}
	eventually(t, "the others wait", func() bool { return h.node.engine.Waiting() == n-1 })
	release()
	all.Wait()
	linked := func() (n int) {
		_ = h.spans()
		for _, s := range h.collector.Spans()[before:] {
			if s.Name == "purchase.batch" {
				n += len(s.GetLinks())
			}
		}
		return n
	}
	eventually(t, "all purchases are linked with their batches", func() bool { return linked() == n })
	for _, s := range h.collector.Spans()[before:] {
		switch {
		case s.Name == "purchase.batch" && s.Attrs["purchase.batch.size"] != fmt.Sprint(len(s.GetLinks())):
			t.Errorf("a batch of %s has %d links", s.Attrs["purchase.batch.size"], len(s.GetLinks()))
		case s.Name == "purchase.queue" && len(s.GetLinks()) != 1:
			t.Errorf("one that waited is linked with %v", s.GetLinks())
		}
	}
}

// spansHaveRoutes: paths of pages are keys. Balancers and Prometheus, who come all the time, have none.
func (h *tracedHouse) spansHaveRoutes() {
	for _, quiet := range []string{"/healthz", "/readyz", "/metrics"} {
		h.askTraced(quiet)
	}
	for path, name := range map[string]string{
		"/r/A-SECRET?code=A-SECRET": "GET /r/{token}", "/v/A-SECRET": "GET /v/{file}", "/UPLOAD/qr/A-SECRET.png": "GET /UPLOAD/qr/{file}",
		"/api/v2/orders/A-SECRET?A-SECRET": "GET /api/v2/orders/{id}", "/console/orders/A-SECRET": "GET /console/orders/{tid}",
		"/A-SECRET": "GET", "/api/v1/A-SECRET": "GET",
	} {
		before := len(h.collector.Spans())
		h.askTraced(path)
		var got []string
		eventually(h.t, "the span of "+path+" came", func() bool {
			_ = h.spans()
			for _, s := range h.collector.Spans()[before:] {
				if s.Parent == callersSpan {
					got = append(got, s.Name)
				}
			}
			return len(got) > 0
		})
		if len(got) != 1 || got[0] != name {
			h.t.Errorf("%s: %q, not %q", path, got, name)
		}
	}
	if bytes.Contains(h.collector.Raw(), []byte("A-SECRET")) {
		h.t.Error("a path is in a span")
	}
}

// askTraced sends a request of the caller's trace, and follows no redirect.
func (h *house) askTraced(path string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.url+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = resp.Body.Close() // only its being answered matters
}
