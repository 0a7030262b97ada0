package storage

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/tracing"
)

// An event of a partner goes to those of its endpoints that are on and chose its type; one for all partners to everybody's.
var (
	insertEvents = over("id bigint, type text, partner_id bigint, order_id bigint, data text, trace text",
		`
INSERT INTO events (id, type, partner_id, order_id, data, trace) SELECT id, type, partner_id, order_id, data, trace FROM input`)

	deliverToPartner = over("id bigint, type text, partner_id bigint, order_id bigint, at bigint", `
INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at)
SELECT e.id, input.id, input.order_id, input.at FROM input JOIN endpoints e ON e.partner_id = input.partner_id
WHERE e.state = 1 AND (e.types = '' OR e.types LIKE '% ' || input.type || ' %')`)

	deliverToAll = over("id bigint, type text, at bigint", `
INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at)
SELECT e.id, input.id, 0, input.at FROM input, endpoints e
WHERE e.state = 1 AND (e.types = '' OR e.types LIKE '% ' || input.type || ' %')`)
)

// news is what makes a node's own events be delivered at once: others see them when they look next.
type news struct {
	listener func()
	written  atomic.Bool
}

// OnEvents has f called after commits of this process that wrote events down; f must not wait. Call it before anything is
// bought or changed.
func (db *DB) OnEvents(f func()) { db.news.listener = f }

// committed comes after each commit. Where several transactions run at once, another's may come first: then the nodes see the
// events when they look next.
func (n *news) committed() {
	if n.written.Load() && n.written.Swap(false) && n.listener != nil {
		n.listener()
	}
}

// queueEvents stores events and their deliveries, which are due now: the numbers of events may run ahead of a clock that was
// set back.
func queueEvents(s session, events []gift.Event) {
	if len(events) == 0 {
		return
	}
	db := s.database()
	db.news.written.Store(true)
	now := db.lease.clock.Now()
	s.exec(insertEvents, len(events), eventIDs(events), eventTypes(events), eventPartners(events),
		column(events, func(e gift.Event) int64 { return int64(e.OrderID) }),
		column(events, func(e gift.Event) string { return string(e.Data) }),
		column(events, func(e gift.Event) string { return e.Trace }))
	var own, all []gift.Event
	for _, e := range events {
		if e.PartnerID == 0 {
			all = append(all, e)
		} else {
			own = append(own, e)
		}
	}
	s.exec(deliverToPartner, -1, eventIDs(own), eventTypes(own), eventPartners(own),
		column(own, func(e gift.Event) int64 { return int64(e.OrderID) }), repeat(millis(now), len(own)))
	s.exec(deliverToAll, -1, eventIDs(all), eventTypes(all), repeat(millis(now), len(all)))
}

func eventIDs(events []gift.Event) []int64 {
	return column(events, func(e gift.Event) int64 { return int64(e.ID) })
}

func eventTypes(events []gift.Event) []string {
	return column(events, func(e gift.Event) string { return string(e.Type) })
}

func eventPartners(events []gift.Event) []int64 {
	return column(events, func(e gift.Event) int64 { return e.PartnerID })
}

// appendRepriced adds an offer that can be bought and costs something else today than before.
func appendRepriced(list []gift.OfferPrice, before, after gift.Offer, today gift.Day) []gift.OfferPrice {
	price := after.PriceOn(today)
	if after.Stopped || after.LastDay < today || price == before.PriceOn(today) {
		return list
	}
	return append(list, gift.OfferPrice{Offer: after.ID, Kind: after.Kind.Word(), Price: price})
}

