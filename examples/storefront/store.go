package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// schema is everything the shop remembers. No voucher's number is in it: those are asked for when their owner looks at them.
// Times are milliseconds since 1970; a point is worth a won.
const schema = `
-- Customers. They do not sign up: a cookie is all that tells who somebody is.
CREATE TABLE IF NOT EXISTS users (
	id INTEGER PRIMARY KEY,
	cookie_hash BLOB NOT NULL UNIQUE, -- SHA-256, so that nobody can sign in with what stands here
	points INTEGER NOT NULL CHECK (points >= 0),
	version INTEGER NOT NULL DEFAULT 1, -- counts changes of what the customer sees; see live.go
	created_at INTEGER NOT NULL
) STRICT;

-- Orders, from the moment when somebody is shown a price that is held. A row is there before the API is asked to sell.
CREATE TABLE IF NOT EXISTS orders (
	reference TEXT PRIMARY KEY, -- the purchase's name at the API: finds out later what became of it
	key TEXT NOT NULL, -- the purchase's Idempotency-Key
	user_id INTEGER NOT NULL REFERENCES users (id),
	state TEXT NOT NULL CHECK (state IN ('offered', 'pending', 'done', 'failed')),
	reason TEXT NOT NULL DEFAULT '', -- of 'failed', see purchase.go
	quote_id TEXT NOT NULL DEFAULT '', -- '' = the price is not held
	held_until INTEGER NOT NULL DEFAULT 0,
	kind TEXT NOT NULL,
	offer_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	place TEXT NOT NULL, -- brand or shop
	image_url TEXT NOT NULL,
	seen_price INTEGER NOT NULL, -- what the customer was shown before
	price INTEGER NOT NULL CHECK (price >= 0),
	order_id TEXT UNIQUE, -- the API's, once it is known
	created_at INTEGER NOT NULL,
	paid_at INTEGER NOT NULL DEFAULT 0,
	ordered_at INTEGER NOT NULL DEFAULT 0 -- by the API's clock
) STRICT;
CREATE INDEX IF NOT EXISTS orders_of_user ON orders (user_id, created_at);
CREATE INDEX IF NOT EXISTS orders_unclear ON orders (paid_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS orders_unpaid ON orders (created_at) WHERE state = 'offered';

-- What was bought, as the API told last.
CREATE TABLE IF NOT EXISTS vouchers (
	id TEXT PRIMARY KEY,
	reference TEXT NOT NULL REFERENCES orders (reference),
	coupon_id INTEGER NOT NULL, -- 0 = a gifticon
	state TEXT NOT NULL,
	paid INTEGER NOT NULL,
	last_day TEXT NOT NULL,
	used_at INTEGER NOT NULL DEFAULT 0,
	used_shop TEXT NOT NULL DEFAULT '',
	withdrawn INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS vouchers_of_order ON vouchers (reference);

-- What customers are told, newest last.
CREATE TABLE IF NOT EXISTS notices (
	id INTEGER PRIMARY KEY,
	user_id INTEGER NOT NULL REFERENCES users (id),
	kind TEXT NOT NULL,
	reference TEXT NOT NULL REFERENCES orders (reference),
	detail TEXT NOT NULL, -- a shop, a number of days, a sum: whatever goes with the kind
	at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS notices_of_user ON notices (user_id, id);

-- Webhooks that were taken: the server may send one again.
CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS events_by_age ON events (at);

CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`

// pragmas: what is committed stays, whatever happens to the machine.
const pragmas = "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)"

// store is the shop's own database.
type store struct{ db *sql.DB }

func openStore(ctx context.Context, folder string) (*store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "storefront.db")+pragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; a shop of this size needs no other readers beside it
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open the shop's database in %s: %w", folder, err), db.Close())
	}
	return &store{db}, nil
}

// Close closes the database.
func (s *store) Close() error { return s.db.Close() }

// tx does something as a whole or not at all.
func (s *store) tx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// changed runs an UPDATE or INSERT and tells whether it met a row.
func changed(ctx context.Context, tx *sql.Tx, query string, args ...any) (bool, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// setting returns a setting, "" when it was never set.
func (s *store) setting(ctx context.Context, name string) (value string, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value, err
}

func (s *store) set(ctx context.Context, name, value string) error {
	_, err := s.db.ExecContext(ctx,
		`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// user is a customer.
type user struct {
	ID      int64 // 0 = somebody who did nothing yet
	Points  int64
	Version int64
}

// firstPoints is what a customer's pretended wallet begins with.
const firstPoints = 50_000

// stranger is who comes for the first time. Nothing is stored of people who only look around.
func stranger() *user { return &user{Points: firstPoints} }

// user returns whose cookie it is; a stranger when it is nobody's.
func (s *store) user(ctx context.Context, cookie string) (*user, error) {
	u, hash := &user{}, sha256.Sum256([]byte(cookie))
	err := s.db.QueryRowContext(ctx, `SELECT id, points, version FROM users WHERE cookie_hash = $1`, hash[:]).
		Scan(&u.ID, &u.Points, &u.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return stranger(), nil
	}
	return u, err
}

// welcome stores a new customer and returns the cookie that tells who it is.
func (s *store) welcome(ctx context.Context, now time.Time) (u *user, cookie string, err error) {
	u, cookie = stranger(), rand.Text()
	hash := sha256.Sum256([]byte(cookie))
	err = s.db.QueryRowContext(ctx,
		`INSERT INTO users (cookie_hash, points, created_at) VALUES ($1, $2, $3) RETURNING id, version`,
		hash[:], u.Points, now.UnixMilli()).Scan(&u.ID, &u.Version)
	return u, cookie, err
}

// version returns how often what a customer sees has changed.
func (s *store) version(ctx context.Context, userID int64) (n int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT version FROM users WHERE id = $1`, userID).Scan(&n)
	return n, err
}

// touch has the customer's open pages show what changed.
func touch(ctx context.Context, tx *sql.Tx, userID int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE users SET version = version + 1 WHERE id = $1`, userID)
	return err
}

const (
	keepOffered = 24 * time.Hour
	keepEvents  = 30 * 24 * time.Hour // the server gives up sending one after three days
)

// tidy forgets what nobody needs any more.
func (s *store) tidy(ctx context.Context, now time.Time) error {
	_, err1 := s.db.ExecContext(ctx,
		`DELETE FROM orders WHERE state = 'offered' AND created_at < $1`, now.Add(-keepOffered).UnixMilli())
	_, err2 := s.db.ExecContext(ctx, `DELETE FROM events WHERE at < $1`, now.Add(-keepEvents).UnixMilli())
	return errors.Join(err1, err2)
}
