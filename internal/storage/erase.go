package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/trail"
)

const (
	// addressesKept is how long the audit trail has the addresses that changes came from: two years, as long as the law in Korea
	// asks of records of who had access to personal data.
	addressesKept = 2 * 366 * 24 * time.Hour
	// erasedAtOnce is how many lines one transaction erases.
	erasedAtOnce = 200
)

// EraseOperator takes what is known of a person out of all that the operator did: the account stays, by its number, for nobody
// to sign in with, and the books and the audit trail stay whole. It may be called again, and then goes on where it broke off.
// office.ErrLastAdmin: no active admin would be left.
func (db *DB) EraseOperator(ctx context.Context, id int64, now time.Time) (erased trail.Erasures, err error) {
	if err := db.eraseAccount(ctx, id, now); err != nil {
		return erased, err
	}
	if err := db.eraseNames(ctx, id); err != nil {
		return erased, err
	}
	subject := office.OperatorSubject(id)
	by, err := db.eraseLines(ctx, subject, pickOperator, id, now, func(l *trail.Line) {
		l.Actor, l.Address = l.Actor.Erase(), l.Address.Erase()
	})
	if err != nil {
		return by, err
	}
	of, err := db.eraseLines(ctx, subject, pickSubject, subject, now, func(l *trail.Line) {
		l.Content = l.Content.Erase()
		if l.OperatorID == 0 { // a try to sign in
			l.Address = l.Address.Erase()
		}
	})
	by.Add(of)
	return by, err
}

// eraseAccount empties an operator's account. Nothing that comes after it may need what was there: it may be called again.
func (db *DB) eraseAccount(ctx context.Context, id int64, now time.Time) error {
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		if err := lockOperators(ctx, tx); err != nil {
			return err
		}
		was, err := scanOperator(tx.QueryRowContext(ctx, `SELECT `+operatorColumns+` FROM operators o WHERE o.id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("operator %d %w", id, ErrNotFound)
		}
		if err != nil || was.Erased() {
			return err
		}
		if err := keepAnAdmin(ctx, tx, was, office.Operator{ID: id, Role: office.Viewer, Disabled: true}); err != nil {
			return err
		}
		err = execOne(ctx, tx, `UPDATE operators SET email = $2, name = '', role = $3, password_hash = '', totp_secret = NULL, disabled = 1,
version = version + 1 WHERE id = $1`, id, office.ErasedEmail(id), string(office.Viewer))
		if err != nil {
			return err
		}
		if err := endSessions(ctx, tx, id, nil); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE email = $1`, was.Email); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{action: "operator.erase", subject: office.OperatorSubject(id)}, now)
	})
}

// namesOf are the places where what operators did has their names beside their numbers: those of rows with a name, and what takes
// the name away.
var namesOf = []struct{ find, erase string }{
	{`SELECT id FROM adjustments WHERE asked_by = $1 AND asked_name <> ''`, `UPDATE adjustments SET asked_name = '' WHERE id = $1`},
	{`SELECT id FROM adjustments WHERE decided_by = $1 AND decided_name <> ''`, `UPDATE adjustments SET decided_name = '' WHERE id = $1`},
	{`SELECT id FROM imports WHERE operator_id = $1 AND actor <> ''`, `UPDATE imports SET actor = '' WHERE id = $1`},
	{`SELECT id FROM refunds WHERE operator_id = $1 AND actor <> ''`, `UPDATE refunds SET actor = '' WHERE id = $1`},
	{`SELECT id FROM redemptions WHERE operator_id = $1 AND actor <> ''`, `UPDATE redemptions SET actor = '' WHERE id = $1`},
	{`SELECT id FROM repricings WHERE operator_id = $1 AND actor <> ''`, `UPDATE repricings SET actor = '' WHERE id = $1`},
}

