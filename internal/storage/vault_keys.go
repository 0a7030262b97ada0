package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/purchase"
	"giftimbiz/internal/vault"
)

// storedKey is a key of the vault, and its place on the change clock.
type storedKey struct {
	vault.WrappedKey
	createdAt time.Time
	changed   int64
}

// OpenVault returns the vault of this database, whose keys the master keys open. Of a new database it makes the keys; of any
// number of processes that do so at once, one does. A vault.ErrOtherKeys says which key the masters do not open, and
// why. Call it after Migrate or CheckSchema; whoever goes on sealing calls RefreshVault, too.
func (db *DB) OpenVault(ctx context.Context, masters *vault.Masters) (*vault.Vault, error) {
	keys, _, err := db.readKeys(ctx)
	if err == nil && len(keys) == 0 {
		if err = db.addFirstKeys(ctx, masters.FirstKeys()); err == nil {
			keys, _, err = db.readKeys(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	return masters.Open(wrapped(keys))
}

// CheckVault tells, as OpenVault does, whether the master keys open the database's keys. It makes none.
func (db *DB) CheckVault(ctx context.Context, masters *vault.Masters) error {
	keys, _, err := db.readKeys(ctx)
	if err == nil && len(keys) > 0 {
		_, err = masters.Open(wrapped(keys))
	}
	return err
}

// HasKeys tells whether this database has keys: OpenVault would make none.
func (db *DB) HasKeys(ctx context.Context) (bool, error) {
	keys, _, err := db.readKeys(ctx)
	return len(keys) > 0, err
}

// addFirstKeys stores keys unless there are some: then those are the database's.
func (db *DB) addFirstKeys(ctx context.Context, keys []vault.WrappedKey) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		var seq int64 // is no change: nobody has read any keys yet; but others who make keys wait here
		err := tx.QueryRowContext(ctx, `UPDATE change_clock SET seq = seq WHERE id = 1 RETURNING seq`).Scan(&seq)
		if err != nil {
			return err
		}
		var there, partners bool
		err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM vault_keys), EXISTS (SELECT 1 FROM partners)`).
			Scan(&there, &partners)
		if err != nil || there {
			return err
		}
		if partners {
			return errors.New("the database has partners but no keys: it is no whole copy of one")
		}
		for _, k := range keys {
			if err := db.insertKey(ctx, tx, k, seq); err != nil {
				return err
			}
		}
		return nil
	})
}

func (db *DB) insertKey(ctx context.Context, tx *sql.Tx, k vault.WrappedKey, seq int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO vault_keys (number, mark, state, master, sealed, fingerprint, created_at, changed_seq)
VALUES ($1, $2, $3, $4, $5, $6, `+db.dialect.now+`, $7)`,
		int64(k.Number), vault.Mark(k.Number), int64(k.State), int64(k.Master), k.Sealed, k.Fingerprint, seq)
	return err
}

const selectKeys = `SELECT number, state, master, sealed, fingerprint, created_at, changed_seq,
    (SELECT seq FROM change_clock WHERE id = 1) FROM vault_keys ORDER BY number`

// readKeys returns the keys, the root first, as they were at a place on the change clock.
func (db *DB) readKeys(ctx context.Context) (keys []storedKey, upTo int64, err error) {
	rows, err := db.read.QueryContext(ctx, selectKeys)
	if err != nil {
		return nil, 0, classify(err)
	}
	keys, upTo, err = scanStoredKeys(rows)
	return keys, upTo, classify(err)
}

func scanStoredKeys(rows *sql.Rows) (keys []storedKey, upTo int64, err error) {
	err = scanAll(rows, func(row scanner) error {
		var k storedKey
		var created sql.NullInt64
		err := row.Scan(&k.Number, &k.State, &k.Master, &k.Sealed, &k.Fingerprint, &created, &k.changed, &upTo)
		k.createdAt = fromMillis(created)
		keys = append(keys, k)
		return err
	})
	return keys, upTo, err
}

