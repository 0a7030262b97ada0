package server

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"

	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/partnerv2"
	"giftimbiz/internal/requestid"
	"giftimbiz/internal/tracing"
)

// Front is what every request passes first: it gives the answer an id, begins its trace, survives panics, and says that the
// server starts until there is a node behind it.
type Front struct {
	log    *slog.Logger
	tracer *tracing.Tracer
	next   atomic.Pointer[http.Handler]
}

// NewFront returns a Front that says of everything but /healthz that the server starts, until it is opened. The log is told
// of panics.
func NewFront(log *slog.Logger) *Front {
	f := &Front{log: joinable(log)}
	f.Open(starting())
	return f
}

// Trace has requests be traced. Call it before any is served.
func (f *Front) Trace(tracer *tracing.Tracer) { f.tracer = tracer }

// Open lets requests through to next from now on. It may be called while requests are served.
func (f *Front) Open(next http.Handler) { f.next.Store(&next) }

// visit is what a Front has of a request while it is answered.
type visit struct {
	ctx  requestid.Context
	seen seenWriter
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{seen: seenWriter{ResponseWriter: w}}
	v.ctx.Name(w, r)
	if f.tracer != nil && traced(r) {
		ctx, span := f.tracer.Serve(&v.ctx, r.Header.Get("Traceparent"), r.Header.Get("Tracestate"), methodOf(r))
		r = r.WithContext(ctx)
		defer endRequest(span, &v.seen, r)
	} else {
		r = r.WithContext(&v.ctx)
	}
	defer f.recover(&v.seen, r)
	(*f.next.Load()).ServeHTTP(&v.seen, r)
}

// recover answers for a handler that panicked. Its log line names no path: a path may be a key.
func (f *Front) recover(w *seenWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	f.log.ErrorContext(r.Context(), "panic", "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	plain(w, http.StatusInternalServerError, "The server failed. If it goes on, tell us the X-Request-Id.")
}

// starting answers while the node reads what it needs.
func starting() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		plain(w, http.StatusServiceUnavailable, "starting")
	})
	return apiFirst(http.HandlerFunc(partnerv2.Starting), http.HandlerFunc(partnerapi.Starting), guarded(mux))
}

// seenWriter knows whether the answer has begun, and with which status.
type seenWriter struct {
	http.ResponseWriter
	status int // 0 = it has not
}

// WriteHeader implements http.ResponseWriter.
func (w *seenWriter) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *seenWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *seenWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
