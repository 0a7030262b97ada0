package storage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
)

// How many vouchers of an import are written at once, and how long the database is left to others after that: a purchase on
// SQLite may have to wait for one such write, and on PostgreSQL finds a processor less.
const (
	stageChunk = 32
	stageRest  = 3 * time.Millisecond
	stagePG    = 80
	clearChunk = 500
	// stepsToWriteBack write about half of what SQLite lets its log grow to by itself.
	stepsToWriteBack = 6
)

// The vouchers of an import come into being in two steps. First they are staged: written where no purchase and no list
// looks, above their offers' last position; new offers are written without stock and without a place on the change clock.
// Then one short transaction opens them: it raises the last positions, writes all else that the file changes, and marks the
// import as applied, all or nothing.
//
// On PostgreSQL both steps are one transaction: it keeps nobody waiting but for the offers that it opens last. SQLite has
// one writer, which a transaction of 100,000 vouchers would take for seconds, so there each chunk of the first step is a
// transaction of its own, and the writer goes to waiting purchases in between. What a node that dies leaves behind is named
// by the ids that its import reserved: nobody can buy it, the doctor passes over it, and clearImport takes it away. A node
// that was taken for dead and is not finds its import failed, in each of its transactions, and stores nothing more.
var (
	findApplying = over("id bigint", `
SELECT imports.id FROM input JOIN imports ON imports.id = input.id WHERE imports.state = 'applying'`)

	reserveImport = over("id bigint, first_unit bigint, last_unit bigint, first_offer bigint, last_offer bigint", `
UPDATE imports SET first_unit = input.first_unit, last_unit = input.last_unit, first_offer = input.first_offer,
    last_offer = input.last_offer
FROM input WHERE imports.id = input.id AND imports.state = 'applying'`)

	finishImport = over("id bigint, body bytea, counts text, findings text, total bigint, changed_at bigint", `
UPDATE imports SET state = 'applied', busy = 0, body = input.body, counts = input.counts, findings = input.findings,
    done = input.total, total = input.total, changed_at = input.changed_at
FROM input WHERE imports.id = input.id AND imports.state = 'applying'`)

	// Vouchers join an equal offer that is on sale. One that was stopped may have been stopped for its vouchers' sake.
	selectEqualOffers = over("lot bigint, product_id bigint, last_day bigint, face bigint, price_far bigint, price_mid bigint, "+
		"price_near bigint", `
SELECT input.lot, o.id, o.last_position FROM input {each offers o: product_id, last_day}
WHERE o.kind = 1 AND o.stopped = 0 AND o.once_per = 0 AND o.face = input.face AND o.price_far = input.price_far
  AND o.price_mid = input.price_mid AND o.price_near = input.price_near
ORDER BY input.lot, o.id`)

	selectLastIDs = over("id bigint", `
SELECT (SELECT COALESCE(MAX(id), 0) FROM units), (SELECT COALESCE(MAX(id), 0) FROM offers) FROM input`)

	stageOffers = over("id bigint, product_id bigint, face bigint, price_far bigint, price_mid bigint, price_near bigint, "+
		"last_day bigint", `
INSERT INTO offers (id, kind, product_id, face, price_far, price_mid, price_near, last_day, changed_seq, added_seq)
SELECT id, 1, product_id, face, price_far, price_mid, price_near, last_day, 0, 0 FROM input`)

	lockJoined = over("offer_id bigint", `SELECT offers.id FROM input JOIN offers ON offers.id = input.offer_id `+lockOffers)

	// Somebody may have changed or stopped an offer since the plan was made to join it.
	openOffers = over("offer_id bigint, was bigint, last_position bigint, price_far bigint, price_mid bigint, "+
		"price_near bigint, last_day bigint, once_per bigint", `
UPDATE offers SET last_position = input.last_position, changed_seq = (SELECT id FROM loads WHERE seq = 0),
    added_seq = CASE WHEN offers.added_seq = 0 THEN (SELECT id FROM loads WHERE seq = 0) ELSE offers.added_seq END,
    stocked_seq = CASE WHEN offers.added_seq <> 0 AND offers.next_position > offers.last_position
        THEN (SELECT id FROM loads WHERE seq = 0) ELSE offers.stocked_seq END
FROM input WHERE offers.id = input.offer_id AND offers.last_position = input.was AND offers.stopped = 0
    AND offers.price_far = input.price_far AND offers.price_mid = input.price_mid AND offers.price_near = input.price_near
    AND offers.last_day = input.last_day AND offers.once_per = input.once_per`)
)

// application is one import on its way into the database.
type application struct {
	db       *DB
	imported *intake.Import
	load     *intake.Load
	body     func() ([]byte, error)
	seal     func(unit int64, plain string) ([]byte, error)
	progress func(done int)
	now      time.Time

	growths   []growth
	lots      []int // place in growths of each lot; -1 = nothing is added to it
	newOffers []gift.Offer
	firstUnit int64
	coupons   *Stock
}

