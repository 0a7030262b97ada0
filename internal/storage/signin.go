package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"giftimbiz/internal/office"
)

// StartSession keeps a browser that has just signed in, ends the one it had before, if any, and forgets all sessions that
// are over. ErrChanged: the operator was changed or disabled since it was read. A step above 0 is that of the code which was
// given: each step's code works once, and ErrChanged says that it, or a later one, was used.
func (db *DB) StartSession(ctx context.Context, s office.Session, former []byte, step int64) error {
	o := s.Operator
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		// The row is locked, so that a change under way ends this session too, or is seen here.
		res, err := tx.ExecContext(ctx, `UPDATE operators SET totp_step = CASE WHEN CAST($3 AS BIGINT) > 0 THEN $3 ELSE totp_step END
WHERE id = $1 AND version = $2 AND disabled = 0 AND ($3 = 0 OR totp_step < $3)`, o.ID, o.Version, step)
		if err := wantRow(res, err, ErrChanged); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, millis(s.CreatedAt))
		if err == nil && former != nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM sessions WHERE token_hash = $1`, former)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO sessions (token_hash, operator_id, created_at, seen_at, expires_at, address, agent)
VALUES ($1, $2, $3, $3, $4, $5, $6)`, s.ID, o.ID, millis(s.CreatedAt), millis(s.ExpiresAt), s.Address, s.Agent)
		if err != nil {
			return err
		}
		return db.audit(ctx, tx, change{action: "session.start", subject: operatorSubject(o)}, s.CreatedAt)
	})
}

// UseCode notes that an operator's code of a step was used; ErrChanged: it, or a later one, was used before.
func (db *DB) UseCode(ctx context.Context, operatorID, step int64) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE operators SET totp_step = $2 WHERE id = $1 AND totp_step < $2`, operatorID, step)
		return wantRow(res, err, ErrChanged)
	})
}

// Session returns a session that is not over, of an operator who may still sign in; else ErrNotFound.
func (db *DB) Session(ctx context.Context, id []byte, now time.Time) (s office.Session, err error) {
	s.ID = id
	row := db.read.QueryRowContext(ctx, `SELECT `+operatorColumns+`, s.created_at, s.seen_at, s.expires_at, s.address, s.agent
FROM sessions s JOIN operators o ON o.id = s.operator_id
WHERE s.token_hash = $1 AND s.expires_at > $2 AND o.disabled = 0`, id, millis(now))
	var created, seen, expires sql.NullInt64
	s.Operator, err = scanOperator(row, &created, &seen, &expires, &s.Address, &s.Agent)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("session %w", ErrNotFound)
	}
	s.CreatedAt, s.SeenAt, s.ExpiresAt = fromMillis(created), fromMillis(seen), fromMillis(expires)
	return s, classify(err)
}

// sessionsShown is how many of an operator's browsers are listed; it can sign all of them out at once.
const sessionsShown = 100

// SessionsOf lists an operator's browsers, the one used last first.
func (db *DB) SessionsOf(ctx context.Context, operatorID int64, now time.Time) ([]office.Session, error) {
	list, err := collect(ctx, db.read, func(row scanner) (s office.Session, err error) {
		var created, seen, expires sql.NullInt64
		err = row.Scan(&s.ID, &created, &seen, &expires, &s.Address, &s.Agent)
		s.CreatedAt, s.SeenAt, s.ExpiresAt = fromMillis(created), fromMillis(seen), fromMillis(expires)
		return s, err
	}, `SELECT token_hash, created_at, seen_at, expires_at, address, agent
FROM sessions WHERE operator_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, created_at DESC LIMIT $3`,
		operatorID, millis(now), sessionsShown)
	return list, classify(err)
}

// SeeSession notes that a session was used, and until when it lasts now.
func (db *DB) SeeSession(ctx context.Context, id []byte, now, expires time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE token_hash = $1`,
			id, millis(now), millis(expires))
		return err
	})
}

// EndSession ends one of an operator's sessions; ErrNotFound when it has no such session.
func (db *DB) EndSession(ctx context.Context, o office.Operator, id []byte, now time.Time) error {
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE token_hash = $1 AND operator_id = $2`, id, o.ID)
		if err := wantRow(res, err, fmt.Errorf("session %w", ErrNotFound)); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{action: "session.end", subject: operatorSubject(o)}, now)
	})
}

// EndSessions signs an operator out everywhere, but for the session to keep, if any.
func (db *DB) EndSessions(ctx context.Context, o office.Operator, keep []byte, now time.Time) error {
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		if err := endSessions(ctx, tx, o.ID, keep); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{action: "session.end_all", subject: operatorSubject(o)}, now)
	})
}

func endSessions(ctx context.Context, tx *sql.Tx, operatorID int64, keep []byte) error {
	if keep == nil {
		keep = []byte{}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE operator_id = $1 AND token_hash <> $2`, operatorID, keep)
	return err
}

// TrySignIn counts a try to sign in with an account from an address, before it is known whether it is right: tries that are
// made at once are counted one after the other. It is not counted, and has to wait for as long as is returned, when wait, told
// how many tries in a row there were for the account or from the address, has not passed since the last. Tries older than the
// time to forget are forgotten.
func (db *DB) TrySignIn(
	ctx context.Context, account, address string, now, forget time.Time, wait func(failures int64) time.Duration,
) (left time.Duration, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		left = 0
		if _, err := tx.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE last_at < $1`, millis(forget)); err != nil {
			return err
		}
		for _, account := range slices.Compact([]string{"", office.FoldEmail(account)}) { // locked in this order by all
			failures, last, err := countTry(ctx, tx, account, address, now)
			if err != nil {
				return err
			}
			left = max(left, wait(failures)-now.Sub(last))
		}
		if left > 0 {
			return errTooSoon
		}
		return nil
	})
	if errors.Is(err, errTooSoon) {
		return left, nil
	}
	return 0, err
}

// errTooSoon undoes the counting of a try that has to wait.
var errTooSoon = errors.New("too soon")

// countTry counts one more, and returns how many there were before it, and when the last was.
func countTry(ctx context.Context, tx *sql.Tx, account, address string, now time.Time) (n int64, last time.Time, err error) {
	_, err = tx.ExecContext(ctx, `INSERT INTO sign_in_failures (email, address, failures, last_at) VALUES ($1, $2, 0, $3)
ON CONFLICT (email, address) DO NOTHING`, account, address, millis(now))
	if err != nil {
		return 0, last, err
	}
	var at int64
	err = tx.QueryRowContext(ctx, `UPDATE sign_in_failures SET failures = failures + 1 WHERE email = $1 AND address = $2
RETURNING failures - 1, last_at`, account, address).Scan(&n, &at)
	if err != nil {
		return 0, last, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE sign_in_failures SET last_at = $3 WHERE email = $1 AND address = $2`,
		account, address, millis(now))
	return n, time.UnixMilli(at), err
}

// SignInRight forgets the tries of an account and an address: what was given was right.
func (db *DB) SignInRight(ctx context.Context, account, address string) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE address = $2 AND email IN ($1, '')`,
			office.FoldEmail(account), address)
		return err
	})
}

// SignInWrong writes into the audit trail that a try failed, and why. Of an operator that does not exist no name is kept: it
// may be a password that was typed into the wrong field.
func (db *DB) SignInWrong(ctx context.Context, o office.Operator, why string, now time.Time) error {
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		return db.audit(ctx, tx, change{action: "session.refused", subject: operatorSubject(o), note: why}, now)
	})
}
