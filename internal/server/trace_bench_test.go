package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/tracing"
)

// BenchmarkTracing shows what a purchase costs without a connection: where nobody traces, where this one is not recorded, and where
// it is.
func BenchmarkTracing(b *testing.B) {
	recorded := sdktrace.NewTracerProvider(sdktrace.WithBatcher(nowhere{}))
	unrecorded := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0))))
	for _, mode := range []struct {
		name   string
		open   func(context.Context, string) (*storage.DB, error)
		tracer *tracing.Tracer
	}{
		{"off", storage.OpenOrCreate, nil},
		{"not recorded", storage.OpenTraced, tracing.New(unrecorded)},
		{"recorded", storage.OpenTraced, tracing.New(recorded)},
	} {
		b.Run(mode.name, func(b *testing.B) {
			s := startHouseOn(b, mode.open, func(c *Config) { c.Tracer = mode.tracer })
			c := s.as("devtest1")
			form := chocoOrder()
			form.Set("partner_id", c.id)
			body := form.Encode()
			door := NewFront(s.node.Logger)
			door.Trace(mode.tracer)
			door.Open(s.node.Routes())
			b.ReportAllocs()
			b.ResetTimer()
			for n := range b.N {
				r := httptest.NewRequest(http.MethodPost, "/api/v1/giftimbiz/buyGifticoupon", strings.NewReader(body))
				r.Header = c.header
				r.Header.Set("Idempotency-Key", "key-"+strconv.Itoa(n))
				w := httptest.NewRecorder()
				door.ServeHTTP(w, r)
				if !strings.Contains(w.Body.String(), partnerapi.Success) {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// nowhere takes spans and forgets them.
type nowhere struct{}

func (nowhere) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (nowhere) Shutdown(context.Context) error                             { return nil }
