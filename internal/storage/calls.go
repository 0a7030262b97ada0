package storage

import (
	"context"
	"database/sql"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// callsKept is how long answers are kept for support.
const callsKept = 7 * 24 * time.Hour

var insertCalls = over("id bigint, partner_id bigint, proven bigint, at bigint, endpoint text, code text, message text, "+
	"request text, took_ms bigint, node bigint", `
INSERT INTO partner_calls (id, partner_id, proven, at, endpoint, code, message, request, took_ms, node)
SELECT id, partner_id, proven, at, endpoint, code, message, request, took_ms, node FROM input`)

// KeepCalls stores answers of this node.
func (db *DB) KeepCalls(ctx context.Context, calls []office.Call) error {
	if err := db.readyForIDs(ctx); err != nil || len(calls) == 0 {
		return err
	}
	ids := make([]int64, len(calls))
	node := make([]int64, len(calls))
	for i := range calls {
		id, err := db.newID()
		if err != nil {
			return err
		}
		ids[i], node[i] = int64(id), id.Node()
	}
	return db.inSession(ctx, func(s session) error {
		s.exec(insertCalls, len(calls), ids,
			column(calls, func(c office.Call) int64 { return c.PartnerID }),
			column(calls, func(c office.Call) int64 { return flag(c.Proven) }),
			column(calls, func(c office.Call) int64 { return millis(c.At) }),
			column(calls, func(c office.Call) string { return c.Endpoint }),
			column(calls, func(c office.Call) string { return c.Code }),
			column(calls, func(c office.Call) string { return c.Message }),
			column(calls, func(c office.Call) string { return c.Request }),
			column(calls, func(c office.Call) int64 { return c.Took.Milliseconds() }),
			node)
		return s.flush(ctx)
	})
}

// Calls returns a page of a partner's kept answers, the newest first.
func (db *DB) Calls(ctx context.Context, q office.CallQuery) ([]office.Call, error) {
	if q.Before == 0 {
		q.Before = 1<<63 - 1
	}
	where, args := `WHERE partner_id = $1 AND id < $2`, []any{q.PartnerID, int64(q.Before), q.Limit}
	// Which index serves depends on what is asked for, so that a rare code is found without reading all others.
	switch {
	case q.Code != "" && q.Endpoint != "":
		where, args = where+` AND code = $4 AND endpoint = $5`, append(args, q.Code, q.Endpoint)
	case q.Code != "":
		where, args = where+` AND code = $4`, append(args, q.Code)
	case q.Endpoint != "":
		where, args = where+` AND endpoint = $4`, append(args, q.Endpoint)
	}
	list, err := collect(ctx, db.read, scanCall, `SELECT id, partner_id, proven, at, endpoint, code, message, request, took_ms, node
FROM partner_calls `+where+` ORDER BY id DESC LIMIT $3`, args...)
	return list, classify(err)
}

func scanCall(row scanner) (c office.Call, err error) {
	var at sql.NullInt64
	var took int64
	err = row.Scan(&c.ID, &c.PartnerID, (*asBool)(&c.Proven), &at, &c.Endpoint, &c.Code, &c.Message, &c.Request, &took, &c.Node)
	c.At, c.Took = fromMillis(at), time.Duration(took)*time.Millisecond
	return c, err
}

// ForgetCalls deletes answers kept for more than 7 days and returns how many there were. It takes them a few at a time, so
// that purchases go on between.
func (db *DB) ForgetCalls(ctx context.Context, now time.Time) (forgotten int64, err error) {
	return db.removeAll(ctx, `DELETE FROM partner_calls WHERE id IN (
    SELECT id FROM partner_calls WHERE id < $1 ORDER BY id LIMIT $2)`, int64(gift.FirstIDAt(now.Add(-callsKept))))
}
