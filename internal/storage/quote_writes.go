package storage

import (
	"maps"
	"slices"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

// What a batch writes of quotes: under the locks of their partners' accounts and of their offers.
var (
	insertQuotes = over("id bigint, partner_id bigint, kind bigint, sandbox bigint, total bigint, expires_at bigint", `
INSERT INTO quotes (id, partner_id, kind, sandbox, total, expires_at)
SELECT id, partner_id, kind, sandbox, total, expires_at FROM input`)

	insertQuoteItems = over("quote_id bigint, offer_id bigint, units bigint, price bigint, held_until bigint", `
INSERT INTO quote_items (quote_id, offer_id, units, price, held_until)
SELECT quote_id, offer_id, units, price, held_until FROM input`)

	// Added to, a column is not looked for in an index: that of open quotes would be read whole.
	useQuotes = over("quote_id bigint, order_id bigint", `
UPDATE quotes SET state = 2, order_id = input.order_id FROM input WHERE quotes.id = input.quote_id AND quotes.state + 0 = 1`)

	endHolds = over("quote_id bigint", `
UPDATE quote_items SET held_until = 0 FROM input WHERE quote_items.quote_id = input.quote_id`)

	holdOffers = over("offer_id bigint, until bigint", `
UPDATE offers SET held_until = CASE WHEN offers.held_until < input.until THEN input.until ELSE offers.held_until END
FROM input WHERE offers.id = input.offer_id`)
)

// holding is what a quote's items hold until when, 0 = nothing, in milliseconds since 1970.
func holding(q gift.Quote) int64 {
	if q.Sandbox {
		return 0
	}
	return millis(q.ExpiresAt)
}

func queueQuotes(s session, w *purchase.Writes) {
	s.exec(insertQuotes, len(w.Quotes),
		column(w.Quotes, func(q gift.Quote) int64 { return int64(q.ID) }),
		column(w.Quotes, func(q gift.Quote) int64 { return q.PartnerID }),
		column(w.Quotes, func(q gift.Quote) int64 { return int64(q.Kind) }),
		column(w.Quotes, func(q gift.Quote) int64 { return flag(q.Sandbox) }),
		column(w.Quotes, func(q gift.Quote) int64 { return int64(q.Total) }),
		column(w.Quotes, func(q gift.Quote) int64 { return millis(q.ExpiresAt) }))
	queueQuoteItems(s, w.Quotes)
	queueHeldOffers(s, w.Quotes)
	used := column(w.Used, func(u purchase.UsedQuote) int64 { return int64(u.ID) })
	s.exec(useQuotes, len(w.Used), used, column(w.Used, func(u purchase.UsedQuote) int64 { return int64(u.OrderID) }))
	s.exec(endHolds, -1, used)
}

func queueQuoteItems(s session, quotes []gift.Quote) {
	var ids, offers, units, prices, until []int64
	for _, q := range quotes {
		for _, i := range q.Items {
			ids, offers, units = append(ids, int64(q.ID)), append(offers, i.OfferID), append(units, i.Units)
			prices, until = append(prices, int64(i.Price)), append(until, holding(q))
		}
	}
	s.exec(insertQuoteItems, len(ids), ids, offers, units, prices, until)
}

// queueHeldOffers notes on each offer until when something of it may be held.
func queueHeldOffers(s session, quotes []gift.Quote) {
	last := map[int64]int64{}
	for _, q := range quotes {
		for _, i := range q.Items {
			if until := holding(q); until > 0 {
				last[i.OfferID] = max(last[i.OfferID], until)
			}
		}
	}
	offers := slices.Sorted(maps.Keys(last))
	s.exec(holdOffers, len(offers), offers, column(offers, func(id int64) int64 { return last[id] }))
}
