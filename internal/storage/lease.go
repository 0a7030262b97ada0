package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/purchase"
)

const (
	// LeaseFor is how long a node number stays its holder's after it was last renewed.
	LeaseFor = time.Minute
	// RenewEvery is how often a holder should call Renew.
	RenewEvery = 10 * time.Second

	idsAhead  = LeaseFor    // how far ahead of the clock IDs are claimed
	idsSpare  = time.Second // more are claimed first when less than this is left
	idsTooFar = time.Hour   // a number whose IDs are further ahead of the clock is taken last
)

// ErrNoNumber says that 512 processes work on the database.
var ErrNoNumber = fmt.Errorf("all %d node numbers of the database are taken; stop a node, or wait a minute if some died",
	gift.Nodes)

// ErrLeaseLost says that another process took this one's node number, which happens to a process that was paused for
// longer than LeaseFor.
var ErrLeaseLost = errors.New("another process took this one's node number")

// lease is a node number and the span of time that this process may make IDs in with it. Spans of one number never overlap:
// each begins where the row says that the one before may have ended. They are claimed in the database before they are
// used, so IDs are unique whatever the clocks of the nodes show – skewed, set back, or shifted by demo --now – and a
// process that is stopped between making an ID and storing it harms nobody. Only whether a number counts as free depends on
// a clock, the database server's (of SQLite: the machine's, where all its processes run): if that clock jumps, a living
// holder may lose its number, and takes another.
type lease struct {
	clock clock.Clock   // with ids set by the first Join
	ids   *gift.IDMaker // claims end above what it made

	mu     sync.Mutex
	number int64     // guarded by mu
	token  string    // guarded by mu: tells this holder from others; empty = this process has no number
	from   time.Time // guarded by mu: IDs of number are not before it …
	until  time.Time // guarded by mu: … and before this
	left   bool      // guarded by mu: the number was given back, not lost

	over time.Duration // guarded by mu: when the lease is over unless it is renewed, by clock.Uptime

	partnersSeq, keysSeq int64 // guarded by mu: what the row says that this process has read
}

// Join takes a node number, which this process's IDs and its sales account are made with. Call it after Migrate or
// CheckSchema, before anything is bought or booked; Renew keeps the number and Close gives it back. It does nothing in a
// process that has a number. clk dates the IDs and must be the same in every call.
func (db *DB) Join(ctx context.Context, clk clock.Clock) error {
	l := &db.lease
	l.mu.Lock()
	joined := l.token != ""
	if l.ids == nil {
		l.clock, l.ids = clk, gift.NewIDMaker(0, clk.Now)
	}
	l.left = false
	l.mu.Unlock()
	if joined {
		return nil
	}
	if _, err := db.noteClosings(ctx); err != nil { // before anything is bought on a day that is closed
		return err
	}
	return db.takeNumber(ctx)
}

// takeNumber takes a number that nobody holds: one given back before one that expired, so that a holder who is only slow
// keeps its own, and the lowest, so that a node that starts again goes on with its former IDs. A number whose last holder's
// clock was far ahead comes last: its IDs could not tell the time.
func (db *DB) takeNumber(ctx context.Context) error {
	l := &db.lease
	now, token, over := l.idTime(), rand.Text(), clock.Uptime()+LeaseFor
	l.mu.Lock()
	partnersSeq, keysSeq := l.partnersSeq, l.keysSeq
	l.mu.Unlock()
	var number int64
	var from, until time.Time
	err := db.tx(ctx, func(tx *sql.Tx) error {
		var before int64
		var former string
		err := tx.QueryRowContext(ctx, db.dialect.locks.Replace(`
SELECT number, token, ids_before FROM node_leases WHERE expires_at <= `+db.dialect.now+`
ORDER BY CASE WHEN ids_before > $1 THEN ids_before ELSE 0 END, expires_at, number LIMIT 1 `+lockFree),
			millis(now.Add(idsTooFar))).Scan(&number, &former, &before)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNoNumber
		}
		if err != nil {
			return err
		}
		if from = time.UnixMilli(before); from.Before(now) {
			from = now
		}
		until = from.Add(idsAhead)
		return execOne(ctx, tx, `UPDATE node_leases SET token = $1, expires_at = `+db.dialect.now+` + $2, ids_before = $3,
    partners_seq = $7, keys_seq = $8 WHERE number = $4 AND token = $5 AND ids_before = $6`,
			token, LeaseFor.Milliseconds(), millis(until), number, former, before, partnersSeq, keysSeq)
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids.Continue(number, from)
	l.number, l.token, l.from, l.until, l.over = number, token, from, until, over
	return nil
}

// Renew keeps the node number for LeaseFor more and claims IDs as far ahead. When another process took the number
// meanwhile, this one takes another and says so with ErrLeaseLost; until then it buys and books nothing.
func (db *DB) Renew(ctx context.Context) error {
	err := db.extend(ctx)
	if err == nil {
		_, err = db.noteClosings(ctx)
	}
	if !errors.Is(err, ErrLeaseLost) || db.lease.gone() {
		return err
	}
	if taken := db.takeNumber(ctx); taken != nil {
		return errors.Join(err, taken)
	}
	return fmt.Errorf("%w; it took another", err)
}

// KeepLease renews the lease if it is over: then nobody waits for this process any more (awaitNodes), which must not answer
// partners before it has a lease again.
func (db *DB) KeepLease(ctx context.Context) error {
	l := &db.lease
	l.mu.Lock()
	alive := l.token != "" && clock.Uptime() < l.over
	l.mu.Unlock()
	if alive {
		return nil
	}
	err := db.Renew(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token != "" && clock.Uptime() < l.over {
		return nil // be it with another number
	}
	return err
}

// extend renews the lease if it is still this process's.
func (db *DB) extend(ctx context.Context) error {
	l := &db.lease
	l.mu.Lock()
	number, token := l.number, l.token
	l.mu.Unlock()
	if token == "" {
		return ErrLeaseLost
	}
	var before int64
	over := clock.Uptime() + LeaseFor
	err := db.tx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `
UPDATE node_leases SET expires_at = `+db.dialect.now+` + $1, ids_before = CASE WHEN ids_before > $2 THEN ids_before ELSE $2 END
WHERE number = $3 AND token = $4 RETURNING ids_before`,
			LeaseFor.Milliseconds(), millis(l.idTime().Add(idsAhead)), number, token).Scan(&before)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrLeaseLost
		}
		return err
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token != token { // somebody else renewed, lost or left it meanwhile
		return err
	}
	switch {
	case errors.Is(err, ErrLeaseLost):
		l.token = ""
	case err == nil:
		l.until, l.over = time.UnixMilli(before), over
	}
	return err
}

