package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// Derived account numbers: a partner's prepaid account and what is owed to a shop.
const (
	prepaidBase = 1_000_000_000
	payableBase = 2_000_000_000
)

const partnerColumns = `id, name, title, state, sandbox, allow_list, daily_limit, duplicate_sec, low_balance, clock_ahead`

// partnerAccountColumns are what scanAccount reads, from partners p and accounts a.
const (
	partnerAccountColumns = `p.id, p.name, p.title, p.state, p.sandbox, p.allow_list, p.daily_limit, p.duplicate_sec,
p.low_balance, p.clock_ahead, a.balance, p.created_at, p.changed_seq, p.lent_at`
	partnerAccountTables = `partners p JOIN accounts a ON a.kind = 'prepaid' AND a.owner_id = p.id`
)

// CreatePartner stores a new partner with its first keys and an empty account, and returns its id. The name must be new
// (ErrDuplicate).
func (db *DB) CreatePartner(ctx context.Context, p gift.Partner, keys credential.Keys, now time.Time) (id int64, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return 0, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		seq, err := tick(ctx, tx) // also makes creations wait for each other, so that the next id is free
		if err != nil {
			return err
		}
		id, err = db.insertPartner(ctx, tx, seq, p, keys, now)
		return err
	})
	return id, err
}

// insertPartner stores a partner in a transaction that holds the change clock.
func (db *DB) insertPartner(
	ctx context.Context, tx *sql.Tx, seq int64, p gift.Partner, keys credential.Keys, now time.Time,
) (id int64, err error) {
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) + 1 FROM partners`).Scan(&id); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO partners (`+partnerColumns+`, created_at, changed_seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, id, p.Name, p.Title, int64(p.State), flag(p.Sandbox),
		joinPrefixes(p.AllowList), p.DailyLimit, p.DuplicateSec, int64(p.LowBalance), p.ClockAhead.Milliseconds(), millis(now), seq)
	if err != nil {
		return 0, err
	}
	if err := insertKeys(ctx, tx, id, keys); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO accounts (id, kind, owner_id, balance) VALUES ($1, 'prepaid', $2, 0)`,
		prepaidBase+id, id)
	if err != nil {
		return 0, err
	}
	return id, db.audit(ctx, tx, change{action: "partner.create", subject: partnerSubject(p.Name), after: stateOfPartner(p)}, now)
}

// partnerState is what the audit trail says of a partner.
type partnerState struct {
	Title        string         `json:"title"`
	State        string         `json:"state"`
	Sandbox      bool           `json:"sandbox"`
	AllowList    []netip.Prefix `json:"allow_list,omitempty"`
	DailyLimit   int64          `json:"daily_limit"`
	DuplicateSec int64          `json:"duplicate_sec"`
	LowBalance   gift.Won       `json:"low_balance"`
}

func stateOfPartner(p gift.Partner) partnerState {
	return partnerState{p.Title, p.State.String(), p.Sandbox, p.AllowList, p.DailyLimit, p.DuplicateSec, p.LowBalance}
}

func partnerSubject(name string) string { return "partner:" + name }

// ChangePartner applies edit to the partner's row and stores what is allowed to change: title, state, allow-list,
// daily limit and duplicate window. When it returns, all nodes go by the change. An error of edit is returned and nothing stored. A
// version other than 0 must be the partner's (ErrChanged): then nobody changed what the caller had read.
func (db *DB) ChangePartner(
	ctx context.Context, name string, version int64, now time.Time, edit func(*gift.Partner) error,
) (gift.Partner, error) {
	p, seq, err := db.changePartner(ctx, name, version, now, edit)
	if err == nil {
		db.awaitNodes(ctx, seq)
	}
	return p, err
}

// SetLowBalance sets what a partner's balance must fall below to be told of; gift.ErrWithdrawn: it left. Nodes need not have read it:
// purchases do.
func (db *DB) SetLowBalance(ctx context.Context, name string, threshold gift.Won, now time.Time) error {
	_, _, err := db.changePartner(ctx, name, 0, now, func(p *gift.Partner) error {
		p.LowBalance = threshold
		return p.StillHere()
	})
	return err
}

