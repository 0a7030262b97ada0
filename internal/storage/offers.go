package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const (
	offerColumns = `o.id, o.kind, COALESCE(o.product_id, 0), COALESCE(o.campaign_id, 0), o.face, o.price_far, o.price_mid,
       o.price_near, o.last_day, o.stopped, o.once_per, o.last_position - o.next_position + 1, o.last_position`

	offerNames = `, COALESCE(p.name, m.product, ''), COALESCE(b.name, s.name, ''), COALESCE(b.id, s.id, 0),
       COALESCE(p.thumb, m.thumb, '')`

	offerJoins = ` LEFT JOIN products p ON p.id = o.product_id LEFT JOIN brands b ON b.id = p.brand_id
LEFT JOIN campaigns m ON m.id = o.campaign_id LEFT JOIN shops s ON s.id = m.shop_id `
)

func scanOffer(row scanner, more ...any) (o office.OfferRow, err error) {
	dest := []any{
		&o.ID, &o.Kind, &o.ProductID, &o.CampaignID, &o.Face, &o.Tiers.Far, &o.Tiers.Mid, &o.Tiers.Near,
		&o.LastDay, (*asBool)(&o.Stopped), (*asBool)(&o.OncePer), &o.Stock, &o.Units,
	}
	err = row.Scan(append(dest, more...)...)
	o.Version = office.OfferVersion(o.Offer)
	return o, err
}

func scanNamedOffer(row scanner) (office.OfferRow, error) {
	var name, maker, thumb string
	var makerID int64
	o, err := scanOffer(row, &name, &maker, &makerID, &thumb)
	o.Name, o.Maker, o.MakerID, o.Thumb = name, maker, makerID, thumb
	return o, err
}

// OfferByID returns one offer, or ErrNotFound.
func (db *DB) OfferByID(ctx context.Context, id int64) (office.OfferRow, error) {
	o, err := scanNamedOffer(db.read.QueryRowContext(ctx,
		"SELECT "+offerColumns+offerNames+" FROM offers o"+offerJoins+"WHERE o.id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return o, fmt.Errorf("offer %d %w", id, ErrNotFound)
	}
	return o, classify(err)
}

// ChangeOffer stores an offer's prices, last day, whether it is stopped and whether a partner may buy it once only; the
// offer must still be what it was in the version (ErrChanged).
func (db *DB) ChangeOffer(ctx context.Context, o gift.Offer, version int64, now time.Time) error {
	if err := db.readyForIDs(ctx); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		before, err := db.lockOffer(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		if before.Version != version {
			return fmt.Errorf("offer %d: %w", o.ID, ErrChanged)
		}
		after := before.Offer
		after.Tiers, after.LastDay, after.Stopped, after.OncePer = o.Tiers, o.LastDay, o.Stopped, o.OncePer
		if after == before.Offer {
			return nil
		}
		if err := checkPrices("offer", o.ID, after.Tiers.Far, after.Tiers.Mid, after.Tiers.Near); err != nil {
			return err
		}
		seq, err := tick(ctx, tx)
		if err != nil {
			return err
		}
		if err := alterOffer(ctx, tx, before.Offer, after, seq, gift.DayOf(now)); err != nil {
			return err
		}
		if prices := appendRepriced(nil, before.Offer, after, gift.DayOf(now)); len(prices) > 0 {
			if err := db.tell(ctx, tx, gift.OfferRepriced, 0, 0, gift.RepricingData{Offers: prices}); err != nil {
				return err
			}
		}
		return db.audit(ctx, tx, change{
			action: offerAction(before.Offer, after), subject: "offer:" + strconv.FormatInt(o.ID, 10),
			before: offerState(before.Offer), after: offerState(after),
		}, now)
	})
}

// alterOffer writes what an operator made of an offer, and notes what of it became another by this change.
func alterOffer(ctx context.Context, tx *sql.Tx, before, after gift.Offer, seq int64, today gift.Day) error {
	var stocked, priced, altered int64 // 0 = as before
	if after.Listed(today) && !before.Listed(today) {
		stocked = seq
	}
	if after.Tiers != before.Tiers || after.PriceOn(today) != before.PriceOn(today) {
		priced = seq
	}
	if after.LastDay != before.LastDay || after.OncePer != before.OncePer {
		altered = seq
	}
	return execOne(ctx, tx, `UPDATE offers SET price_far = $2, price_mid = $3, price_near = $4, last_day = $5, stopped = $6,
once_per = $7, changed_seq = $8, stocked_seq = COALESCE(NULLIF(CAST($9 AS BIGINT), 0), stocked_seq),
priced_seq = COALESCE(NULLIF(CAST($10 AS BIGINT), 0), priced_seq),
altered_seq = COALESCE(NULLIF(CAST($11 AS BIGINT), 0), altered_seq) WHERE id = $1`,
		after.ID, int64(after.Tiers.Far), int64(after.Tiers.Mid), int64(after.Tiers.Near), int64(after.LastDay),
		flag(after.Stopped), flag(after.OncePer), seq, stocked, priced, altered)
}

// lockOffer reads an offer and keeps it from being sold until the transaction ends. Like purchases, whoever locks offers
// takes a place on the change clock after that, never before.
func (db *DB) lockOffer(ctx context.Context, tx *sql.Tx, id int64) (office.OfferRow, error) {
	o, err := scanOffer(tx.QueryRowContext(ctx,
		db.dialect.locks.Replace("SELECT "+offerColumns+" FROM offers o WHERE o.id = $1 "+lockRow), id))
	if errors.Is(err, sql.ErrNoRows) {
		return o, fmt.Errorf("offer %d %w", id, ErrNotFound)
	}
	return o, err
}

func offerAction(before, after gift.Offer) string {
	switch {
	case after.Stopped && !before.Stopped:
		return "offer.stop"
	case before.Stopped && !after.Stopped:
		return "offer.resume"
	}
	return "offer.change"
}

// offerState is what the audit trail shows of an offer.
func offerState(o gift.Offer) any {
	return struct {
		Face, Far, Mid, Near gift.Won
		LastDay              string
		Stopped, OncePer     bool
	}{o.Face, o.Tiers.Far, o.Tiers.Mid, o.Tiers.Near, o.LastDay.String(), o.Stopped, o.OncePer}
}
