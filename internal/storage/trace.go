package storage

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	sqlitedriver "modernc.org/sqlite"

	"giftimbiz/internal/tracing"
)

// roundTrips makes a span of each round trip to PostgreSQL, and of waiting for a connection. Statements are named, see nameOf;
// neither their texts nor their values are in a span, and of an error its code only.
type roundTrips struct{}

// roundTrip is the key of a span in the contexts that pgx hands from a beginning to its end.
type roundTrip struct{}

func began(ctx context.Context, name string) context.Context {
	ctx, span := tracing.StartCall(ctx, name)
	if !span.On() {
		return ctx
	}
	span.Text("db.system.name", "postgresql")
	return context.WithValue(ctx, roundTrip{}, span)
}

func ended(ctx context.Context, err error) {
	if span, ok := ctx.Value(roundTrip{}).(tracing.Span); ok {
		failed(span, err)
		span.End()
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (roundTrips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !tracing.In(ctx).On() {
		return ctx
	}
	return began(ctx, nameOf(data.SQL))
}

// TraceQueryEnd implements pgx.QueryTracer.
func (roundTrips) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	ended(ctx, data.Err)
}

// TraceBatchStart implements pgx.BatchTracer: what a session flushes is one round trip.
func (roundTrips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !tracing.In(ctx).On() {
		return ctx
	}
	texts := make([]string, len(data.Batch.QueuedQueries))
	for i, q := range data.Batch.QueuedQueries {
		texts[i] = q.SQL
	}
	ctx = began(ctx, nameOfAll(texts))
	tracing.In(ctx).Number("db.operation.batch.size", int64(len(texts)))
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (roundTrips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (roundTrips) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	ended(ctx, data.Err)
}

// TraceAcquireStart implements pgxpool.AcquireTracer.
func (roundTrips) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return began(ctx, "connection")
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (roundTrips) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	ended(ctx, data.Err)
}

// failed notes what became of a statement.
func failed(span tracing.Span, err error) {
	var pg *pgconn.PgError
	var lite *sqlitedriver.Error
	switch {
	case err == nil || !span.On():
	case errors.As(err, &pg):
		span.Text("db.response.status_code", pg.Code)
		span.Fail(pg.Code)
	case errors.As(err, &lite):
		span.Number("db.response.status_code", int64(lite.Code()))
		span.Fail("sqlite")
	case errors.Is(err, context.DeadlineExceeded):
		span.Fail("timeout")
	case errors.Is(err, context.Canceled):
		span.Fail("canceled")
	default:
		span.Fail("connection")
	}
}