// changePartner is ChangePartner that waits for no node; seq is the number of the change.
func (db *DB) changePartner(
	ctx context.Context, name string, version int64, now time.Time, edit func(*gift.Partner) error,
) (p gift.Partner, seq int64, err error) {
	if err := db.readyForIDs(ctx); err != nil {
		return p, 0, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) (err error) {
		if seq, err = tick(ctx, tx); err != nil { // before the read: two changes of one partner never lose one
			return err
		}
		var stored int64
		p, err = scanPartner(tx.QueryRowContext(ctx,
			`SELECT `+partnerColumns+`, changed_seq FROM partners WHERE name = $1`, name), &stored)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("partner %q %w", name, ErrNotFound)
		case err != nil:
			return err
		case version != 0 && version != stored:
			return fmt.Errorf("partner %q: %w", name, ErrChanged)
		}
		before := stateOfPartner(p)
		if err := edit(&p); err != nil {
			return err
		}
		return db.storePartner(ctx, tx, p, seq, before, now)
	})
	return p, seq, err
}

// storePartner writes what is left of a change, and that it was made.
func (db *DB) storePartner(ctx context.Context, tx *sql.Tx, p gift.Partner, seq int64, before partnerState, now time.Time) error {
	err := execOne(ctx, tx, `UPDATE partners SET title = $2, state = $3, allow_list = $4, daily_limit = $5,
duplicate_sec = $6, low_balance = $7, changed_seq = $8 WHERE id = $1`,
		p.ID, p.Title, int64(p.State), joinPrefixes(p.AllowList), p.DailyLimit, p.DuplicateSec, int64(p.LowBalance), seq)
	after := stateOfPartner(p)
	if err != nil || reflect.DeepEqual(before, after) {
		return err
	}
	return db.audit(ctx, tx, change{
		action: "partner.change", subject: partnerSubject(p.Name), before: before, after: after,
	}, now)
}

// Partners lists all partners with their balances, by name.
func (db *DB) Partners(ctx context.Context) ([]office.PartnerAccount, error) {
	list, err := collect(ctx, db.read, scanAccount,
		`SELECT `+partnerAccountColumns+` FROM `+partnerAccountTables+` ORDER BY p.name`)
	return list, classify(err)
}

// FindPartners returns a page of the partners that a query selects, by name. It looks at each partner behind q.After until
// the page is full: a few milliseconds for some thousands.
func (db *DB) FindPartners(ctx context.Context, q office.PartnerQuery) ([]office.PartnerAccount, error) {
	list, err := collect(ctx, db.read, scanAccount, `SELECT `+partnerAccountColumns+` FROM `+partnerAccountTables+`
WHERE p.name > $1 AND (LOWER(p.name) LIKE $2 ESCAPE '!' OR LOWER(p.title) LIKE $2 ESCAPE '!')
  AND (p.state = $3 OR $3 = 0) AND (a.balance < $4 OR $4 = 0)
ORDER BY p.name LIMIT $5`, q.After, "%"+likeLiteral(strings.ToLower(q.Search))+"%", int64(q.State),
		int64(q.Below), q.Limit)
	return list, classify(err)
}

// likeLiteral writes a text so that LIKE … ESCAPE '!' takes it as it is.
func likeLiteral(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}

// Partner returns one partner by its name, or ErrNotFound.
func (db *DB) Partner(ctx context.Context, name string) (office.PartnerAccount, error) {
	p, err := scanAccount(db.read.QueryRowContext(ctx,
		`SELECT `+partnerAccountColumns+` FROM `+partnerAccountTables+` WHERE p.name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("partner %q %w", name, ErrNotFound)
	}
	return p, classify(err)
}

func scanAccount(row scanner) (p office.PartnerAccount, err error) {
	var created, lent sql.NullInt64
	p.Partner, err = scanPartner(row, &p.Balance, &created, &p.Version, &lent)
	p.CreatedAt, p.LentAt = fromMillis(created), fromMillis(lent)
	return p, err
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
		&p.DuplicateSec, &p.LowBalance, (*asDuration)(&p.ClockAhead),
	}, more...)
	if err := row.Scan(dest...); err != nil {
		return p, err
	}
	p.AllowList, err = splitPrefixes(allowed)
	return p, err
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
