package storage

import "strconv"

// refundChecks are about what was paid back. That nothing was paid back twice follows from them: an item has one time at
// which it was cancelled, a refund its items and one transaction.
var refundChecks = []check{
	{"every cancelled item was refunded then, no other was", `
SELECT 'order ' || order_id || ' line ' || line || ': ' || SUM(cancelled) || ' times cancelled and ' || SUM(refunded) ||
       ' times refunded at ' || at AS detail
FROM (SELECT order_id, line, cancelled_at AS at, 1 AS cancelled, 0 AS refunded FROM order_items WHERE cancelled_at IS NOT NULL
      UNION ALL
      SELECT i.order_id, i.line, COALESCE(f.at, 0), 0, 1
      FROM refund_items i LEFT JOIN refunds f ON f.id = i.refund_id AND f.order_id = i.order_id) x
GROUP BY order_id, line, at HAVING SUM(cancelled) <> SUM(refunded)`},

	{"every refund is what its items cost", `
SELECT 'refund ' || id || ' is ' || SUM(amount) || ', its ' || SUM(n) || ' items cost ' || SUM(paid) AS detail
FROM (SELECT id, amount, 0 AS paid, 0 AS n FROM refunds
      UNION ALL
      SELECT f.refund_id, 0, i.paid, 1
      FROM refund_items f JOIN orders r ON r.id = f.order_id
      JOIN order_items i ON i.partner_id = r.partner_id AND i.kind = r.kind AND i.order_id = r.id AND i.line = f.line) x
GROUP BY id HAVING SUM(amount) <> SUM(paid) OR SUM(n) = 0`},

	// A refund of nothing, and of a sandbox order, has no transaction.
	{"every refund of a live order is booked to its partner once, no other is", `
SELECT 'refund ' || txn || ' of order ' || order_id || ': ' || SUM(booked) || ' instead of ' || SUM(due) ||
       ' booked on account ' || account AS detail
FROM (SELECT f.id AS txn, f.order_id, a.id AS account, f.amount AS due, 0 AS booked, 1 AS n
      FROM refunds f JOIN orders r ON r.id = f.order_id JOIN accounts a ON a.kind = 'prepaid' AND a.owner_id = r.partner_id
      WHERE r.sandbox = 0 AND f.amount > 0
      UNION ALL
      SELECT f.id, f.order_id, ` + strconv.Itoa(refundsAccount) + `, -f.amount, 0, 1
      FROM refunds f JOIN orders r ON r.id = f.order_id WHERE r.sandbox = 0 AND f.amount > 0
      UNION ALL
      SELECT t.id, COALESCE(t.order_id, 0), e.account_id, 0, e.amount, -1
      FROM ledger_transactions t JOIN entries e ON e.txn_id = t.id WHERE t.kind = 'refund') x
GROUP BY txn, order_id, account HAVING SUM(due) <> SUM(booked) OR SUM(n) <> 0`},

	{"no order is paid back more than it cost", `
SELECT 'order ' || id || ' cost ' || SUM(amount) || ', paid back were ' || SUM(back) AS detail
FROM (SELECT id, amount, 0 AS back FROM orders UNION ALL SELECT order_id, 0, amount FROM refunds) x
GROUP BY id HAVING SUM(back) > SUM(amount)`},
}
