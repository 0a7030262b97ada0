package storage

import (
	"context"
	"time"
)

// EventLag returns how long ago the oldest transaction that writes began: no event older than that can still become visible.
// On PostgreSQL it is seen as far as one database role sees another's transactions: let all nodes use the same. SQLite has
// one writer at a time, which numbers its events while it writes.
func (db *DB) EventLag(ctx context.Context) (time.Duration, error) {
	if db.pool == nil {
		return 0, nil
	}
	var ms int64
	err := db.read.QueryRowContext(ctx, `
SELECT CAST(COALESCE(MAX(EXTRACT(EPOCH FROM clock_timestamp() - xact_start)), 0) * 1000 AS BIGINT)
FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND backend_type = 'client backend'`).Scan(&ms)
	return time.Duration(max(ms, 0)) * time.Millisecond, classify(err)
}
