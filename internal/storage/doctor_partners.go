package storage

// partnerChecks are about partners' accounts beyond what moneyChecks say of all.
var partnerChecks = []check{
	{"every adjustment is booked once when it was decided so, and no other is", `
SELECT 'transaction ' || txn || ': ' || SUM(booked) || ' instead of ' || SUM(due) || ' booked' AS detail
FROM (SELECT COALESCE(j.txn_id, 0) AS txn, j.partner_id, j.amount AS due, 0 AS booked, 1 AS n FROM adjustments j
      WHERE j.state = 2 OR j.txn_id IS NOT NULL
      UNION ALL
      SELECT t.id, a.owner_id, 0, e.amount, -1
      FROM ledger_transactions t JOIN entries e ON e.txn_id = t.id
      JOIN accounts a ON a.id = e.account_id AND a.kind = 'prepaid'
      WHERE t.kind = 'adjustment') x
GROUP BY txn, partner_id HAVING SUM(due) <> SUM(booked) OR SUM(n) <> 0`},
}
