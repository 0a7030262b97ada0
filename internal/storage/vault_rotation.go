package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

// A data key is replaced in steps, each of which may be the last one that a process takes part in; whoever calls
// ContinueRotation next goes on:
//
//  1. NewDataKey announces a key. All nodes learn it and open with it; nothing is sealed with it.
//  2. Once every living process has noted that it has the key, it takes over: from then on processes learn that it seals, and
//     that the one before leaves.
//  3. Once every living process has noted that, what the old key sealed is sealed anew, a few rows at a time.
//  4. When nothing is left under the old key, it is deleted: in a transaction that waits for nobody, because who stores
//     something keeps the key of it until COMMIT (keepKeys), and that finds nothing by the indexes.

const (
	learnWithin = 10 * time.Second      // ContinueRotation waits so long for others, then is called again later
	learnPoll   = 50 * time.Millisecond // between looks whether they have read the keys
	resealRest  = 20 * time.Millisecond // between transactions: purchases have the database
)

// sealedColumn is where something sealed is kept: column is what reseal takes, by the rows' ids.
type sealedColumn struct {
	table, column string
	batch         int // rows in one transaction
	reseal        func(v *vault.Vault, id int64, sealed []byte) ([]byte, error)
	update        *setStatement
}

func sealedIn(table, column string, batch int, reseal func(*vault.Vault, int64, []byte) ([]byte, error)) sealedColumn {
	return sealedColumn{table, column, batch, reseal, over("id bigint, sealed bytea",
		"\nUPDATE "+table+" SET "+column+" = input.sealed FROM input WHERE "+table+".id = input.id")}
}

func secretsOf(kind string) func(*vault.Vault, int64, []byte) ([]byte, error) {
	return func(v *vault.Vault, id int64, sealed []byte) ([]byte, error) { return v.ResealSecret(kind, id, sealed) }
}

// sealedColumns are all there are.
var sealedColumns = []sealedColumn{
	sealedIn("units", "number", 200, (*vault.Vault).Reseal),
	sealedIn("endpoints", "secret", 50, secretsOf(webhook.SecretKind)),
	sealedIn("endpoints", "previous", 50, secretsOf(webhook.SecretKind)),
	sealedIn("operators", "totp_secret", 50, secretsOf(office.SecondFactorKind)),
	sealedIn("imports", "body", 1, secretsOf(intake.SecretKind)), // a whole file
}

// mark is the column's part that names the key.
func (c sealedColumn) mark() string { return "substr(" + c.column + ", 1, 4)" }

