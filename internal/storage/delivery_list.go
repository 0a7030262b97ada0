package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/webhook"
)

// deliveriesLookedAt bounds the deliveries that one page looks through for those that fit filters which no index knows.
const deliveriesLookedAt = 5000

const deliveryColumns = `d.endpoint_id, d.event_id, d.order_id, d.state, d.attempts, d.due_at, d.tried_at, d.took_ms, d.status,
d.failure, v.type, v.partner_id`

func scanDelivery(row scanner, d *webhook.Delivery, more ...any) error {
	var due, tried sql.NullInt64
	var took int64
	dest := []any{
		&d.EndpointID, &d.Event.ID, &d.Event.OrderID, &d.State, &d.Attempts, &due, &tried, &took, &d.Status, &d.Failure,
		&d.Event.Type, &d.Event.PartnerID,
	}
	err := row.Scan(append(dest, more...)...)
	d.DueAt, d.TriedAt, d.Took = fromMillis(due), fromMillis(tried), time.Duration(took)*time.Millisecond
	return err
}

// Deliveries returns a page of an endpoint's deliveries, the newest event first. A page costs the same however many there are.
func (db *DB) Deliveries(ctx context.Context, q webhook.Query) (page webhook.Page, err error) {
	if q.Limit < 1 || q.Limit > maxPage {
		return page, fmt.Errorf("storage: no page of %d deliveries", q.Limit)
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		page, err = readDeliveries(ctx, tx, q)
		return err
	})
	return page, err
}

func readDeliveries(ctx context.Context, tx *sql.Tx, q webhook.Query) (page webhook.Page, err error) {
	var args arguments
	walk := deliveryWalk(q, &args)
	walked := len(args)
	var filters []string
	if q.State != 0 && q.State != webhook.Abandoned {
		filters = append(filters, `d.state = `+args.add(int64(q.State)))
	}
	if q.Type != "" {
		filters = append(filters, `v.type = `+args.add(string(q.Type)))
	}
	looked := q.Limit + 1
	if len(filters) > 0 {
		looked = deliveriesLookedAt
	}
	walk += ` ORDER BY event_id DESC LIMIT ` + strconv.FormatInt(looked, 10)
	rows, err := tx.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM (`+walk+`) d CROSS JOIN events v
WHERE `+strings.Join(append(filters, `v.id = d.event_id`), ` AND `)+
		` ORDER BY d.event_id DESC LIMIT `+strconv.FormatInt(q.Limit+1, 10), args...)
	if err != nil {
		return page, err
	}
	err = scanAll(rows, func(row scanner) error {
		page.Deliveries = append(page.Deliveries, webhook.Delivery{})
		return scanDelivery(row, &page.Deliveries[len(page.Deliveries)-1])
	})
	switch n := int(q.Limit); {
	case err != nil:
	case len(page.Deliveries) > n:
		page.Deliveries, page.Next = page.Deliveries[:n], page.Deliveries[n-1].Event.ID
	case len(filters) > 0: // a walk that ended because it was long enough goes on where it ended
		var seen int64
		var last gift.ID
		err = tx.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MIN(event_id), 0) FROM (`+walk+`) w`, args[:walked]...).
			Scan(&seen, &last)
		if seen >= deliveriesLookedAt {
			page.Next, page.Searched = last, true
		}
	}
	return page, err
}

// deliveryWalk selects an endpoint's deliveries of a time by an index. Of the states, only that which few are in has one.
func deliveryWalk(q webhook.Query, args *arguments) string {
	from, before := int64(0), int64(math.MaxInt64)
	if q.From != 0 {
		from = int64(gift.FirstIDAt(q.From.Start()))
	}
	if q.To != 0 {
		before = int64(gift.FirstIDAt(q.To.End()))
	}
	if q.Before != 0 {
		before = min(before, int64(q.Before))
	}
	walk := `SELECT * FROM deliveries WHERE endpoint_id = ` + args.add(q.EndpointID) + ` AND event_id >= ` + args.add(from) +
		` AND event_id < ` + args.add(before)
	return walk + ifAbandoned(q.State)
}

// ifAbandoned is a condition on a state, if that is the one; it stands in the text, so that its index is found by it.
func ifAbandoned(s webhook.DeliveryState) string {
	if s == webhook.Abandoned {
		return ` AND state = 3`
	}
	return ""
}

