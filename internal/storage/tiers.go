package storage

import (
	"context"
	"slices"
	"time"

	"giftimbiz/internal/gift"
)

// repricings are the days left at which gift.Tiers turn.
var repricings = []notice{
	{"repriced 30", gift.NearDays, expired},
	{"repriced 60", gift.MidDays, gift.NearDays},
}

// lockRepriced locks the offers, so that what is told is what they cost: operators change prices too.
var lockRepriced = over("id bigint", `
SELECT offers.id, offers.kind, offers.last_day, offers.price_far, offers.price_mid, offers.price_near
FROM input JOIN offers ON offers.id = input.id
WHERE offers.stopped = 0 AND offers.next_position <= offers.last_position `+lockOffers)

// TellRepriced tells all partners of the offers on sale that cost something else from today on because fewer days are left:
// of each once, together as far as that may be, and returns how many they were. step is how many offers one transaction looks
// at.
func (db *DB) TellRepriced(ctx context.Context, now time.Time, step int) (told int64, err error) {
	today := gift.DayOf(now)
	for _, n := range repricings {
		more, err := db.tellAll(ctx, n, today, func(from noticeState) (s noticeStep, err error) {
			offers, err := n.offers(ctx, db, from, today, step)
			s.to = n.behind(offers, today, step)
			if err != nil || len(offers) == 0 {
				return s, err
			}
			s.write = func(s session) ([]gift.Event, int64, error) {
				prices, err := n.turned(ctx, s, offers, today)
				if err != nil {
					return nil, 0, err
				}
				events, err := db.repriced(prices)
				return events, int64(len(prices)), err
			}
			return s, nil
		})
		told += more
		if err != nil {
			return told, err
		}
	}
	return told, nil
}

// turned returns what those offers cost that are on sale and have another price than before.
func (n notice) turned(ctx context.Context, s session, offers []noticeOffer, today gift.Day) (prices []gift.OfferPrice, err error) {
	s.query(lockRepriced, func(row scanner) error {
		var o gift.Offer
		err := row.Scan(&o.ID, &o.Kind, &o.LastDay, &o.Tiers.Far, &o.Tiers.Mid, &o.Tiers.Near)
		price, was := o.PriceOn(today), o.Tiers.At(int(n.days)+1)
		if o.LastDay-today < n.days && price == was { // told late: it may have turned twice
			was = o.Tiers.Far
		}
		if price != was {
			prices = append(prices, gift.OfferPrice{Offer: o.ID, Kind: o.Kind.Word(), Price: price})
		}
		return err
	}, column(offers, func(o noticeOffer) int64 { return o.id }))
	return prices, s.flush(ctx)
}

// repriced makes the events.
func (db *DB) repriced(prices []gift.OfferPrice) (events []gift.Event, err error) {
	for together := range slices.Chunk(prices, gift.RepricedTogether) {
		id, err := db.newID()
		if err != nil {
			return nil, err
		}
		events = append(events, gift.NewEvent(id, gift.OfferRepriced, 0, 0, gift.RepricingData{Offers: together}))
	}
	return events, nil
}