// eraseNames takes an operator's name off what is kept outside the audit trail. Rows are found without holding anybody up.
func (db *DB) eraseNames(ctx context.Context, id int64) error {
	for _, place := range namesOf {
		if err := db.eraseRows(ctx, place.find, place.erase, id); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) eraseRows(ctx context.Context, find, erase string, of int64) error {
	var rows []int64
	err := db.wholeSnapshot(ctx, func(tx *sql.Tx) (err error) {
		rows, err = collect(ctx, tx, scanID, find, of)
		return err
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(rows, erasedAtOnce) {
		err := db.tx(ctx, func(tx *sql.Tx) error {
			for _, row := range some {
				if err := execOne(ctx, tx, erase, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// EraseSeller takes a seller's name, code and devices away. What it redeemed stays booked, by its number.
func (db *DB) EraseSeller(ctx context.Context, id int64, now time.Time) (trail.Erasures, error) {
	subject := fmt.Sprintf("seller:%d", id)
	err := db.auditedTx(ctx, func(tx *sql.Tx) error {
		var name string
		err := tx.QueryRowContext(ctx, db.dialect.locks.Replace(`SELECT name FROM sellers WHERE id = $1 `+lockRow), id).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("seller %d %w", id, ErrNotFound)
		}
		if err != nil || name == "" {
			return err
		}
		for _, text := range []string{`DELETE FROM shifts WHERE seller_id = $1`, `DELETE FROM seller_attempts WHERE seller_id = $1`} {
			if _, err := tx.ExecContext(ctx, text, id); err != nil {
				return err
			}
		}
		seq, err := tick(ctx, tx)
		if err != nil {
			return err
		}
		err = execOne(ctx, tx, `UPDATE sellers SET name = '', code_hash = '', changed_seq = $2 WHERE id = $1`, id, seq)
		if err != nil {
			return err
		}
		return db.audit(ctx, tx, change{action: "seller.erase", subject: subject}, now)
	})
	if err != nil {
		return trail.Erasures{}, err
	}
	return db.eraseLines(ctx, subject, pickSubject, subject, now, func(l *trail.Line) { l.Content = l.Content.Erase() })
}

// EraseEntry erases what one entry of the audit trail says of a change: before, after and note. Who made it stays.
func (db *DB) EraseEntry(ctx context.Context, id gift.ID, now time.Time) (trail.Erasures, error) {
	if _, err := db.AuditEntry(ctx, id); err != nil {
		return trail.Erasures{}, err
	}
	return db.eraseLines(ctx, fmt.Sprintf("audit:%d", id), `SELECT id FROM audit WHERE id = $1 AND id > $2 LIMIT $3`, int64(id), now,
		func(l *trail.Line) { l.Content = l.Content.Erase() })
}

// ForgetAddresses erases the addresses in the audit trail that are older than two years, and returns how many.
func (db *DB) ForgetAddresses(ctx context.Context, now time.Time) (int64, error) {
	before := int64(gift.FirstIDAt(now.Add(-addressesKept)))
	erased, err := db.eraseLines(office.As(ctx, server), "audit", `SELECT id FROM audit
WHERE id < $1 AND id > $2 AND address <> '' ORDER BY id LIMIT $3`, before, now, func(l *trail.Line) { l.Address = l.Address.Erase() })
	return erased.Addresses, err
}

// Which lines are erased: $3 of those that $1 selects, behind $2.
const (
	pickOperator = `SELECT id FROM audit WHERE (operator_id, id) > ($1, $2) AND operator_id <= $1 ORDER BY operator_id, id LIMIT $3`
	pickSubject  = `SELECT id FROM audit WHERE (subject, id) > ($1, $2) AND subject <= $1 ORDER BY subject, id LIMIT $3`
)

// eraseLines erases texts of lines, some at a time, and writes with each of these transactions a line that says how many there
// were: the doctor compares.
func (db *DB) eraseLines(
	ctx context.Context, subject, pick string, of any, now time.Time, erase func(*trail.Line),
) (all trail.Erasures, err error) {
	for behind, n := int64(0), erasedAtOnce; n == erasedAtOnce; {
		some, err := collect(ctx, db.read, scanID, pick, of, behind, erasedAtOnce)
		if n = len(some); err != nil || n == 0 {
			return all, classify(err)
		}
		behind = some[n-1]
		var erased trail.Erasures
		err = db.auditedTx(ctx, func(tx *sql.Tx) error {
			erased = trail.Erasures{}
			for _, id := range some {
				more, err := db.eraseLine(ctx, tx, id, erase)
				if err != nil {
					return err
				}
				erased.Add(more)
			}
			if erased == (trail.Erasures{}) {
				return nil
			}
			return db.audit(ctx, tx, change{action: erasedAction, subject: subject, after: erased}, now)
		})
		if err != nil {
			return all, err
		}
		all.Add(erased)
	}
	return all, nil
}

// eraseLine erases texts of a line, those that have not been, and counts them. Lines that others are proved by keep what they say.
func (db *DB) eraseLine(ctx context.Context, tx *sql.Tx, id int64, erase func(*trail.Line)) (n trail.Erasures, err error) {
	was, err := scanLine(tx.QueryRowContext(ctx, db.dialect.locks.Replace(`SELECT `+lineColumns+` FROM audit WHERE id = $1 `+lockRow), id))
	if err != nil {
		return n, err
	}
	l := was.Line
	erase(&l)
	if was.Action == erasedAction || was.Action == receiptAction {
		l.Content = was.Content
	}
	for _, text := range []struct {
		was trail.Sealed
		is  *trail.Sealed
		n   *int64
	}{{was.Actor, &l.Actor, &n.Actors}, {was.Address, &l.Address, &n.Addresses}, {was.Content, &l.Content, &n.Contents}} {
		switch {
		case text.was.Empty(): // nothing is left to erase
			*text.is = text.was
		case text.is.Erased():
			*text.n++
		}
	}
	if n == (trail.Erasures{}) {
		return n, nil
	}
	return n, execOne(ctx, tx, `UPDATE audit SET actor = $2, actor_seal = $3, address = $4, address_seal = $5, before_state = $6,
after_state = $7, note = $8, content_seal = $9 WHERE id = $1`, id, l.Actor.Texts[0], l.Actor.Seal, l.Address.Texts[0], l.Address.Seal,
		l.Content.Texts[0], l.Content.Texts[1], l.Content.Texts[2], l.Content.Seal)
}

// receiptAction is what lines are called that receipts of statements are proved by.
const receiptAction = "statement.receipt"
