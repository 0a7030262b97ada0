package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// withdrawnBelow is what the positions of withdrawn units are below. Purchases use those of the units that they exchange,
// negated, for a moment: no offer has so many.
const withdrawnBelow = -1_000_000_000_000_000

// WithdrawUnit takes a voucher or coupon that is not sold (office.ErrSold) out of its offer for good: the unit at the end
// gets its place. Its number stays known, so that it cannot be loaded again.
func (db *DB) WithdrawUnit(ctx context.Context, unitID int64, reason string, now time.Time) error {
	return db.moveUnit(ctx, unitID, func(tx *sql.Tx, o office.OfferRow, position int64) (change, error) {
		c := change{action: "unit.withdraw", note: reason}
		switch next := o.Units - o.Stock + 1; {
		case position < 1:
			return c, fmt.Errorf("unit %d: %w", unitID, ErrChanged)
		case position < next:
			return c, fmt.Errorf("unit %d %w", unitID, office.ErrSold)
		case position > o.Units: // it is not in stock yet
			return c, fmt.Errorf("unit %d %w", unitID, ErrNotFound)
		}
		var lowest int64
		err := tx.QueryRowContext(ctx, `SELECT MIN(position) FROM units WHERE offer_id = $1`, o.ID).Scan(&lowest)
		if err != nil {
			return c, err
		}
		c.before, c.after = unitState{o.ID, office.UnitFree}, unitState{o.ID, office.UnitWithdrawn}
		if err := placeUnit(ctx, tx, o.ID, position, min(lowest, withdrawnBelow)-1); err != nil {
			return c, err
		}
		if position != o.Units {
			if err := placeUnit(ctx, tx, o.ID, o.Units, position); err != nil {
				return c, err
			}
		}
		if err := resize(ctx, tx, o, o.Units-1); err != nil || o.Stock > 1 {
			return c, err
		}
		return c, db.tell(ctx, tx, gift.OfferSoldOut, 0, 0, gift.OfferData{Offer: o.ID, Kind: o.Kind.Word()})
	}, now)
}

// RestoreUnit puts a withdrawn unit back into its offer, at the end.
func (db *DB) RestoreUnit(ctx context.Context, unitID int64, reason string, now time.Time) error {
	return db.moveUnit(ctx, unitID, func(tx *sql.Tx, o office.OfferRow, position int64) (change, error) {
		c := change{action: "unit.restore", note: reason}
		if position >= 1 {
			return c, fmt.Errorf("unit %d: %w", unitID, ErrChanged)
		}
		c.before, c.after = unitState{o.ID, office.UnitWithdrawn}, unitState{o.ID, office.UnitFree}
		err := classify(placeUnit(ctx, tx, o.ID, position, o.Units+1))
		if errors.Is(err, ErrDuplicate) { // stock that is being loaded waits there
			return c, fmt.Errorf("unit %d: %w", unitID, ErrChanged)
		}
		if err != nil {
			return c, err
		}
		return c, resize(ctx, tx, o, o.Units+1)
	}, now)
}

// unitState is what the audit trail shows of a unit.
type unitState struct {
	Offer int64
	State office.UnitState
}

// moveUnit locks a unit's offer, as purchases do, before it looks where the unit stands: nobody sells it meanwhile.
func (db *DB) moveUnit(
	ctx context.Context, unitID int64, move func(*sql.Tx, office.OfferRow, int64) (change, error), now time.Time,
) error {
	if err := db.readyForIDs(ctx); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		var offerID, position int64
		err := tx.QueryRowContext(ctx, `SELECT offer_id FROM units WHERE id = $1`, unitID).Scan(&offerID)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("unit %d %w", unitID, ErrNotFound)
		}
		if err != nil {
			return err
		}
		offer, err := db.lockOffer(ctx, tx, offerID)
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT position FROM units WHERE id = $1`, unitID).Scan(&position); err != nil {
			return err
		}
		c, err := move(tx, offer, position)
		if err != nil {
			return err
		}
		c.subject = "unit:" + strconv.FormatInt(unitID, 10)
		return db.audit(ctx, tx, c, now)
	})
}

func placeUnit(ctx context.Context, tx *sql.Tx, offerID, from, to int64) error {
	return execOne(ctx, tx, `UPDATE units SET position = $3 WHERE offer_id = $1 AND position = $2`, offerID, from, to)
}

// resize changes how many units an offer has, and tells every node.
func resize(ctx context.Context, tx *sql.Tx, o office.OfferRow, units int64) error {
	seq, err := tick(ctx, tx)
	if err != nil {
		return err
	}
	return execOne(ctx, tx, `UPDATE offers SET last_position = $2, changed_seq = $3,
