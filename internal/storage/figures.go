package storage

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"giftimbiz/internal/office"
)

// Figures reads what monitoring is shown of the whole house. It is asked in the background, some times a minute.
func (db *DB) Figures(ctx context.Context) (f office.Figures, err error) {
	var due sql.NullInt64
	err = db.read.QueryRowContext(ctx, `
SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM partners p JOIN accounts a ON a.id = $1 + p.id
        WHERE p.state = 1 AND p.sandbox = 0 AND a.balance < p.low_balance LIMIT $2) low),
       (SELECT COUNT(*) FROM (SELECT 1 FROM endpoints e WHERE e.state = 1 AND e.failing_since IS NOT NULL LIMIT $2) failing),
       (SELECT COUNT(*) FROM (SELECT 1 FROM endpoints e WHERE e.state = 3 AND e.removed_at IS NULL LIMIT $2) gone),
       (SELECT COUNT(*) FROM (SELECT 1 FROM adjustments WHERE state = 1 LIMIT $2) asked),
       (SELECT MIN((SELECT MIN(d.due_at) FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 1)) FROM endpoints e WHERE e.state = 1)`,
		prepaidBase, office.MostWaiting).Scan(&f.LowBalances, &f.FailingHooks, &f.GivenUpHooks, &f.OpenApprovals, &due)
	if err != nil {
		return f, classify(err)
	}
	f.LongestDue = fromMillis(due)
	f.Waiting, err = db.WaitingDeliveries(ctx, office.MostWaiting)
	return f, err
}

// Pool is how a set of connections stands.
type Pool struct {
	Name             string
	Busy, Idle, Most int64
	Waits            int64         // how often somebody waited for one, since the start
	Waited           time.Duration // in all
}

// Pools returns all sets of connections there are.
func (db *DB) Pools() []Pool {
	if db.pool == nil {
		return []Pool{poolOf("read", db.read), poolOf("write", db.write)}
	}
	return []Pool{pgPoolOf("general", db.pool.Pool), pgPoolOf("purchases", db.commits.Pool)}
}

func poolOf(name string, db *sql.DB) Pool {
	s := db.Stats()
	return Pool{
		Name: name, Busy: int64(s.InUse), Idle: int64(s.Idle), Most: int64(s.MaxOpenConnections), Waits: s.WaitCount, Waited: s.WaitDuration,
	}
}

func pgPoolOf(name string, pool *pgxpool.Pool) Pool {
	s := pool.Stat()
	return Pool{
		Name: name, Busy: int64(s.AcquiredConns()), Idle: int64(s.IdleConns()), Most: int64(s.MaxConns()),
		Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime(),
	}
}
