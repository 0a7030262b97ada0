package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/tracing"
	"giftimbiz/internal/tracing/otlp"
)

// lastSpansWithin bounds how long the end of the program waits for a collector.
const lastSpansWithin = 3 * time.Second

// startTraces sends traces where OpenTelemetry's variables say, if they say anything.
func (c *config) startTraces(ctx context.Context, clk clock.Clock, log *slog.Logger) error {
	settings, err := otlp.ReadSettings(os.Environ())
	if err == nil {
		err = settings.Check()
	}
	if err != nil {
		return usageError{err}
	}
	c.traces, err = otlp.New(ctx, otlp.Options{Settings: settings, Clock: clk, Logger: log, Version: version})
	if c.traces != nil {
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("tracing", "error", err) }))
		log.Info("tracing", "to", settings.Host())
	}
	return err
}

func (c *config) stopTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), lastSpansWithin)
	defer cancel()
	c.traces.Stop(ctx)
}

// tracer is nil where nothing is traced.
func (c *config) tracer() *tracing.Tracer {
	if c.traces == nil {
		return nil
	}
	return c.traces.Tracer
}
