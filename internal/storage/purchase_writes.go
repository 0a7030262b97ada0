package storage

import (
	"slices"

	"giftimbiz/internal/purchase"
)

// What a batch writes. Rows locked by every node alike (the sales account, the change clock) come last.
var (
	moveUnitsAside = over("unit_id bigint, position bigint", `
UPDATE units SET position = -input.position FROM input WHERE units.id = input.unit_id`)

	placeUnits = over("unit_id bigint, position bigint", `
UPDATE units SET position = input.position FROM input WHERE units.id = input.unit_id`)

	insertOrders = over(
		"id bigint, partner_id bigint, kind bigint, sandbox bigint, amount bigint, fingerprint bigint, at bigint", `
INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at)
SELECT id, partner_id, kind, sandbox, amount, fingerprint, at FROM input`)

	insertReferenced = over("id bigint, partner_id bigint, kind bigint, sandbox bigint, amount bigint, fingerprint bigint, at bigint, "+
		"reference text", `
INSERT INTO orders (id, partner_id, kind, sandbox, amount, fingerprint, at, reference)
SELECT id, partner_id, kind, sandbox, amount, fingerprint, at, reference FROM input`)

	insertItems = over("partner_id bigint, kind bigint, order_id bigint, line bigint, test_order bigint, "+
		"offer_id bigint, unit_id bigint, position bigint, face bigint, paid bigint", `
INSERT INTO order_items (partner_id, kind, order_id, line, test_order, offer_id, unit_id, face, paid)
SELECT partner_id, kind, order_id, line, test_order, offer_id,
       CASE WHEN unit_id <> 0 THEN unit_id ELSE
           (SELECT units.id FROM units WHERE units.offer_id = input.offer_id AND units.position = input.position) END,
       face, paid
FROM input`)

	insertEntries = over("account_id bigint, txn_id bigint, amount bigint", `
INSERT INTO entries (account_id, txn_id, amount) SELECT account_id, txn_id, amount FROM input`)

	insertAnswers = over(
		"partner_id bigint, key_hash bytea, request bytea, order_id bigint, body bytea, at bigint", `
INSERT INTO idempotency_answers (partner_id, key_hash, request, order_id, body, at)
SELECT partner_id, key_hash, request, order_id, body, at FROM input`)

	insertOnce = over("partner_id bigint, offer_id bigint", `
INSERT INTO once_claims (partner_id, offer_id) SELECT partner_id, offer_id FROM input`)

	addDays = over("partner_id bigint, day bigint, kind bigint, orders bigint, items bigint, spent bigint, face bigint", `
INSERT INTO partner_days (partner_id, day, kind, orders, items, spent, face)
SELECT partner_id, day, kind, orders, items, spent, face FROM input WHERE TRUE
ON CONFLICT (partner_id, day, kind) DO UPDATE SET
    orders = partner_days.orders + excluded.orders, items = partner_days.items + excluded.items,
    spent = partner_days.spent + excluded.spent, face = partner_days.face + excluded.face`)

	addBalances = over("account_id bigint, delta bigint", `
UPDATE accounts SET balance = accounts.balance + input.delta FROM input WHERE accounts.id = input.account_id`)

	advanceOffers = over(
		"offer_id bigint, was bigint, next bigint, partner_id bigint, order_id bigint", `
UPDATE offers SET next_position = input.next, last_partner = input.partner_id, last_order = input.order_id
FROM input WHERE offers.id = input.offer_id AND offers.next_position = input.was`)

	tickClock = over("id bigint", `
UPDATE change_clock SET seq = change_clock.seq + 1 FROM input WHERE change_clock.id = input.id`)

	announceOffers = over("offer_id bigint", `
UPDATE offers SET changed_seq = (SELECT seq FROM change_clock) FROM input WHERE offers.id = input.offer_id`)
)

func queueWrites(s session, w *purchase.Writes) {
	queueMoves(s, w.Moves)
	queueOrders(s, w.Orders)
	queueItems(s, w.Items)
	queueQuotes(s, w)
	s.exec(insertEntries, len(w.Entries),
		column(w.Entries, func(e purchase.Entry) int64 { return e.AccountID }),
		column(w.Entries, func(e purchase.Entry) int64 { return int64(e.Txn) }),
		column(w.Entries, func(e purchase.Entry) int64 { return int64(e.Amount) }))
	queueAnswers(s, w.Answers)
	s.exec(insertOnce, len(w.Once),
		column(w.Once, func(o purchase.OnceClaim) int64 { return o.PartnerID }),
		column(w.Once, func(o purchase.OnceClaim) int64 { return o.OfferID }))
	queueEvents(s, w.Events)
	queueDays(s, w.Days)
	queueOffers(s, w.Offers)
	s.exec(addBalances, len(w.Balances),
		column(w.Balances, func(b purchase.Balance) int64 { return b.AccountID }),
		column(w.Balances, func(b purchase.Balance) int64 { return int64(b.Delta) }))
	if len(w.Entries) > 0 {
		reopen(s, w.Entries[0].Txn) // the earliest: orders are numbered in turn
	}
	queueAnnouncements(s, w.Offers)
}

