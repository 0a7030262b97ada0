package tracing_test

import (
	"regexp"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"giftimbiz/internal/tracing"
)

var parentForm = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$`) // sampled, and a trace id that is random

// FuzzServe begins traces of what callers say of theirs: a trace goes on only where traceparent is one as W3C has it, and what is
// passed on is one again, of a fixed length.
func FuzzServe(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "vendor=value")
	f.Add("00-00000000000000000000000000000000-b7ad6b7169203331-01", "")
	f.Add("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b,a=b")
	f.Add("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01\n", strings.Repeat("x=1,", 40))
	f.Fuzz(func(t *testing.T, parent, state string) {
		tracer, ended := newTracer(t, sdktrace.AlwaysSample())
		ctx, span := tracer.Serve(t.Context(), parent, state, "GET")
		given := tracing.Parent(ctx)
		if !parentForm.MatchString(given) {
			t.Fatalf("of %q comes %q", parent, given)
		}
		span.End()
		made := ended.Ended()
		if len(made) != 1 {
			t.Fatalf("%d spans", len(made))
		}
		if from := made[0].Parent(); from.IsValid() && (len(parent) < 55 || parent[3:35] != from.TraceID().String() || given[3:35] != parent[3:35]) {
			t.Errorf("of %q the trace %s goes on", parent, from.TraceID())
		}
	})
}
