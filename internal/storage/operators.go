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

// SetOperator stores who may sign in to the console, or gives a known e-mail address another password, name and role; whoever
// was signed in with it is not any more.
func (db *DB) SetOperator(ctx context.Context, o office.Operator, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		if err := lockOperators(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO operators (id, email, name, role, password_hash, created_at)
SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5 FROM operators WHERE TRUE
ON CONFLICT (email) DO UPDATE SET name = excluded.name, role = excluded.role, password_hash = excluded.password_hash,
    version = operators.version + 1`,
			office.FoldEmail(o.Email), o.Name, string(o.Role), o.PasswordHash, millis(now))
		if err != nil {
			return err
		}
		// Not before the row is locked: a browser that signs in meanwhile with the former password is found, or refused.
		_, err = tx.ExecContext(ctx, `DELETE FROM sessions WHERE operator_id = (SELECT id FROM operators WHERE email = $1)`,
			office.FoldEmail(o.Email))
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

// Operator returns an operator, or ErrNotFound.
func (db *DB) Operator(ctx context.Context, id int64) (office.Operator, error) {
	o, err := scanOperator(db.read.QueryRowContext(ctx, `SELECT `+operatorColumns+` FROM operators o WHERE o.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return o, fmt.Errorf("operator %d %w", id, ErrNotFound)
	}
	return o, classify(err)
}

// Operators lists operators by their e-mail addresses, those after one, limit at most, with how many browsers each has signed
// in.
func (db *DB) Operators(ctx context.Context, now time.Time, after string, limit int) ([]office.OperatorRow, error) {
	list, err := collect(ctx, db.read, func(row scanner) (o office.OperatorRow, err error) {
		var seen sql.NullInt64
		o.Operator, err = scanOperator(row, &o.Sessions, &seen)
		o.SeenAt = fromMillis(seen)
		return o, err
	}, `SELECT `+operatorColumns+`,
(SELECT COUNT(*) FROM sessions s WHERE s.operator_id = o.id AND s.expires_at > $1),
(SELECT MAX(s.seen_at) FROM sessions s WHERE s.operator_id = o.id AND s.expires_at > $1)
FROM operators o WHERE o.email > $2 ORDER BY o.email LIMIT $3`, millis(now), after, limit)
	return list, classify(err)
}

// operatorState is what the audit trail says of an operator.
type operatorState struct {
	Email        string      `json:"email"`
	Name         string      `json:"name"`
	Role         office.Role `json:"role"`
	Disabled     bool        `json:"disabled"`
	SecondFactor bool        `json:"second_factor"`
}

func stateOfOperator(o office.Operator) operatorState {
	return operatorState{Email: o.Email, Name: o.Name, Role: o.Role, Disabled: o.Disabled, SecondFactor: len(o.TOTP) > 0}
}

// operatorSubject names an operator by its number, for the name of a line's subject is never erased. Nobody's is "?".
func operatorSubject(o office.Operator) string { return office.OperatorSubject(o.ID) }

// AddOperator stores a new operator and returns its id. The e-mail address must be new (ErrDuplicate).
func (db *DB) AddOperator(ctx context.Context, o office.Operator, now time.Time) (id int64, err error) {
	o.Email = office.FoldEmail(o.Email)
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		if err := lockOperators(ctx, tx); err != nil { // so that the next id is free
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) + 1 FROM operators`).Scan(&id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO operators (id, email, name, role, password_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6)`, id, o.Email, o.Name, string(o.Role), o.PasswordHash, millis(now))
		if err != nil {
			return err
		}
		o.ID = id
		return db.audit(ctx, tx, change{action: "operator.create", subject: operatorSubject(o), after: stateOfOperator(o)}, now)
	})
	return id, err
}

// ChangeOperator gives an operator, as it was read, another name, role, password hash and second factor, or disables or
// enables it. The action is what the audit trail calls it. ErrChanged: somebody else changed it since; ErrLastAdmin: no
// active admin would be left. Unless the name alone changes, and but for the session to keep, the operator is signed out
// everywhere.
func (db *DB) ChangeOperator(ctx context.Context, action string, was, o office.Operator, keep []byte, now time.Time) error {
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		if err := lockOperators(ctx, tx); err != nil {
			return err
		}
		if was.Erased() {
			return fmt.Errorf("operator %d was erased: it %w", was.ID, ErrNotFound)
		}
		if err := keepAnAdmin(ctx, tx, was, o); err != nil {
			return err
		}
		if err := db.keepKeys(ctx, tx, o.TOTP); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE operators SET name = $3, role = $4, password_hash = $5, totp_secret = $6,
disabled = $7, version = version + 1 WHERE id = $1 AND version = $2`,
			o.ID, was.Version, o.Name, string(o.Role), o.PasswordHash, nullBytes(o.TOTP), flag(o.Disabled))
		if err := wantRow(res, err, ErrChanged); err != nil {
			return err
		}
		if signsOut(was, o) {
			if err := endSessions(ctx, tx, o.ID, keep); err != nil {
				return err
			}
		}
		return db.audit(ctx, tx, change{
			action: action, subject: operatorSubject(o), before: stateOfOperator(was), after: stateOfOperator(o),
		}, now)
	})
}

// lockOperators makes changes of operators wait for each other, by the row that is always there once there are any. What is
// read afterwards is what the one before committed.
func lockOperators(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE operators SET version = version WHERE id = (SELECT MIN(id) FROM operators)`)
	return err
}

func keepAnAdmin(ctx context.Context, tx *sql.Tx, was, o office.Operator) error {
	if !was.LosesAdmin(o) {
		return nil
	}
	var others int64
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM operators WHERE role = $1 AND disabled = 0 AND id <> $2`,
		string(office.Admin), o.ID).Scan(&others)
	if err == nil && others == 0 {
		err = office.ErrLastAdmin
	}
	return err
}

// signsOut tells whether a change is one after which an open browser must not go on.
func signsOut(was, o office.Operator) bool {
	was.Name, was.Version, o.Version = o.Name, 0, 0
	return stateOfOperator(was) != stateOfOperator(o) || was.PasswordHash != o.PasswordHash
}

// wantRow returns what it means that a statement found no row.
func wantRow(res sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = none
	}
	return err
}

func nullBytes(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// auditedTx is tx for changes that write into the audit trail, whose lines have numbers of this node.
func (db *DB) auditedTx(ctx context.Context, fn func(*sql.Tx) error) error {
	if err := db.readyForIDs(ctx); err != nil {
		return err
	}
	return db.tx(ctx, fn)
}
