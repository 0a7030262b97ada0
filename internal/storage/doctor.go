package storage

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// faultsShown is how many faults of one check are described; the others are counted.
const faultsShown = 20

// Fault is something that must never be: a check that did not hold, and what for.
type Fault struct {
	Check  string
	Detail string
}

// check says in its name what must hold and finds, in its query's only column, the descriptions of what does not.
type check struct{ name, query string }

// Doctor proves that money, stock and references add up, and names what does not. It works on a live database: all checks
// see the same state. It only reads.
func (db *DB) Doctor(ctx context.Context) (faults []Fault, err error) {
	err = db.wholeSnapshot(ctx, func(tx *sql.Tx) error {
		faults, err = examine(ctx, tx)
		return err
	})
	return faults, err
}

// examine makes all checks on what the transaction sees.
func examine(ctx context.Context, tx *sql.Tx) (faults []Fault, err error) {
	for _, c := range slices.Concat(
		moneyChecks, bookChecks, partnerChecks, stockChecks, orderChecks, counterChecks, refundChecks, quoteChecks, eventChecks,
		houseChecks, referenceChecks()) {
		found, err := c.run(ctx, tx)
		if err != nil {
			return nil, fmt.Errorf("check that %s: %w", c.name, err)
		}
		faults = append(faults, found...)
	}
	return faults, nil
}

func (c check) run(ctx context.Context, tx *sql.Tx) ([]Fault, error) {
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT detail, COUNT(*) OVER () FROM (%s) faults LIMIT %d`,
		c.query, faultsShown))
	if err != nil {
		return nil, err
	}
	var faults []Fault
	total := 0
	err = scanAll(rows, func(row scanner) error {
		f := Fault{Check: c.name}
		err := row.Scan(&f.Detail, &total)
		faults = append(faults, f)
		return err
	})
	if more := total - len(faults); more > 0 {
		faults = append(faults, Fault{c.name, fmt.Sprintf("and %d more", more)})
	}
	return faults, err
}
