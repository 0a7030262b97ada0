// Package tracing makes spans: how long each step of a request, a batch or a delivery took, and what belongs to what, across
// processes too, as W3C Trace Context has it. Only what is inside a recorded span is recorded, so all of it costs a look into the
// context where nobody traces. Spans hold names, numbers and codes; never a path, a parameter, a key or a voucher's number.
package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// scope names who made a span.
const scope = "giftimbiz"

// parentHeader and stateHeader are W3C's names of what is passed on. Trace state is taken from callers, and given to nobody.
const (
	parentHeader = "traceparent"
	stateHeader  = "tracestate"
)

// Tracer begins traces, or goes on with those of others. A nil Tracer does neither.
type Tracer struct{ otel trace.Tracer }

// New returns a tracer whose spans go to a provider, which decides what is recorded.
func New(provider trace.TracerProvider) *Tracer { return &Tracer{provider.Tracer(scope)} }

// Serve begins the span of a request. It goes on with the caller's trace, if the headers traceparent and tracestate are of one.
func (t *Tracer) Serve(ctx context.Context, parent, state, name string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	return t.begin(remote(ctx, parent, state), trace.SpanKindServer, name)
}

// Continue begins a span of what another process, or this one earlier, left to do: parent is what Parent returned there. Without
// one there is no span.
func (t *Tracer) Continue(ctx context.Context, parent, name string) (context.Context, Span) {
	if t == nil || parent == "" {
		return ctx, Span{}
	}
	return t.begin(remote(ctx, parent, ""), trace.SpanKindClient, name)
}

// Begin begins a trace of its own, of work that nobody asked for.
func (t *Tracer) Begin(ctx context.Context, name string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	return t.begin(ctx, trace.SpanKindInternal, name)
}

func (t *Tracer) begin(ctx context.Context, kind trace.SpanKind, name string) (context.Context, Span) {
	ctx, span := t.otel.Start(ctx, name, trace.WithSpanKind(kind))
	return ctx, recorded(span)
}

func remote(ctx context.Context, parent, state string) context.Context {
	if parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{parentHeader: parent, stateHeader: state})
}

// Start begins a span of a step inside the one in ctx. Where that is not recorded, it does nothing.
func Start(ctx context.Context, name string) (context.Context, Span) {
	return step(ctx, trace.SpanKindInternal, name)
}

// StartCall is Start for a step in which something outside this process is asked.
func StartCall(ctx context.Context, name string) (context.Context, Span) {
	return step(ctx, trace.SpanKindClient, name)
}

func step(ctx context.Context, kind trace.SpanKind, name string) (context.Context, Span) {
	within := trace.SpanFromContext(ctx)
	if !within.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := within.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind))
	return ctx, recorded(span)
}

// In returns the recorded span that ctx is inside of, or none. It is to be ended by who began it.
func In(ctx context.Context) Span { return recorded(trace.SpanFromContext(ctx)) }

// ID returns the number of the trace that ctx is part of, recorded here or not, in hexadecimal; "" = of none.
func ID(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); c.IsValid() {
		return c.TraceID().String()
	}
	return ""
}

// Parent returns what others need to go on with a recorded trace: the value of the header traceparent. "" = there is none.
func Parent(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); !c.IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[parentHeader]
}

// Span is a step that takes time. The zero Span is none, and everything done to it does nothing. It may be used from any
// goroutine.
type Span struct{ otel trace.Span }

func recorded(span trace.Span) Span {
	if !span.IsRecording() {
		return Span{}
	}
	return Span{span}
}

// On tells whether there is a span: what it would be told need not be made up otherwise.
func (s Span) On() bool { return s.otel != nil }

// Name names it anew.
func (s Span) Name(name string) {
	if s.otel != nil {
		s.otel.SetName(name)
	}
}

// Text notes a word. "" is not noted.
func (s Span) Text(key, value string) {
	if s.otel != nil && value != "" {
		s.otel.SetAttributes(attribute.String(key, value))
	}
}

// Number notes a number.
func (s Span) Number(key string, value int64) {
	if s.otel != nil {
		s.otel.SetAttributes(attribute.Int64(key, value))
	}
}

// Link says that the span that ctx is inside of has to do with this one, though it is not a step of it.
func (s Span) Link(ctx context.Context) {
	if s.otel != nil {
		s.otel.AddLink(trace.LinkFromContext(ctx))
	}
}

// Fail notes that the step failed. why is the name of a kind of failure, never the text of an error: that may hold anything.
func (s Span) Fail(why string) {
	if s.otel != nil {
		s.otel.SetAttributes(attribute.String("error.type", why))
		s.otel.SetStatus(codes.Error, "")
	}
}

// End ends it.
func (s Span) End() {
	if s.otel != nil {
		s.otel.End()
	}
}
