package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"giftimbiz/internal/webhook"
)

const listedColumns = endpointColumns + `, p.name, p.sandbox`

// Endpoints returns a partner's endpoints, the oldest first.
func (db *DB) Endpoints(ctx context.Context, partnerID int64) (list []webhook.Listed, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+listedColumns+` FROM endpoints e JOIN partners p ON p.id = e.partner_id
WHERE e.partner_id = $1 AND e.removed_at IS NULL ORDER BY e.id`, partnerID)
		if err != nil {
			return err
		}
		err = scanAll(rows, func(row scanner) error {
			list = append(list, webhook.Listed{})
			return scanListed(row, &list[len(list)-1])
		})
		for i := range list {
			if err == nil {
				err = lookAfter(ctx, tx, &list[i])
			}
		}
		return err
	})
	return list, err
}

// Endpoint returns an endpoint, or ErrNotFound.
func (db *DB) Endpoint(ctx context.Context, id int64) (l webhook.Listed, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		err := scanListed(tx.QueryRowContext(ctx, `SELECT `+listedColumns+` FROM endpoints e JOIN partners p ON p.id = e.partner_id
WHERE e.id = $1 AND e.removed_at IS NULL`, id), &l)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("endpoint %d %w", id, ErrNotFound)
		}
		if err != nil {
			return err
		}
		return lookAfter(ctx, tx, &l)
	})
	return l, err
}

// EndpointOwner returns the number of the partner that an endpoint belongs to, or ErrNotFound.
func (db *DB) EndpointOwner(ctx context.Context, id int64) (partnerID int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT partner_id FROM endpoints WHERE id = $1 AND removed_at IS NULL`, id).Scan(&partnerID)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("endpoint %d %w", id, ErrNotFound)
	}
	return partnerID, classify(err)
}

func scanListed(row scanner, l *webhook.Listed) error {
	return scanEndpoint(row, &l.Endpoint, &l.Partner, (*asBool)(&l.Sandbox))
}

// lookAfter reads how many deliveries wait, and what failed last: of those that are tried again, or of those that were given
// up.
func lookAfter(ctx context.Context, tx *sql.Tx, l *webhook.Listed) error {
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (
    SELECT 1 AS one FROM deliveries WHERE endpoint_id = $1 AND state = 1 LIMIT `+strconv.Itoa(webhook.CountedUpTo)+`) w`, l.ID).
		Scan(&l.Waiting)
	if err != nil {
		return err
	}
	var at sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT tried_at, event_id, status, failure FROM (
    SELECT * FROM (SELECT tried_at, event_id, status, failure FROM deliveries
        WHERE endpoint_id = $1 AND state = 1 ORDER BY due_at DESC, event_id DESC LIMIT 1000) a
    UNION ALL
    SELECT * FROM (SELECT tried_at, event_id, status, failure FROM deliveries
        WHERE endpoint_id = $1 AND state = 3 ORDER BY event_id DESC LIMIT 100) b
) x WHERE failure <> '' AND tried_at IS NOT NULL ORDER BY tried_at DESC, event_id DESC LIMIT 1`, l.ID).
		Scan(&at, &l.LastFailure.Event, &l.LastFailure.Status, &l.LastFailure.Text)
	l.LastFailure.At = fromMillis(at)
	return absent(err)
}
