package storage

import (
	"context"
	"database/sql"
	"time"

	"giftimbiz/internal/webhook"
)

// DueDeliveries implements webhook.Store.
func (db *DB) DueDeliveries(ctx context.Context, endpoint int64, now time.Time, limit int) (list []webhook.Delivery, err error) {
	rows, err := db.read.QueryContext(ctx, `
SELECT due.event_id, due.order_id, due.attempts, v.type, v.partner_id, v.data, v.trace FROM (
    SELECT d.event_id, d.order_id, d.attempts, d.due_at FROM deliveries d
    WHERE d.endpoint_id = $1 AND d.state = 1 AND d.due_at <= $2 AND (d.order_id = 0 OR NOT EXISTS (
        SELECT 1 FROM deliveries b
        WHERE b.endpoint_id = d.endpoint_id AND b.order_id = d.order_id AND b.order_id <> 0 AND b.state = 1 AND b.event_id < d.event_id))
    ORDER BY d.due_at, d.event_id LIMIT $3) due
JOIN events v ON v.id = due.event_id ORDER BY due.due_at, due.event_id`, endpoint, millis(now), limit)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		d := webhook.Delivery{EndpointID: endpoint, State: webhook.Waiting}
		var data string
		err := row.Scan(&d.Event.ID, &d.Event.OrderID, &d.Attempts, &d.Event.Type, &d.Event.PartnerID, &data, &d.Event.Trace)
		d.Event.Data = []byte(data)
		list = append(list, d)
		return err
	})
	return list, classify(err)
}

var (
	lockHeldEndpoints = over("id bigint, token text", `
SELECT endpoints.id, endpoints.failing_since FROM input JOIN endpoints ON endpoints.id = input.id
WHERE endpoints.lease_token = input.token `+lockEndpoints)

	// Without the cast PostgreSQL could take an index of what waits, and read all that waits at the endpoint for each row.
	storeResults = over("endpoint_id bigint, event_id bigint, state bigint, attempts bigint, due_at bigint, tried_at bigint, "+
		"took_ms bigint, status bigint, failure text, answer text", `
UPDATE deliveries SET state = input.state, attempts = input.attempts, due_at = input.due_at, tried_at = input.tried_at,
    took_ms = input.took_ms, status = input.status, failure = input.failure, answer = input.answer
FROM input
WHERE deliveries.endpoint_id = input.endpoint_id AND deliveries.event_id = input.event_id
  AND CAST(deliveries.state AS BIGINT) = 1`)

	// What waits behind an event is due with it, or at once when it is done.
	moveFollowers = over("endpoint_id bigint, order_id bigint, event_id bigint, due_at bigint", `
UPDATE deliveries SET due_at = input.due_at FROM input
WHERE deliveries.endpoint_id = input.endpoint_id AND deliveries.order_id = input.order_id AND deliveries.order_id <> 0
  AND deliveries.state = 1 AND deliveries.event_id > input.event_id`)

	endpointsWork = over("id bigint", `
UPDATE endpoints SET failing_since = NULL FROM input WHERE endpoints.id = input.id AND endpoints.failing_since IS NOT NULL`)

	endpointsFail = over("id bigint, at bigint", `
UPDATE endpoints SET failing_since = input.at FROM input
WHERE endpoints.id = input.id AND (endpoints.failing_since IS NULL OR endpoints.failing_since > input.at)`)
)

// KeepResults implements webhook.Store.
func (db *DB) KeepResults(
	ctx context.Context, holder string, results []webhook.Delivery, now time.Time,
) (failing map[int64]time.Time, err error) {
	t := tallyResults(results)
	since := map[int64]sql.NullInt64{}
	err = db.inSession(ctx, func(s session) error {
		clear(since)
		s.query(lockHeldEndpoints, func(row scanner) error {
			var id int64
			var at sql.NullInt64
			err := row.Scan(&id, &at)
			since[id] = at
			return err
		}, t.endpoints, repeat(holder, len(t.endpoints)))
		if err := s.flush(ctx); err != nil {
			return err
		}
		held := func(d webhook.Delivery) bool { _, ok := since[d.EndpointID]; return ok }
		queueResults(s, filter(results, held), now)
		failing = queueHealth(s, t, since)
		return s.flush(ctx)
	})
	return failing, err
}

// attempted is how the endpoints of some results fared.
type attempted struct {
	endpoints []int64
	took      map[int64]bool
	failed    map[int64]time.Time // when the first attempt began that failed
}