// queueMoves goes through negative positions, because two units may exchange theirs.
func queueMoves(s session, moves []purchase.Unit) {
	units := column(moves, func(u purchase.Unit) int64 { return u.ID })
	positions := column(moves, func(u purchase.Unit) int64 { return u.Position })
	s.exec(moveUnitsAside, len(moves), units, positions)
	s.exec(placeUnits, len(moves), units, positions)
}

func queueOrders(s session, orders []purchase.Order) {
	plain, referenced := orders, []purchase.Order(nil)
	if slices.ContainsFunc(orders, hasReference) {
		plain = slices.DeleteFunc(slices.Clone(orders), hasReference)
		referenced = slices.DeleteFunc(slices.Clone(orders), func(o purchase.Order) bool { return !hasReference(o) })
	}
	s.exec(insertOrders, len(plain), orderColumns(plain)...)
	s.exec(insertReferenced, len(referenced), append(orderColumns(referenced),
		column(referenced, func(o purchase.Order) string { return o.Reference }))...)
}

func hasReference(o purchase.Order) bool { return o.Reference != "" }

func orderColumns(orders []purchase.Order) []any {
	return []any{
		column(orders, func(o purchase.Order) int64 { return int64(o.ID) }),
		column(orders, func(o purchase.Order) int64 { return o.PartnerID }),
		column(orders, func(o purchase.Order) int64 { return int64(o.Kind) }),
		column(orders, func(o purchase.Order) int64 { return flag(o.Sandbox) }),
		column(orders, func(o purchase.Order) int64 { return int64(o.Amount) }),
		column(orders, func(o purchase.Order) int64 { return o.Fingerprint }),
		column(orders, func(o purchase.Order) int64 { return millis(o.At) }),
	}
}

func queueItems(s session, items []purchase.Item) {
	s.exec(insertItems, len(items),
		column(items, func(i purchase.Item) int64 { return i.PartnerID }),
		column(items, func(i purchase.Item) int64 { return int64(i.Kind) }),
		column(items, func(i purchase.Item) int64 { return int64(i.OrderID) }),
		column(items, func(i purchase.Item) int64 { return i.Line }),
		column(items, func(i purchase.Item) int64 { return flag(i.Sandbox) * int64(i.OrderID) }),
		column(items, func(i purchase.Item) int64 { return i.OfferID }),
		column(items, func(i purchase.Item) int64 { return i.UnitID }),
		column(items, func(i purchase.Item) int64 { return i.Position }),
		column(items, func(i purchase.Item) int64 { return int64(i.Face) }),
		column(items, func(i purchase.Item) int64 { return int64(i.Paid) }))
}

func queueAnswers(s session, answers []purchase.Answer) {
	s.exec(insertAnswers, len(answers),
		column(answers, func(a purchase.Answer) int64 { return a.Key.PartnerID }),
		column(answers, func(a purchase.Answer) []byte { return a.Key.Hash[:] }),
		column(answers, func(a purchase.Answer) []byte { return a.Request[:] }),
		column(answers, func(a purchase.Answer) int64 { return int64(a.OrderID) }),
		column(answers, func(a purchase.Answer) []byte { return a.Body }),
		column(answers, func(a purchase.Answer) int64 { return millis(a.At) }))
}

func queueDays(s session, days []purchase.DayCount) {
	s.exec(addDays, len(days), dayColumns(days)...)
}

func dayColumns(days []purchase.DayCount) []any {
	return []any{
		column(days, func(d purchase.DayCount) int64 { return d.PartnerID }),
		column(days, func(d purchase.DayCount) int64 { return int64(d.Day) }),
		column(days, func(d purchase.DayCount) int64 { return int64(d.Kind) }),
		column(days, func(d purchase.DayCount) int64 { return d.Orders }),
		column(days, func(d purchase.DayCount) int64 { return d.Items }),
		column(days, func(d purchase.DayCount) int64 { return int64(d.Spent) }),
		column(days, func(d purchase.DayCount) int64 { return int64(d.Face) }),
	}
}

func queueOffers(s session, sales []purchase.OfferSale) {
	s.exec(advanceOffers, len(sales),
		column(sales, func(o purchase.OfferSale) int64 { return o.OfferID }),
		column(sales, func(o purchase.OfferSale) int64 { return o.From }),
		column(sales, func(o purchase.OfferSale) int64 { return o.Next }),
		column(sales, func(o purchase.OfferSale) int64 { return o.LastPartner }),
		column(sales, func(o purchase.OfferSale) int64 { return int64(o.LastOrder) }))
}

// queueAnnouncements gives the change clock's next number to the offers that other nodes must look at.
func queueAnnouncements(s session, sales []purchase.OfferSale) {
	var offers []int64
	for _, sale := range sales {
		if sale.Announce {
			offers = append(offers, sale.OfferID)
		}
	}
	if len(offers) > 0 {
		s.exec(tickClock, 1, []int64{1})
		s.exec(announceOffers, len(offers), offers)
	}
}
