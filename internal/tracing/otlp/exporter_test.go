package otlp

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/tracing"
	"giftimbiz/internal/tracing/otlptest"
)

// start sends as the variables say; what the log hears comes after the sender has stopped.
func start(t *testing.T, clk clock.Clock, vars ...string) (*Sender, *bytes.Buffer) {
	t.Helper()
	settings, err := ReadSettings(vars)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := New(t.Context(), Options{Settings: settings, Clock: clk, Logger: slog.New(slog.NewTextHandler(&log, nil)), Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	return s, &log
}

func TestSpansReachTheCollector(t *testing.T) {
	for _, zip := range []string{"none", "gzip"} {
		c := otlptest.New(t)
		s, log := start(t, clock.System{}, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL+"/", "OTEL_EXPORTER_OTLP_COMPRESSION="+zip,
			"OTEL_EXPORTER_OTLP_HEADERS=api-key=a%20b,x=1")
		ctx, outer := s.Begin(t.Context(), "outer")
		_, inner := tracing.Start(ctx, "inner")
		inner.Number("n", 7)
		inner.Fail("timeout")
		inner.End()
		outer.End()
		s.Stop(t.Context())
		spans := c.Spans()
		if len(spans) != 2 || spans[0].Name != "inner" || spans[0].Parent != spans[1].ID || spans[0].Trace != tracing.ID(ctx) ||
			spans[0].Attrs["n"] != "7" || spans[0].Attrs["error.type"] != "timeout" || spans[0].Service != "giftimbiz" {
			t.Errorf("%s: %v", zip, spans)
		}
		if _, header := c.Tries(); header.Get("Api-Key") != "a b" || header.Get("X") != "1" {
			t.Errorf("%s: sent with %v", zip, header)
		}
		if sent, lost := s.Spans(); sent != 2 || lost != 0 || log.Len() != 0 {
			t.Errorf("%s: %d sent, %d lost; %s", zip, sent, lost, log)
		}
	}
}

func TestWhatACollectorRefusesForTheMomentIsSentAgain(t *testing.T) {
	tries := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries < 3 { // one connection at a time
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer web.Close()
	s, log := start(t, clock.System{}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+web.URL)
	_, span := s.Begin(t.Context(), "x")
	span.End()
	s.Stop(t.Context())
	if sent, lost := s.Spans(); sent != 1 || lost != 0 || tries != 3 || log.Len() != 0 {
		t.Errorf("%d sent, %d lost by %d tries; %s", sent, lost, tries, log)
	}
}

// TestACollectorThatIsAwayIsOneLineAMinute and nobody waits for it.
func TestACollectorThatIsAwayIsOneLineAMinute(t *testing.T) {
	c := otlptest.New(t)
	c.Refuse(http.StatusForbidden)
	now := clock.NewManual(time.Unix(1_800_000_000, 0))
	s, log := start(t, now, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL)
	send := func() {
		t.Helper()
		_, span := s.Begin(t.Context(), "x")
		span.End()
		if err := s.provider.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		send()
	}
	now.Advance(complainEvery)
	send()
	c.Refuse(0)
	send()
	s.Stop(t.Context())
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "fails; spans are dropped\" lost=1 error=\"traces export: the collector answers HTTP 403\"") ||
		!strings.Contains(lines[1], "lost=5") || !strings.Contains(lines[2], "works again") {
		t.Errorf("%d lines: %s", len(lines), log)
	}
	if sent, lost := s.Spans(); sent != 1 || lost != 6 {
		t.Errorf("%d sent, %d lost", sent, lost)
	}
}

// TestAFullQueueHoldsNobodyUp fills it while the collector does not answer.
func TestAFullQueueHoldsNobodyUp(t *testing.T) {
	release := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer web.Close()
	defer close(release)
	s, _ := start(t, clock.System{}, "OTEL_EXPORTER_OTLP_ENDPOINT="+web.URL)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 10_000 { // some times what the queue takes
			_, span := s.Begin(context.Background(), "x")
			span.End()
		}
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("spans wait for the collector")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Stop(ctx) // nor does the end of the program, longer than it is let
}

func TestNothingIsSentUnlessItIsSaidWhere(t *testing.T) {
	for _, vars := range [][]string{
		nil,
		{"OTEL_SERVICE_NAME=x"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_SDK_DISABLED=true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_TRACES_EXPORTER=none"},
	} {
		s, _ := start(t, clock.System{}, vars...)
		if s != nil {
			t.Errorf("%v: traces", vars)
		}
		s.Stop(t.Context())
		if sent, lost := s.Spans(); sent != 0 || lost != 0 {
			t.Errorf("%v: %d, %d", vars, sent, lost)
		}
	}
}

func TestASettingThatCannotBeMeantIsToldByItsName(t *testing.T) {
	const at = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"
	for _, test := range []struct {
		vars []string
		told string // "" = right
	}{
		{[]string{at}, ""},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT: want an address"},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://x/y"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: want an address"},
		{[]string{at, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, "want http/protobuf"},
		{[]string{at, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf"}, ""},
		{[]string{at, "OTEL_TRACES_EXPORTER=zipkin"}, "want otlp or none"},
		{[]string{at, "OTEL_EXPORTER_OTLP_COMPRESSION=zstd"}, "want gzip or none"},
		{[]string{at, "OTEL_EXPORTER_OTLP_HEADERS=secret"}, "want name=value"},
		{[]string{at, "OTEL_EXPORTER_OTLP_CERTIFICATE=/no/such/file"}, "OTEL_EXPORTER_OTLP_CERTIFICATE: open"},
		{[]string{at, "OTEL_TRACES_SAMPLER=jaeger_remote"}, "want parentbased_traceidratio"},
		{[]string{at, "OTEL_TRACES_SAMPLER_ARG=5%"}, "want a ratio"},
		{[]string{at, "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.05"}, ""},
	} {
		s, err := ReadSettings(test.vars)
		if err == nil {
			err = s.Check()
		}
		switch {
		case test.told == "" && err != nil, test.told != "" && (err == nil || !strings.Contains(err.Error(), test.told)):
			t.Errorf("%v: %v", test.vars, err)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%v: a secret is told: %v", test.vars, err)
		}
	}
}
