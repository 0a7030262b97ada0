package server

import (
	"context"
	"log/slog"

	"giftimbiz/internal/requestid"
	"giftimbiz/internal/tracing"
)

// joining adds to each line that is part of a request the request's id, as the answer has it in X-Request-Id, and the number of its
// trace, so that lines, answers and traces can be brought together.
type joining struct{ slog.Handler }

// joinable returns a log whose lines can be brought together. It may be given what it returned.
func joinable(log *slog.Logger) *slog.Logger {
	if _, is := log.Handler().(joining); is {
		return log
	}
	return slog.New(joining{log.Handler()})
}

// Handle implements slog.Handler.
func (j joining) Handle(ctx context.Context, line slog.Record) error {
	if ctx != nil {
		if id := requestid.Of(ctx); id != "" {
			line.AddAttrs(slog.String("request", id))
		}
		if id := tracing.ID(ctx); id != "" {
			line.AddAttrs(slog.String("trace", id))
		}
	}
	return j.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (j joining) WithAttrs(attrs []slog.Attr) slog.Handler {
	return joining{j.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (j joining) WithGroup(name string) slog.Handler { return joining{j.Handler.WithGroup(name)} }