stocked_seq = CASE WHEN next_position > last_position THEN $3 ELSE stocked_seq END
WHERE id = $1 AND last_position = $4 AND next_position = $5`, o.ID, units, seq, o.Units, o.Units-o.Stock+1)
}

const unitColumns = `SELECT u.id, u.offer_id, u.position, o.next_position, COALESCE(p.name, m.coupon_name, ''),
       COALESCE(i.order_id, 0), COALESCE(a.name, ''), i.used_at, i.cancelled_at `

const unitJoins = `
LEFT JOIN products p ON p.id = o.product_id
LEFT JOIN campaigns m ON m.id = o.campaign_id
LEFT JOIN order_items i ON i.unit_id = u.id AND i.test_order = 0
LEFT JOIN partners a ON a.id = i.partner_id `

// UnitList returns units in the order in which they are sold, withdrawn ones first. Units that stand above their offer's last
// position are not in stock yet.
func (db *DB) UnitList(ctx context.Context, q office.UnitQuery) (list []office.UnitRow, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		var offerID, campaignID, position int64
		if q.After != 0 {
			err := tx.QueryRowContext(ctx, `SELECT u.offer_id, COALESCE(o.campaign_id, 0), u.position
FROM units u JOIN offers o ON o.id = u.offer_id WHERE u.id = $1`, q.After).Scan(&offerID, &campaignID, &position)
			if err != nil {
				return absent(err)
			}
		} else {
			position = math.MinInt64
		}
		text, args := unitColumns+`FROM offers o JOIN units u ON u.offer_id = o.id AND (o.id <> $2 OR u.position > $3)`+unitJoins+`
WHERE o.campaign_id IS NOT NULL AND (o.campaign_id, o.id) >= ($1, $2) AND u.position <= o.last_position`, []any{campaignID, offerID, position}
		order := " ORDER BY o.campaign_id, o.id, u.position"
		if q.OfferID != 0 {
			text, args = unitColumns+`FROM offers o JOIN units u ON u.offer_id = o.id`+unitJoins+`
WHERE o.id = $1 AND u.position > $2 AND u.position <= o.last_position`, []any{q.OfferID, position}
			order = " ORDER BY u.position"
		}
		rows, err := tx.QueryContext(ctx, text+unitsIn[q.State]+order+" LIMIT "+strconv.FormatInt(q.Limit, 10), args...)
		if err != nil {
			return err
		}
		return scanAll(rows, func(row scanner) error {
			u, err := scanUnit(row)
			list = append(list, u)
			return err
		})
	})
	return list, err
}

// unitsIn are the conditions of the states.
var unitsIn = map[office.UnitState]string{
	office.UnitFree:      ` AND u.position >= o.next_position`,
	office.UnitSold:      ` AND u.position >= 1 AND u.position < o.next_position AND i.used_at IS NULL AND i.cancelled_at IS NULL`,
	office.UnitUsed:      ` AND i.used_at IS NOT NULL AND i.cancelled_at IS NULL`,
	office.UnitRefunded:  ` AND i.cancelled_at IS NOT NULL`,
	office.UnitWithdrawn: ` AND u.position < 0`,
}

// UnitByID returns one voucher or coupon, or ErrNotFound.
func (db *DB) UnitByID(ctx context.Context, id int64) (office.UnitRow, error) {
	u, err := scanUnit(db.read.QueryRowContext(ctx,
		unitColumns+`FROM units u JOIN offers o ON o.id = u.offer_id`+unitJoins+`WHERE u.id = $1 AND u.position <= o.last_position`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return u, fmt.Errorf("unit %d %w", id, ErrNotFound)
	}
	return u, classify(err)
}

// UnitByNumber returns the voucher whose number has a keyed hash, or ErrNotFound.
func (db *DB) UnitByNumber(ctx context.Context, hash []byte) (office.UnitRow, error) {
	u, err := scanUnit(db.read.QueryRowContext(ctx,
		unitColumns+`FROM units u JOIN offers o ON o.id = u.offer_id`+unitJoins+`WHERE u.number_hash = $1 AND u.position <= o.last_position`, hash))
	if errors.Is(err, sql.ErrNoRows) {
		return u, fmt.Errorf("a voucher with this number %w", ErrNotFound)
	}
	return u, classify(err)
}

func scanUnit(row scanner) (u office.UnitRow, err error) {
	var position, next int64
	var used, cancelled sql.NullInt64
	err = row.Scan(&u.ID, &u.OfferID, &position, &next, &u.Name, &u.OrderID, &u.Partner, &used, &cancelled)
	u.UsedAt = fromMillis(used)
	switch {
	case position < 1:
		u.State = office.UnitWithdrawn
	case position >= next:
		u.State = office.UnitFree
	case cancelled.Valid:
		u.State = office.UnitRefunded
	case used.Valid:
		u.State = office.UnitUsed
	default:
		u.State = office.UnitSold
	}
	return u, err
}