// growth is an offer that gets more units.
type growth struct {
	offer    int64
	was, now int64      // its last position
	as       gift.Offer // what it has to be like
}

// ApplyImport implements intake.Store.
func (db *DB) ApplyImport(ctx context.Context, i *intake.Import, l *intake.Load, body func() ([]byte, error),
	seal func(unit int64, plain string) ([]byte, error), progress func(done int), now time.Time,
) error {
	err := db.retry(ctx, func() error {
		a := &application{db: db, imported: i, load: l, body: body, seal: seal, progress: progress, now: now}
		return a.run(ctx)
	})
	if errors.Is(err, purchase.ErrConflict) || errors.Is(err, errCount) {
		return fmt.Errorf("%w: %w", intake.ErrMeanwhile, err)
	}
	return err
}

func (a *application) run(ctx context.Context) error {
	if err := a.db.readyForIDs(ctx); err != nil {
		return err
	}
	// In the order of their index, so that each write changes few of its pages and not one for each voucher. It is also the
	// order in which the vouchers of an offer are sold.
	slices.SortFunc(a.load.Numbers, func(m, n intake.Number) int { return bytes.Compare(m.Hash[:], n.Hash[:]) })
	steps := []func(context.Context, session) error{a.plan, a.stageOffers}
	for from := 0; from < len(a.load.Numbers); {
		to := min(from+a.chunk(), len(a.load.Numbers))
		steps = append(steps, a.stageNumbers(from, to))
		from = to
	}
	steps = append(steps, a.open)
	if a.db.pool == nil {
		for i, step := range steps {
			if err := errors.Join(a.alone(ctx, step), a.db.writeBack(ctx, i), rest(ctx, stageRest)); err != nil {
				return err
			}
		}
		return nil
	}
	return a.alone(ctx, func(ctx context.Context, s session) error {
		for _, step := range steps {
			if err := errors.Join(step(ctx, s), rest(ctx, stageRest)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *application) chunk() int {
	if a.db.pool == nil {
		return stageChunk
	}
	return stagePG
}

// alone runs a step in a transaction of its own, if the import is still being applied.
func (a *application) alone(ctx context.Context, step func(context.Context, session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := a.db.begin(ctx, a.db.pool)
	if err != nil {
		return classify(err)
	}
	alive := false
	s.query(findApplying, func(row scanner) error {
		var id int64
		alive = true
		return row.Scan(&id)
	}, []int64{a.imported.ID})
	err = s.flush(ctx)
	if err == nil && !alive {
		err = fmt.Errorf("import %d: %w", a.imported.ID, office.ErrChanged)
	}
	if err == nil {
		err = step(ctx, s)
	}
	return a.db.end(ctx, s, err)
}

// plan finds out where everything goes, and reserves its ids.
func (a *application) plan(ctx context.Context, s session) error {
	var lastUnit, lastOffer int64
	joined := make(map[int64]growth)
	s.query(selectLastIDs, func(row scanner) error { return row.Scan(&lastUnit, &lastOffer) }, []int64{0})
	lots := a.load.Lots
	numbered := make([]int64, len(lots))
	for i := range lots {
		numbered[i] = int64(i)
	}
	s.query(selectEqualOffers, func(row scanner) error {
		var lot int64
		var g growth
		err := row.Scan(&lot, &g.offer, &g.was)
		joined[lot] = g
		return err
	}, numbered, column(lots, func(o gift.Offer) int64 { return o.ProductID }),
		column(lots, func(o gift.Offer) int64 { return int64(o.LastDay) }), column(lots, func(o gift.Offer) int64 { return int64(o.Face) }),
		column(lots, func(o gift.Offer) int64 { return int64(o.Tiers.Far) }), column(lots, func(o gift.Offer) int64 { return int64(o.Tiers.Mid) }),
		column(lots, func(o gift.Offer) int64 { return int64(o.Tiers.Near) }))
	if err := s.flush(ctx); err != nil {
		return err
	}
	a.placeLots(joined, lastOffer)
	a.firstUnit = lastUnit + 1
	if err := a.placeCoupons(ctx, s, lastUnit+int64(len(a.load.Numbers)), lastOffer+int64(len(a.newOffers))); err != nil {
		return err
	}
	if a.db.pool != nil {
		return nil // there is nothing to find again: all is one transaction
	}
	s.exec(reserveImport, 1, []int64{a.imported.ID}, []int64{a.firstUnit}, []int64{lastUnit + int64(len(a.load.Numbers))},
		[]int64{lastOffer + 1}, []int64{lastOffer + int64(len(a.newOffers))})
	return s.flush(ctx)
}

// placeLots gives each lot that numbers are added to an offer.
func (a *application) placeLots(joined map[int64]growth, lastOffer int64) {
	adds := make([]int64, len(a.load.Lots))
	for _, n := range a.load.Numbers {
		adds[n.Lot]++
	}
	a.lots = make([]int, len(a.load.Lots))
	for i, offer := range a.load.Lots {
		if adds[i] == 0 {
			a.lots[i] = -1
			continue
		}
		g, ok := joined[int64(i)]
		if !ok {
			lastOffer++
			offer.ID, g.offer = lastOffer, lastOffer
			a.newOffers = append(a.newOffers, offer)
		}
		g.now, g.as = g.was, offer
		a.lots[i] = len(a.growths)
		a.growths = append(a.growths, g)
	}
}

func (a *application) stageOffers(ctx context.Context, s session) error {
	rows := a.newOffers
	s.exec(stageOffers, len(rows),
		column(rows, func(o gift.Offer) int64 { return o.ID }),
		column(rows, func(o gift.Offer) int64 { return o.ProductID }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Face) }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Tiers.Far) }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Tiers.Mid) }),
		column(rows, func(o gift.Offer) int64 { return int64(o.Tiers.Near) }),
		column(rows, func(o gift.Offer) int64 { return int64(o.LastDay) }))
	return s.flush(ctx)
}

