package storage

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// Price rules are applied in two steps. First it is decided: one short transaction stores which offers get which prices,
// exactly as the preview showed them, and the audit trail's entry. From then on it is bound to happen, whatever becomes of the
// node. Then it is done, in many transactions of a few offers each, which purchases need not wait for. Each takes away its
// part, so that no two nodes do the same, and locks what purchases lock in the order in which they do.
const (
	// repricedInPart is how many offers one transaction changes: a purchase may have to wait for one such.
	repricedInPart = 64
	// repricingRest leaves the database to others after each.
	repricingRest = 3 * time.Millisecond
	repricingBeat = time.Second
	// repricingSilent is after how many milliseconds without a beat another node goes on with it.
	repricingSilent = 5000
)

var (
	insertRepricingParts = over("repricing_id bigint, part bigint, offers bytea", `
INSERT INTO repricing_parts (repricing_id, part, offers) SELECT repricing_id, part, offers FROM input`)

	takeRepricingPart = over("repricing_id bigint, part bigint", `
DELETE FROM repricing_parts WHERE repricing_id = (SELECT repricing_id FROM input) AND part = (SELECT part FROM input)`)

	reprice = over("id bigint, face bigint, was_far bigint, was_mid bigint, was_near bigint, price_far bigint, price_mid bigint, "+
		"price_near bigint", `
UPDATE offers SET price_far = input.price_far, price_mid = input.price_mid, price_near = input.price_near,
    changed_seq = (SELECT seq FROM change_clock), priced_seq = (SELECT seq FROM change_clock)
FROM input WHERE offers.id = input.id AND offers.face = input.face AND offers.price_far = input.was_far
    AND offers.price_mid = input.was_mid AND offers.price_near = input.was_near
RETURNING offers.id, offers.last_day, offers.stopped`)

	advanceRepricing = over("id bigint, done bigint, changed bigint", `
UPDATE repricings SET done = repricings.done + input.done, changed = repricings.changed + input.changed,
    busy = CASE WHEN EXISTS (SELECT 1 FROM repricing_parts WHERE repricing_id = repricings.id) THEN 1 ELSE 0 END
FROM input WHERE repricings.id = input.id`)
)

// StartRepricing decides that offers get the prices that a preview of the same day showed, and returns how many those are.
// When what would be done is not what the preview's digest says, or others are being applied, nothing is decided
// (ErrChanged). ContinueRepricing does it.
func (db *DB) StartRepricing(ctx context.Context, today gift.Day, digest string, now time.Time) (offers int64, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return 0, err
	}
	sums := newRevaluation(today)
	var all []office.RepricedOffer
	var last office.RepricingRun
	// Read beside purchases: an offer that changes between this and its part's turn stays as it was changed.
	err = db.wholeSnapshot(ctx, func(tx *sql.Tx) error {
		var err error
		if last, err = lastRepricing(ctx, tx); err != nil {
			return err
		}
		_, err = eachRepriced(ctx, tx, byID, []any{int64(today)}, func(o office.RepricedOffer) {
			sums.add(o)
			all = append(all, o)
		})
		return err
	})
	if err != nil {
		return 0, err
	}
	if last.Running || sums.digest() != digest {
		return 0, fmt.Errorf("the price rules, or what they are for: %w", ErrChanged)
	}
	if len(all) == 0 {
		return 0, nil
	}
	err = db.tx(ctx, func(tx *sql.Tx) error { return db.decideRepricing(ctx, tx, last.ID+1, all, sums.total, now) })
	if errors.Is(err, ErrDuplicate) {
		err = fmt.Errorf("somebody else applied price rules meanwhile: %w", ErrChanged)
	}
	return int64(len(all)), err
}