// Leave gives the node number back. Nothing can be bought or booked after it, until Join is called again.
func (db *DB) Leave(ctx context.Context) error {
	l := &db.lease
	l.mu.Lock()
	number, token := l.number, l.token
	l.token, l.left = "", true
	l.mu.Unlock()
	if token == "" {
		return nil
	}
	// No ID was handed out after the token was gone, so what is known now stays true.
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE node_leases SET token = '', expires_at = 0, ids_before = $1, partners_seq = 0,
    keys_seq = 0 WHERE number = $2 AND token = $3`, millis(l.ids.Bound()), number, token)
		return err
	})
}

// gone tells whether the number was given back.
func (l *lease) gone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left
}

// idTime returns the earliest time of the next ID.
func (l *lease) idTime() time.Time {
	now := gift.FirstIDAt(l.clock.Now()).Time()
	if bound := l.ids.Bound(); bound.After(now) {
		return bound
	}
	return now
}

// holds tells whether an ID is inside what was claimed.
func (l *lease) holds(id gift.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := id.Time()
	return l.token != "" && id.Node() == l.number && !at.Before(l.from) && at.Before(l.until)
}

// readyForIDs claims more IDs where the holder's heartbeat did not: after its clock jumped, or when it was paused. Call it
// before a transaction that makes IDs. It fails with purchase.ErrUnavailable when this process has no number.
func (db *DB) readyForIDs(ctx context.Context) error {
	l := &db.lease
	if l.ids == nil {
		return wrap(purchase.ErrUnavailable, errors.New("this process has no node number: it did not join"))
	}
	at := l.idTime().Add(idsSpare)
	l.mu.Lock()
	ready := l.token != "" && at.Before(l.until)
	l.mu.Unlock()
	if ready {
		return nil
	}
	err := db.extend(ctx)
	if err == nil || errors.Is(err, purchase.ErrConflict) {
		return err
	}
	// Nothing else was tried: what became of the claim says nothing of what the caller wants to store.
	return wrap(purchase.ErrUnavailable, fmt.Errorf("claim numbers: %v", err))
}

// checkIDs refuses orders and quotes whose IDs are outside what was claimed: the number was lost, or the clock jumped, while
// they were decided.
func (db *DB) checkIDs(w *purchase.Writes) error {
	outside := func(id gift.ID) error {
		return wrap(purchase.ErrConflict, fmt.Errorf("order number %d is outside this node's lease", id))
	}
	for _, o := range w.Orders {
		if !db.lease.holds(o.ID) {
			return outside(o.ID)
		}
	}
	for _, q := range w.Quotes {
		if !db.lease.holds(q.ID) {
			return outside(q.ID)
		}
	}
	return nil
}

// newID returns an unused ledger transaction number.
func (db *DB) newID() (gift.ID, error) {
	id := db.lease.ids.Next()
	if !db.lease.holds(id) {
		return 0, wrap(purchase.ErrUnavailable, ErrLeaseLost)
	}
	return id, nil
}

// newIDAfter is newID for what must have a higher number than another that any node made. It fails while the node has not
// claimed IDs so far ahead of its clock; it claims them before it tries again.
func (db *DB) newIDAfter(other gift.ID) (gift.ID, error) {
	l := &db.lease
	l.mu.Lock()
	l.ids.Continue(l.number, other.Time().Add(time.Millisecond))
	l.mu.Unlock()
	return db.newID()
}

// IDs returns the maker of this process's order numbers; nil before Join.
func (db *DB) IDs() *gift.IDMaker { return db.lease.ids }

// The sales accounts that the first migration made.
const (
	salesShards       = 16
	firstSalesAccount = 16
)

// salesAccount returns the sales account of this process and one of its lanes: each of them is locked until a COMMIT.
func (db *DB) salesAccount(lane int) int64 {
	db.lease.mu.Lock()
	defer db.lease.mu.Unlock()
	return firstSalesAccount + (db.lease.number+int64(lane)*salesShards/postgresLanes)%salesShards
}