// NewDataKey announces a new data key and returns its number; ContinueRotation does the rest. While another is being
// brought in it returns that one's number: a rotation that was broken off is gone on with.
func (db *DB) NewDataKey(ctx context.Context, v *vault.Vault, now time.Time) (number uint32, err error) {
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		seq, err := tick(ctx, tx) // before the read: of two at once one announces a key
		if err != nil {
			return err
		}
		keys, err := keysIn(ctx, tx)
		if err != nil {
			return err
		}
		number = keys[len(keys)-1].Number
		if slices.ContainsFunc(keys, func(k storedKey) bool { return k.State != vault.Sealing }) {
			return nil
		}
		number++
		made, err := v.NewDataKey(number, keys[0].Master)
		if err != nil {
			return err
		}
		if err := db.insertKey(ctx, tx, made, seq); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE jobs SET due_at = $2 WHERE name = $1 AND due_at > $2`, office.JobReseal, millis(now))
		if err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: "keys.rotate", subject: keysSubject, after: map[string]string{"data_key": strconv.Itoa(int(number))},
		}, now)
	})
	return number, err
}

const keysSubject = "keys"

// keysIn returns the keys as a transaction sees them, the root first.
func keysIn(ctx context.Context, tx *sql.Tx) ([]storedKey, error) {
	rows, err := tx.QueryContext(ctx, selectKeys)
	if err != nil {
		return nil, err
	}
	keys, _, err := scanStoredKeys(rows)
	if err == nil && len(keys) == 0 {
		err = errors.New("the database has no keys")
	}
	return keys, err
}

// RewrapKeys encrypts all keys by the newest master key, and returns how many were not before. After it the older master
// keys are not needed any more, but by backups.
func (db *DB) RewrapKeys(ctx context.Context, masters *vault.Masters, now time.Time) (changed int, err error) {
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		if _, err := tick(ctx, tx); err != nil { // before the read: no key is made meanwhile
			return err
		}
		keys, err := keysIn(ctx, tx)
		if err != nil {
			return err
		}
		changed = 0
		for _, k := range keys {
			next, err := masters.Rewrap(k.WrappedKey)
			if err != nil {
				return err
			}
			if next.Master == k.Master {
				continue
			}
			changed++
			err = execOne(ctx, tx, `UPDATE vault_keys SET master = $2, sealed = $3 WHERE number = $1`,
				int64(k.Number), int64(next.Master), next.Sealed)
			if err != nil {
				return err
			}
		}
		if changed == 0 {
			return nil
		}
		return db.audit(ctx, tx, change{
			action: "keys.rewrap", subject: keysSubject, after: map[string]string{"master_key": strconv.Itoa(int(masters.Newest()))},
		}, now)
	})
	return changed, err
}

// ContinueRotation goes on with the rotation that is under way, if there is one, and returns how much it sealed anew. It
// returns early while a living process has not learnt the keys: then it is to be called again. Several may run at once;
// each may end at any moment.
func (db *DB) ContinueRotation(ctx context.Context, v *vault.Vault, now time.Time) (done int64, err error) {
	keys, _, err := db.readKeys(ctx)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		if k.State != vault.Announced {
			continue
		}
		if learnt, err := db.awaitKeys(ctx, v, k.changed); err != nil || !learnt {
			return 0, err
		}
		if err := db.handOver(ctx, k.Number); err != nil {
			return 0, err
		}
		if keys, _, err = db.readKeys(ctx); err != nil {
			return 0, err
		}
	}
	for _, k := range keys {
		if k.State != vault.Leaving {
			continue
		}
		if learnt, err := db.awaitKeys(ctx, v, k.changed); err != nil || !learnt {
			return done, err
		}
		n, err := db.empty(ctx, v, k.Number, now)
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// awaitKeys waits until every living process that seals or opens has read the keys up to a change, this one included. It
// tells whether they have.
func (db *DB) awaitKeys(ctx context.Context, v *vault.Vault, seq int64) (bool, error) {
	within, cancel := context.WithTimeout(ctx, learnWithin)
	defer cancel()
	for {
		if err := db.RefreshVault(ctx, v); err != nil {
			return false, err
		}
		late, err := db.lateNodes(ctx, `keys_seq`, seq)
		if err != nil || len(late) == 0 {
			return err == nil, err
		}
		if rest(within, learnPoll) != nil {
			return false, ctx.Err()
		}
	}
}

// handOver has an announced key seal, and all others leave.
func (db *DB) handOver(ctx context.Context, number uint32) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		seq, err := tick(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE vault_keys SET state = CASE WHEN number = $1 THEN 2 ELSE 3 END, changed_seq = $2
WHERE number > 0 AND EXISTS (SELECT 1 FROM vault_keys n WHERE n.number = $1 AND n.state = 1)`, int64(number), seq)
		return err
	})
}

// empty seals anew what a key has sealed, until nothing is left and the key is deleted.
func (db *DB) empty(ctx context.Context, v *vault.Vault, number uint32, now time.Time) (done int64, err error) {
	for {
		for _, c := range sealedColumns {
			n, err := db.resealColumn(ctx, v, c, number)
			done += n
			if err != nil {
				return done, err
			}
		}
		gone, err := db.retire(ctx, number, now)
		if err != nil || gone {
			return done, err
		}
		if err := rest(ctx, learnPoll); err != nil { // somebody stores something under it just now
			return done, err
		}
	}
}

func (db *DB) resealColumn(ctx context.Context, v *vault.Vault, c sealedColumn, number uint32) (done int64, err error) {
	for after := int64(0); ; {
		n, last, err := db.resealBatch(ctx, v, c, number, after)
		if err != nil {
			return done, fmt.Errorf("seal %s.%s anew: %w", c.table, c.column, err)
		}
		done += int64(n)
		if after = last; n == 0 {
			return done, nil
		}
		if err := rest(ctx, resealRest); err != nil {
			return done, err
		}
	}
}