// Delivery returns all that is kept of the delivery of an event to an endpoint, or ErrNotFound.
func (db *DB) Delivery(ctx context.Context, endpoint int64, event gift.ID) (d webhook.Delivery, err error) {
	var data string
	err = scanDelivery(db.read.QueryRowContext(ctx, `SELECT `+deliveryColumns+`, v.data, d.answer
FROM deliveries d JOIN events v ON v.id = d.event_id WHERE d.endpoint_id = $1 AND d.event_id = $2`, endpoint, int64(event)),
		&d, &data, &d.Answer)
	d.Event.Data = []byte(data)
	if errors.Is(err, sql.ErrNoRows) {
		return d, fmt.Errorf("delivery of event %d to endpoint %d %w", event, endpoint, ErrNotFound)
	}
	return d, classify(err)
}

// Replay makes deliveries due at once, as if they had never been tried: the oldest first, MaxReplayed at most. ErrNotFound:
// there is no such endpoint or delivery; ErrChanged: the delivery was tried since r.TriedAt, or is sent again already.
func (db *DB) Replay(ctx context.Context, r webhook.Replay, now time.Time) (done webhook.Replayed, err error) {
	if r.State != 0 && r.State != webhook.Abandoned {
		return done, fmt.Errorf("storage: no replay of deliveries that are %s", r.State)
	}
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		partner, _, err := db.lockEndpoint(ctx, tx, r.EndpointID, 0)
		if err != nil {
			return err
		}
		state := replayState{Endpoint: r.EndpointID}
		if r.Event != 0 {
			done, state.Event = webhook.Replayed{Count: 1, Last: r.Event}, webhook.MessageID(r.Event)
			err = replayOne(ctx, tx, r, now)
		} else {
			state.From, state.To = r.From.In(gift.Seoul).Format(time.RFC3339), r.To.In(gift.Seoul).Format(time.RFC3339)
			done, err = replayRange(ctx, tx, r, now)
		}
		state.Count = done.Count
		if err != nil || done.Count == 0 {
			return err
		}
		return db.audit(ctx, tx, change{action: "endpoint.replay", subject: partnerSubject(partner.Name), after: state}, now)
	})
	return done, err
}

// replayState is what the audit trail says of events that are sent because somebody wants it.
type replayState struct {
	Endpoint int64  `json:"endpoint"`
	Event    string `json:"event,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Count    int64  `json:"deliveries"`
}

const replaySet = `UPDATE deliveries SET state = 1, attempts = 0, due_at = $1 WHERE endpoint_id = $2 AND `

func replayOne(ctx context.Context, tx *sql.Tx, r webhook.Replay, now time.Time) error {
	var one int64
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM deliveries WHERE endpoint_id = $1 AND event_id = $2`,
		r.EndpointID, int64(r.Event)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("delivery of event %s %w", webhook.MessageID(r.Event), ErrNotFound)
	}
	if err != nil {
		return err
	}
	text, args := replaySet+`event_id = $3`, []any{millis(now), r.EndpointID, int64(r.Event)}
	if !r.TriedAt.IsZero() {
		text, args = text+` AND tried_at = $4 AND (state <> 1 OR attempts > 0)`, append(args, millis(r.TriedAt))
	}
	res, err := tx.ExecContext(ctx, text, args...)
	return wantRow(res, err, fmt.Errorf("delivery of event %s: %w", webhook.MessageID(r.Event), ErrChanged))
}

func replayRange(ctx context.Context, tx *sql.Tx, r webhook.Replay, now time.Time) (done webhook.Replayed, err error) {
	var last sql.NullInt64
	of := `SELECT event_id FROM deliveries WHERE endpoint_id = $1 AND event_id >= $2 AND event_id < $3` + ifAbandoned(r.State)
	args := []any{r.EndpointID, int64(gift.FirstIDAt(r.From)), int64(gift.FirstIDAt(r.To))}
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*), MAX(event_id) FROM (`+of+
		` ORDER BY event_id LIMIT `+strconv.Itoa(webhook.MaxReplayed)+`) x`, args...).Scan(&done.Count, &last)
	if err != nil || done.Count == 0 {
		return done, err
	}
	done.Last = gift.ID(last.Int64)
	res, err := tx.ExecContext(ctx, replaySet+`event_id >= $3 AND event_id <= $4`+ifAbandoned(r.State),
		millis(now), r.EndpointID, args[1], last.Int64)
	if err != nil {
		return done, err
	}
	if done.Count, err = res.RowsAffected(); err != nil {
		return done, err
	}
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (`+strings.Replace(of, "event_id >=", "event_id >", 1)+` LIMIT 1) x`,
		r.EndpointID, last.Int64, args[2]).Scan((*asBool)(&done.More))
	return done, err
}
