package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"giftimbiz/internal/gift"
)

var (
	lockSandbox = over("account_id bigint", `
SELECT accounts.id FROM accounts WHERE accounts.id IN (SELECT account_id FROM input) `+lockAccounts)

	selectClock = over("id bigint", `SELECT p.sandbox, p.clock_ahead, p.told_day FROM input {each partners p: id}`)

	lockNotices = over("name text", `SELECT name, last_day, offer_id, place, line FROM notices
WHERE name IN (SELECT name FROM input) ORDER BY name `+lockRow)

	setClock = over("id bigint, ahead bigint", `
UPDATE partners SET clock_ahead = input.ahead, changed_seq = (SELECT seq FROM change_clock WHERE change_clock.id = 1)
FROM input WHERE partners.id = input.id AND partners.sandbox = 1`)

	noteToldPartner = over("id bigint, day bigint", `
UPDATE partners SET told_day = input.day FROM input WHERE partners.id = input.id AND partners.sandbox = 1`)

	noteToldOrders = over("id bigint, day bigint", `
UPDATE orders SET told_day = input.day FROM input
WHERE orders.id = input.id AND orders.sandbox = 1 AND orders.told_day < input.day`)
)

// SetClock lets decide say by how much a sandbox partner's clock is ahead, given by how much it is, and tells the partner at once
// of what expires in the days that its clock passes so. What decide returns as an error is returned, and nothing changed.
// Purchases of the partner wait meanwhile: each goes by the clock as it was before, or as it is then. ErrNotFound: there is no
// such sandbox partner.
func (db *DB) SetClock(
	ctx context.Context, partnerID int64, now time.Time, decide func(ahead time.Duration) (time.Duration, error),
) (ahead time.Duration, err error) {
	err = db.retry(ctx, func() (err error) {
		ahead, err = db.setClock(ctx, partnerID, now, decide)
		return err
	})
	return ahead, err
}

// TellAhead tells sandbox partners whose clocks are ahead of what expires since they were last told, by their own days, and
// returns how many partners came to another day.
func (db *DB) TellAhead(ctx context.Context, now time.Time) (told int64, err error) {
	partners, err := collect(ctx, db.read, func(row scanner) (p gift.Partner, err error) {
		var day gift.Day
		err = row.Scan(&p.ID, (*asDuration)(&p.ClockAhead), &day)
		if day >= p.Today(now) {
			p.ID = 0
		}
		return p, err
	}, `SELECT id, clock_ahead, told_day FROM partners WHERE clock_ahead > 0 ORDER BY id`)
	if err != nil {
		return 0, classify(err)
	}
	for _, p := range partners {
		if p.ID == 0 {
			continue
		}
		_, failed := db.SetClock(ctx, p.ID, now, func(ahead time.Duration) (time.Duration, error) { return ahead, nil })
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("sandbox partner %d: %w", p.ID, failed)) // the others are told all the same
			continue
		}
		told++
	}
	return told, err
}

func (db *DB) setClock(
	ctx context.Context, partnerID int64, now time.Time, decide func(time.Duration) (time.Duration, error),
) (ahead time.Duration, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return 0, err
	}
	s, release, err := db.beginWalk(ctx)
	if err != nil {
		return 0, classify(err)
	}
	defer release()
	w, err := db.ownWalk(ctx, s, partnerID, now)
	if err == nil {
		ahead, err = decide(w.ahead)
	}
	if err == nil {
		err = w.turn(ctx, s, ahead, now)
	}
	return ahead, db.end(ctx, s, err)
}

