package storage

import (
	"context"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

var _ purchase.Store = (*DB)(nil)

// What a batch locks and reads. The locks come first, so the statements after them see what the locks protect.
var (
	lockBuyers = over("account_id bigint", `
SELECT accounts.id, accounts.balance,
       partners.id, partners.state, partners.sandbox, partners.daily_limit, partners.duplicate_sec,
       partners.low_balance, CASE WHEN partners.sandbox = 1 THEN 1 ELSE partners.hears END, partners.clock_ahead
FROM input JOIN accounts ON accounts.id = input.account_id JOIN partners ON partners.id = accounts.owner_id
`+lockAccounts)

	lockWantedOffers = over("offer_id bigint", `
SELECT offers.id, offers.kind, COALESCE(offers.product_id, 0), COALESCE(offers.campaign_id, 0),
       offers.face, offers.price_far, offers.price_mid, offers.price_near, offers.last_day, offers.stopped,
       offers.once_per, offers.next_position, offers.last_position, offers.last_partner, offers.last_order,
       offers.held_until, COALESCE(products.name, campaigns.product, ''), COALESCE(campaigns.coupon_name, '')
FROM input JOIN offers ON offers.id = input.offer_id
LEFT JOIN products ON products.id = offers.product_id
LEFT JOIN campaigns ON campaigns.id = offers.campaign_id
`+lockOffers)

	// Both ends of the range come from one relation: with the upper end from two, PostgreSQL finds no index for it and
	// reads all free units.
	selectFreeUnits = over("offer_id bigint, units bigint", `
, claimed (offer_id, from_position, to_position) AS MATERIALIZED (
    SELECT offers.id, offers.next_position, offers.next_position + input.units
    FROM input JOIN offers ON offers.id = input.offer_id)
SELECT units.offer_id, units.id, units.position
FROM claimed JOIN units ON units.offer_id = claimed.offer_id
          AND units.position >= claimed.from_position AND units.position < claimed.to_position
ORDER BY units.offer_id, units.position`)

	selectCoupons = over("unit_id bigint", `
SELECT units.id, units.position, units.offer_id,
       COALESCE((SELECT partner_id FROM order_items WHERE unit_id = units.id AND test_order = 0), 0),
       COALESCE((SELECT order_id FROM order_items WHERE unit_id = units.id AND test_order = 0), 0)
FROM input JOIN units ON units.id = input.unit_id`)

	selectAnswers = over("partner_id bigint, key_hash bytea", `
SELECT a.partner_id, a.key_hash, a.request, a.order_id, a.body
FROM input {each idempotency_answers a: partner_id, key_hash}`)

	selectRepeats = over("partner_id bigint, fingerprint bigint", `
SELECT input.partner_id, input.fingerprint,
       COALESCE((SELECT MAX(id) FROM orders
                 WHERE partner_id = input.partner_id AND fingerprint = input.fingerprint), 0)
FROM input`)

	// A reference is an order's, or closed: then there is a row without an order.
	selectReferences = over("partner_id bigint, reference text", `
SELECT o.partner_id, o.reference, o.id FROM input {each orders o: partner_id, reference}
UNION ALL
SELECT c.partner_id, c.reference, 0 FROM input {each closed_references c: partner_id, reference}`)

	selectQuotes = over("id bigint", `
SELECT q.id, q.partner_id, q.state, q.order_id, q.expires_at FROM input {each quotes q: id}`)

	selectOrdersOfDay = over("partner_id bigint, day bigint", `
SELECT input.partner_id, CAST(COALESCE((SELECT SUM(orders) FROM partner_days
    WHERE partner_id = input.partner_id AND day = input.day), 0) AS BIGINT)
FROM input`)

	selectOnce = over("partner_id bigint, offer_id bigint", `
SELECT o.partner_id, o.offer_id
FROM input {each once_claims o: partner_id, offer_id}`)

	selectOpenQuotes = over("partner_id bigint, now bigint", `
SELECT input.partner_id,
       (SELECT COUNT(*) FROM quotes WHERE partner_id = input.partner_id AND state = 1 AND expires_at > input.now),
       CAST(COALESCE((SELECT SUM((SELECT SUM(units) FROM quote_items WHERE quote_id = quotes.id)) FROM quotes
            WHERE partner_id = input.partner_id AND state = 1 AND expires_at > input.now), 0) AS BIGINT)
FROM input`)

	// That held_until is above 0 says to PostgreSQL that the index has all.
	selectHeld = over("offer_id bigint, now bigint", `
SELECT input.offer_id, CAST(COALESCE((SELECT SUM(units) FROM quote_items
    WHERE offer_id = input.offer_id AND held_until > input.now AND held_until > 0), 0) AS BIGINT)
FROM input`)

	selectWritten = over("id bigint", `
SELECT o.id FROM input {each orders o: id} UNION ALL SELECT q.id FROM input {each quotes q: id}`)
)

// Lanes returns how many purchase transactions are best under way at a time; see purchase.Options.
func (db *DB) Lanes() int {
	if db.pool == nil {
		return 1 // SQLite has one writer
	}
	return postgresLanes
}

// Transact implements purchase.Store. It commits also when it wrote nothing: PostgreSQL writes its locks down, so what it saw, such
// as an answer that is told again, is on the standbys when the COMMIT is answered. See settle.
func (db *DB) Transact(
	ctx context.Context, reads purchase.Reads, decide func(*purchase.State) (purchase.Writes, error),
) error {
	if err := db.readyForIDs(ctx); err != nil {
		return err
	}
	s, err := db.begin(ctx, db.commits)
	if err != nil {
		return classify(err)
	}
	state := &purchase.State{SalesAccount: db.salesAccount(reads.Lane)}
	queueReads(s, reads, state)
	err = s.flush(ctx)
	if err == nil {
		queueLateReads(s, &reads, state)
		queueRareReads(s, reads, state)
		err = s.flush(ctx)
	}
	if err != nil {
		s.rollback()
		return classify(err)
	}
	writes, err := decide(state)
	if err == nil {
		err = db.checkIDs(&writes)
	}
	if err != nil {
		s.rollback()
		return err
	}
	queueWrites(s, &writes)
	if err := s.flush(ctx); err != nil {
		s.rollback()
		return classify(err)
	}
	err = s.commit(ctx)
	if db.undecided(err) {
		return &purchase.AmbiguousCommit{Cause: err}
	}
	return classify(err)
}

// Committed implements purchase.Store.
func (db *DB) Committed(ctx context.Context, partners []int64, ids []gift.ID) (map[gift.ID]bool, error) {
	// It looks in a transaction that begins after it had the locks: at SERIALIZABLE the one that waited for them may be shown what
	// was before.
	err := db.look(ctx, func(s session) {
		s.query(lockBuyers, func(scanner) error { return nil }, prepaidAccounts(partners))
	})
	if err != nil {
		return nil, err
	}
	found := make(map[gift.ID]bool, len(ids))
	err = db.look(ctx, func(s session) {
		s.query(selectWritten, func(row scanner) error {
			var id gift.ID
			err := row.Scan(&id)
			found[id] = true
			return err
		}, column(ids, func(id gift.ID) int64 { return int64(id) }))
	})
	if err != nil {
		return nil, err
	}
	return found, db.settle(ctx)
}

// look runs what is queued in a transaction of a purchase's connection that writes nothing.
func (db *DB) look(ctx context.Context, queue func(session)) error {
	return db.retry(ctx, func() error {
		s, err := db.begin(ctx, db.commits)
		if err != nil {
			return classify(err)
		}
		defer s.rollback()
		queue(s)
		return classify(s.flush(ctx))
	})
}

func prepaidAccounts(partners []int64) []int64 {
	return column(partners, func(id int64) int64 { return prepaidBase + id })
}

func queueReads(s session, reads purchase.Reads, state *purchase.State) {
	r := stateReader{state}
	state.Partners = make(map[int64]*purchase.Partner, len(reads.Partners))
	state.Offers = make(map[int64]*purchase.Offer, len(reads.Claims))
	state.Coupons = make(map[int64]*purchase.Coupon, len(reads.Coupons))
	state.Keys = make(map[purchase.KeyHash]purchase.Answer)
	state.Repeats = make(map[purchase.Repeat]gift.ID)
	state.References = make(map[purchase.Reference]gift.ID)
	state.Closed = make(map[purchase.Reference]bool)
	state.Quotes = make(map[gift.ID]*gift.Quote)
	state.Once = make(map[purchase.OnceClaim]bool)

	s.query(lockBuyers, r.buyer, prepaidAccounts(reads.Partners))
	s.query(lockWantedOffers, r.offer, reads.Offers)
	s.query(selectFreeUnits, r.unit,
		column(reads.Claims, func(c purchase.Claim) int64 { return c.OfferID }),
		column(reads.Claims, func(c purchase.Claim) int64 { return c.Units }))
	s.query(selectCoupons, r.coupon, reads.Coupons)
	queueReadsOfRequests(s, reads, state)
}

// queueReadsOfRequests asks what was bought or answered before.
func queueReadsOfRequests(s session, reads purchase.Reads, state *purchase.State) {
	r := stateReader{state}
	s.query(selectAnswers, r.answer,
		column(reads.Keys, func(k purchase.KeyHash) int64 { return k.PartnerID }),
		column(reads.Keys, func(k purchase.KeyHash) []byte { return k.Hash[:] }))
	s.query(selectRepeats, r.repeat,
		column(reads.Repeats, func(k purchase.Repeat) int64 { return k.PartnerID }),
		column(reads.Repeats, func(k purchase.Repeat) int64 { return k.Fingerprint }))
	s.query(selectReferences, r.reference,
		column(reads.References, func(k purchase.Reference) int64 { return k.PartnerID }),
		column(reads.References, func(k purchase.Reference) string { return k.Text }))
	s.query(selectQuotes, r.quote, column(reads.Quotes, func(id gift.ID) int64 { return int64(id) }))
}

// queueLateReads asks for those who joined the batch, now that its locks are held. Then is also when quotes are over or not.
func queueLateReads(s session, reads *purchase.Reads, state *purchase.State) {
	if reads.Late != nil {
		late := reads.Late()
		queueReadsOfRequests(s, late, state)
		reads.Now = late.Now
		reads.Once = append(reads.Once, late.Once...)
		reads.Holders = append(reads.Holders, late.Holders...)
	}
}

// queueRareReads asks what only some partners and offers need: it costs the others no look-ups.
func queueRareReads(s session, reads purchase.Reads, state *purchase.State) {
	r := stateReader{state}
	var limited, days []int64
	for _, id := range reads.Partners {
		if p := state.Partners[id]; p != nil && p.DailyLimit > 0 {
			limited, days = append(limited, id), append(days, int64(gift.DayOf(reads.Now)))
		}
	}
	var once []purchase.OnceClaim
	for _, claim := range reads.Once {
		if o := state.Offers[claim.OfferID]; o != nil && o.OncePer {
			once = append(once, claim)
		}
	}
	s.query(selectOrdersOfDay, r.ordersOfDay, limited, days)
	s.query(selectOnce, r.once,
		column(once, func(o purchase.OnceClaim) int64 { return o.PartnerID }),
		column(once, func(o purchase.OnceClaim) int64 { return o.OfferID }))
	queueHolds(s, reads, state)
}

// queueHolds asks how much the partners that want quotes have of them, and what quotes hold of the offers.
func queueHolds(s session, reads purchase.Reads, state *purchase.State) {
	r := stateReader{state}
	now := func(int64) int64 { return millis(reads.Now) }
	s.query(selectOpenQuotes, r.openQuotes, reads.Holders, column(reads.Holders, now))
	var held []int64
	for _, id := range reads.Offers {
		if o := state.Offers[id]; o != nil && o.HeldUntil.After(reads.Now) {
			held = append(held, id)
		}
	}
	s.query(selectHeld, r.held, held, column(held, now))
}

// stateReader puts rows into a State.
type stateReader struct{ *purchase.State }

func (r stateReader) buyer(row scanner) error {
	var partner int64
	var p purchase.Partner
	err := row.Scan(&p.AccountID, &p.Balance, &partner, &p.State, (*asBool)(&p.Sandbox), &p.DailyLimit, &p.DuplicateSec,
		&p.LowBalance, (*asBool)(&p.Hears), (*asDuration)(&p.ClockAhead))
	r.Partners[partner] = &p
	return err
}

func (r stateReader) ordersOfDay(row scanner) error {
	var partner, orders int64
	err := row.Scan(&partner, &orders)
	if p := r.Partners[partner]; p != nil {
		p.OrdersToday = orders
	}
	return err
}

func (r stateReader) offer(row scanner) error {
	var o purchase.Offer
	var held int64
	err := row.Scan(&o.ID, &o.Kind, &o.ProductID, &o.CampaignID, &o.Face, &o.Tiers.Far, &o.Tiers.Mid, &o.Tiers.Near,
		&o.LastDay, (*asBool)(&o.Stopped), (*asBool)(&o.OncePer), &o.Next, &o.Last, &o.LastPartner, &o.LastOrder,
		&held, &o.Product, &o.AltProduct)
	o.HeldUntil = time.UnixMilli(held)
	o.Stock = o.Last - o.Next + 1
	r.Offers[o.ID] = &o
	return err
}

func (r stateReader) unit(row scanner) error {
	var offer int64
	var u purchase.Unit
	err := row.Scan(&offer, &u.ID, &u.Position)
	if o := r.Offers[offer]; o != nil {
		o.Free = append(o.Free, u)
	}
	return err
}

func (r stateReader) coupon(row scanner) error {
	var c purchase.Coupon
	err := row.Scan(&c.ID, &c.Position, &c.OfferID, &c.Buyer, &c.Order)
	r.Coupons[c.ID] = &c
	return err
}

func (r stateReader) answer(row scanner) error {
	var a purchase.Answer
	var hash, request []byte
	err := row.Scan(&a.Key.PartnerID, &hash, &request, &a.OrderID, &a.Body)
	copy(a.Key.Hash[:], hash)
	copy(a.Request[:], request)
	r.Keys[a.Key] = a
	return err
}

func (r stateReader) repeat(row scanner) error {
	var k purchase.Repeat
	var id gift.ID
	err := row.Scan(&k.PartnerID, &k.Fingerprint, &id)
	if id != 0 {
		r.Repeats[k] = id
	}
	return err
}

func (r stateReader) reference(row scanner) error {
	var k purchase.Reference
	var id gift.ID
	err := row.Scan(&k.PartnerID, &k.Text, &id)
	if id != 0 {
		r.References[k] = id
	} else {
		r.Closed[k] = true
	}
	return err
}

func (r stateReader) quote(row scanner) error {
	var q gift.Quote
	var expires int64
	err := row.Scan(&q.ID, &q.PartnerID, &q.State, &q.OrderID, &expires)
	q.ExpiresAt = time.UnixMilli(expires)
	r.Quotes[q.ID] = &q
	return err
}

func (r stateReader) openQuotes(row scanner) error {
	var partner, quotes, units int64
	err := row.Scan(&partner, &quotes, &units)
	if p := r.Partners[partner]; p != nil {
		p.OpenQuotes, p.QuotedUnits = quotes, units
	}
	return err
}

func (r stateReader) held(row scanner) error {
	var offer, units int64
	err := row.Scan(&offer, &units)
	if o := r.Offers[offer]; o != nil {
		o.Held = units
	}
	return err
}

func (r stateReader) once(row scanner) error {
	var o purchase.OnceClaim
	err := row.Scan(&o.PartnerID, &o.OfferID)
	r.Once[o] = true
	return err
}

// column turns one field of many rows into a column of a set statement.
func column[T, V any](rows []T, field func(T) V) []V {
	values := make([]V, len(rows))
	for i, row := range rows {
		values[i] = field(row)
	}
	return values
}
