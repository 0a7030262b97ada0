package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/office"
)

const operatorColumns = `o.id, o.email, o.name, o.role, o.password_hash, o.totp_secret, o.disabled, o.version, o.created_at`

// SetOperator stores who may sign in to the console, or gives a known e-mail address another password, name and role.
func (db *DB) SetOperator(ctx context.Context, o office.Operator, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO operators (id, email, name, role, password_hash, created_at)
SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5 FROM operators WHERE TRUE
ON CONFLICT (email) DO UPDATE SET name = excluded.name, role = excluded.role, password_hash = excluded.password_hash,
    version = operators.version + 1`,
			office.FoldEmail(o.Email), o.Name, string(o.Role), o.PasswordHash, millis(now))
		return err
	})
}

// OperatorByEmail returns who signs in with an e-mail address, or ErrNotFound.
func (db *DB) OperatorByEmail(ctx context.Context, email string) (office.Operator, error) {
	o, err := scanOperator(db.read.QueryRowContext(ctx,
		`SELECT `+operatorColumns+` FROM operators o WHERE o.email = $1`, office.FoldEmail(email)))
	if errors.Is(err, sql.ErrNoRows) {
		return o, fmt.Errorf("operator %q %w", email, ErrNotFound)
	}
	return o, classify(err)
}

func scanOperator(row scanner, more ...any) (o office.Operator, err error) {
	var created sql.NullInt64
	dest := []any{
		&o.ID, &o.Email, &o.Name, &o.Role, &o.PasswordHash, &o.TOTP, (*asBool)(&o.Disabled), &o.Version, &created,
	}
	err = row.Scan(append(dest, more...)...)
	o.CreatedAt = fromMillis(created)
	return o, err
}

// StartSession keeps a browser that has just signed in, and forgets all sessions that are over.
func (db *DB) StartSession(ctx context.Context, s office.Session) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, millis(s.CreatedAt)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (token_hash, operator_id, created_at, seen_at, expires_at, address, agent)
VALUES ($1, $2, $3, $3, $4, $5, $6)`, s.ID, s.Operator.ID, millis(s.CreatedAt), millis(s.ExpiresAt), s.Address, s.Agent)
		return err
	})
}

// Session returns a session that is not over, of an operator who may still sign in; else ErrNotFound.
func (db *DB) Session(ctx context.Context, id []byte, now time.Time) (s office.Session, err error) {
	s.ID = id
	var created, seen, expires sql.NullInt64
	row := db.read.QueryRowContext(ctx, `SELECT `+operatorColumns+`, s.created_at, s.seen_at, s.expires_at, s.address, s.agent
FROM sessions s JOIN operators o ON o.id = s.operator_id
WHERE s.token_hash = $1 AND s.expires_at > $2 AND o.disabled = 0`, id, millis(now))
	s.Operator, err = scanOperator(row, &created, &seen, &expires, &s.Address, &s.Agent)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("session %w", ErrNotFound)
	}
	s.CreatedAt, s.SeenAt, s.ExpiresAt = fromMillis(created), fromMillis(seen), fromMillis(expires)
	return s, classify(err)
}

// SeeSession notes that a session was used, and until when it lasts now.
func (db *DB) SeeSession(ctx context.Context, id []byte, now, expires time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE token_hash = $1`,
			id, millis(now), millis(expires))
		return err
	})
}

// EndSession forgets a session.
func (db *DB) EndSession(ctx context.Context, id []byte) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE token_hash = $1`, id)
		return err
	})
}

// SignInFailures returns how often in a row a wrong password was given for an account from an address, and from that
// address for any account, and when it was last.
func (db *DB) SignInFailures(ctx context.Context, email, address string) (failures int64, last time.Time, err error) {
	var lastAt sql.NullInt64
	err = db.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(failures), 0), MAX(last_at) FROM sign_in_failures
WHERE address = $2 AND email IN ($1, '')`, office.FoldEmail(email), address).Scan(&failures, &lastAt)
	return failures, fromMillis(lastAt), classify(err)
}

// SignInFailed counts a wrong password, and forgets those that are older than the given time.
func (db *DB) SignInFailed(ctx context.Context, email, address string, now, forget time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE last_at < $1`, millis(forget)); err != nil {
			return err
		}
		for _, account := range []string{office.FoldEmail(email), ""} {
			if _, err := tx.ExecContext(ctx, `INSERT INTO sign_in_failures (email, address, failures, last_at)
VALUES ($1, $2, 1, $3) ON CONFLICT (email, address) DO UPDATE SET failures = sign_in_failures.failures + 1, last_at = excluded.last_at`,
				account, address, millis(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// SignedIn forgets the wrong passwords of an account and an address.
func (db *DB) SignedIn(ctx context.Context, email, address string) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE address = $2 AND email IN ($1, '')`,
			office.FoldEmail(email), address)
		return err
	})
}
