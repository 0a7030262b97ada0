package storage

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"giftimbiz/internal/gift"
)

// expired are the days from a day to the last day of what is told of as expired on that day.
const expired gift.Day = -1

// expiryNotices are those of live orders, found by the units that were sold. Those of sandbox orders, which take none, are told
// beside them.
var expiryNotices = []notice{
	{"expired", expired, math.MinInt16},
	{"expiring 1", 1, expired},
	{"expiring 7", 7, 1},
	{"expiring 30", 30, 7},
}

// TellExpiry tells partners that hear of the vouchers and coupons of theirs that expire: 30, 7 and 1 days before the last
// valid day and on the day after it, of each once, and returns how many events that were. It is for those that are neither used
// nor refunded. Items of an order with one last day are one event. Sandbox partners whose clock is ahead are told by TellAhead, and
// of an order not again what they heard so. step is how many sold units, or offers, one transaction
// looks at; the cost of all is that of what expires.
func (db *DB) TellExpiry(ctx context.Context, now time.Time, step int) (told int64, err error) {
	today := gift.DayOf(now)
	for _, n := range expiryNotices {
		test := n.inSandboxes()
		for _, w := range []expiryWalk{
			{DB: db, notice: n, today: today, size: step},
			{DB: db, notice: test, today: today, size: step, sandbox: true},
		} {
			next := w.live
			if w.sandbox {
				next = w.test
			}
			more, err := db.tellAll(ctx, w.notice, today, func(from noticeState) (noticeStep, error) { return next(ctx, from) })
			told += more
			if err != nil {
				return told, err
			}
		}
	}
	return told, nil
}

// inSandboxes is the same notice of sandbox orders.
func (n notice) inSandboxes() notice { return notice{n.name + " in sandboxes", n.days, n.next} }

// expiryWalk finds what a notice tells of.
type expiryWalk struct {
	*DB
	notice
	today   gift.Day
	size    int
	sandbox bool
}

// soldItem is an item that a step came by.
type soldItem struct {
	partner, kind int64
	order         gift.ID
	line          int64
	lastDay       gift.Day
}

var (
	selectUnitsAt = over("offer_id bigint, position bigint, last_day bigint", `
SELECT u.id, input.last_day FROM input {each units u: offer_id, position}`)

	selectSold = over("unit_id bigint, test_order bigint, last_day bigint", `
SELECT i.partner_id, i.kind, i.order_id, i.line, input.last_day FROM input {each order_items i: unit_id, test_order}
WHERE (SELECT p.hears FROM partners p WHERE p.id = i.partner_id) = 1`)
)

// live looks at the next units that were sold.
func (w expiryWalk) live(ctx context.Context, from noticeState) (step noticeStep, err error) {
	offers, err := w.offers(ctx, w.DB, from, w.today, w.size)
	if err != nil {
		return step, err
	}
	var of, at, days []int64
	step.to = w.behind(offers, w.today, w.size)
	for _, o := range offers {
		position := int64(0)
		if o.id == from.offer && o.lastDay == from.day {
			position = from.place
		}
		for position < o.sold && len(of) < w.size {
			position++
			of, at, days = append(of, o.id), append(at, position), append(days, int64(o.lastDay))
		}
		if len(of) == w.size {
			step.to = noticeState{day: o.lastDay, offer: o.id, place: position}
			break
		}
	}
	if len(of) == 0 {
		return step, nil
	}
	step.write = func(s session) ([]gift.Event, int64, error) {
		items, err := soldUnits(ctx, s, of, at, days)
		if err != nil {
			return nil, 0, err
		}
		return w.tell(ctx, s, items)
	}
	return step, nil
}

// soldUnits returns the live items of partners that hear whose units stand at places of offers.
func soldUnits(ctx context.Context, s session, offers, positions, days []int64) (items []soldItem, err error) {
	var units, lastDays []int64
	s.query(selectUnitsAt, func(row scanner) error {
		var unit, day int64
		err := row.Scan(&unit, &day)
		units, lastDays = append(units, unit), append(lastDays, day)
		return err
	}, offers, positions, days)
	if err := s.flush(ctx); err != nil || len(units) == 0 {
		return nil, err
	}
	s.query(selectSold, func(row scanner) error {
		var i soldItem
		err := row.Scan(&i.partner, &i.kind, &i.order, &i.line, &i.lastDay)
		items = append(items, i)
		return err
	}, units, make([]int64, len(units)), lastDays)
	return items, s.flush(ctx)
}

// test looks at the next sandbox items of one offer.
func (w expiryWalk) test(ctx context.Context, from noticeState) (step noticeStep, err error) {
	offers, err := w.offers(ctx, w.DB, from, w.today, w.size)
	if err != nil {
		return step, err
	}
	for _, o := range offers {
		at := noticeState{day: o.lastDay, offer: o.id}
		if o.id == from.offer && o.lastDay == from.day {
			at = from
		}
		items, err := w.testItems(ctx, o, at)
		if err != nil {
			return step, err
		}
		if len(items) == 0 {
			continue
		}
		last := items[len(items)-1]
		step.to = noticeState{day: o.lastDay, offer: o.id, place: int64(last.order), line: last.line}
		step.write = func(s session) ([]gift.Event, int64, error) { return w.tell(ctx, s, items) }
		return step, nil
	}
	step.to = w.behind(offers, w.today, w.size)
	return step, nil
}

