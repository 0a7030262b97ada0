package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

// Derived account numbers: a partner's prepaid account and what is owed to a shop.
const (
	prepaidBase = 1_000_000_000
	payableBase = 2_000_000_000
)

const partnerColumns = `id, name, title, state, sandbox, allow_list, daily_limit, duplicate_sec`

// PartnerBalance is a partner with the balance of its prepaid account.
type PartnerBalance struct {
	gift.Partner
	Balance gift.Won
}

// CreatePartner stores a new partner with its first keys and an empty account, and returns its id. The name must be new
// (ErrDuplicate).
func (db *DB) CreatePartner(ctx context.Context, p gift.Partner, keys credential.Keys, now time.Time) (id int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		seq, err := tick(ctx, tx) // also makes creations wait for each other, so that the next id is free
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) + 1 FROM partners`).Scan(&id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO partners (`+partnerColumns+`, created_at, changed_seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, id, p.Name, p.Title, int64(p.State), flag(p.Sandbox),
			joinPrefixes(p.AllowList), p.DailyLimit, p.DuplicateSec, millis(now), seq)
		if err != nil {
			return err
		}
		if err := insertKeys(ctx, tx, id, keys); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO accounts (id, kind, owner_id, balance) VALUES ($1, 'prepaid', $2, 0)`,
			prepaidBase+id, id)
		return err
	})
	return id, err
}

// RotateKeys gives the partner new keys. Its present ones keep working until graceEnd.
func (db *DB) RotateKeys(ctx context.Context, partnerID int64, keys credential.Keys, graceEnd time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		if err := touchPartner(ctx, tx, partnerID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE partner_keys SET expires_at = $2
WHERE partner_id = $1 AND (expires_at IS NULL OR expires_at > $2)`, partnerID, millis(graceEnd))
		if err != nil {
			return err
		}
		return insertKeys(ctx, tx, partnerID, keys)
	})
}

// ChangePartner applies change to the partner's row and stores what is allowed to change: title, state, allow-list,
// daily limit and duplicate window. An error of change is returned and nothing stored.
func (db *DB) ChangePartner(ctx context.Context, name string, change func(*gift.Partner) error) (p gift.Partner, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		seq, err := tick(ctx, tx) // before the read: two changes of one partner never lose one
		if err != nil {
			return err
		}
		p, err = scanPartner(tx.QueryRowContext(ctx, `SELECT `+partnerColumns+` FROM partners WHERE name = $1`, name))
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("partner %q %w", name, ErrNotFound)
		}
		if err != nil {
			return err
		}
		if err := change(&p); err != nil {
			return err
		}
		return execOne(ctx, tx, `UPDATE partners SET title = $2, state = $3, allow_list = $4, daily_limit = $5,
duplicate_sec = $6, changed_seq = $7 WHERE id = $1`,
			p.ID, p.Title, int64(p.State), joinPrefixes(p.AllowList), p.DailyLimit, p.DuplicateSec, seq)
	})
	return p, err
}

// Partners lists all partners with their balances, by name.
func (db *DB) Partners(ctx context.Context) ([]PartnerBalance, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT p.id, p.name, p.title, p.state, p.sandbox, p.allow_list,
p.daily_limit, p.duplicate_sec, a.balance
FROM partners p JOIN accounts a ON a.kind = 'prepaid' AND a.owner_id = p.id ORDER BY p.name`)
	if err != nil {
		return nil, classify(err)
	}
	var list []PartnerBalance
	err = scanAll(rows, func(row scanner) error {
		var b PartnerBalance
		var err error
		b.Partner, err = scanPartner(row, &b.Balance)
		list = append(list, b)
		return err
	})
	return list, classify(err)
}

// Partner returns one partner by its name, or ErrNotFound.
func (db *DB) Partner(ctx context.Context, name string) (PartnerBalance, error) {
	var b PartnerBalance
	row := db.read.QueryRowContext(ctx, `SELECT p.id, p.name, p.title, p.state, p.sandbox, p.allow_list,
p.daily_limit, p.duplicate_sec, a.balance
FROM partners p JOIN accounts a ON a.kind = 'prepaid' AND a.owner_id = p.id WHERE p.name = $1`, name)
	var err error
	b.Partner, err = scanPartner(row, &b.Balance)
	if errors.Is(err, sql.ErrNoRows) {
		return b, fmt.Errorf("partner %q %w", name, ErrNotFound)
	}
	return b, classify(err)
}

// PartnersChangedSince implements credential.Source.
func (db *DB) PartnersChangedSince(ctx context.Context, seq int64) (records []credential.Record, upTo int64, err error) {
	if upTo, err = db.changeSeq(ctx); err != nil || upTo == seq {
		return nil, upTo, err
	}
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+partnerColumns+` FROM partners WHERE changed_seq > $1 ORDER BY id`, seq)
		if err != nil {
			return err
		}
		at := map[int64]int{}
		err = scanAll(rows, func(row scanner) error {
			p, err := scanPartner(row)
			at[p.ID] = len(records)
			records = append(records, credential.Record{Partner: p})
			return err
		})
		if err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT k.id, k.partner_id, k.key_hash, k.token_hash, k.refresh_hash, k.created_at,
k.expires_at FROM partner_keys k JOIN partners p ON p.id = k.partner_id WHERE p.changed_seq > $1 ORDER BY k.created_at`, seq)
		if err != nil {
			return err
		}
		return scanAll(rows, func(row scanner) error {
			k, err := scanKeys(row)
			if i, ok := at[k.PartnerID]; ok {
				records[i].Keys = append(records[i].Keys, k)
			}
			return err
		})
	})
	return records, upTo, classify(err)
}

func scanPartner(row scanner, more ...any) (p gift.Partner, err error) {
	var allowed string
	dest := append([]any{
		&p.ID, &p.Name, &p.Title, &p.State, (*asBool)(&p.Sandbox), &allowed, &p.DailyLimit,
		&p.DuplicateSec,
	}, more...)
	if err := row.Scan(dest...); err != nil {
		return p, err
	}
	p.AllowList, err = splitPrefixes(allowed)
	return p, err
}

func scanKeys(row scanner) (k credential.Keys, err error) {
	var created, expires sql.NullInt64
	err = row.Scan(&k.ID, &k.PartnerID, &k.KeyHash, &k.TokenHash, &k.RefreshHash, &created, &expires)
	k.CreatedAt, k.ExpiresAt = fromMillis(created), fromMillis(expires)
	return k, err
}

func insertKeys(ctx context.Context, tx *sql.Tx, partnerID int64, k credential.Keys) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO partner_keys (id, partner_id, key_hash, token_hash, refresh_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6)`, k.ID, partnerID, k.KeyHash, k.TokenHash, k.RefreshHash, millis(k.CreatedAt))
	return err
}

func touchPartner(ctx context.Context, tx *sql.Tx, partnerID int64) error {
	seq, err := tick(ctx, tx)
	if err != nil {
		return err
	}
	return execOne(ctx, tx, `UPDATE partners SET changed_seq = $2 WHERE id = $1`, partnerID, seq)
}

func joinPrefixes(list []netip.Prefix) string {
	texts := make([]string, len(list))
	for i, prefix := range list {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, " ")
}

func splitPrefixes(text string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for field := range strings.FieldsSeq(text) {
		prefix, err := netip.ParsePrefix(field)
		if err != nil {
			return nil, err
		}
		list = append(list, prefix)
	}
	return list, nil
}
