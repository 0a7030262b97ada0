package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"giftimbiz/internal/office"
	"giftimbiz/internal/trail"
)

// change is what a line of the audit trail says. Before and after are values that become JSON: nil where there was, or is
// left, nothing. They must hold no secret, and no name of an operator: operators are named by their numbers.
type change struct {
	action, subject string
	before, after   any
	note            string
}

// audit has a line written at the end of the transaction, one of db.tx: who makes a change. Every change that an operator can
// make calls it.
func (db *DB) audit(ctx context.Context, tx *sql.Tx, c change, now time.Time) error {
	line, err := db.auditLine(ctx, c, now)
	if err != nil {
		return err
	}
	return db.unwritten.add(tx, line)
}

// auditIn writes a line in a session. It must be the last that the session does: see chain.
func (db *DB) auditIn(ctx context.Context, s session, c change, now time.Time) error {
	line, err := db.auditLine(ctx, c, now)
	if err != nil {
		return err
	}
	var head trail.Head
	s.query(lockHead, func(row scanner) (err error) {
		head, err = scanTrailHead(row)
		return err
	}, []int64{1})
	if err := s.flush(ctx); err != nil {
		return err
	}
	lines := []trail.Line{line}
	head, columns := link(head, lines)
	s.exec(insertAudit, len(lines), columns...)
	s.exec(moveHead, 1, []int64{head.Lines}, [][]byte{head.Hash[:]}, []int64{head.At})
	return nil
}

// auditLine returns a line that has no place in the chain yet.
func (db *DB) auditLine(ctx context.Context, c change, now time.Time) (trail.Line, error) {
	id, err := db.newID()
	if err != nil {
		return trail.Line{}, err
	}
	before, err := stateOf(c.before)
	if err != nil {
		return trail.Line{}, err
	}
	after, err := stateOf(c.after)
	if err != nil {
		return trail.Line{}, err
	}
	by := office.ActorOf(ctx)
	return trail.Line{
		ID: int64(id), At: millis(now), OperatorID: by.OperatorID, Action: c.action, Subject: c.subject,
		Actor: trail.Seal(by.Name), Address: trail.Seal(by.Address), Content: trail.Seal(before, after, c.note),
	}, nil
}

func stateOf(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("storage: state for the audit trail: %w", err)
	}
	return string(text), nil
}

// unwritten are lines of transactions under way.
type unwritten struct {
	mu    sync.Mutex
	lines map[*sql.Tx][]trail.Line // guarded by mu; every transaction of db.tx is there while it lasts
}

func (u *unwritten) begin(tx *sql.Tx) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.lines == nil {
		u.lines = map[*sql.Tx][]trail.Line{}
	}
	u.lines[tx] = nil
}

var errNoTrail = errors.New("storage: a line of the audit trail needs a transaction of db.tx")

func (u *unwritten) add(tx *sql.Tx, line trail.Line) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	lines, under := u.lines[tx]
	if !under {
		return errNoTrail
	}
	u.lines[tx] = append(lines, line)
	return nil
}

func (u *unwritten) end(tx *sql.Tx) []trail.Line {
	u.mu.Lock()
	defer u.mu.Unlock()
	lines := u.lines[tx]
	delete(u.lines, tx)
	return lines
}

const selectHead = `SELECT lines, hash, at FROM audit_head `

var (
	lockHead = over("id bigint", selectHead+`WHERE id = (SELECT id FROM input) `+lockRow)

	insertAudit = over("id bigint, number bigint, at bigint, operator_id bigint, actor text, actor_seal bytea, address text, "+
		"address_seal bytea, action text, subject text, before_state text, after_state text, note text, content_seal bytea, "+
		"digest bytea, hash bytea", `
INSERT INTO audit (id, number, at, operator_id, actor, actor_seal, address, address_seal, action, subject, before_state, after_state,
    note, content_seal, digest, hash)
SELECT id, number, at, operator_id, actor, actor_seal, address, address_seal, action, subject, before_state, after_state,
    note, content_seal, digest, hash FROM input`)

	moveHead = over("lines bigint, hash bytea, at bigint", `
UPDATE audit_head SET lines = (SELECT lines FROM input), hash = (SELECT hash FROM input), at = (SELECT at FROM input) WHERE id = 1`)
)

