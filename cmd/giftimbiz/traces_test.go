package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"giftimbiz/client"
	"giftimbiz/internal/tracing/otlptest"
	"giftimbiz/internal/webhook"
)

// callersTrace is a trace that a partner's program began, and the span in it that calls.
const callersTrace, callersSpan = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

// calling adds what OpenTelemetry in a partner's program adds, and keeps the answer's id.
type calling struct {
	id atomic.Value
}

func (c *calling) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		c.id.Store(resp.Header.Get("X-Request-Id"))
	}
	return resp, err
}

// TestAPurchaseIsOneTrace follows a purchase from the caller's trace through the queue and the batch to the COMMIT, the log and the
// webhook, and finds nothing secret on the way.
func TestAPurchaseIsOneTrace(t *testing.T) {
	eachDatabase(t, func(t *testing.T, data, database string) {
		made := demoData(t, data, database, "--offers", "40")
		var told atomic.Value
		hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told.Store(r.Header.Get("Traceparent")) }))
		defer hook.Close()
		(&listener{Server: hook, secret: webhook.NewSecret()}).register(t, data, database)

		collector := otlptest.New(t)
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
		t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
		t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0") // only what a caller asks for
		s := startChecked(t, "serve", "--data", data, "--database", database, "--webhook-allow", "127.0.0.1")
		b := newBuyers(t, s.url, made.Partners[0].Credentials)
		partner := &calling{}
		c := client.New(client.Options{BaseURL: s.url, Credentials: b.who, Retries: -1, HTTP: &http.Client{Transport: partner}})
		if !b.buy(c, "key-of-the-partners", b.offers[0]) || len(b.told) != 1 || !bytes.Contains(b.told["key-of-the-partners"], []byte("0000")) {
			t.Fatalf("nothing was bought: %s", b.told)
		}
		request := partner.id.Load().(string)
		eventually(t, "the webhook came", func() bool { return told.Load() != nil })
		find := func(want func(*otlptest.Span) bool) *otlptest.Span {
			i := slices.IndexFunc(collector.Spans(), want)
			if i < 0 {
				return nil
			}
			return collector.Spans()[i]
		}
		named := func(name string) func(*otlptest.Span) bool {
			return func(s *otlptest.Span) bool { return s.Name == name }
		}
		const route = "/api/v1/giftimbiz/buyGifticoupon"
		eventually(t, "all spans came", func() bool {
			return find(named("POST "+route)) != nil && find(named("purchase.batch")) != nil && find(named("webhook.delivery")) != nil
		})
		post, queue, batch, sent := find(named("POST "+route)), find(named("purchase.queue")), find(named("purchase.batch")), find(named("webhook.delivery"))
		for _, span := range collector.Spans() {
			if span.Trace != callersTrace {
				t.Errorf("%s is part of another trace, which nobody asked for", span.Name)
			}
		}
		if post.Parent != callersSpan || post.Attrs["http.route"] != route || post.Attrs["http.response.status_code"] != "200" ||
			post.Attrs["giftimbiz.code"] != "0000" || post.Attrs["giftimbiz.partner"] != "demo" || post.Attrs["giftimbiz.request_id"] != request {
			t.Errorf("the request: child of %s, %v", post.Parent, post.Attrs)
		}
		if queue.Parent != post.ID || batch.Parent != post.ID || len(batch.GetLinks()) != 1 || len(queue.GetLinks()) != 1 ||
			batch.Attrs["purchase.batch.size"] != "1" {
			t.Errorf("queue %v, batch %v of %v, with links %v", queue.Parent, batch.Attrs, batch.Parent, batch.GetLinks())
		}
		commit := find(func(s *otlptest.Span) bool { return s.Name == "COMMIT" && s.Parent == batch.ID })
		if commit == nil || commit.GetStartTimeUnixNano() < batch.GetStartTimeUnixNano() {
			t.Errorf("no COMMIT in the batch: %v", collector.Spans())
		}
		if find(func(s *otlptest.Span) bool { return s.Parent == batch.ID && strings.Contains(s.Name, "INSERT orders") }) == nil {
			t.Errorf("no statement in the batch is named: %v", collector.Spans())
		}
		if sent.Parent != batch.ID && sent.Parent != post.ID || told.Load() != "00-"+callersTrace+"-"+sent.ID+"-01" {
			t.Errorf("the webhook: child of %s, told %s", sent.Parent, told.Load())
		}
		line := regexp.MustCompile(`msg=call endpoint=giftimbiz/buyGifticoupon.* request=` + request + ` trace=` + callersTrace)
		eventually(t, "the log has a line of it", func() bool { return line.MatchString(s.output.String()) })
		for _, secret := range []string{b.who.PartnerKey, b.who.PartnerToken, b.who.RefreshToken, "key-of-the-partners", "$1", hook.URL} {
			if bytes.Contains(collector.Raw(), []byte(secret)) {
				t.Errorf("%q is in a span", secret)
			}
		}
		if err := s.terminate(); err != nil {
			t.Error(err)
		}
	})
}

// TestASettingOfTracesThatCannotBeMeantEndsTheStart instead of tracing nothing in silence.
func TestASettingOfTracesThatCannotBeMeantEndsTheStart(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")
	p := launch(t, checkedProgram, "serve", "--data", t.TempDir())
	<-p.ended
	if text := p.output.String(); p.cmd.ProcessState.ExitCode() != exitUsage || !strings.Contains(text, "OTEL_EXPORTER_OTLP_ENDPOINT: want an address") {
		t.Errorf("it ends with %d, saying %s", p.cmd.ProcessState.ExitCode(), text)
	}
}
