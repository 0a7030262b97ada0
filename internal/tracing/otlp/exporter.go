package otlp

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/tracing"
)

// complainEvery is how often the log hears of a collector that takes nothing.
const complainEvery = time.Minute

// Options are what New needs; all of it.
type Options struct {
	Settings Settings
	Clock    clock.Clock
	Logger   *slog.Logger
	Version  string // of this program
}

// Sender sends spans while the process runs. Spans wait in a bounded queue (2048, or OTEL_BSP_MAX_QUEUE_SIZE): what does not fit
// any more is dropped, and nobody waits.
type Sender struct {
	*tracing.Tracer
	provider *sdktrace.TracerProvider
	counter  *counter
}

// New begins to send where the settings say so; else it returns nil, which traces nothing.
func New(ctx context.Context, o Options) (*Sender, error) {
	if err := o.Settings.Check(); err != nil || !o.Settings.On() {
		return nil, err
	}
	c, err := newClient(o.Settings)
	if err != nil {
		return nil, err
	}
	sampler, err := o.Settings.sampler()
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", "giftimbiz"), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", rand.Text()),
	), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	sends := &counter{SpanExporter: otlptrace.NewUnstarted(c), clock: o.Clock, log: o.Logger}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(sends), sdktrace.WithSampler(sampler), sdktrace.WithResource(about))
	return &Sender{Tracer: tracing.New(provider), provider: provider, counter: sends}, nil
}

// Stop sends what is left, as far as the time of ctx allows.
func (s *Sender) Stop(ctx context.Context) {
	if s != nil {
		_ = s.provider.Shutdown(ctx) // what could not be sent was said already
	}
}

// Spans returns how many were taken by the collector, and how many were lost because it did not take them.
func (s *Sender) Spans() (sent, lost int64) {
	if s == nil {
		return 0, 0
	}
	s.counter.mu.Lock()
	defer s.counter.mu.Unlock()
	return s.counter.sent, s.counter.lost
}

// counter counts spans on their way out, and has the log hear of failures now and then. It tells nobody else: OpenTelemetry would
// say each of them.
type counter struct {
	sdktrace.SpanExporter
	clock clock.Clock
	log   *slog.Logger

	mu         sync.Mutex
	sent, lost int64     // guarded by mu
	unsaid     int64     // guarded by mu: lost since the log heard of it
	said       time.Time // guarded by mu: when it heard of a failure; zero = all is well
}

// ExportSpans implements sdktrace.SpanExporter.
func (c *counter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := c.SpanExporter.ExportSpans(ctx, spans)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.sent += int64(len(spans))
		if !c.said.IsZero() {
			c.log.Info("sending traces works again", "lost", c.unsaid)
			c.said, c.unsaid = time.Time{}, 0
		}
		return nil
	}
	c.lost += int64(len(spans))
	c.unsaid += int64(len(spans))
	if now := c.clock.Now(); c.said.IsZero() || now.Sub(c.said) >= complainEvery || now.Before(c.said) {
		c.log.Warn("sending traces fails; spans are dropped", "lost", c.unsaid, "error", err)
		c.said, c.unsaid = now, 0
	}
	return nil
}

// Flush sends what has ended so far.
func (s *Sender) Flush(ctx context.Context) error { return s.provider.ForceFlush(ctx) }