// chain writes lines behind those that are there. It locks the head of the chain last of all rows of its transaction, the change
// clock's included, and until COMMIT: so those who write lines wait for each other in a row, and never for anything else.
func (db *DB) chain(ctx context.Context, tx *sql.Tx, lines []trail.Line) error {
	if len(lines) == 0 {
		return nil
	}
	head, err := scanTrailHead(tx.QueryRowContext(ctx, db.dialect.locks.Replace(selectHead+`WHERE id = 1 `+lockRow)))
	if err != nil {
		return err
	}
	head, columns := link(head, lines)
	n, err := db.execSet(ctx, tx, insertAudit, columns...)
	if err == nil {
		err = checkCount(insertAudit, int(n), len(lines))
	}
	if err != nil {
		return err
	}
	return execOne(ctx, tx, `UPDATE audit_head SET lines = $1, hash = $2, at = $3 WHERE id = 1`, head.Lines, head.Hash[:], head.At)
}

// link gives lines their places behind a head. It returns the next head, and the lines as insertAudit takes them.
func link(head trail.Head, lines []trail.Line) (trail.Head, []any) {
	digests, hashes := make([][]byte, len(lines)), make([][]byte, len(lines))
	for i := range lines {
		l := &lines[i]
		l.Number = head.Lines + 1
		digest := l.Digest()
		hash := trail.After(head.Hash, digest)
		head = trail.Head{Lines: l.Number, Hash: hash, At: l.At}
		digests[i], hashes[i] = digest[:], hash[:]
	}
	return head, []any{
		column(lines, func(l trail.Line) int64 { return l.ID }),
		column(lines, func(l trail.Line) int64 { return l.Number }),
		column(lines, func(l trail.Line) int64 { return l.At }),
		column(lines, func(l trail.Line) int64 { return l.OperatorID }),
		column(lines, func(l trail.Line) string { return l.Actor.Texts[0] }),
		column(lines, func(l trail.Line) []byte { return l.Actor.Seal }),
		column(lines, func(l trail.Line) string { return l.Address.Texts[0] }),
		column(lines, func(l trail.Line) []byte { return l.Address.Seal }),
		column(lines, func(l trail.Line) string { return l.Action }),
		column(lines, func(l trail.Line) string { return l.Subject }),
		column(lines, func(l trail.Line) string { return l.Content.Texts[0] }),
		column(lines, func(l trail.Line) string { return l.Content.Texts[1] }),
		column(lines, func(l trail.Line) string { return l.Content.Texts[2] }),
		column(lines, func(l trail.Line) []byte { return l.Content.Seal }),
		digests, hashes,
	}
}

func scanTrailHead(row scanner) (head trail.Head, err error) {
	var hash []byte
	err = row.Scan(&head.Lines, &hash, &head.At)
	copy(head.Hash[:], hash)
	return head, err
}

func headIn(ctx context.Context, q querier) (trail.Head, error) {
	return scanTrailHead(q.QueryRowContext(ctx, selectHead+`WHERE id = 1`))
}

const lineColumns = `number, id, at, operator_id, action, subject, actor_seal, actor, address_seal, address, content_seal, before_state,
    after_state, note, digest, hash`

// scanLine reads a line with all that its place in the chain needs.
func scanLine(row scanner) (l trail.Stored, err error) {
	l.Actor.Texts, l.Address.Texts, l.Content.Texts = make([]string, 1), make([]string, 1), make([]string, 3)
	var digest, hash []byte
	err = row.Scan(&l.Number, &l.ID, &l.At, &l.OperatorID, &l.Action, &l.Subject, &l.Actor.Seal, &l.Actor.Texts[0], &l.Address.Seal,
		&l.Address.Texts[0], &l.Content.Seal, &l.Content.Texts[0], &l.Content.Texts[1], &l.Content.Texts[2], &digest, &hash)
	copy(l.Kept[:], digest)
	copy(l.Hash[:], hash)
	return l, err
}
