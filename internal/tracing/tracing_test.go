package tracing_test

import (
	"context"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"giftimbiz/internal/tracing"
)

const (
	callers  = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	unwanted = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
)

func newTracer(t *testing.T, sampler sdktrace.Sampler) (*tracing.Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	seen := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(seen))
	return tracing.New(provider), seen
}

func TestARequestGoesOnWithItsCallersTrace(t *testing.T) {
	tracer, seen := newTracer(t, sdktrace.ParentBased(sdktrace.NeverSample()))
	ctx, span := tracer.Serve(t.Context(), callers, "", "GET")
	inner, step := tracing.StartCall(ctx, "SELECT orders")
	step.End()
	span.End()
	ended := seen.Ended()
	if len(ended) != 2 || ended[1].Parent().SpanID().String() != "b7ad6b7169203331" || ended[0].Parent().SpanID() != ended[1].SpanContext().SpanID() {
		t.Fatalf("%v", ended)
	}
	if tracing.ID(inner) != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the trace is %s", tracing.ID(inner))
	}
	_, later := tracer.Continue(context.Background(), tracing.Parent(ctx), "webhook.delivery")
	later.End()
	if got := seen.Ended()[2]; got.Parent().SpanID() != ended[1].SpanContext().SpanID() {
		t.Errorf("what is left to do is part of %v", got.Parent())
	}
}

func TestWhatIsNotRecordedHasNoStepsAndIsNotPassedOn(t *testing.T) {
	for name, test := range map[string]struct {
		parent string
		trace  bool // it has a number all the same, for the log
	}{"nobody asked for it": {"", true}, "the caller does not record it": {unwanted, true}, "the caller's header is garbage": {"x", true}} {
		tracer, seen := newTracer(t, sdktrace.ParentBased(sdktrace.NeverSample()))
		ctx, span := tracer.Serve(t.Context(), test.parent, "", "GET")
		_, step := tracing.Start(ctx, "step")
		_, later := tracer.Continue(ctx, tracing.Parent(ctx), "later")
		if span.On() || step.On() || later.On() || tracing.Parent(ctx) != "" || len(seen.Started()) != 0 {
			t.Errorf("%s: recorded", name)
		}
		if (tracing.ID(ctx) != "") != test.trace {
			t.Errorf("%s: the trace is %q", name, tracing.ID(ctx))
		}
	}
}

// TestNobodyTracesAtNoCost: where there is no tracer, nothing is allocated.
func TestNobodyTracesAtNoCost(t *testing.T) {
	var none *tracing.Tracer
	ctx := t.Context()
	used := testing.AllocsPerRun(100, func() {
		inside, request := none.Serve(ctx, callers, "", "GET")
		inside, step := tracing.Start(inside, "step")
		step.Number("n", 1)
		step.Text("t", "x")
		step.Link(inside)
		step.Fail("x")
		step.End()
		_, later := none.Continue(inside, tracing.Parent(inside), "later")
		later.End()
		request.End()
	})
	if used != 0 {
		t.Errorf("%v allocations", used)
	}
}
