package storage

import "giftimbiz/internal/office"

// OrderQueries returns the text that Orders runs for a page, for tests that ask an engine how it would.
func OrderQueries(q office.OrderQuery, partner int64) (query string, args []any) {
	s := orderSearch{OrderQuery: q, partner: partner}
	query, _, _ = s.queries()
	return query, s.args
}
