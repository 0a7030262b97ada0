package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/webhook"
)

const endpointColumns = `e.id, e.partner_id, e.url, e.types, e.state, e.off_reason, e.secret, e.previous, e.previous_until,
e.failing_since, e.version, e.created_at`

func scanEndpoint(row scanner, e *webhook.Endpoint, more ...any) error {
	var types string
	var until, failing, created sql.NullInt64
	dest := []any{
		&e.ID, &e.PartnerID, &e.URL, &types, &e.State, &e.OffReason, &e.Secret, &e.Previous, &until, &failing, &e.Version, &created,
	}
	err := row.Scan(append(dest, more...)...)
	e.Types = webhook.SplitTypes(types)
	e.PreviousUntil, e.FailingSince, e.CreatedAt = fromMillis(until), fromMillis(failing), fromMillis(created)
	return err
}

// endpointState is what the audit trail says of an endpoint.
type endpointState struct {
	Endpoint int64            `json:"endpoint"`
	URL      string           `json:"url"` // without its query
	Events   []gift.EventType `json:"events,omitempty"`
	State    string           `json:"state"`
	Why      string           `json:"why,omitempty"`
	Secret   string           `json:"secret_before_until,omitempty"`
}

func stateOfEndpoint(e webhook.Endpoint) endpointState {
	s := endpointState{
		Endpoint: e.ID, URL: webhook.WithoutQuery(e.URL), Events: e.Types, State: e.State.String(), Why: e.OffReason,
	}
	if !e.PreviousUntil.IsZero() {
		s.Secret = e.PreviousUntil.In(gift.Seoul).Format(time.RFC3339)
	}
	return s
}

// AddEndpoint stores a new endpoint of e.PartnerID, switched on, with e.URL and e.Types, and returns it. seal encrypts its
// secret once its number is known. ErrTooMany: the partner has MaxEndpoints.
func (db *DB) AddEndpoint(
	ctx context.Context, e webhook.Endpoint, seal func(id int64) ([]byte, error), now time.Time,
) (webhook.Endpoint, error) {
	err := db.auditedTx(ctx, func(tx *sql.Tx) error {
		number, err := tick(ctx, tx) // before the partner's row, as whoever else changes a partner
		if err != nil {
			return err
		}
		partner, err := db.lockListener(ctx, tx, e.PartnerID)
		if err != nil {
			return err
		}
		if err := partner.StillHere(); err != nil {
			return err
		}
		var there int
		err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM endpoints WHERE partner_id = $1 AND removed_at IS NULL`,
			e.PartnerID).Scan(&there)
		if err != nil {
			return err
		}
		if there >= webhook.MaxEndpoints {
			return fmt.Errorf("partner %q %w", partner.Name, webhook.ErrTooMany)
		}
		e.ID = number // it was never given to anything, nor ever will be
		if e.Secret, err = seal(e.ID); err != nil {
			return err
		}
		if err := db.keepKeys(ctx, tx, e.Secret); err != nil {
			return err
		}
		e.State, e.Version, e.CreatedAt = webhook.On, 1, now
		_, err = tx.ExecContext(ctx, `INSERT INTO endpoints (id, partner_id, url, types, state, secret, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			e.ID, e.PartnerID, e.URL, webhook.JoinTypes(e.Types), int64(e.State), e.Secret, millis(now))
		if err != nil {
			return err
		}
		if err := hearAgain(ctx, tx, e.PartnerID); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: "endpoint.create", subject: partnerSubject(partner.Name), after: stateOfEndpoint(e),
		}, now)
	})
	return e, err
}

// lockListener makes changes of a partner's endpoints wait for each other, and returns the partner.
func (db *DB) lockListener(ctx context.Context, tx *sql.Tx, partnerID int64) (gift.Partner, error) {
	p, err := scanPartner(tx.QueryRowContext(ctx,
		db.dialect.locks.Replace(`SELECT `+partnerColumns+` FROM partners WHERE id = $1 `+lockRow), partnerID))
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("partner %d %w", partnerID, ErrNotFound)
	}
	return p, err
}

// hearAgain notes whether any of a partner's endpoints is on. Call it with the partner's row locked. Without the cast
// PostgreSQL could look through the endpoints of all partners that are on.
func hearAgain(ctx context.Context, tx *sql.Tx, partnerID int64) error {
	return execOne(ctx, tx, `UPDATE partners SET hears = CASE WHEN EXISTS (
    SELECT 1 FROM endpoints WHERE partner_id = $1 AND CAST(state AS BIGINT) = 1) THEN 1 ELSE 0 END WHERE id = $1`, partnerID)
}

// ChangeEndpoint lets edit change an endpoint's URL, types, state or secrets, stores that and returns the endpoint. The
// action is what the audit trail calls it. A version other than 0 must be the endpoint's (ErrChanged). What edit returns as an
// error is returned, and nothing stored.
func (db *DB) ChangeEndpoint(
	ctx context.Context, action string, id, version int64, now time.Time, edit webhook.Change,
) (e webhook.Endpoint, err error) {
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		partner, was, err := db.lockEndpoint(ctx, tx, id, version)
		if err != nil {
			return err
		}
		e = was
		if err := edit(partner, &e); err != nil {
			return err
		}
		if reflect.DeepEqual(was, e) {
			return nil
		}
		if err := db.keepKeys(ctx, tx, e.Secret, e.Previous); err != nil {
			return err
		}
		if err := storeEndpoint(ctx, tx, &e); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: action, subject: partnerSubject(partner.Name),
			before: stateOfEndpoint(was), after: stateOfEndpoint(e),
		}, now)
	})
	return e, err
}

