package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"giftimbiz/internal/clock"
)

// A server may let a node have fewer connections than its pools would make: others have them, or its role may have only so many.
// Whoever is given none then waits for one that the node has, instead of failing.
const (
	tooManyConnections = "53300" // SQLSTATE
	scarcePatience     = 2 * time.Second
	scarcePause        = 100 * time.Millisecond // before the server is asked again, on average: it counts who asks at a time as well
	scarceLook         = 5 * time.Millisecond   // between looks for one that somebody gave back
	othersHaveThem     = 4                      // times that this node has none; it has none for a moment while one takes another's place
)

// patient takes a connection of a pool. Where the server gives none, it waits for one of the pool; a pool that has none at all is
// given the place of one that is idle in the other, or purchases could not be made while the other pool keeps all for later.
func patient[C any](ctx context.Context, own, other *pgxpool.Pool, take func(context.Context) (C, error)) (C, error) {
	end, none := clock.Uptime()+scarcePatience, 0
	for {
		conn, err := take(ctx)
		if err == nil || !scarce(err) || clock.Uptime() > end {
			return conn, err
		}
		switch {
		case has(own):
			none = 0
		case has(other):
			none = 0
			giveUpOne(ctx, other)
		default:
			none++
		}
		if none == othersHaveThem || givenBack(ctx, own) != nil {
			return conn, err
		}
	}
}

// givenBack waits until a pool has a connection that nobody uses, or it is time to ask the server again.
func givenBack(ctx context.Context, pool *pgxpool.Pool) error {
	for end := clock.Uptime() + scarcePause/2 + rand.N(scarcePause); clock.Uptime() < end && pool.Stat().IdleConns() == 0; {
		if err := rest(ctx, scarceLook); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// scarce tells whether the server has no connection to give.
func scarce(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == tooManyConnections
}

// has tells whether a pool has a connection, in use or not.
func has(pool *pgxpool.Pool) bool {
	s := pool.Stat()
	return s.AcquiredConns()+s.IdleConns() > 0
}

// giveUpOne closes a connection of a pool that nobody uses, if there is one.
func giveUpOne(ctx context.Context, pool *pgxpool.Pool) {
	for n, conn := range pool.AcquireAllIdle(ctx) {
		if n > 0 {
			conn.Release()
			continue
		}
		_ = conn.Hijack().Close(ctx) // it is not used again in any case
	}
}

// connector is how database/sql takes connections of the general pool.
type connector struct {
	driver.Connector
	db *DB
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	return patient(ctx, c.db.pool, c.db.commits, c.Connector.Connect)
}

// acquire takes a connection of one of the two pools.
func (db *DB) acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	other := db.pool
	if pool == other {
		other = db.commits
	}
	return patient(ctx, pool, other, pool.Acquire)
}
