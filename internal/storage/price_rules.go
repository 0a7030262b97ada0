package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const selectPriceRules = `SELECT r.id, r.scope, r.scope_id, COALESCE(c.name, b.name, ''), r.rate_far, r.rate_mid, r.rate_near, r.changed_seq
FROM price_rules r
LEFT JOIN categories c ON r.scope = 'category' AND c.id = r.scope_id
LEFT JOIN brands b ON r.scope = 'brand' AND b.id = r.scope_id `

// PriceRules returns all rules: for all, by category, by brand.
func (db *DB) PriceRules(ctx context.Context) (rules []office.PriceRule, err error) {
	rows, err := db.read.QueryContext(ctx, selectPriceRules+`ORDER BY CASE r.scope WHEN 'all' THEN 0 WHEN 'category' THEN 1 ELSE 2 END,
r.scope_id`)
	if err != nil {
		return nil, classify(err)
	}
	err = scanAll(rows, func(row scanner) error {
		r, err := scanPriceRule(row)
		rules = append(rules, r)
		return err
	})
	return rules, classify(err)
}

func scanPriceRule(row scanner) (r office.PriceRule, err error) {
	err = row.Scan(&r.ID, &r.Scope, &r.ScopeID, &r.Name, &r.Rates.Far, &r.Rates.Mid, &r.Rates.Near, &r.Version)
	return r, err
}

// SetPriceRule adds a rule (its scope must have none: ErrDuplicate), or changes the rates of one that was read in a version.
func (db *DB) SetPriceRule(ctx context.Context, r office.PriceRule, now time.Time) error {
	if !r.Rates.Valid() {
		return fmt.Errorf("a rate is between 1 and %d tenths of a percent", gift.WholeFace)
	}
	return db.priceRule(ctx, r, func(tx *sql.Tx, before *office.PriceRule, seq int64) (change, error) {
		if before != nil {
			after := *before
			after.Rates = r.Rates
			err := execOne(ctx, tx, `UPDATE price_rules SET rate_far = $2, rate_mid = $3, rate_near = $4, changed_seq = $5
WHERE id = $1 AND changed_seq = $6`,
				r.ID, int64(r.Rates.Far), int64(r.Rates.Mid), int64(r.Rates.Near), seq, r.Version)
			return change{action: "price-rule.change", before: ruleState(*before), after: ruleState(after)}, err
		}
		if err := checkScope(ctx, tx, r); err != nil {
			return change{}, err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO price_rules (id, scope, scope_id, rate_far, rate_mid, rate_near, changed_seq)
SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6 FROM price_rules`, string(r.Scope), r.ScopeID,
			int64(r.Rates.Far), int64(r.Rates.Mid), int64(r.Rates.Near), seq)
		return change{action: "price-rule.create", after: ruleState(r)}, err
	}, now)
}

// DropPriceRule removes a rule that was read in a version.
func (db *DB) DropPriceRule(ctx context.Context, id, version int64, now time.Time) error {
	if id == 0 { // would be a new one
		return fmt.Errorf("price rule %d: %w", id, ErrChanged)
	}
	return db.priceRule(ctx, office.PriceRule{ID: id, Version: version}, func(tx *sql.Tx, before *office.PriceRule, _ int64) (change, error) {
		err := execOne(ctx, tx, `DELETE FROM price_rules WHERE id = $1 AND changed_seq = $2`, id, version)
		return change{action: "price-rule.remove", before: ruleState(*before)}, err
	}, now)
}

// priceRule changes a rule, or adds one whose number is 0. Who changes rules waits for the change clock, and so for others
// who do.
func (db *DB) priceRule(
	ctx context.Context, r office.PriceRule, set func(*sql.Tx, *office.PriceRule, int64) (change, error), now time.Time,
) error {
	if err := db.readyForIDs(ctx); err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		seq, err := tick(ctx, tx)
		if err != nil {
			return err
		}
		var before *office.PriceRule
		if r.ID != 0 {
			found, err := scanPriceRule(tx.QueryRowContext(ctx, selectPriceRules+`WHERE r.id = $1`, r.ID))
			if errors.Is(err, sql.ErrNoRows) || err == nil && found.Version != r.Version {
				return fmt.Errorf("price rule %d: %w", r.ID, ErrChanged)
			}
			if err != nil {
				return err
			}
			before, r.Scope, r.ScopeID = &found, found.Scope, found.ScopeID
		}
		c, err := set(tx, before, seq)
		if err != nil {
			return err
		}
		c.subject = "price-rule:" + string(r.Scope)
		if r.ScopeID != 0 {
			c.subject += ":" + strconv.FormatInt(r.ScopeID, 10)
		}
		return db.audit(ctx, tx, c, now)
	})
}

func checkScope(ctx context.Context, tx *sql.Tx, r office.PriceRule) error {
	text := map[office.PriceScope]string{
		office.ScopeCategory: `SELECT id FROM categories WHERE id = $1 AND kind = 1`,
		office.ScopeBrand:    `SELECT id FROM brands WHERE id = $1`,
	}[r.Scope]
	if text == "" {
		return nil // the schema knows the scopes
	}
	err := tx.QueryRowContext(ctx, text, r.ScopeID).Scan(new(int64))
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s %d %w", r.Scope, r.ScopeID, ErrNotFound)
	}
	return err
}

// ruleState is what the audit trail shows of a rule.
func ruleState(r office.PriceRule) any {
	return struct {
		Scope   office.PriceScope
		ScopeID int64
		Rates   gift.Rates
	}{r.Scope, r.ScopeID, r.Rates}
}