// lockEndpoint reads an endpoint and its partner, and keeps both from changing.
func (db *DB) lockEndpoint(ctx context.Context, tx *sql.Tx, id, version int64) (p gift.Partner, e webhook.Endpoint, err error) {
	err = tx.QueryRowContext(ctx, `SELECT partner_id FROM endpoints WHERE id = $1`, id).Scan(&e.PartnerID)
	if err == nil {
		if p, err = db.lockListener(ctx, tx, e.PartnerID); err != nil {
			return p, e, err
		}
		err = scanEndpoint(tx.QueryRowContext(ctx, db.dialect.locks.Replace(
			`SELECT `+endpointColumns+` FROM endpoints e WHERE e.id = $1 AND e.removed_at IS NULL `+lockRow), id), &e)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = fmt.Errorf("endpoint %d %w", id, ErrNotFound)
	case err == nil && version != 0 && version != e.Version:
		err = fmt.Errorf("endpoint %d: %w", id, ErrChanged)
	}
	return p, e, err
}

func storeEndpoint(ctx context.Context, tx *sql.Tx, e *webhook.Endpoint) error {
	e.Version++
	err := execOne(ctx, tx, `UPDATE endpoints SET url = $2, types = $3, state = $4, off_reason = $5, secret = $6, previous = $7,
previous_until = $8, failing_since = $9, version = $10, given_up_at = CASE WHEN CAST($4 AS SMALLINT) = 3 THEN given_up_at END
WHERE id = $1`,
		e.ID, e.URL, webhook.JoinTypes(e.Types), int64(e.State), e.OffReason, e.Secret, nullBytes(e.Previous),
		nullMillis(e.PreviousUntil), nullMillis(e.FailingSince), e.Version)
	if err != nil {
		return err
	}
	return hearAgain(ctx, tx, e.PartnerID)
}

func nullMillis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return millis(t)
}

// RemoveEndpoint removes an endpoint for good, with its deliveries. From its first transaction on, nobody finds the endpoint
// any more, and nothing is sent to it. A version other than 0 must be the endpoint's (ErrChanged).
func (db *DB) RemoveEndpoint(ctx context.Context, id, version int64, now time.Time) error {
	err := db.auditedTx(ctx, func(tx *sql.Tx) error {
		partner, e, err := db.lockEndpoint(ctx, tx, id, version)
		if err != nil {
			return err
		}
		err = execOne(ctx, tx, `UPDATE endpoints SET state = $2, secret = $3, previous = NULL, previous_until = NULL, url = '',
given_up_at = NULL, removed_at = $4, version = version + 1 WHERE id = $1`, id, int64(webhook.Off), []byte{}, millis(now))
		if err != nil {
			return err
		}
		if err := hearAgain(ctx, tx, e.PartnerID); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: "endpoint.remove", subject: partnerSubject(partner.Name), before: stateOfEndpoint(e),
		}, now)
	})
	if err != nil {
		return err
	}
	return db.forgetDeliveries(ctx, id)
}

// removedFor is how long the row of a removed endpoint is kept: no transaction lasts so long that began before.
const removedFor = time.Hour

// SweepEndpoints ends what removals began: deliveries that were written meanwhile or not deleted yet, and the endpoints' rows.
func (db *DB) SweepEndpoints(ctx context.Context, now time.Time) error {
	ids, err := collect(ctx, db.read, scanID,
		`SELECT id FROM endpoints WHERE removed_at < $1 AND removed_at IS NOT NULL`, millis(now.Add(-removedFor)))
	for _, id := range ids {
		if err == nil {
			err = db.forgetDeliveries(ctx, id)
		}
		if err == nil {
			err = db.tx(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `DELETE FROM endpoints WHERE id = $1 AND removed_at IS NOT NULL`, id)
				return err
			})
		}
	}
	return classify(err)
}

// forgetDeliveries deletes all deliveries to an endpoint, a few at a time, so that purchases go on between.
func (db *DB) forgetDeliveries(ctx context.Context, endpoint int64) error {
	_, err := db.removeAll(ctx, `DELETE FROM deliveries WHERE endpoint_id = $1 AND event_id IN (
    SELECT event_id FROM deliveries WHERE endpoint_id = $1 ORDER BY event_id LIMIT $2)`, endpoint)
	return err
}

// SendTest tells an endpoint, and no other, that it is told of events. It must be on (ErrOff).
func (db *DB) SendTest(ctx context.Context, id int64, now time.Time) (event gift.ID, err error) {
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		partner, e, err := db.lockEndpoint(ctx, tx, id, 0)
		if err != nil {
			return err
		}
		if e.State != webhook.On {
			return fmt.Errorf("endpoint %d %w", id, webhook.ErrOff)
		}
		if event, err = db.newID(); err != nil {
			return err
		}
		test := gift.NewEvent(event, gift.TestSent, e.PartnerID, 0, struct{}{})
		_, err = tx.ExecContext(ctx, `INSERT INTO events (id, type, partner_id, order_id, data) VALUES ($1, $2, $3, 0, $4)`,
			int64(event), string(test.Type), test.PartnerID, string(test.Data))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at) VALUES ($1, $2, 0, $3)`,
			id, int64(event), millis(now))
		if err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: "endpoint.test", subject: partnerSubject(partner.Name),
			after: replayState{Endpoint: id, Event: webhook.MessageID(event), Count: 1},
		}, now)
	})
	return event, err
}
