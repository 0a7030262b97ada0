package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"giftimbiz/internal/clock"
)

// A server may let a node have fewer connections than its pools would make: others have them, or its role may have only so many.
// Whoever is given none then waits in line for one that the node has, instead of failing.
const (
	tooManyConnections = "53300" // SQLSTATE
	scarcePatience     = 2 * time.Second
	scarcePause        = 100 * time.Millisecond // before the server is asked again, on average
	scarceLook         = time.Millisecond       // between looks, of who is first in line, for a connection that somebody gave back
	othersHaveThem     = 3                      // looks that find none at all in this node; it has none for a moment while one takes another's place
	noneForAll         = time.Second            // after such looks nobody looks as long: whoever comes has asked the server, and whoever waits need not
	askedInARow        = 8                      // times, as the server takes a moment to end a session that was closed
)

// share is a pool, and who waits for its connections while there are too few.
type share struct {
	*pgxpool.Pool
	other *share
	line  chan struct{} // has something in it while somebody is first in line; the others wait to put theirs in
	*scarcity
}

// scarcity is how two pools share what connections there are.
type scarcity struct {
	asking sync.Mutex            // by who asks the server again: it counts all who ask at a time
	owed   atomic.Pointer[share] // who is about to take a place of the other, whose callers take none meanwhile
	none   atomic.Int64          // when it was last found that the node has none, by clock.Uptime; 0 = never
}

// shares returns the two pools of a node as those who share.
func shares(pool, commits *pgxpool.Pool) (general, purchases *share) {
	s := new(scarcity)
	general = &share{Pool: pool, line: make(chan struct{}, 1), scarcity: s}
	purchases = &share{Pool: commits, line: make(chan struct{}, 1), other: general, scarcity: s}
	general.other = purchases
	return general, purchases
}

// patient takes a connection of a pool. Where the server gives none, or others are waiting already, it waits for one of the pool. A pool
// that has none, or has waited while the other one has more, takes the place of one of those: else purchases could not be made while the
// other pool keeps all that there are for later.
func patient[C any](ctx context.Context, s *share, take func(context.Context) (C, error)) (conn C, err error) {
	if len(s.line) == 0 && s.owed.Load() != s.other {
		if conn, err = take(ctx); !scarce(err) {
			return conn, err
		}
	}
	end := time.NewTimer(scarcePatience)
	defer end.Stop()
	select {
	case s.line <- struct{}{}:
		defer func() { <-s.line }()
		return first(ctx, s, end.C, take)
	case <-end.C:
		return conn, errNoneLeft
	case <-ctx.Done():
		return conn, ctx.Err()
	}
}

// errNoneLeft is what a server says that has no connection to give, for who has not asked it.
var errNoneLeft = &pgconn.PgError{Severity: "FATAL", Code: tooManyConnections, Message: "no connection became free"}

// first is patient for who is first in line.
func first[C any](ctx context.Context, s *share, end <-chan time.Time, take func(context.Context) (C, error)) (conn C, err error) {
	err = errNoneLeft
	for n, none := 0, 0; scarce(err) && ctx.Err() == nil; n++ {
		if none++; s.held()+s.other.held() > 0 {
			none = 0
		}
		if none > 0 && s.knownToHaveNone() {
			return conn, err
		}
		if none > othersHaveThem { // a load balancer waits no longer for an answer
			s.none.Store(int64(clock.Uptime()))
			return conn, err
		}
		if (s.held() > 0 || n > 0) && s.idle(ctx, s) {
			conn, err = take(ctx)
		} else if s.asking.TryLock() { // else the other pool's first asks, which takes no longer than two pauses
			conn, err = askAgain(ctx, s, take)
			s.asking.Unlock()
		}
		select {
		case <-end:
			return conn, err
		default:
		}
	}
	return conn, err
}

func (s *scarcity) knownToHaveNone() bool {
	at := s.none.Load()
	return at > 0 && clock.Uptime()-time.Duration(at) < noneForAll
}

// askAgain asks the server again, in the place of a connection of the other pool if that can spare one.
func askAgain[C any](ctx context.Context, s *share, take func(context.Context) (C, error)) (conn C, err error) {
	if s.other.held() > s.held() {
		s.owed.Store(s)
		defer s.owed.Store(nil)
		if s.other.idle(ctx, s) {
			s.other.giveUpOne(ctx)
		}
	}
	for range askedInARow {
		if conn, err = take(ctx); !scarce(err) || rest(ctx, scarceLook) != nil {
			break
		}
	}
	return conn, err
}

// idle waits for a pause, and tells whether the pool has a connection that nobody uses and that is not owed to another than to.
func (s *share) idle(ctx context.Context, to *share) bool {
	for end := clock.Uptime() + scarcePause/2 + rand.N(scarcePause); clock.Uptime() < end; {
		if owed := s.owed.Load(); (owed == nil || owed == to) && s.Stat().IdleConns() > 0 {
			return true
		}
		if rest(ctx, scarceLook) != nil {
			break
		}
	}
	return false
}

// held is how many connections the pool has, in use or not.
func (s *share) held() int32 {
	stat := s.Stat()
	return stat.AcquiredConns() + stat.IdleConns()
}

// giveUpOne closes a connection that nobody uses.
func (s *share) giveUpOne(ctx context.Context) {
	if conn, err := s.Acquire(ctx); err == nil {
		_ = conn.Hijack().Close(ctx) // it is not used again in any case
	}
}

// scarce tells whether the server has no connection to give.
func scarce(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == tooManyConnections
}

// connector is how database/sql takes connections of a pool.
type connector struct {
	driver.Connector
	*share
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	return patient(ctx, c.share, c.Connector.Connect)
}

// acquire takes a connection of the pool.
func (s *share) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	return patient(ctx, s, s.Acquire)
}
