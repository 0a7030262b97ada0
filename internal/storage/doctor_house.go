package storage

import (
	"fmt"
	"strings"

	"giftimbiz/internal/gift"
)

// houseChecks are about the rows that the first migration made, without which nothing works.
var houseChecks = []check{
	{"the house's own rows are there", fmt.Sprintf(`
SELECT name || ' is missing, or there are too many' AS detail
FROM (SELECT 'the change clock' AS name, COUNT(*) AS n, COALESCE(MIN(id), 0) AS low, 1 AS want FROM change_clock
      UNION ALL SELECT 'the head of the audit trail', COUNT(*), COALESCE(MIN(id), 0), 1 FROM audit_head
      UNION ALL SELECT 'the cursor of the sales figures', COUNT(*), COALESCE(MIN(id), 0), 1 FROM item_sales_cursor
      UNION ALL SELECT 'the cursor of the closing balances', COUNT(*), COALESCE(MIN(id), 0), 1 FROM account_days_cursor
      UNION ALL SELECT 'the cursor of the unused coupons', COUNT(*), COALESCE(MIN(id), 0), 1 FROM unused_coupons_cursor
      UNION ALL SELECT 'a node number', COUNT(*), COALESCE(MIN(number), 0) + 1, %[1]d FROM node_leases WHERE number < %[1]d) x
WHERE n <> want OR low <> 1`, gift.Nodes)},

	{"the house's own accounts are there", fmt.Sprintf(`
WITH house (id, kind, owner_id) AS (VALUES (%d, 'bank', 0), (%d, 'refunds', 0), (%d, 'test_funds', 0),
    (%d, 'adjustments', 0), %s)
SELECT 'account ' || id || ' (' || kind || ') is missing' AS detail
FROM (SELECT id, kind, owner_id FROM house EXCEPT SELECT id, kind, owner_id FROM accounts) x`,
		bankAccount, refundsAccount, testFundsAccount, adjustmentsAccount, salesRows())},

	{"no change has a number that the change clock did not give", changesAhead(
		"partners", "categories", "brands", "products", "shops", "campaigns", "offers")},
}

// salesRows lists the sales accounts as rows.
func salesRows() string {
	rows := make([]string, salesShards)
	for i := range rows {
		rows[i] = fmt.Sprintf("(%d, 'sales', %d)", firstSalesAccount+i, i)
	}
	return strings.Join(rows, ", ")
}

// changesAhead finds rows, and loads, that readers of changes would never see.
func changesAhead(tables ...string) string {
	parts := make([]string, len(tables))
	for i, table := range tables {
		parts[i] = fmt.Sprintf(`
SELECT '%[1]s ' || id || ' changed at ' || changed_seq AS detail
FROM %[1]s WHERE changed_seq > (SELECT seq FROM change_clock WHERE id = 1)
   OR (changed_seq < 0 AND changed_seq NOT IN (SELECT id FROM loads))`, table)
	}
	parts = append(parts, `
SELECT 'offer ' || id || ' became something at a change to come'
FROM offers, (SELECT seq AS last FROM change_clock WHERE id = 1) clock
WHERE added_seq > last OR stocked_seq > last OR priced_seq > last OR altered_seq > last`)
	parts = append(parts, `
SELECT 'load ' || id || ' has the place ' || seq FROM loads
WHERE seq NOT BETWEEN 1 AND (SELECT seq FROM change_clock WHERE id = 1)`)
	return strings.Join(parts, "\nUNION ALL")
}
