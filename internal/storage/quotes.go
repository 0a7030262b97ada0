package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/gift"
)

// A quote is written by the purchase engine. It changes once, under the lock of its partner's account: it is used or released.
// That its time is over is not written anywhere.

// quotesKept is how long quotes are remembered after they expired.
const quotesKept = 24 * time.Hour

// Quote returns a partner's quote, or nil when it has none of that number (any more).
func (db *DB) Quote(ctx context.Context, partnerID int64, id gift.ID) (*gift.Quote, error) {
	q, err := readQuote(ctx, db.read, partnerID, id)
	return q, classify(err)
}

func readQuote(ctx context.Context, from querier, partnerID int64, id gift.ID) (*gift.Quote, error) {
	var q gift.Quote
	_, err := collect(ctx, from, func(row scanner) (none struct{}, err error) {
		var expires sql.NullInt64
		var i gift.QuoteItem
		err = row.Scan(&q.ID, &q.PartnerID, &q.Kind, (*asBool)(&q.Sandbox), &q.Total, &q.State, &q.OrderID, &expires,
			&i.OfferID, &i.Units, &i.Price)
		q.ExpiresAt = fromMillis(expires)
		q.Items = append(q.Items, i)
		return none, err
	}, `SELECT q.id, q.partner_id, q.kind, q.sandbox, q.total, q.state, q.order_id, q.expires_at, i.offer_id, i.units, i.price
FROM quotes q CROSS JOIN quote_items i
WHERE q.id = $1 AND q.partner_id = $2 AND i.quote_id = $1 ORDER BY i.offer_id`, int64(id), partnerID)
	if err != nil || q.ID == 0 {
		return nil, err
	}
	return &q, nil
}

// ReleaseQuote ends what a partner's open quote holds, and returns the quote as it is then: released, or used or lapsed as it
// was. nil = the partner has none of that number.
func (db *DB) ReleaseQuote(ctx context.Context, partnerID int64, id gift.ID) (q *gift.Quote, err error) {
	if db.lease.ids == nil {
		return nil, errors.New("storage: a quote is released by a process that did not join")
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := db.lockAccount(ctx, tx, partnerID); err != nil {
			return err
		}
		q, err = readQuote(ctx, tx, partnerID, id)
		if err != nil || q == nil || q.State != gift.QuoteOpen || q.Lapsed(db.lease.clock.Now()) {
			return err
		}
		q.State = gift.QuoteReleased
		if err := execOne(ctx, tx, `UPDATE quotes SET state = 3 WHERE id = $1 AND state + 0 = 1`, int64(id)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE quote_items SET held_until = 0 WHERE quote_id = $1`, int64(id))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("release a quote: %w", err)
	}
	return q, nil
}

// ForgetQuotes deletes quotes that expired more than a day ago and returns how many there were. It takes a few at a time, so
// that purchases go on between.
func (db *DB) ForgetQuotes(ctx context.Context, now time.Time) (forgotten int64, err error) {
	// Quotes are numbered by when they were made, and hold for a minute.
	before := int64(gift.FirstIDAt(now.Add(-quotesKept - gift.HoldFor)))
	return db.forgetRanges(ctx, `SELECT MAX(quote_id) FROM (SELECT quote_id FROM quote_items
WHERE quote_id > $1 AND quote_id < $2 ORDER BY quote_id LIMIT $3) x`, before, func(from, to int64) (int64, error) {
		return db.forgetQuotes(ctx, from, to)
	})
}

// forgetQuotes deletes the quotes behind a number, up to another.
func (db *DB) forgetQuotes(ctx context.Context, from, to int64) (n int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM quote_items WHERE quote_id > $1 AND quote_id <= $2`, from, to)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM quotes WHERE id > $1 AND id <= $2`, from, to)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}