// tell stores an event in a transaction that makes it true, if the partner hears. partner 0 = all partners.
func (db *DB) tell(ctx context.Context, tx *sql.Tx, t gift.EventType, partner int64, order gift.ID, data any) error {
	if partner != 0 {
		var hears bool
		err := tx.QueryRowContext(ctx, `SELECT CASE WHEN sandbox = 1 THEN 1 ELSE hears END FROM partners WHERE id = $1`, partner).
			Scan((*asBool)(&hears))
		if err != nil || !hears {
			return err
		}
	}
	id, err := db.eventID(ctx, tx, partner, order)
	if err != nil {
		return err
	}
	e := gift.NewEvent(id, t, partner, order, data)
	_, err = tx.ExecContext(ctx, `INSERT INTO events (id, type, partner_id, order_id, data, trace) VALUES ($1, $2, $3, $4, $5, $6)`,
		int64(e.ID), string(e.Type), e.PartnerID, int64(e.OrderID), string(e.Data), tracing.Parent(ctx))
	if err != nil {
		return fmt.Errorf("event: %w", err)
	}
	db.news.written.Store(true)
	text, args := deliverEvent+` AND e.state = 1`, []any{int64(e.ID), int64(e.OrderID), millis(db.lease.clock.Now()), string(e.Type)}
	if partner != 0 { // the cast keeps PostgreSQL from looking through the endpoints of all partners that are on
		text, args = deliverEvent+` AND e.partner_id = $5 AND CAST(e.state AS BIGINT) = 1`, append(args, partner)
	}
	_, err = tx.ExecContext(ctx, text, args...)
	return err
}

// eventID returns a number for an event: a higher one than those of the events of its order that wait to be told, also when
// another node made them, whose clock is ahead. Events of an order are told in the order of their numbers.
func (db *DB) eventID(ctx context.Context, tx *sql.Tx, partner int64, order gift.ID) (gift.ID, error) {
	id, err := db.newID()
	if err != nil || partner == 0 || order == 0 {
		return id, err
	}
	var last gift.ID
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(d.event_id), 0) FROM endpoints e
JOIN deliveries d ON d.endpoint_id = e.id AND d.order_id = $2 AND d.order_id <> 0 AND d.state = 1
WHERE e.partner_id = $1`, partner, int64(order)).Scan(&last)
	if err != nil || last < id {
		return id, err
	}
	return db.newIDAfter(last)
}

// Behind an event of the same order that waits, this one is due no earlier: what is due is then not looked at in vain.
const deliverEvent = `INSERT INTO deliveries (endpoint_id, event_id, order_id, due_at)
SELECT e.id, CAST($1 AS BIGINT), CAST($2 AS BIGINT), (
    SELECT CASE WHEN MAX(b.due_at) > CAST($3 AS BIGINT) THEN MAX(b.due_at) ELSE CAST($3 AS BIGINT) END FROM deliveries b
    WHERE b.endpoint_id = e.id AND b.order_id = CAST($2 AS BIGINT) AND b.order_id <> 0 AND b.state = 1)
FROM endpoints e
WHERE (e.types = '' OR e.types LIKE '% ' || CAST($4 AS TEXT) || ' %')`

// Events returns what a partner was told after an event, or from the first kept one on (0), in the order of their numbers,
// limit at most: its own events and those for all. Nodes make numbers side by side: an event may become visible after one with a
// higher number.
func (db *DB) Events(ctx context.Context, partner int64, after gift.ID, limit int) (list []gift.Event, err error) {
	rows, err := db.read.QueryContext(ctx, `
SELECT id, type, partner_id, order_id, data FROM (
    SELECT * FROM (SELECT id, type, partner_id, order_id, data FROM events WHERE partner_id = $1 AND id > $2 ORDER BY id LIMIT $3) own
    UNION ALL
    SELECT * FROM (SELECT id, type, partner_id, order_id, data FROM events WHERE partner_id = 0 AND id > $2 ORDER BY id LIMIT $3) shared
) x ORDER BY id LIMIT $3`, partner, int64(after), limit)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		var e gift.Event
		var data string
		err := row.Scan(&e.ID, &e.Type, &e.PartnerID, &e.OrderID, &data)
		e.Data = []byte(data)
		list = append(list, e)
		return err
	})
	return list, classify(err)
}