func tallyResults(results []webhook.Delivery) attempted {
	t := attempted{took: map[int64]bool{}, failed: map[int64]time.Time{}}
	seen := map[int64]bool{}
	for _, d := range results {
		if !seen[d.EndpointID] {
			seen[d.EndpointID] = true
			t.endpoints = append(t.endpoints, d.EndpointID)
		}
		if d.State == webhook.Delivered {
			t.took[d.EndpointID] = true
		} else if first, ok := t.failed[d.EndpointID]; !ok || d.TriedAt.Before(first) {
			t.failed[d.EndpointID] = d.TriedAt
		}
	}
	return t
}

func queueResults(s session, results []webhook.Delivery, now time.Time) {
	ids := func(list []webhook.Delivery) (endpoints, events []int64) {
		return column(list, func(d webhook.Delivery) int64 { return d.EndpointID }),
			column(list, func(d webhook.Delivery) int64 { return int64(d.Event.ID) })
	}
	ordered := filter(results, func(d webhook.Delivery) bool { return d.Event.OrderID != 0 })
	endpoints, events := ids(ordered)
	s.exec(moveFollowers, -1, endpoints, column(ordered, func(d webhook.Delivery) int64 { return int64(d.Event.OrderID) }), events,
		column(ordered, func(d webhook.Delivery) int64 {
			if d.State == webhook.Waiting {
				return millis(d.DueAt)
			}
			return millis(now)
		}))
	endpoints, events = ids(results)
	s.exec(storeResults, -1, endpoints, events,
		column(results, func(d webhook.Delivery) int64 { return int64(d.State) }),
		column(results, func(d webhook.Delivery) int64 { return d.Attempts }),
		column(results, func(d webhook.Delivery) int64 { return millis(d.DueAt) }),
		column(results, func(d webhook.Delivery) int64 { return millis(d.TriedAt) }),
		column(results, func(d webhook.Delivery) int64 { return d.Took.Milliseconds() }),
		column(results, func(d webhook.Delivery) int64 { return int64(d.Status) }),
		column(results, func(d webhook.Delivery) string { return d.Failure }),
		column(results, func(d webhook.Delivery) string { return d.Answer }))
}

// queueHealth notes since when endpoints fail; since is what is stored of those that are held. Most work, and nothing is
// written of them.
func queueHealth(s session, t attempted, since map[int64]sql.NullInt64) (failing map[int64]time.Time) {
	failing = map[int64]time.Time{}
	var works, fails, at []int64
	for _, id := range t.endpoints {
		stored, held := since[id]
		first, failed := t.failed[id]
		switch {
		case !held:
		case t.took[id] && stored.Valid:
			works = append(works, id)
		case t.took[id] || !failed:
		case !stored.Valid || stored.Int64 > millis(first):
			fails, at = append(fails, id), append(at, millis(first))
			failing[id] = first
		default:
			failing[id] = time.UnixMilli(stored.Int64)
		}
	}
	s.exec(endpointsWork, -1, works)
	s.exec(endpointsFail, -1, fails, at)
	return failing
}

func filter[T any](list []T, keep func(T) bool) []T {
	kept := make([]T, 0, len(list))
	for _, v := range list {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// HastenDeliveries implements webhook.Store. It writes only if there is something to write.
func (db *DB) HastenDeliveries(ctx context.Context, now time.Time) error {
	far := millis(now.Add(webhook.LongestPause))
	var late asBool
	err := db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM endpoints e `+
		db.dialect.lookUp("deliveries", "d", "d.endpoint_id = e.id AND d.state = 1 AND d.due_at > $1")+
		` WHERE e.state = 1 LIMIT 1) x`, far).Scan(&late)
	if err != nil || !late {
		return classify(err)
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET due_at = $2 WHERE state = 1 AND due_at > $1 AND endpoint_id IN (
    SELECT id FROM endpoints WHERE state = 1)`, far, millis(now))
		return err
	})
}

// WaitingDeliveries counts what waits to be delivered to endpoints that are on, up to a limit: it reads as many rows.
func (db *DB) WaitingDeliveries(ctx context.Context, limit int) (n int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM endpoints e `+
		db.dialect.lookUp("deliveries", "d", "d.endpoint_id = e.id AND d.state = 1")+
		` WHERE e.state = 1 LIMIT $1) waiting`, limit).Scan(&n)
	return n, classify(err)
}