// beginWalk opens the session of an ownWalk. Of those each waits for the one before, so on a node one at a time has a connection:
// however many sandboxes are reset, all other calls find one. release comes after the session's end.
func (db *DB) beginWalk(ctx context.Context) (s session, release func(), err error) {
	if db.walks == nil { // SQLite has one writer
		s, err = db.begin(ctx, nil)
		return s, func() {}, err
	}
	select {
	case db.walks <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if s, err = db.begin(ctx, db.pool); err != nil {
		<-db.walks
		return nil, nil, err
	}
	return s, func() { <-db.walks }, nil
}

// ownWalk tells one sandbox partner of what expires by its own clock. Its transaction holds the partner's account, so that
// nothing is bought meanwhile, and the rows of the house's notices, so that the house tells nothing either.
type ownWalk struct {
	*DB
	partner int64
	ahead   time.Duration // of the clock, before
	told    gift.Day      // up to which the partner was told; only while the clock is ahead
	today   gift.Day      // of the house
	house   map[string]noticeState
}

func (db *DB) ownWalk(ctx context.Context, s session, partnerID int64, now time.Time) (*ownWalk, error) {
	w := &ownWalk{DB: db, partner: partnerID, today: gift.DayOf(now), house: map[string]noticeState{}}
	sandbox := false
	s.query(lockSandbox, func(scanner) error { return nil }, []int64{prepaidBase + partnerID})
	s.query(selectClock, func(row scanner) error {
		return row.Scan((*asBool)(&sandbox), (*asDuration)(&w.ahead), &w.told)
	}, []int64{partnerID})
	names := column(expiryNotices, func(n notice) string { return n.inSandboxes().name })
	s.query(lockNotices, func(row scanner) error {
		var name string
		var at noticeState
		err := row.Scan(&name, &at.day, &at.offer, &at.place, &at.line)
		w.house[name] = at
		return err
	}, names)
	if err := s.flush(ctx); err != nil {
		return nil, err
	}
	if !sandbox {
		return nil, fmt.Errorf("sandbox partner %d %w", partnerID, ErrNotFound)
	}
	return w, nil
}

// turn tells of the days that the clock passes and puts it where it is to be. A clock that is set back passes none: what is told
// is what was still to be told.
func (w *ownWalk) turn(ctx context.Context, s session, ahead time.Duration, now time.Time) error {
	if ahead < 0 {
		return fmt.Errorf("storage: a clock that is %v ahead", ahead)
	}
	to := gift.DayOf(now.Add(max(ahead, w.ahead)))
	if err := w.tellUpTo(ctx, s, to); err != nil {
		return err
	}
	if ahead == 0 {
		to = 0
	}
	if ahead != w.ahead {
		s.exec(tickClock, 1, []int64{1}) // before the partner's row, as whoever else changes a partner
		s.exec(setClock, 1, []int64{w.partner}, []int64{ahead.Milliseconds()})
	}
	s.exec(noteToldPartner, 1, []int64{w.partner}, []int64{int64(to)})
	return s.flush(ctx)
}

// mostExpiring bounds the items of each kind that are looked at, the newest first.
const mostExpiring = 2500

// tellUpTo writes the events of the days up to one, day by day.
func (w *ownWalk) tellUpTo(ctx context.Context, s session, to gift.Day) error {
	orders, err := w.candidates(ctx, s, to)
	if err != nil || len(orders) == 0 {
		return err
	}
	lines, err := expiringLines(ctx, s, orders)
	if err != nil {
		return err
	}
	var events []gift.Event
	heard := map[gift.ID]bool{}
	for _, d := range w.due(lines, to) {
		event, err := expiryWalk{DB: w.DB, notice: d.notice, today: d.day, sandbox: true}.event(d.lines)
		if err != nil {
			return err
		}
		events = append(events, event...)
		if len(event) > 0 {
			heard[d.lines[0].order] = true
		}
	}
	queueEvents(s, events)
	var ids []int64
	for id := range heard {
		ids = append(ids, int64(id))
	}
	slices.Sort(ids)
	s.exec(noteToldOrders, -1, ids, repeat(int64(to), len(ids)))
	return s.flush(ctx)
}

// candidates returns the partner's orders of which something may expire, with the days on which it does. No other transaction
// changes what they are: the account is locked.
func (w *ownWalk) candidates(ctx context.Context, s session, to gift.Day) (orders []soldItem, err error) {
	seen := map[soldItem]bool{}
	from := gift.Day(0)
	if w.ahead > 0 {
		from = w.told
	}
	for _, kind := range []gift.Kind{gift.Gifticon, gift.StarCoupon} {
		err := s.read(ctx, func(row scanner) error {
			i := soldItem{partner: w.partner, kind: int64(kind)}
			err := row.Scan(&i.order, &i.lastDay)
			if !seen[i] {
				seen[i] = true
				orders = append(orders, i)
			}
			return err
		}, `SELECT i.order_id, o.last_day FROM (
    SELECT order_id, offer_id FROM order_items WHERE partner_id = $1 AND kind = $2 ORDER BY order_id DESC, line DESC LIMIT $3) i
CROSS JOIN offers o WHERE o.id = i.offer_id AND o.last_day >= $4 AND o.last_day <= $5`,
			w.partner, int64(kind), mostExpiring, int64(from+expired), int64(to)+30)
		if err != nil {
			return nil, err
		}
	}
	return orders, nil
}

// dueNotice is what a partner is to be told on a day of its own.
type dueNotice struct {
	notice
	day   gift.Day
	lines []expiringItem // of an order, with one last day
}

// due returns what is to be told up to a day, in the order of days.
func (w *ownWalk) due(lines []expiringItem, to gift.Day) (list []dueNotice) {
	for start, end := 0, 0; start < len(lines); start = end {
		for end = start; end < len(lines) && lines[end].ofOrder(lines[start]); end++ {
		}
		first := lines[start]
		for _, n := range expiryNotices {
			if day := first.lastDay - n.days; day <= to && day > first.told && w.untold(n, first) {
				list = append(list, dueNotice{n, day, lines[start:end]})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b dueNotice) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.lines[0].order, b.lines[0].order))
	})
	return list
}

// untold tells whether neither the house has told something, nor this walk before. What the house did not come by although it was
// due, it would leave out where the next notice is due by now.
func (w *ownWalk) untold(n notice, first expiringItem) bool {
	if w.ahead > 0 {
		return first.lastDay-n.days > w.told
	}
	at, known := w.house[n.inSandboxes().name]
	if !known {
		return first.lastDay-n.days > w.today
	}
	here := noticeState{day: first.lastDay, offer: first.offer, place: int64(first.order), line: first.line}
	return at.before(here) && first.lastDay > w.today+n.next
}

// before tells whether a notice that came so far has yet to come by a place.
func (at noticeState) before(here noticeState) bool {
	return cmp.Or(cmp.Compare(at.day, here.day), cmp.Compare(at.offer, here.offer), cmp.Compare(at.place, here.place),
		cmp.Compare(at.line, here.line)) < 0
}