// testItems returns the sandbox items of an offer behind a place.
func (w expiryWalk) testItems(ctx context.Context, o noticeOffer, at noticeState) (items []soldItem, err error) {
	rows, err := w.read.QueryContext(ctx, `SELECT partner_id, kind, order_id, line FROM order_items
WHERE offer_id = $1 AND test_order > 0 AND (order_id, line) > ($2, $3) ORDER BY order_id, line LIMIT $4`, o.id, at.place, at.line, w.size)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		i := soldItem{lastDay: o.lastDay}
		err := row.Scan(&i.partner, &i.kind, &i.order, &i.line)
		items = append(items, i)
		return err
	})
	return items, classify(err)
}

// Of an order, all lines that expire on a day.
var selectExpiring = over("partner_id bigint, kind bigint, order_id bigint, last_day bigint", `
SELECT i.partner_id, i.kind, i.order_id, i.line, input.last_day, i.offer_id, i.unit_id, i.test_order,
       CASE WHEN i.cancelled_at IS NULL AND (i.kind = 1 OR i.used_at IS NULL) THEN 1 ELSE 0 END,
       CASE WHEN i.test_order = 0 THEN 0 ELSE (SELECT r.told_day FROM orders r WHERE r.id = i.order_id) END,
       CASE WHEN i.test_order = 0 THEN 0 ELSE (SELECT CASE WHEN p.clock_ahead > 0 THEN 1 ELSE 0 END FROM partners p WHERE p.id = i.partner_id) END
FROM input {each order_items i: partner_id, kind, order_id}
WHERE (SELECT o.last_day FROM offers o WHERE o.id = i.offer_id) = input.last_day`)

// expiringItem is a line of an order that a step came by.
type expiringItem struct {
	soldItem
	offer, unit, testOrder int64
	open                   bool     // it is still worth something
	told                   gift.Day // up to which the partner was told of the order by its own clock
	ahead                  bool     // the partner's clock is: it is told by itself
}

// tell makes the events. Lines of an order may belong to several steps: the one that comes by the first of them, open or not,
// tells of all.
func (w expiryWalk) tell(ctx context.Context, s session, items []soldItem) (events []gift.Event, told int64, err error) {
	came := map[soldItem]bool{}
	asked := map[soldItem]bool{}
	var orders []soldItem
	for _, i := range items {
		came[i] = true
		i.line = 0
		if !asked[i] {
			asked[i] = true
			orders = append(orders, i)
		}
	}
	lines, err := expiringLines(ctx, s, orders)
	if err != nil {
		return nil, 0, err
	}
	for start, end := 0, 0; start < len(lines); start = end {
		for end = start; end < len(lines) && lines[end].ofOrder(lines[start]); end++ {
		}
		if first := lines[start]; !came[first.soldItem] || first.ahead || first.told >= first.lastDay-w.days {
			continue
		}
		event, err := w.event(lines[start:end])
		if err != nil {
			return nil, 0, err
		}
		events = append(events, event...)
	}
	return events, int64(len(events)), nil
}

func (i expiringItem) ofOrder(o expiringItem) bool {
	return i.order == o.order && i.lastDay == o.lastDay
}

// expiringLines returns the lines of orders with their last days, those of an order and a day together, the first line first.
func expiringLines(ctx context.Context, s session, orders []soldItem) (lines []expiringItem, err error) {
	s.query(selectExpiring, func(row scanner) error {
		var i expiringItem
		err := row.Scan(&i.partner, &i.kind, &i.order, &i.line, &i.lastDay, &i.offer, &i.unit, &i.testOrder,
			(*asBool)(&i.open), &i.told, (*asBool)(&i.ahead))
		lines = append(lines, i)
		return err
	}, column(orders, func(o soldItem) int64 { return o.partner }), column(orders, func(o soldItem) int64 { return o.kind }),
		column(orders, func(o soldItem) int64 { return int64(o.order) }), column(orders, func(o soldItem) int64 { return int64(o.lastDay) }))
	err = s.flush(ctx)
	slices.SortFunc(lines, func(a, b expiringItem) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.lastDay, b.lastDay), cmp.Compare(a.line, b.line))
	})
	return lines, err
}

// event tells of the lines of an order that are open; of none, if none is.
func (w expiryWalk) event(lines []expiringItem) ([]gift.Event, error) {
	var open []expiringItem
	for _, i := range lines {
		if i.open {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return nil, nil
	}
	slices.SortFunc(open, func(a, b expiringItem) int { return cmp.Compare(a.unit, b.unit) })
	id, err := w.newID()
	if err != nil {
		return nil, err
	}
	first := lines[0]
	order := first.order.Ref(first.testOrder != 0)
	t, data := gift.VoucherExpiring, gift.ExpiryData{
		Order: order, Kind: gift.Kind(first.kind).Word(),
		Items:    column(open, func(i expiringItem) int64 { return i.unit }),
		Vouchers: column(open, func(i expiringItem) gift.VoucherRef { return order.Voucher(i.line) }),
		LastDay:  first.lastDay.String(), Days: int64(first.lastDay - w.today),
	}
	if w.days == expired {
		t, data.Days = gift.VoucherExpired, int64(expired)
	}
	return []gift.Event{gift.NewEvent(id, t, first.partner, first.order, data)}, nil
}
