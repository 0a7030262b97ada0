package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"giftimbiz/internal/gift"
)

// notice is something that partners are told of offers when their last day is so many days ahead. It walks through the offers
// in the order of their last days, in steps of one transaction each, which writes the events and how far it came. So each is
// told once, wherever a step is broken off and however many try at once, and also when a clock is set back: then there is
// nothing to tell until it is where it was. After days without it, it goes on where it stood, but leaves out what the next
// notice, of fewer days, tells by then: nobody is told of 30 days in the night in which 3 are left.
type notice struct {
	name string
	days gift.Day // from a day to the latest last day that it tells of
	next gift.Day // the days of the next notice
}

// noticeState is how far a notice came: up to and including a line of a place in an offer. A place is a unit's position, or a
// sandbox order.
type noticeState struct {
	day                gift.Day // last day of the offer
	offer, place, line int64
}

// noticeStep is where a step ends, and what it writes: told is how much that is. A nil write writes nothing.
type noticeStep struct {
	to    noticeState
	write func(s session) (events []gift.Event, told int64, err error)
}

// from is where a step begins: the place reached, unless the next notice tells of that by now.
func (n notice) from(at noticeState, today gift.Day) noticeState {
	if first := today + n.next + 1; at.day < first {
		return noticeState{day: first}
	}
	return at
}

// offers looks for the offers from a place on that a notice tells of today.
func (n notice) offers(ctx context.Context, db *DB, from noticeState, today gift.Day, limit int) (list []noticeOffer, err error) {
	rows, err := db.read.QueryContext(ctx, `SELECT id, last_day, next_position - 1 FROM offers
WHERE (last_day, id) >= ($1, $2) AND last_day <= $3 ORDER BY last_day, id LIMIT $4`,
		int64(from.day), from.offer, int64(today+n.days), limit)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		var o noticeOffer
		err := row.Scan(&o.id, &o.lastDay, &o.sold)
		list = append(list, o)
		return err
	})
	return list, classify(err)
}

type noticeOffer struct {
	id      int64
	lastDay gift.Day
	sold    int64 // its units at positions 1 to this
}

// behind is the place behind all of these offers, of limit that were asked for.
func (n notice) behind(offers []noticeOffer, today gift.Day, limit int) noticeState {
	if len(offers) < limit {
		return noticeState{day: today + n.days + 1}
	}
	last := offers[len(offers)-1]
	return noticeState{day: last.lastDay, offer: last.id + 1}
}

// tellAll takes steps until there is nothing left to tell today, and returns how much was told.
func (db *DB) tellAll(
	ctx context.Context, n notice, today gift.Day, step func(from noticeState) (noticeStep, error),
) (told int64, err error) {
	for {
		at, err := db.noticeAt(ctx, n, today)
		if err != nil || at.day > today+n.days {
			return told, err
		}
		s, err := step(n.from(at, today))
		if err != nil {
			return told, err
		}
		more, err := db.takeStep(ctx, n, at, s)
		told += more
		if err != nil && !errors.Is(err, errOvertaken) {
			return told, fmt.Errorf("%s: %w", n.name, err)
		}
	}
}

// noticeAt reads how far a notice came. What was so far along when the house first looked is not told.
func (db *DB) noticeAt(ctx context.Context, n notice, today gift.Day) (at noticeState, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT last_day, offer_id, place, line FROM notices WHERE name = $1`, n.name).
		Scan(&at.day, &at.offer, &at.place, &at.line)
	if !errors.Is(err, sql.ErrNoRows) {
		return at, classify(err)
	}
	at = noticeState{day: today + n.days + 1}
	return at, db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO notices (name, last_day) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
			n.name, int64(at.day))
		return err
	})
}

// errOvertaken says that somebody else moved a notice meanwhile; nothing was written.
var errOvertaken = errors.New("storage: another process told this")

var moveNotice = over("name text, day bigint, offer bigint, place bigint, line bigint, "+
	"to_day bigint, to_offer bigint, to_place bigint, to_line bigint", `
UPDATE notices SET last_day = input.to_day, offer_id = input.to_offer, place = input.to_place, line = input.to_line
FROM input WHERE notices.name = input.name AND notices.last_day = input.day AND notices.offer_id = input.offer
  AND notices.place = input.place AND notices.line = input.line`)

// takeStep moves a notice and writes what belongs to that, in one transaction.
func (db *DB) takeStep(ctx context.Context, n notice, at noticeState, step noticeStep) (told int64, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return 0, err
	}
	err = db.inSession(ctx, func(s session) error {
		told, err = n.move(ctx, s, at, step)
		return err
	})
	if err != nil {
		return 0, err
	}
	return told, nil
}

func (n notice) move(ctx context.Context, s session, at noticeState, step noticeStep) (told int64, err error) {
	number := func(v int64) []int64 { return []int64{v} }
	s.exec(moveNotice, 1, []string{n.name}, number(int64(at.day)), number(at.offer), number(at.place), number(at.line),
		number(int64(step.to.day)), number(step.to.offer), number(step.to.place), number(step.to.line))
	if err := s.flush(ctx); errors.Is(err, errCount) {
		return 0, errOvertaken
	} else if err != nil || step.write == nil {
		return 0, err
	}
	events, told, err := step.write(s)
	if err != nil {
		return 0, err
	}
	queueEvents(s, events)
	return told, s.flush(ctx)
}