// resealBatch seals some rows anew in a transaction, from an id on, and returns how many and the last one's id. Rows that
// somebody changes just now it leaves for later: it waits for nobody, and nobody long for it.
func (db *DB) resealBatch(ctx context.Context, v *vault.Vault, c sealedColumn, number uint32, after int64) (n int, last int64, err error) {
	err = db.inSession(ctx, func(s session) error {
		ids, sealed, err := db.resealed(ctx, s, v, c, number, after)
		if n = len(ids); err != nil || n == 0 {
			return err
		}
		if err := db.keepKeysIn(ctx, s, sealed...); err != nil {
			return err
		}
		last = ids[n-1]
		s.exec(c.update, n, ids, sealed)
		return s.flush(ctx)
	})
	if err != nil {
		return 0, 0, err
	}
	return n, last, nil
}

// resealed locks some rows and returns what is to be stored in them.
func (db *DB) resealed(
	ctx context.Context, s session, v *vault.Vault, c sealedColumn, number uint32, after int64,
) (ids []int64, sealed [][]byte, err error) {
	err = s.read(ctx, func(row scanner) error {
		var id int64
		var old []byte
		if err := row.Scan(&id, &old); err != nil {
			return err
		}
		anew, err := c.reseal(v, id, old)
		if err != nil {
			return fmt.Errorf("row %d: %w", id, err)
		}
		ids, sealed = append(ids, id), append(sealed, anew)
		return nil
	}, db.dialect.locks.Replace(`SELECT id, `+c.column+` FROM `+c.table+` WHERE `+c.column+` IS NOT NULL AND `+c.mark()+` = $1 AND id > $2
ORDER BY id LIMIT $3 `+lockFree), vault.Mark(number), after, c.batch)
	return ids, sealed, err
}

// retire deletes a key that nothing is left under, and tells whether that was so.
func (db *DB) retire(ctx context.Context, number uint32, now time.Time) (gone bool, err error) {
	err = db.auditedTx(ctx, func(tx *sql.Tx) error {
		gone = false
		var one int
		err := tx.QueryRowContext(ctx, db.dialect.locks.Replace(
			`SELECT 1 FROM vault_keys WHERE number = $1 AND state = 3 `+lockUnused), int64(number)).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) { // somebody stores something under it, or it is gone
			return tx.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM vault_keys WHERE number = $1)`, int64(number)).Scan(&gone)
		}
		if err != nil {
			return err
		}
		for _, c := range sealedColumns {
			var left bool
			err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+c.table+` WHERE `+c.column+` IS NOT NULL AND `+c.mark()+` = $1)`,
				vault.Mark(number)).Scan(&left)
			if err != nil || left {
				return err
			}
		}
		if err := execOne(ctx, tx, `DELETE FROM vault_keys WHERE number = $1`, int64(number)); err != nil {
			return err
		}
		gone = true
		return db.audit(ctx, tx, change{
			action: "keys.retire", subject: keysSubject, before: map[string]string{"data_key": strconv.Itoa(int(number))},
		}, now)
	})
	return gone && err == nil, err
}

// KeyReport is what people are told of a key.
type KeyReport struct {
	Number    uint32
	State     vault.KeyState
	Master    uint32
	CreatedAt time.Time // by the database's clock
	Sealed    int64     // how much is sealed under it; 0 of the root
	Waiting   []int64   // numbers of the processes that have not learnt of its state
}

// KeyReports returns all keys, the root first. It counts what each has sealed: some hundred milliseconds for a million vouchers.
func (db *DB) KeyReports(ctx context.Context) ([]KeyReport, error) {
	keys, _, err := db.readKeys(ctx)
	if err != nil {
		return nil, err
	}
	var list []KeyReport
	for _, k := range keys {
		r := KeyReport{Number: k.Number, State: k.State, Master: k.Master, CreatedAt: k.createdAt}
		if k.Number != vault.RootNumber {
			if r.Waiting, err = db.lateNodes(ctx, `keys_seq`, k.changed); err != nil {
				return nil, err
			}
			if r.Sealed, err = db.countSealed(ctx, k.Number); err != nil {
				return nil, err
			}
		}
		list = append(list, r)
	}
	return list, nil
}

func (db *DB) countSealed(ctx context.Context, number uint32) (n int64, err error) {
	for _, c := range sealedColumns {
		var some int64
		err := db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+c.table+` WHERE `+c.column+` IS NOT NULL AND `+c.mark()+` = $1`,
			vault.Mark(number)).Scan(&some)
		if err != nil {
			return 0, classify(err)
		}
		n += some
	}
	return n, nil
}