func (db *DB) decideRepricing(
	ctx context.Context, tx *sql.Tx, id int64, all []office.RepricedOffer, sum office.Revalued, now time.Time,
) error {
	by := office.ActorOf(ctx)
	_, err := tx.ExecContext(ctx, `INSERT INTO repricings (id, operator_id, actor, busy, offers, at) VALUES ($1, $2, $3, 1, $4, $5)`,
		id, by.OperatorID, by.Name, len(all), millis(now))
	if err != nil {
		return err
	}
	var ids, parts []int64
	var packed [][]byte
	for part := range slices.Chunk(all, repricedInPart) {
		ids, parts, packed = append(ids, id), append(parts, int64(len(parts))), append(packed, packRepriced(part))
	}
	if _, err := db.execSet(ctx, tx, insertRepricingParts, ids, parts, packed); err != nil {
		return err
	}
	return db.audit(ctx, tx, change{
		action: "price-rules.apply", subject: "price-rules",
		before: struct{ Stock gift.Won }{sum.Before},
		after: struct {
			Offers, Units int64
			Stock         gift.Won
		}{sum.Offers, sum.Units, sum.After},
	}, now)
}

// LastRepricing tells how far the rules are that were applied last.
func (db *DB) LastRepricing(ctx context.Context) (office.RepricingRun, error) {
	r, err := lastRepricing(ctx, db.read)
	return r, classify(err)
}