// stageNumbers writes some of the vouchers above the last positions of their offers.
func (a *application) stageNumbers(from, to int) func(context.Context, session) error {
	return func(ctx context.Context, s session) error {
		units := make([]NewUnit, 0, to-from)
		for i, n := range a.load.Numbers[from:to] {
			g := &a.growths[a.lots[n.Lot]]
			g.now++
			u := NewUnit{ID: a.firstUnit + int64(from+i), OfferID: g.offer, Position: g.now, NumberHash: n.Hash[:], TailHash: n.Tail}
			var err error
			if u.Sealed, err = a.seal(u.ID, n.Plain); err != nil {
				return err
			}
			units = append(units, u)
		}
		if err := a.db.keepKeysIn(ctx, s, sealedOf(units)...); err != nil {
			return err
		}
		sendUnits(s, units)
		if err := s.flush(ctx); err != nil {
			return err
		}
		a.progress(to)
		return nil
	}
}

// writeBack has SQLite copy its log back after some steps, beside purchases: else one of them would have to, with all that
// the steps have written.
func (db *DB) writeBack(ctx context.Context, step int) error {
	if db.pool != nil || step%stepsToWriteBack != 0 {
		return nil
	}
	_, _, err := db.checkpoint(ctx, "PASSIVE")
	return classify(err)
}

// rest leaves the database to others for a moment.
func rest(ctx context.Context, pause time.Duration) error {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open puts everything on sale.
func (a *application) open(ctx context.Context, s session) error {
	counts, err := json.Marshal(a.imported.Counts)
	if err != nil {
		return err
	}
	findings, err := json.Marshal(a.imported.Findings)
	if err != nil {
		return err
	}
	body, err := a.body()
	if err != nil {
		return err
	}
	if err := a.db.keepKeysIn(ctx, s, body); err != nil {
		return err
	}
	id := []int64{-1 - rand.Int64()}
	s.exec(beginLoad, 1, id)
	if err := a.catalogue().send(ctx, s); err != nil {
		return err
	}
	s.query(lockJoined, func(row scanner) error {
		var id int64
		return row.Scan(&id)
	}, column(a.growths, func(g growth) int64 { return g.offer }))
	s.exec(openOffers, len(a.growths), column(a.growths, func(g growth) int64 { return g.offer }),
		column(a.growths, func(g growth) int64 { return g.was }), column(a.growths, func(g growth) int64 { return g.now }),
		column(a.growths, func(g growth) int64 { return int64(g.as.Tiers.Far) }),
		column(a.growths, func(g growth) int64 { return int64(g.as.Tiers.Mid) }),
		column(a.growths, func(g growth) int64 { return int64(g.as.Tiers.Near) }),
		column(a.growths, func(g growth) int64 { return int64(g.as.LastDay) }),
		column(a.growths, func(g growth) int64 { return flag(g.as.OncePer) }))
	s.exec(finishImport, 1, []int64{a.imported.ID}, [][]byte{body}, []string{string(counts)}, []string{string(findings)},
		[]int64{int64(len(a.load.Numbers))}, []int64{millis(a.now)})
	s.exec(tickClock, 1, []int64{1})
	s.exec(placeLoad, 1, id)
	if err := a.db.auditIn(ctx, s, change{
		action: "import.apply", subject: fmt.Sprintf("import:%d", a.imported.ID), after: a.imported.Counts,
		note: string(a.imported.Kind) + ": " + a.imported.File,
	}, a.now); err != nil {
		return err
	}
	return s.flush(ctx)
}