func wrapped(keys []storedKey) []vault.WrappedKey {
	list := make([]vault.WrappedKey, len(keys))
	for i, k := range keys {
		list[i] = k.WrappedKey
	}
	return list
}

// RefreshVault has a vault know the database's keys as they are now, and notes so for other nodes to see: a new key seals
// nothing before all have it. Every process that has joined and seals or opens calls it, first before anything else and
// then again and again. It writes only when the keys have changed.
func (db *DB) RefreshVault(ctx context.Context, v *vault.Vault) error {
	for {
		keys, upTo, err := db.readKeys(ctx)
		if err != nil {
			return err
		}
		if err := v.Learn(wrapped(keys)); err != nil {
			return err
		}
		last := int64(0)
		for _, k := range keys {
			last = max(last, k.changed)
		}
		first, err := db.noteRead(ctx, &db.lease.keysSeq, `keys_seq`, last, upTo)
		if err != nil || !first {
			return err
		}
		// From now on others wait for this process; what they decided just before is read once more.
	}
}

// noteRead writes into this process's lease what it has read. A process without a number notes nothing. ErrLeaseLost: its number is
// another's by now, so nobody waits for it; KeepLease and Renew take another.
func (db *DB) noteRead(ctx context.Context, noted *int64, column string, last, upTo int64) (first bool, err error) {
	l := &db.lease
	l.mu.Lock()
	number, token, before := l.number, l.token, *noted
	l.mu.Unlock()
	if token == "" || before != 0 && before >= last {
		return false, nil
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE node_leases SET `+column+` = $1 WHERE number = $2 AND token = $3`, upTo, number, token)
		return wantRow(res, err, ErrLeaseLost)
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		*noted = upTo
	case errors.Is(err, ErrLeaseLost) && l.token == token:
		l.over = 0
	}
	return err == nil && before == 0, err
}

// lateNodes returns the numbers of the living processes that keep what a column is about and have not read it up to a place.
func (db *DB) lateNodes(ctx context.Context, column string, seq int64) ([]int64, error) {
	list, err := collect(ctx, db.read, func(row scanner) (number int64, err error) {
		err = row.Scan(&number)
		return number, err
	}, `SELECT number FROM node_leases WHERE `+column+` > 0 AND `+column+` < $1 AND expires_at > `+db.dialect.now+` ORDER BY number`, seq)
	return list, classify(err)
}

// errKeyGone is an ErrConflict: who tries again seals with another key.
var errKeyGone = wrap(purchase.ErrConflict, errors.New("it was sealed under a key that has been replaced meanwhile"))

// keepKeys keeps the keys that something was sealed under until the transaction that stores it ends, and fails when one is
// gone. No ciphertext is left without its key, even by a process that was paused for an hour.
func (db *DB) keepKeys(ctx context.Context, tx *sql.Tx, sealed ...[]byte) error {
	return db.eachMark(sealed, func(query string, mark []byte) error {
		var one int
		err := tx.QueryRowContext(ctx, query, mark).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return errKeyGone
		}
		return err
	})
}

// keepKeysIn is keepKeys for a session.
func (db *DB) keepKeysIn(ctx context.Context, s session, sealed ...[]byte) error {
	return db.eachMark(sealed, func(query string, mark []byte) error {
		found := false
		err := s.read(ctx, func(row scanner) error {
			var one int
			found = true
			return row.Scan(&one)
		}, query, mark)
		if err == nil && !found {
			err = errKeyGone
		}
		return err
	})
}

// eachMark calls keep once for each key that something was sealed under.
func (db *DB) eachMark(sealed [][]byte, keep func(query string, mark []byte) error) error {
	var last []byte
	for _, text := range sealed {
		if len(text) == 0 {
			continue
		}
		mark := text[:min(len(vault.Mark(0)), len(text))]
		if bytes.Equal(mark, last) {
			continue
		}
		last = mark
		if err := keep(db.dialect.locks.Replace(`SELECT 1 FROM vault_keys WHERE mark = $1 `+lockKey), mark); err != nil {
			return fmt.Errorf("keep the key of what is stored: %w", err)
		}
	}
	return nil
}