func lastRepricing(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (r office.RepricingRun, err error) {
	var at sql.NullInt64
	err = q.QueryRowContext(ctx, `SELECT id, actor, at, busy, offers, done, changed FROM repricings ORDER BY id DESC LIMIT 1`).
		Scan(&r.ID, &r.By, &at, (*asBool)(&r.Running), &r.Offers, &r.Done, &r.Changed)
	r.At = fromMillis(at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return r, err
}

// ContinueRepricing goes on with what StartRepricing decided, for about as long as is given, unless another node is at it.
// It may be broken off anywhere: whoever calls it next takes the rest up. Call it now and then.
func (db *DB) ContinueRepricing(ctx context.Context, within time.Duration) error {
	id, err := db.claimRepricing(ctx)
	if err != nil || id == 0 {
		return err
	}
	over, beat := time.NewTimer(within), time.NewTicker(repricingBeat)
	defer over.Stop()
	defer beat.Stop()
	for part := 1; ; part++ {
		more, err := db.repricePart(ctx, id)
		if err != nil || !more {
			return err
		}
		if err := errors.Join(db.writeBack(ctx, part), rest(ctx, repricingRest)); err != nil {
			return err
		}
		select {
		case <-over.C:
			return db.beatRepricing(ctx, id, `0`) // for anybody to go on
		case <-beat.C:
			if err := db.beatRepricing(ctx, id, db.dialect.now); err != nil {
				return err
			}
		default:
		}
	}
}

// claimRepricing returns the repricing that is under way and that nobody works on; 0 = none.
func (db *DB) claimRepricing(ctx context.Context) (id int64, err error) {
	var silent any
	err = db.read.QueryRowContext(ctx, `SELECT id, beat_at < `+db.dialect.now+` - $1 FROM repricings WHERE busy = 1`,
		repricingSilent).Scan(&id, &silent)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !isTrue(silent) {
		return 0, nil
	}
	if err != nil {
		return 0, classify(err)
	}
	return id, db.beatRepricing(ctx, id, db.dialect.now)
}

func (db *DB) beatRepricing(ctx context.Context, id int64, at string) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE repricings SET beat_at = `+at+` WHERE id = $1`, id)
		return err
	})
}

// repricePart does the next part and tells whether there may be more. Of two nodes at the same part the second finds it gone,
// and does nothing.
func (db *DB) repricePart(ctx context.Context, id int64) (more bool, err error) {
	var part int64
	var packed []byte
	err = db.read.QueryRowContext(ctx, `SELECT part, offers FROM repricing_parts WHERE repricing_id = $1 ORDER BY part LIMIT 1`, id).
		Scan(&part, &packed)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, classify(err)
	}
	offers, err := unpackRepriced(packed)
	if err != nil {
		return false, err
	}
	err = db.inSession(ctx, func(s session) error { return db.queueRepricing(ctx, s, id, part, offers) })
	if errors.Is(err, errCount) {
		return false, nil // another node did it
	}
	return err == nil, err
}

// queueRepricing does a part, with the change clock's next number: like a purchase, it locks the offers and then the clock.
func (db *DB) queueRepricing(ctx context.Context, s session, id, part int64, offers []office.RepricedOffer) error {
	amounts := func(of func(office.RepricedOffer) gift.Won) []int64 {
		return column(offers, func(o office.RepricedOffer) int64 { return int64(of(o)) })
	}
	ids := column(offers, func(o office.RepricedOffer) int64 { return o.ID })
	var changed []gift.Offer
	s.exec(takeRepricingPart, 1, []int64{id}, []int64{part})
	s.query(lockJoined, func(scanner) error { return nil }, ids)
	s.exec(tickClock, 1, []int64{1})
	s.query(reprice, func(row scanner) error {
		var o gift.Offer
		err := row.Scan(&o.ID, &o.LastDay, (*asBool)(&o.Stopped))
		changed = append(changed, o)
		return err
	},
		ids, amounts(func(o office.RepricedOffer) gift.Won { return o.Face }),
		amounts(func(o office.RepricedOffer) gift.Won { return o.Before.Far }),
		amounts(func(o office.RepricedOffer) gift.Won { return o.Before.Mid }),
		amounts(func(o office.RepricedOffer) gift.Won { return o.Before.Near }),
		amounts(func(o office.RepricedOffer) gift.Won { return o.After.Far }),
		amounts(func(o office.RepricedOffer) gift.Won { return o.After.Mid }),
		amounts(func(o office.RepricedOffer) gift.Won { return o.After.Near }))
	if err := s.flush(ctx); err != nil {
		return err
	}
	s.exec(advanceRepricing, 1, []int64{id}, []int64{int64(len(offers))}, []int64{int64(len(changed))})
	if err := db.queueRepriced(s, offers, changed); err != nil {
		return err
	}
	return s.flush(ctx)
}

// queueRepriced tells of those whose price of today is another now.
func (db *DB) queueRepriced(s session, decided []office.RepricedOffer, changed []gift.Offer) error {
	id, err := db.newID()
	if err != nil {
		return err
	}
	tiers := make(map[int64]office.RepricedOffer, len(decided))
	for _, o := range decided {
		tiers[o.ID] = o
	}
	var prices []gift.OfferPrice
	for _, after := range changed {
		before := after
		before.Tiers, after.Tiers, after.Kind = tiers[after.ID].Before, tiers[after.ID].After, gift.Gifticon
		prices = appendRepriced(prices, before, after, gift.DayOf(id.Time()))
	}
	if len(prices) > 0 {
		queueEvents(s, []gift.Event{gift.NewEvent(id, gift.OfferRepriced, 0, 0, gift.RepricingData{Offers: prices})})
	}
	return nil
}

// packRepriced writes what repricing some offers takes, in few bytes.
func packRepriced(offers []office.RepricedOffer) []byte {
	var b []byte
	for _, o := range offers {
		b = binary.AppendVarint(b, o.ID)
		for _, won := range []gift.Won{o.Face, o.Before.Far, o.Before.Mid, o.Before.Near, o.After.Far, o.After.Mid, o.After.Near} {
			b = binary.AppendVarint(b, int64(won))
		}
	}
	return b
}

func unpackRepriced(b []byte) (offers []office.RepricedOffer, err error) {
	for len(b) > 0 {
		var o office.RepricedOffer
		for _, to := range []*int64{
			&o.ID, (*int64)(&o.Face), (*int64)(&o.Before.Far), (*int64)(&o.Before.Mid), (*int64)(&o.Before.Near),
			(*int64)(&o.After.Far), (*int64)(&o.After.Mid), (*int64)(&o.After.Near),
		} {
			n, size := binary.Varint(b)
			if size <= 0 {
				return nil, errors.New("storage: a part of a repricing cannot be read")
			}
			*to, b = n, b[size:]
		}
		offers = append(offers, o)
	}
	return offers, nil
}
