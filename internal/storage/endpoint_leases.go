package storage

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/webhook"
)

var _ webhook.Store = (*DB)(nil)

// somethingDue of endpoint e, at the time $2.
const somethingDue = `EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 1 AND d.due_at <= $2)`

// What a row of LookForDeliveries is about.
const (
	lookHeld = 1
	lookFree = 2
	lookAny  = 3 // there is an endpoint that is on
)

// LookForDeliveries implements webhook.Store. Where no endpoint is on, it reads nothing but the end of an empty index.
func (db *DB) LookForDeliveries(ctx context.Context, holder string, now time.Time, limit int) (found webhook.Outlook, err error) {
	rows, err := db.read.QueryContext(ctx, `
SELECT 1, held.id, held.version, held.state, held.due FROM (
    SELECT e.id, e.version, e.state, CASE WHEN `+somethingDue+` THEN 1 ELSE 0 END AS due FROM endpoints e
    WHERE e.lease_token = $1 AND e.lease_token <> '') held
UNION ALL
SELECT 2, free.id, 0, 1, 1 FROM (
    SELECT e.id FROM endpoints e
    WHERE e.state = 1 AND e.leased_until <= `+db.dialect.now+` AND e.lease_token <> $1 AND `+somethingDue+`
    ORDER BY e.id LIMIT $3) free
UNION ALL
SELECT 3, x.id, 0, 1, 0 FROM (SELECT id FROM endpoints WHERE state = 1 LIMIT 1) x`, holder, millis(now), limit)
	if err != nil {
		return found, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		var about int
		var h webhook.Held
		var state webhook.State
		var due asBool
		err := row.Scan(&about, &h.ID, &h.Version, &state, &due)
		switch h.On, h.Due = state == webhook.On, bool(due); about {
		case lookHeld:
			found.Held = append(found.Held, h)
		case lookFree:
			found.Free = append(found.Free, h.ID)
		case lookAny:
			found.Any = true
		}
		return err
	})
	return found, classify(err)
}

// The locks come first and in order, so that what follows sees what they protect, and two processes never wait for each other
// in a circle.
var (
	lockEndpointsByID = over("id bigint", `
SELECT endpoints.id FROM input JOIN endpoints ON endpoints.id = input.id `+lockEndpoints)

	leaseEndpoints = map[*dialect]*setStatement{postgres: leaseStatement(postgres), sqlite: leaseStatement(sqlite)}

	releaseEndpoints = over("id bigint, token text", `
UPDATE endpoints SET lease_token = '', leased_until = 0 FROM input
WHERE endpoints.id = input.id AND endpoints.lease_token = input.token`)
)

func leaseStatement(d *dialect) *setStatement {
	return over("id bigint, token text, period bigint", `
UPDATE endpoints SET lease_token = input.token, leased_until = `+d.now+` + input.period FROM input
WHERE endpoints.id = input.id AND endpoints.state = 1
  AND (endpoints.lease_token = input.token OR endpoints.leased_until <= `+d.now+`)
RETURNING endpoints.id, endpoints.partner_id, endpoints.url, endpoints.types, endpoints.state, endpoints.off_reason,
    endpoints.secret, endpoints.previous, endpoints.previous_until, endpoints.failing_since, endpoints.version,
    endpoints.created_at`)
}

// LeaseEndpoints implements webhook.Store.
func (db *DB) LeaseEndpoints(ctx context.Context, holder string, ids []int64) (list []webhook.Endpoint, err error) {
	err = db.inSession(ctx, func(s session) error {
		list = nil
		s.query(lockEndpointsByID, func(scanner) error { return nil }, ids)
		s.query(leaseEndpoints[db.dialect], func(row scanner) error {
			e, err := scanLeased(row)
			list = append(list, e)
			return err
		}, ids, repeat(holder, len(ids)), repeat(webhook.LeaseFor.Milliseconds(), len(ids)))
		return s.flush(ctx)
	})
	return list, err
}

func scanLeased(row scanner) (e webhook.Endpoint, err error) {
	var types string
	var previousUntil, failingSince sql.NullInt64
	var created int64
	err = row.Scan(&e.ID, &e.PartnerID, &e.URL, &types, &e.State, &e.OffReason, &e.Secret, &e.Previous, &previousUntil,
		&failingSince, &e.Version, &created)
	for _, t := range strings.Fields(types) {
		e.Types = append(e.Types, gift.EventType(t))
	}
	e.PreviousUntil, e.FailingSince, e.CreatedAt = fromMillis(previousUntil), fromMillis(failingSince), time.UnixMilli(created)
	return e, err
}

// ReleaseEndpoints implements webhook.Store.
func (db *DB) ReleaseEndpoints(ctx context.Context, holder string, ids []int64) error {
	return db.inSession(ctx, func(s session) error {
		s.query(lockEndpointsByID, func(scanner) error { return nil }, ids)
		s.exec(releaseEndpoints, -1, ids, repeat(holder, len(ids)))
		return s.flush(ctx)
	})
}

// server is who switches endpoints off.
var server = office.Actor{Name: "server"}

// givenUp is what the audit trail says of an endpoint.
type givenUp struct {
	Endpoint int64  `json:"endpoint"`
	State    string `json:"state"`
	Reason   string `json:"reason,omitempty"`
}

// GiveUpEndpoint implements webhook.Store.
func (db *DB) GiveUpEndpoint(ctx context.Context, holder string, id int64, reason string, now time.Time) error {
	if err := db.readyForIDs(ctx); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		var partner int64 // locked before its endpoint, as by whoever else changes one
		var name string
		err := tx.QueryRowContext(ctx, db.dialect.locks.Replace(`SELECT id, name FROM partners
WHERE id = (SELECT partner_id FROM endpoints WHERE id = $1) `+lockRow), id).Scan(&partner, &name)
		if err != nil {
			return absent(err)
		}
		res, err := tx.ExecContext(ctx, `UPDATE endpoints SET state = 3, off_reason = $1, given_up_at = $2, lease_token = '', leased_until = 0
WHERE id = $3 AND state = 1 AND lease_token = $4`, reason, millis(now), id, holder)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil {
			return err
		}
		if err := hearAgain(ctx, tx, partner); err != nil {
			return err
		}
		return db.audit(office.As(ctx, server), tx, change{
			action: "endpoint.give_up", subject: partnerSubject(name),
			before: givenUp{Endpoint: id, State: "on"}, after: givenUp{Endpoint: id, State: "given up", Reason: reason},
		}, now)
	})
}

func repeat[T any](v T, n int) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = v
	}
	return list
}
